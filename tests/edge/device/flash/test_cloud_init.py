"""What cloud-init is given, judged by cloud-init's own schema."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.device.flash.cloud_init import set_up
from hemalens.errors import ConfigError
from tests.edge.device.flash.made_board import made_board


def has_network_schema() -> bool:
    if shutil.which("cloud-init") is None:
        return False
    told = subprocess.run(
        ["cloud-init", "schema", "--help"], capture_output=True, text=True, check=False
    )
    return "--schema-type" in told.stdout


def judge(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["cloud-init", "schema", "--config-file", str(path), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(
    shutil.which("cloud-init") is None, reason="cloud-init is not installed"
)
def test_user_data_fits_cloud_inits_schema(tmp_path: Path) -> None:
    path = tmp_path / "user-data"
    path.write_bytes(set_up(made_board(tmp_path / "b"), "0").files["user-data"])
    judged = judge(path)
    assert judged.returncode == 0, judged.stderr
    path.write_text(path.read_text().replace('"runcmd"', '"runcommand"'))
    assert judge(path).returncode != 0


@pytest.mark.skipif(
    not has_network_schema(), reason="no cloud-init 24 or later is installed"
)
def test_network_by_cable_fits_cloud_inits_schema(tmp_path: Path) -> None:
    # Its schema has no wireless networks at all, which netplan reads past it.
    path = tmp_path / "network-config"
    board = made_board(tmp_path / "b", wifi=None)
    path.write_bytes(set_up(board, "0").files["network-config"])
    judged = judge(path, "--schema-type", "network-config")
    assert judged.returncode == 0, judged.stderr


@pytest.mark.parametrize("hidden", [False, True])
def test_wireless_network_is_as_netplan_takes_it(tmp_path: Path, hidden: bool) -> None:
    wifi = {"ssid": 'a "b"', "country": "DE", "hidden": hidden}
    board = made_board(tmp_path / "b", wifi=wifi)
    network = json.loads(set_up(board, "0").files["network-config"])["network"]
    assert network["version"] == 2
    (points,) = (one["access-points"] for one in network["wifis"].values())
    assert points == {'a "b"': {"hidden": True} if hidden else {}}


def test_instance_is_named_after_all_that_is_set_up(tmp_path: Path) -> None:
    board = made_board(tmp_path / "b")
    other = board.model_copy(update={"hostname": "bench-2"})
    ids = {
        set_up(*given).files["meta-data"]
        for given in ((board, "0"), (board, "0"), (board, "1"), (other, "0"))
    }
    assert len(ids) == 3


def test_password_too_short_for_wpa_is_refused(tmp_path: Path) -> None:
    board = made_board(tmp_path / "b")
    assert board.wifi is not None
    assert board.wifi.password_file is not None
    board.wifi.password_file.write_text("short\n")
    with pytest.raises(ConfigError, match="8 to 63 characters"):
        set_up(board, "0")
