import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.bundles import DEFAULT_BUNDLE
from edge.device.cli import device
from edge.fleet.messages import Activation, DesiredState
from edge.fleet.outbox import MessageOutbox, New
from edge.fleet.request_model import desired_model_for
from edge.fleet.topics import Kind
from hemalens.errors import BundleError, ConfigError, HemaLensError, StorageError
from tests.edge.fleet.made_device import made_device
from tests.edge.fleet.test_outbox import made
from tests.edge.update.made_device import make_device


def call(*arguments: str | Path) -> Result:
    words = [str(one) for one in arguments]
    return CliRunner().invoke(device, ["fleet", *words])


def status(tmp_path: Path, *more: str) -> Result:
    state = ("--state", tmp_path / "device", "--fleet-state", tmp_path / "agent")
    return call("status", *state, *more)


def test_status_shows_what_waits_and_what_is_desired(tmp_path: Path) -> None:
    made_device(tmp_path / "device")
    (tmp_path / "agent").mkdir()
    desired = DesiredState(
        name="cnn", version="9.0.0", sha256="0" * 64, state="refused", detail="no key"
    )
    with MessageOutbox.open(tmp_path / "agent" / "outbox.sqlite") as outbox:
        outbox.put(
            [made(1), made(2), New(id=made(3).id, kind=Kind.HEALTH, content="{}")]
        )
        outbox.delivered([made(1).id])
        outbox.note("connected", "True")
        outbox.note("desired", desired.model_dump_json())
    found = json.loads(status(tmp_path, "--json").stdout)
    assert (found["running"], found["connected"], found["waiting"]) == (False, False, 2)
    assert found["model"]["name"] == DEFAULT_BUNDLE
    assert found["last_delivered_at"] is not None
    said = status(tmp_path).stdout
    assert "does not run, not connected" in said
    assert "desired    cnn 9.0.0 refused: no key" in said


def test_status_without_an_agent_says_what_to_do(tmp_path: Path) -> None:
    made_device(tmp_path / "device")
    ran = status(tmp_path)
    assert isinstance(ran.exception, StorageError)
    assert "device.json names its broker" in str(ran.exception)


def test_agent_without_a_broker_says_what_to_do(tmp_path: Path) -> None:
    where = made_device(tmp_path / "device")
    ran = call("run", "--settings", where.settings)
    assert isinstance(ran.exception, ConfigError)
    assert "names no broker" in str(ran.exception)


def test_nothing_handed_over_is_nothing_done(tmp_path: Path) -> None:
    made_device(tmp_path / "device")
    state = ("--state", tmp_path / "device", "--fleet-state", tmp_path / "agent")
    assert call("apply", *state).stdout == "Nothing was handed over.\n"


@pytest.mark.parametrize("address", ["broker.lab", "mqtts://qa:secret@broker.lab"])
def test_address_that_is_no_brokers_is_refused_without_being_shown(
    tmp_path: Path, address: str
) -> None:
    bundle = make_device(tmp_path).made("2.0.0")
    ran = call("want", bundle, "--broker", address, "--credentials", tmp_path)
    assert isinstance(ran.exception, ConfigError)
    assert "secret" not in str(ran.exception)


def test_wish_is_made_for_a_bundle_and_an_address_alone(tmp_path: Path) -> None:
    (tmp_path / "none").write_bytes(b"no bundle")
    cases: tuple[tuple[Path, str | None, type[HemaLensError]], ...] = (
        (tmp_path / "none", None, BundleError),
        (make_device(tmp_path).made("2.0.0"), "ftp://files.lab/x", ConfigError),
    )
    for path, url, error in cases:
        with pytest.raises(error):
            desired_model_for(path, url, Activation.NEXT_START)
