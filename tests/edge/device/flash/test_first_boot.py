"""The first boot's scripts, run here with a made system's tools, cut off anywhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge.device.flash.boot_folder import BootFolder
from edge.device.flash.flash import flash
from hemalens.passwords import is_password
from tests.edge.device.flash.made_board import (
    PASSWORD,
    WIFI_PASSWORD,
    made_board,
    made_boot_folder,
    made_debs,
    made_wheelhouse,
)
from tests.edge.device.flash.made_root import PLUG_PULLED, MadeRoot

SECRETS = ("hemalens/operator-password", "hemalens/fleet/password", "network-config")


def made_device(folder: Path, system: str = "trixie", **changed: Any) -> MadeRoot:
    """Make a board that boots a card just flashed."""
    made = MadeRoot.at(folder / "root")
    made_boot_folder(made.card, system)
    (folder / "broker").write_text("a secret\n")
    settings = {
        "fleet": {"broker": "mqtts://bench-1@broker.lab"},
        "broker_password_file": folder / "broker",
        "camera_debs": made_debs(folder / "debs"),
        **changed,
    }
    board = made_board(folder / "board", os=system, **settings)
    flash(BootFolder(made.card), board)
    return made


def require_installed(made: MadeRoot) -> None:
    software = made.root / "opt" / "hemalens"
    told = dict(
        line.split("=", 1)
        for line in (made.card / "hemalens/first-boot.conf").read_text().splitlines()
    )
    assert (software / "installed-from").read_text().strip() == told["carried"]
    assert (software / "current" / "bin" / "hemalens").is_file()
    assert is_password(PASSWORD, (made.root / "etc/operator-password").read_text())
    assert not [name for name in SECRETS if (made.card / name).exists()]
    assert (made.root / "library").exists()
    log = (made.card / "hemalens" / "first-boot.log").read_text()
    assert log.endswith("HemaLens is installed\n")


def test_first_boot_ends_installed_without_a_secret_on_the_card(tmp_path: Path) -> None:
    made = made_device(tmp_path)
    assert made.first_boot() == 0
    require_installed(made)
    everything = b"".join(p.read_bytes() for p in made.card.rglob("*") if p.is_file())
    assert b"a secret" not in everything
    assert WIFI_PASSWORD.encode() not in everything


def test_radio_is_switched_on_before_anything_is_installed(tmp_path: Path) -> None:
    made = made_device(tmp_path)
    made.first_boot()
    assert made.said()[:3] == [
        "raspi-config nonint do_wifi_country DE",
        "rfkill unblock wifi",
        "nmcli radio wifi on",
    ]


def test_system_without_the_radios_tools_is_installed_all_the_same(
    tmp_path: Path,
) -> None:
    made = made_device(tmp_path)
    for name in ("raspi-config", "rfkill", "nmcli"):
        made.write_tool(name, "exit 127\n")
    assert made.first_boot() == 0
    require_installed(made)


def test_board_by_cable_leaves_the_radio_off(tmp_path: Path) -> None:
    made = made_device(tmp_path, wifi=None)
    made.first_boot()
    assert not [line for line in made.said() if "wifi" in line]


def test_power_cut_anywhere_is_made_good_at_the_next_boot(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = made_device(tmp_path / "whole")
    assert whole.first_boot() == 0
    places = int((whole.root / "calls").read_text())
    assert places >= 10
    for place in range(1, places + 1):
        folder = tmp_path / str(place)
        folder.mkdir()
        made = made_device(folder)
        ended = made.first_boot(cut_at=place)
        # One in a pipe takes the pipe alone with it.
        assert ended in (*PLUG_PULLED, 0)
        if (made.root / "opt/hemalens/installed-from").exists():
            # Nothing says that it was done before it was.
            require_installed(made)
        assert made.first_boot() == 0
        require_installed(made)


def test_secret_half_overwritten_is_not_installed(tmp_path: Path) -> None:
    made = made_device(tmp_path)
    whole = (made.root / "tools/shred").read_text()
    made.write_tool("shred", 'for file; do :; done\n: >"$file"\nkill -9 $PPID\n')
    assert made.first_boot() in PLUG_PULLED
    (made.root / "tools/shred").write_text(whole)
    assert made.first_boot() == 0
    require_installed(made)
    assert not any((made.card / "hemalens" / "forgotten").iterdir())


def test_failed_installation_is_said_and_tried_again(tmp_path: Path) -> None:
    made = made_device(tmp_path)
    whole = (made.root / "tools/env-python").read_text()
    made.write_tool("env-python", "echo no space >&2; exit 1\n")
    assert made.first_boot() == 1
    log = (made.card / "hemalens" / "first-boot.log").read_text()
    assert "no space" in log
    assert "not installed (exit 1); it is tried again" in log
    assert (made.card / "hemalens" / "operator-password").exists()
    (made.root / "tools/env-python").write_text(whole)
    assert made.first_boot() == 0
    require_installed(made)


def test_later_boots_do_nothing(tmp_path: Path) -> None:
    made = made_device(tmp_path)
    made.first_boot()
    before = made.said(), (made.card / "hemalens/first-boot.log").read_bytes()
    assert made.first_boot() == 0
    assert (made.said(), (made.card / "hemalens/first-boot.log").read_bytes()) == before


def test_card_flashed_anew_with_other_wheels_is_installed_beside_what_ran(
    tmp_path: Path,
) -> None:
    made = made_device(tmp_path)
    made.first_boot()
    software = made.root / "opt" / "hemalens"
    assert (software / "current").readlink() == Path("env-a")
    newer = made_wheelhouse(tmp_path / "newer", **{"new-1-py3-none-any.whl": b"new"})
    board = made_board(tmp_path / "board", wheelhouse=newer)
    flash(BootFolder(made.card), board)
    assert made.first_boot() == 0
    assert (software / "current").readlink() == Path("env-b")
    assert not (made.card / "hemalens" / "operator-password").exists()


def test_altered_camera_library_is_not_installed(tmp_path: Path) -> None:
    made = made_device(tmp_path)
    deb = next((made.card / "hemalens/debs").glob("libcamera*"))
    deb.write_bytes(b"altered")
    assert made.first_boot() != 0
    assert not (made.root / "library").exists()
    assert not (made.root / "opt/hemalens/installed-from").exists()


@pytest.mark.parametrize("camera", ["picamera2:0", "usb:0"])
def test_library_is_fetched_only_where_it_is_needed(
    tmp_path: Path, camera: str
) -> None:
    made = made_device(
        tmp_path, camera=camera, camera_debs=None, camera_from_network=True
    )
    assert made.first_boot() == 0
    fetched = [line for line in made.said() if line.startswith("apt-get install")]
    assert bool(fetched) is (camera == "picamera2:0")


def test_trixie_repeats_its_set_up_until_this_card_is_installed(
    tmp_path: Path,
) -> None:
    made = made_device(tmp_path)
    user_data = (made.card / "user-data").read_text().partition("\n")[2]
    ((shell, option, command),) = json.loads(user_data)["bootcmd"]
    assert (shell, option) == ("sh", "-c")
    done = made.root / "sem" / "config_users_groups"
    script = made.card / "bootcmd"
    script.write_text(command.replace("/var/lib/cloud/instance", str(made.root)))
    for is_installed in (False, True):
        if is_installed:
            made.first_boot()
        done.parent.mkdir(exist_ok=True)
        done.touch()
        made.run(script)
        assert done.exists() is is_installed


def test_trixie_arranges_a_unit_that_each_boot_starts(tmp_path: Path) -> None:
    made = made_device(tmp_path)
    user_data = (made.card / "user-data").read_text().partition("\n")[2]
    command = json.loads(user_data)["runcmd"][1][2]
    (made.card / "runcmd").write_text(command)
    assert made.run(made.card / "runcmd") == 0
    unit = made.root / "etc/systemd/system/hemalens-first-boot.service"
    assert "first-boot.sh" in unit.read_text()
    assert made.said() == [
        "systemctl enable hemalens-first-boot.service",
        "systemctl start --no-block hemalens-first-boot.service",
    ]


def test_bookworm_sets_up_arranges_the_unit_and_leaves_no_key(tmp_path: Path) -> None:
    made = made_device(tmp_path, "bookworm")
    assert made.run(made.card / "firstrun.sh") == 0
    assert "systemctl enable hemalens-first-boot.service" in made.said()
    assert "userconf lab !" in made.said()
    assert not (made.card / "firstrun.sh").exists()
    assert "systemd." not in (made.card / "cmdline.txt").read_text()
    assert made.first_boot() == 0
    require_installed(made)


def test_bookworm_cut_off_anywhere_begins_again(tmp_path: Path) -> None:
    cuts = 0
    while True:
        folder = tmp_path / str(cuts)
        folder.mkdir()
        made = made_device(folder, "bookworm")
        if made.run(made.card / "firstrun.sh", cut_at=cuts + 1) == 0:
            break
        if "systemd.run=" in (made.card / "cmdline.txt").read_text():
            assert made.run(made.card / "firstrun.sh") == 0
        unit = made.root / "etc/systemd/system/hemalens-first-boot.service"
        assert unit.is_file()
        cuts += 1
    assert cuts >= 5


def test_bookworm_that_cannot_arrange_the_unit_tries_again(tmp_path: Path) -> None:
    made = made_device(tmp_path, "bookworm")
    made.write_tool("systemctl", "exit 1\n")
    line = (made.card / "cmdline.txt").read_text()
    assert "systemd.run_failure_action=reboot" in line
    assert made.run(made.card / "firstrun.sh") == 1
    assert (made.card / "firstrun.sh").exists()
    assert (made.card / "cmdline.txt").read_text() == line
