import hashlib
import http.server
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.fleet import apply as module
from edge.fleet.apply import BUNDLE, WISH, apply_wish, read_outcome
from edge.fleet.desired_model import DesiredModelTracker
from edge.fleet.messages import Activation, DesiredModel, DesiredState
from hemalens.bundle import read_bundle
from tests.edge.update.made_device import (
    MadeDevice,
    make_device,
    version_counting,
    whole,
)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def device(tmp_path: Path) -> MadeDevice:
    return make_device(tmp_path)


@pytest.fixture
def synced(tmp_path: Path) -> Path:
    (tmp_path / "synced").mkdir()
    return tmp_path / "synced"


def desired_model_for(path: Path, **more: object) -> DesiredModel:
    bundle = read_bundle(path)
    values = {
        "schema_version": "1.0",
        "at": NOON,
        "name": bundle.manifest.name,
        "version": bundle.manifest.version,
        "sha256": bundle.sha256,
    }
    return DesiredModel.model_validate({**values, **more})


def put(synced: Path, path: Path) -> DesiredModel:
    """Put a bundle where an operator does, and wish for it."""
    wish = desired_model_for(path)
    (synced / f"{wish.sha256}.hemalens").write_bytes(path.read_bytes())
    return wish


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def told(
    device: MadeDevice, synced: Path | None, wish: DesiredModel, clock: Clock
) -> DesiredModelTracker:
    wishes = DesiredModelTracker(
        device.root, device.desk / "handed", synced, clock=clock
    )
    wishes.hear(wish, of_device=False)
    return wishes


def state(found: DesiredState | None) -> str:
    assert found is not None
    return found.state


def test_signed_model_is_handed_over_installed_and_runs_on_trial(
    device: MadeDevice, synced: Path
) -> None:
    wishes = told(device, synced, put(synced, device.made("2.0.0")), Clock())
    assert state(wishes.follow()) == "handed over"
    outcome = apply_wish(device.root, device.desk / "handed", prover=whole)
    assert outcome is not None
    assert outcome.installed
    assert version_counting(device) == "2.0.0"
    found = wishes.follow()
    assert found is not None
    assert (found.state, found.detail) == ("runs", "on trial")
    assert not list((device.desk / "handed").iterdir())


def test_unknown_signature_is_refused_and_not_tried_again(
    device: MadeDevice, synced: Path
) -> None:
    bundle = device.made("2.0.0", key=Ed25519PrivateKey.generate())
    wish = put(synced, bundle)
    wishes = told(device, synced, wish, Clock())
    wishes.follow()
    outcome = apply_wish(device.root, device.desk / "handed", prover=whole)
    assert outcome is not None
    assert not outcome.installed
    assert version_counting(device) == "shipped"
    found = wishes.follow()
    assert state(found) == "refused"
    assert found is not None
    assert "key" in found.detail
    # The same wish made anew, as after the key was given, is tried.
    again = wish.model_copy(update={"at": datetime(2026, 5, 2, tzinfo=UTC)})
    wishes.hear(again, of_device=False)
    assert state(wishes.follow()) == "handed over"


def test_model_that_went_back_is_not_installed_again(
    device: MadeDevice, synced: Path
) -> None:
    wishes = told(device, synced, put(synced, device.made("2.0.0")), Clock())
    wishes.follow()
    apply_wish(device.root, device.desk / "handed", prover=whole)
    device.root.switch.go_back("its trial failed")
    assert state(wishes.follow()) == "did not stay"


def test_other_bytes_than_named_are_not_handed_over(
    device: MadeDevice, synced: Path
) -> None:
    wish = put(synced, device.made("2.0.0"))
    (synced / f"{wish.sha256}.hemalens").write_bytes(b"other")
    clock = Clock()
    wishes = told(device, synced, wish, clock)
    found = wishes.follow()
    assert state(found) == "cannot fetch"
    assert found is not None
    assert "put the right one there" in found.detail
    # Mended, it is fetched after a pause.
    put(synced, device.made("2.0.0"))
    assert state(wishes.follow()) == "cannot fetch"
    clock.now = 61.0
    wishes.hear(put(synced, device.desk / "made-2.0.0.hemalens"), of_device=False)
    assert state(wishes.follow()) == "handed over"


def test_what_was_exchanged_after_it_was_handed_over_is_refused(
    device: MadeDevice, synced: Path
) -> None:
    wishes = told(device, synced, put(synced, device.made("2.0.0")), Clock())
    wishes.follow()
    content = device.made("3.0.0").read_bytes()
    (device.desk / "handed" / BUNDLE).write_bytes(content)
    outcome = apply_wish(device.root, device.desk / "handed", prover=whole)
    assert outcome is not None
    assert not outcome.installed
    assert hashlib.sha256(content).hexdigest()[:12] in outcome.detail
    assert version_counting(device) == "shipped"


def test_device_follows_its_own_wish_before_its_groups(
    device: MadeDevice, synced: Path
) -> None:
    wishes = told(device, synced, put(synced, device.made("2.0.0")), Clock())
    wishes.hear(put(synced, device.made("3.0.0")), of_device=True)
    assert wishes.wanted is not None
    assert wishes.wanted.version == "3.0.0"
    wishes.hear(None, of_device=True)
    assert wishes.wanted.version == "2.0.0"
    wishes.hear(None, of_device=False)
    assert wishes.follow() is None


def test_damaged_wish_is_cleared_away(device: MadeDevice) -> None:
    handed = device.desk / "handed"
    handed.mkdir()
    (handed / WISH).write_text("{")
    assert apply_wish(device.root, handed, prover=whole) is None
    assert not (handed / WISH).exists()
    assert read_outcome(device.path) is None


def test_count_under_way_is_ended_only_where_that_is_wished(
    device: MadeDevice, synced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        module, "run_tool", lambda *command, package: ran.append(command)
    )
    for version, activation in (("2.0.0", "next-start"), ("3.0.0", "at-once")):
        wish = put(synced, device.made(version))
        chosen = wish.model_copy(update={"activation": Activation(activation)})
        wishes = told(device, synced, chosen, Clock())
        wishes.follow()
        apply_wish(device.root, device.desk / "handed", prover=whole)
        device.root.switch.confirm("healthy", unstarted=True)
    assert [command[:2] for command in ran] == [("systemctl", "try-restart")]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def site(synced: Path) -> Iterator[str]:
    handler = partial(Quiet, directory=str(synced))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("there", "said"), [(True, "handed over"), (False, "cannot")])
def test_bundle_is_fetched_from_its_address(
    device: MadeDevice, synced: Path, site: str, there: bool, said: str
) -> None:
    wish = put(synced, device.made("2.0.0"))
    name = wish.sha256 if there else "gone"
    url = f"{site}/{name}.hemalens?token=secret"
    wishes = told(device, None, wish.model_copy(update={"url": url}), Clock())
    found = wishes.follow()
    assert state(found).startswith(said)
    assert found is not None
    assert "secret" not in found.detail


def test_wish_without_address_and_folder_says_what_to_do(device: MadeDevice) -> None:
    wishes = told(device, None, desired_model_for(device.made("2.0.0")), Clock())
    found = wishes.follow()
    assert found is not None
    assert "fleet.bundle_folder" in found.detail
