"""Updates of the model that are done, and updates that are not."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from calibration.optics.profile import OpticalProfile, PixelSize, PixelSizeMethod, now
from edge.bundles import DEFAULT_BUNDLE
from edge.update import models
from edge.update.current import require_current
from edge.update.golden_test import run_golden_test
from edge.update.history import Event, read_notes
from edge.update.lock import held
from edge.update.models import roll_back_model, update_model
from edge.update.trusted import Trusted, read_trusted
from hemalens.bundle import read_bundle
from hemalens.classifier import BundleClassifier
from hemalens.errors import BundleError, HemaLensError, StorageError
from hemalens.manifest import RuntimeRange
from tests.edge.update.made_device import (
    MadeDevice,
    trust,
    version_counting,
    whole,
)
from tests.hemalens.made_bundle import made_parts


def install(device: MadeDevice, *versions: str) -> None:
    """Update to made bundles, each confirmed."""
    for version in versions:
        update_model(device.root, device.made(version), prover=whole)
        device.root.switch.confirm("healthy", unstarted=True)


def kept(device: MadeDevice) -> int:
    return len(list(device.root.bundles.iterdir()))


# Done.


def test_an_update_runs_on_this_device_and_counts(device: MadeDevice) -> None:
    done = update_model(device.root, device.runnable("9.0.0"))
    assert done.switched
    assert done.model.startswith("cnn 9.0.0 (")
    assert version_counting(device) == "9.0.0"
    staged = device.path / (device.root.switch.current or "")
    classifier = BundleClassifier(read_bundle(staged), threads=1)
    size = classifier.manifest.input.size_px
    found = classifier.classify(np.zeros((1, size, size, 3), np.uint8))
    assert found.sum() == pytest.approx(1, abs=1e-4)


def test_an_update_is_trusted_and_noted(device: MadeDevice) -> None:
    install(device, "1.0.0", "1.2.0")
    trusted = read_trusted(device.root.trusted).models["made"]
    assert trusted.version == "1.2.0"
    assert trusted.sha256 in (device.root.switch.current or "")
    notes = read_notes(device.path)
    assert [note.event for note in notes] == [Event.SWITCHED, Event.CONFIRMED] * 2
    assert "made 1.2.0" in notes[2].detail


def test_the_same_bundle_again_is_there_already(device: MadeDevice) -> None:
    install(device, "1.0.0")
    done = update_model(device.root, device.made("1.0.0"), prover=whole)
    assert not done.switched
    assert device.root.switch.trial is None


def test_the_same_bundle_again_mends_a_damaged_one(device: MadeDevice) -> None:
    install(device, "1.0.0")
    staged = device.path / (device.root.switch.current or "")
    staged.write_bytes(staged.read_bytes()[:-1])
    assert version_counting(device) == "shipped"
    update_model(device.root, device.made("1.0.0"), prover=whole)
    assert version_counting(device) == "1.0.0"


def test_only_what_may_run_again_is_kept(device: MadeDevice) -> None:
    install(device, "1.0.0", "1.1.0", "1.2.0", "1.3.0")
    assert kept(device) == 3, "the trial's way back, and the one before"
    roll_back_model(device.root, prover=whole)
    assert kept(device) == 2


def test_versions_are_numbers(device: MadeDevice) -> None:
    install(device, "1.9.0", "1.10.0")
    assert version_counting(device) == "1.10.0"


def test_another_model_has_its_own_versions(device: MadeDevice) -> None:
    install(device, "5.0.0")
    update_model(device.root, device.runnable("1.0.0"), prover=whole)
    assert {name: one.version for name, one in _trusted(device).models.items()} == {
        "made": "5.0.0",
        "cnn": "1.0.0",
    }


def test_what_failed_its_trial_may_be_tried_again(device: MadeDevice) -> None:
    install(device, "1.0.0")
    update_model(device.root, device.made("1.1.0"), prover=whole)
    for _ in range(4):
        device.root.switch.start()
    assert version_counting(device) == "1.0.0"
    assert update_model(device.root, device.made("1.1.0"), prover=whole).switched
    assert version_counting(device) == "1.1.0"


# Refused: what counted counts on, nothing is left behind, and the history says why.


def wrong_key(device: MadeDevice) -> Path:
    return device.made("2.0.0", key=Ed25519PrivateKey.generate())


def unsigned(device: MadeDevice) -> Path:
    path = device.desk / "unsigned.hemalens"
    path.write_bytes(made_parts().packed())
    return path


def altered(device: MadeDevice) -> Path:
    path = device.made("2.0.0")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return path


def forged(device: MadeDevice) -> Path:
    """Pack another model anew, under a signature that was made for one."""
    taken = read_bundle(device.made("2.0.0")).signature
    assert taken is not None
    path = device.desk / "forged.hemalens"
    path.write_bytes(made_parts(model=b"forged").packed(lambda _: taken))
    return path


def cut_short(device: MadeDevice) -> Path:
    path = device.made("2.0.0")
    path.write_bytes(path.read_bytes()[:-100])
    return path


def older(device: MadeDevice) -> Path:
    return device.made("1.0.9")


def same_version(device: MadeDevice) -> Path:
    return device.made("1.1.0", model=b"another model")


def missing(device: MadeDevice) -> Path:
    return device.desk / "gone.hemalens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A bundle that may not run, and why."""

    make: Callable[[MadeDevice], Path]
    says: str

    @property
    def name(self) -> str:
        return self.make.__name__


