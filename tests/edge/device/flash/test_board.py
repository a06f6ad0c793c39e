from pathlib import Path

import pytest

from edge.device.flash.board import Board, read_fleet
from hemalens.errors import ConfigError
from tests.edge.device.flash.made_board import made_settings

FLEET = """
[common]
os = "trixie"
user = "lab"
ssh_key_file = "keys/lab.pub"
objective = "100x"
trusted_key_files = ["keys/qa.pub", "/etc/keys/other.pub"]
wheelhouse = "wheels"
[common.wifi]
ssid = "lab"
password_file = "wifi"
country = "DE"
[boards.bench-1]
[boards.bench-2]
objective = "40x"
camera = "usb:0"
"""


def write(folder: Path, text: str = FLEET) -> Path:
    (folder / "device.toml").write_text(text)
    return folder / "device.toml"


def test_board_has_what_is_common_and_what_is_its_own(tmp_path: Path) -> None:
    path = write(tmp_path)
    first = Board.from_settings(read_fleet(path, "bench-1"))
    second = Board.from_settings(read_fleet(path, "bench-2"))
    assert (first.hostname, first.objective) == ("bench-1", "100x")
    assert (second.objective, second.device_settings.source) == ("40x", "usb:0")


def test_files_are_named_from_the_fleets_folder(tmp_path: Path) -> None:
    board = Board.from_settings(read_fleet(write(tmp_path), "bench-1"))
    assert board.ssh_key_file == tmp_path / "keys" / "lab.pub"
    assert board.wheelhouse == tmp_path / "wheels"
    assert board.wifi is not None
    assert board.wifi.password_file == tmp_path / "wifi"
    assert board.trusted_key_files[1] == Path("/etc/keys/other.pub")


@pytest.mark.parametrize("hostname", ["bench-3", None])
def test_board_that_is_not_in_the_fleet_is_refused(
    tmp_path: Path, hostname: str | None
) -> None:
    with pytest.raises(ConfigError, match="give one of bench-1, bench-2 as --hostname"):
        read_fleet(write(tmp_path), hostname)


def test_fleet_of_one_needs_no_name(tmp_path: Path) -> None:
    path = write(tmp_path, FLEET.partition("[boards.bench-2]")[0])
    assert read_fleet(path, None)["hostname"] == "bench-1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[commmon]\n", r"has \[commmon\]; wanted"),
        ("a = \n", "cannot read"),
        ("", "names no board"),
    ],
)
def test_misspelt_fleet_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_fleet(write(tmp_path, text), "bench-1")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hostname": "bench 1"}, "hostname"),
        ({"hostname": "a" * 64}, "hostname"),
        ({"user": "lab; reboot"}, "user"),
        ({"os": "bullseye"}, "os"),
        ({"trusted_key_files": ()}, "trusted_key_files"),
        ({"wifi": {"ssid": "a\nb", "country": "DE"}}, "printable"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_setting_that_cannot_be_is_named(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=f"this board cannot be: .*{said}"):
        Board.from_settings({**made_settings(tmp_path), **changed})


def test_board_counts_the_population_and_the_bundle_it_is_told(tmp_path: Path) -> None:
    settings = made_settings(tmp_path, population="normal-adult", bundle="mobilenetv2")
    made = Board.from_settings(settings).device_settings
    assert (made.population, made.bundle) == ("normal-adult", "mobilenetv2")


def test_unknown_population_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="population"):
        Board.from_settings(made_settings(tmp_path, population="adult"))


def test_board_is_called_by_its_host_name_at_the_broker(tmp_path: Path) -> None:
    for fleet, name in (
        ({"broker": "mqtts://broker.lab"}, "bench-1"),
        ({"broker": "mqtts://broker.lab", "device": "ward-3"}, "ward-3"),
    ):
        board = Board.from_settings(made_settings(tmp_path, fleet=fleet))
        made = board.device_settings.fleet
        assert made is not None
        assert made.device_name == name
