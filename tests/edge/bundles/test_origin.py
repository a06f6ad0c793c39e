import hashlib
import json
from functools import partial
from pathlib import Path

import cv2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import edge.bundles
from edge.bundles import open_bundle, open_finder, shipped_bundles
from edge.bundles.origin import doubt_of, shipped_digests
from edge.capture.demo_slide import DemoSlide
from hemalens.bundle import parse_bundle
from hemalens.errors import BundleError
from tests.command_line import Command, in_this_process
from tests.hemalens.altered_models import exchanged_classes
from tests.hemalens.signing import signer_of, trusting

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


@pytest.fixture
def count(capfd: pytest.CaptureFixture[str]) -> Command:
    return partial(in_this_process, capfd, "count")


@pytest.fixture
def field(tmp_path: Path) -> Path:
    image = DemoSlide(seed=3, frames=1, width_px=320, height_px=240).frame(0).image
    path = tmp_path / "field.png"
    assert cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def public_key(path: Path, key: Ed25519PrivateKey) -> Path:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return written(path, pem)


def test_the_digests_are_those_of_what_ships() -> None:
    folder = Path(edge.bundles.__file__).parent
    assert shipped_digests() == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*.hemalens")
    }


@pytest.mark.parametrize("name", shipped_bundles())
def test_nothing_is_doubted_of_what_ships(name: str) -> None:
    assert doubt_of(open_bundle(name)) is None
    assert doubt_of(open_bundle(name), trusting(KEY)) is None


def test_what_lies_in_a_shipped_bundles_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "cnn.hemalens", exchanged_classes())
    monkeypatch.setattr(edge.bundles, "_FOLDER", tmp_path)
    with pytest.raises(BundleError, match=r"cnn\.hemalens is not the one"):
        open_bundle("cnn")


def test_a_finder_in_the_shipped_ones_place_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "edge.bundles.origin.shipped_digests", lambda: {"finder.hemalens": "0" * 64}
    )
    with pytest.raises(BundleError, match="not the one HemaLens ships"):
        open_finder()


def test_an_unsigned_and_a_foreign_bundle_are_doubted() -> None:
    unsigned = parse_bundle(exchanged_classes())
    foreign = parse_bundle(exchanged_classes(signer_of(OTHER)))
    assert "is unsigned" in (doubt_of(unsigned) or "")
    assert "which nobody named as trusted" in (doubt_of(foreign) or "")
    assert doubt_of(foreign, trusting(OTHER)) is None
    for bundle in (unsigned, foreign):
        with pytest.raises(BundleError, match=r"the model cnn .*signed"):
            doubt_of(bundle, trusting(KEY))


def test_a_count_says_that_its_model_is_unsigned(
    count: Command, field: Path, tmp_path: Path
) -> None:
    bundle = written(tmp_path / "cnn.hemalens", exchanged_classes())
    run = count(field, "--bundle", bundle, "--output", tmp_path / "results")
    assert run.returncode == 0
    assert "is unsigned and does not ship" in run.stdout
    summary = json.loads((tmp_path / "results" / "summary.json").read_text())
    (doubt,) = summary["bundle_doubts"]
    assert "unsigned" in doubt


def test_a_count_takes_the_keys_that_must_have_signed(
    count: Command, field: Path, tmp_path: Path
) -> None:
    key = public_key(tmp_path / "lab.pub", KEY)
    unsigned = written(tmp_path / "unsigned.hemalens", exchanged_classes())
    ours = written(tmp_path / "ours.hemalens", exchanged_classes(signer_of(KEY)))
    refused = count(field, "--bundle", unsigned, "--trusted-key", key)
    assert refused.returncode == 1
    assert "not signed" in refused.stderr
    run = count(field, "--bundle", ours, "--trusted-key", key, "--json")
    assert run.returncode == 0
    assert json.loads(run.stdout)["bundle_doubts"] == []
    run = count(field, "--bundle", "cnn", "--trusted-key", key, "--json")
    assert run.returncode == 0


def test_a_second_model_is_held_to_the_same(
    count: Command, field: Path, tmp_path: Path
) -> None:
    unsigned = written(tmp_path / "unsigned.hemalens", exchanged_classes())
    key = public_key(tmp_path / "lab.pub", KEY)
    second = ("--second-bundle", unsigned)
    refused = count(field, "--bundle", "cnn", *second, "--trusted-key", key)
    assert refused.returncode == 1
    assert "not signed" in refused.stderr


def test_a_foreign_model_that_crashes_its_runtime_ends_in_one_line(
    count: Command, field: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What would bring this process down is run in another one first.
    from edge.update import golden_test
    from edge.update.golden_run import GoldenRunFault

    def crash(*_arguments: object) -> GoldenRunFault:
        return GoldenRunFault(fault="the process died of signal 11")

    monkeypatch.setattr(golden_test, "run_golden", crash)
    bundle = written(tmp_path / "a.hemalens", exchanged_classes())
    run = count(field, "--bundle", bundle)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert "died of signal 11" in run.stderr


def test_a_station_that_wants_a_key_takes_no_other_model(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key = public_key(tmp_path / "lab.pub", KEY)
    foreign = written(tmp_path / "a.hemalens", exchanged_classes(signer_of(OTHER)))
    options = ("--data", tmp_path / "data", "--bundle", foreign, "--trusted-key", key)
    run = in_this_process(capfd, "serve", "demo:", *options)
    assert run.returncode == 1
    assert "signed by the unknown key" in run.stderr