REFUSED = (
    Refused(make=wrong_key, says="signed by the unknown key"),
    Refused(make=unsigned, says="not signed"),
    Refused(make=altered, says="no intact bundle"),
    Refused(make=forged, says="does not fit: altered after it was signed"),
    Refused(make=cut_short, says="no intact bundle"),
    Refused(make=older, says="made 1.0.9 is older than 1.1.0"),
    Refused(make=same_version, says="not the one this device has trusted"),
    Refused(make=missing, says="cannot read bundle"),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_refusal_leaves_the_old_model_counting(
    device: MadeDevice, case: Refused
) -> None:
    install(device, "1.0.0", "1.1.0")
    before = sorted(device.root.bundles.iterdir())
    with pytest.raises(HemaLensError, match=case.says) as refused:
        update_model(device.root, case.make(device), prover=whole)
    assert str(refused.value).endswith("counts on")
    assert "made 1.1.0 (" in str(refused.value)
    assert version_counting(device) == "1.1.0"
    assert sorted(device.root.bundles.iterdir()) == before
    last = read_notes(device.path)[-1]
    assert (last.event, last.target) == (Event.REFUSED, device.root.switch.current)
    assert case.says in last.detail
    assert _trusted(device).models["made"].version == "1.1.0"


def test_a_device_without_keys_takes_nothing(device: MadeDevice) -> None:
    (device.path / "keys" / "qa.pub").unlink()
    with pytest.raises(BundleError, match="trusted: none"):
        update_model(device.root, device.made("1.0.0"), prover=whole)


def test_a_second_key_is_trusted_too(device: MadeDevice) -> None:
    other = Ed25519PrivateKey.generate()
    trust(device.path, other, "second")
    assert update_model(
        device.root, device.made("1.0.0", key=other), prover=whole
    ).switched


def test_a_revoked_key_stops_its_bundles_from_counting(device: MadeDevice) -> None:
    install(device, "1.0.0")
    trust(device.path, Ed25519PrivateKey.generate())
    assert version_counting(device) == "shipped"


def test_a_model_that_misses_its_golden_vectors_here_is_refused(
    device: MadeDevice,
) -> None:
    install(device, "1.0.0")
    with pytest.raises(BundleError, match="misses its golden vectors"):
        update_model(device.root, device.runnable("9.0.0", golden="wrong"))
    assert version_counting(device) == "1.0.0"
    assert kept(device) == 1
    assert "cnn" not in _trusted(device).models


def test_a_model_for_another_runtime_is_refused(device: MadeDevice) -> None:
    newer = (RuntimeRange(name="ai-edge-litert", at_least="99.0", below="100"),)
    with pytest.raises(BundleError, match=r"the model is for ai-edge-litert 99\.0"):
        update_model(device.root, device.runnable("9.0.0", runtimes=newer))
    assert version_counting(device) == "shipped"


def test_a_model_that_crashes_the_runtime_ends_its_own_process_alone(
    device: MadeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = subprocess.run

    def crash(command: list[str], **options: object) -> object:
        killed = [sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"]
        return run(killed, **options)  # type: ignore[call-overload]  # passed on

    monkeypatch.setattr("edge.update.golden_run.subprocess.run", crash)
    with pytest.raises(BundleError, match="died of signal 11"):
        update_model(device.root, device.made("1.0.0"), prover=run_golden_test)
    assert version_counting(device) == "shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera, and what is wrong with it for a model of 8 px across 24 µm."""

    name: str
    pixel_size_um: float
    side_px: int
    fault: str | None


CAMERAS = (
    Camera(name="fits", pixel_size_um=0.1, side_px=480, fault=None),
    Camera(name="frame too small", pixel_size_um=0.1, side_px=239, fault="240 px"),
    Camera(name="just coarse enough", pixel_size_um=6.0, side_px=480, fault=None),
    Camera(name="too coarse", pixel_size_um=6.2, side_px=480, fault="at least 4 px"),
)


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.name)
def test_a_model_must_suit_the_camera(device: MadeDevice, camera: Camera) -> None:
    profile = OpticalProfile(
        device="ward 3",
        objective="100x oil",
        frame_size_wh=(640, camera.side_px),
        pixel_size=PixelSize(
            pixel_size_um=camera.pixel_size_um,
            uncertainty_um=0.001,
            method=PixelSizeMethod.STAGE_MICROMETER,
            images=3,
            measured_at=now(),
        ),
    )

    def update() -> bool:
        path = device.made("1.0.0")
        return update_model(device.root, path, profile=profile, prover=whole).switched

    if camera.fault is None:
        assert update()
        return
    with pytest.raises(BundleError, match=camera.fault) as refused:
        update()
    assert "the camera of ward 3, 100x oil" in str(refused.value)
    assert version_counting(device) == "shipped"


def test_a_full_disk_is_said_beforehand(
    device: MadeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(device, "1.0.0")
    monkeypatch.setattr(models, "KEPT_FREE_BYTES", 1 << 60)
    with pytest.raises(StorageError, match="make room"):
        update_model(device.root, device.made("1.1.0"), prover=whole)
    assert version_counting(device) == "1.0.0"


def test_a_disk_that_fills_meanwhile_changes_nothing(
    device: MadeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(device, "1.0.0")
    path = device.made("1.1.0")

    def full(descriptor: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hemalens.durable.os.write", full)
    with pytest.raises(StorageError, match=r"No space left.*made 1\.0\.0 .* counts on"):
        update_model(device.root, path, prover=whole)
    monkeypatch.undo()
    assert version_counting(device) == "1.0.0"
    assert not list(device.path.rglob("*.part"))


def test_a_damaged_memory_of_versions_lets_nothing_pass(device: MadeDevice) -> None:
    install(device, "1.1.0")
    device.root.trusted.write_text("{}}")
    with pytest.raises(StorageError, match="is damaged: restore"):
        update_model(device.root, device.made("1.0.0"), prover=whole)
    assert version_counting(device) == "1.1.0"


def test_a_second_update_waits_for_the_first(device: MadeDevice) -> None:
    install(device, "1.0.0")
    with (
        held(device.path / ".updating", wait=False),
        pytest.raises(StorageError, match="another update"),
    ):
        update_model(device.root, device.made("1.1.0"), prover=whole)


# Back.


def test_rolling_back_leads_to_an_older_model_that_was_trusted_here(
    device: MadeDevice,
) -> None:
    install(device, "1.0.0", "1.1.0")
    assert roll_back_model(device.root, prover=whole).startswith("made 1.0.0")
    assert version_counting(device) == "1.0.0"
    assert _trusted(device).models["made"].version == "1.1.0"
    assert read_notes(device.path)[-1].event == Event.ROLLED_BACK
    with pytest.raises(BundleError, match="older"):
        update_model(device.root, device.made("1.0.5"), prover=whole)
    assert roll_back_model(device.root, prover=whole).startswith("made 1.1.0")


def test_rolling_back_the_first_update_leads_to_the_shipped_model(
    device: MadeDevice,
) -> None:
    install(device, "1.0.0")
    assert roll_back_model(device.root, prover=whole).startswith(f"{DEFAULT_BUNDLE} ")
    assert version_counting(device) == "shipped"


def test_there_is_nothing_before_the_shipped_model(device: MadeDevice) -> None:
    with pytest.raises(BundleError, match="the shipped one runs"):
        roll_back_model(device.root, prover=whole)


def test_rolling_back_to_a_damaged_model_is_refused(device: MadeDevice) -> None:
    install(device, "1.0.0", "1.1.0")
    previous = device.path / (device.root.switch.previous or "")
    previous.write_bytes(previous.read_bytes()[:-7])
    with pytest.raises(BundleError, match=r"no intact bundle.*1\.1\.0 .* counts on"):
        roll_back_model(device.root, prover=whole)
    assert version_counting(device) == "1.1.0"


def test_a_damaged_model_is_passed_over_and_said(device: MadeDevice) -> None:
    from edge.update.current import open_current

    install(device, "1.0.0", "1.1.0")
    current = device.path / (device.root.switch.current or "")
    current.write_bytes(b"")
    found = open_current(device.root)
    assert found.bundle.manifest.version == "1.0.0"
    assert "no intact bundle" in found.faults[0]


def test_a_bundle_under_another_one_s_name_is_passed_over(device: MadeDevice) -> None:
    install(device, "1.0.0", "1.1.0")
    switch = device.root.switch
    old, new = switch.previous, switch.current
    (device.path / (new or "")).write_bytes((device.path / (old or "")).read_bytes())
    assert version_counting(device) == "1.0.0"
    assert device.root.switch.current == new


def _trusted(device: MadeDevice) -> Trusted:
    return read_trusted(device.root.trusted)


def test_who_asks_for_the_current_model_gets_no_other(device: MadeDevice) -> None:
    update_model(device.root, device.made("2.0.0"), prover=whole)
    assert require_current(device.root).manifest.version == "2.0.0"
    (device.path / str(device.root.switch.current)).write_bytes(b"damaged")
    with pytest.raises(BundleError, match="the current model cannot be used"):
        require_current(device.root)
