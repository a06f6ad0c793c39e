import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.device.cli import device
from edge.device.device_settings import read_device_settings
from edge.device.flash import boot_folder
from edge.device.flash.board import Board
from edge.device.flash.boot_folder import BootFolder
from edge.device.flash.credentials import wifi_key
from edge.device.flash.flash import flash, open_boot_partition
from edge.device.flash.os_release_setup import ARRANGE
from edge.update.wheelhouse_folder import read_wheelhouse
from hemalens.errors import BundleError, ConfigError, HemaLensError, StorageError
from hemalens.passwords import is_password
from tests.edge.device.flash.made_board import (
    PASSWORD,
    SSH_KEY,
    WIFI_PASSWORD,
    made_board,
    made_boot_folder,
    made_wheelhouse,
)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card's boot partition, as it is after its image was written."""
    return made_boot_folder(tmp_path / "bootfs")


def card_of(system: str, card: Path) -> Path:
    """Give a card of a system; the fixture's is Trixie's."""
    if system == "trixie":
        return card
    return made_boot_folder(card.with_name("other"), system)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return made_board(tmp_path / "board")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def user_data(card: Path) -> dict[str, object]:
    first, _, rest = (card / "user-data").read_text().partition("\n")
    assert first == "#cloud-config"
    read: dict[str, object] = json.loads(rest)
    return read


def test_trixie_card_sets_its_board_up_without_a_network(
    card: Path, board: Board
) -> None:
    flash(BootFolder(card), board)
    said = user_data(card)
    assert said["hostname"] == "bench-1"
    assert said["runcmd"] == [
        ["systemctl", "enable", "--now", "ssh"],
        [
            "sh",
            "-c",
            f"{ARRANGE} && systemctl start --no-block hemalens-first-boot.service",
        ],
    ]
    assert not said.keys() & {"packages", "package_update", "ntp"}
    instance = json.loads((card / "meta-data").read_text())["instance-id"]
    assert (card / "cmdline.txt").read_text() == (
        "console=tty1 root=PARTUUID=4d8fd085-02 rootwait resize cgroup_enable=memory "
        f"cfg80211.ieee80211_regdom=DE ds=nocloud;i={instance}\n"
    )


def test_user_logs_in_with_the_key_alone(card: Path, board: Board) -> None:
    flash(BootFolder(card), board)
    (user,) = user_data(card)["users"]  # type: ignore[misc]  # cloud-init's record
    assert user["name"] == "lab"
    assert user["ssh_authorized_keys"] == [SSH_KEY]
    assert user["lock_passwd"] is True
    assert user_data(card)["ssh_pwauth"] is False


def test_card_holds_what_the_first_boot_installs_from(card: Path, board: Board) -> None:
    flash(BootFolder(card), board)
    settings = read_device_settings(card / "hemalens" / "device.json")
    assert (settings.source, settings.objective) == ("picamera2:0", "100x oil")
    assert read_wheelhouse(card / "hemalens" / "wheelhouse").python == "3.13"
    key = board.trusted_key_files[0]
    carried = card / "hemalens" / "trusted-keys" / key.name
    assert carried.read_bytes() == key.read_bytes()


@pytest.mark.parametrize("system", ["trixie", "bookworm"])
def test_passwords_are_on_the_card_only_as_what_they_derive_to(
    card: Path, tmp_path: Path, system: str
) -> None:
    card = card_of(system, card)
    flash(BootFolder(card), made_board(tmp_path / "board", os=system))
    everything = b"".join(contents(card).values())
    for password in (PASSWORD, WIFI_PASSWORD):
        assert password.encode() not in everything
    assert wifi_key("Lab's net", WIFI_PASSWORD).encode() in everything
    assert is_password(PASSWORD, (card / "hemalens/operator-password").read_text())


@pytest.mark.parametrize("system", ["trixie", "bookworm"])
def test_same_board_twice_changes_nothing(
    card: Path, tmp_path: Path, system: str
) -> None:
    card = card_of(system, card)
    board = made_board(tmp_path / "board", os=system)
    flash(BootFolder(card), board)
    once = contents(card)
    flash(BootFolder(card), board)
    assert contents(card) == once


def test_another_board_is_set_up_anew_and_leaves_nothing_of_the_first(
    card: Path, board: Board, tmp_path: Path
) -> None:
    flash(BootFolder(card), board)
    before = contents(card)
    other = made_board(tmp_path / "other", operator_password_file=None, wifi=None)
    flash(BootFolder(card), other)
    after = contents(card)
    assert after["meta-data"] != before["meta-data"]
    assert "hemalens/operator-password" not in after
    assert after["cmdline.txt"].count(b"ds=nocloud;i=") == 1
    assert b"regdom" not in after["cmdline.txt"]
    assert after["config.txt"] == before["config.txt"]


def test_other_carried_files_alone_set_the_board_up_anew(
    card: Path, board: Board
) -> None:
    flash(BootFolder(card), board)
    before = (card / "meta-data").read_bytes()
    flash(BootFolder(card), board.model_copy(update={"objective": "40x"}))
    assert (card / "meta-data").read_bytes() != before


def test_bookworm_script_quotes_what_people_choose(card: Path, tmp_path: Path) -> None:
    card = card_of("bookworm", card)
    flash(BootFolder(card), made_board(tmp_path / "board", os="bookworm"))
    script = (card / "firstrun.sh").read_text()
    key = wifi_key("Lab's net", WIFI_PASSWORD)
    assert f"set_wlan 'Lab'\"'\"'s net' {key} DE\n" in script
    assert f"enable_ssh -k '{SSH_KEY}'\n" in script
    assert "userconf lab '!'\n" in script


def test_power_cut_in_between_leaves_the_card_as_it_was_in_effect(
    card: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = (card / "cmdline.txt").read_bytes()
    written: list[Path] = []

    def cut(path: Path, content: bytes) -> None:
        if path.name == "cmdline.txt":
            raise KeyboardInterrupt
        written.append(path)

    monkeypatch.setattr(boot_folder, "write_whole", cut)
    with pytest.raises(KeyboardInterrupt):
        flash(BootFolder(card), board)
    assert {"user-data", "first-boot.sh"} <= {path.name for path in written}
    assert (card / "cmdline.txt").read_bytes() == line


def test_full_card_is_refused_before_anything_is_written(
    card: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(card)
    usage = boot_folder.shutil.disk_usage(card)._replace(free=300_000)
    monkeypatch.setattr(boot_folder.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StorageError, match="0 MB free, 5 MB are needed"):
        flash(BootFolder(card), board)
    assert contents(card) == before


def test_folder_that_is_no_boot_partition_is_left_alone(
    tmp_path: Path, board: Board
) -> None:
    (tmp_path / "documents").mkdir()
    with pytest.raises(ConfigError, match=r"no cmdline\.txt"):
        flash(BootFolder(tmp_path / "documents"), board)
    assert not any((tmp_path / "documents").iterdir())


@pytest.mark.parametrize("path", ["/", "/boot", "/boot/../boot"])
def test_what_this_system_boots_from_is_never_touched(path: str) -> None:
    with pytest.raises(ConfigError, match="what this system boots from"):
        open_boot_partition(Path(path))


@pytest.mark.parametrize(
    ("target", "said"),
    [("gone.img", "no boot partition"), ("system.img.xz", "is packed: unpack it")],
)
def test_target_that_cannot_be_is_named(tmp_path: Path, target: str, said: str) -> None:
    (tmp_path / "system.img.xz").write_bytes(b"xz")
    with pytest.raises(ConfigError, match=said):
        open_boot_partition(tmp_path / target)


def wrong_python(folder: Path) -> dict[str, object]:
    return {"wheelhouse": made_wheelhouse(folder / "old", "3.11")}


def altered_wheel(folder: Path) -> dict[str, object]:
    wheels = made_wheelhouse(folder / "altered")
    next(wheels.glob("numpy*")).write_bytes(b"another")
    return {"wheelhouse": wheels}


def no_wheels(folder: Path) -> dict[str, object]:
    return {"wheelhouse": folder}


def no_key(folder: Path) -> dict[str, object]:
    (folder / "no.pub").write_text("no key")
    return {"trusted_key_files": (folder / "no.pub",)}


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (wrong_python, ConfigError, r"for Python 3\.11; trixie has 3\.13"),
        (altered_wheel, ConfigError, "numpy.* is missing or altered"),
        (no_wheels, ConfigError, "is no wheelhouse"),
        (no_key, BundleError, "no Ed25519 public key"),
    ],
)
def test_what_would_not_boot_is_refused_and_the_card_is_as_before(
    card: Path,
    tmp_path: Path,
    change: object,
    error: type[HemaLensError],
    said: str,
) -> None:
    before = contents(card)
    assert callable(change)
    board = made_board(tmp_path / "board", **change(tmp_path))
    with pytest.raises(error, match=said):
        flash(BootFolder(card), board)
    assert contents(card) == before


def test_command_overrides_the_fleets_file(card: Path, board: Board) -> None:
    folder = board.ssh_key_file.parent
    (folder / "device.toml").write_text(
        '[common]\nos = "trixie"\nuser = "lab"\nssh_key_file = "lab.pub"\n'
        'objective = "100x"\ntrusted_key_files = ["qa.pub"]\n'
        f'wheelhouse = "{board.wheelhouse.name}"\n[boards.bench-7]\n'
    )
    options = ["--config", str(folder / "device.toml"), "--objective", "40x"]
    wifi = ["--wifi", "guests", "--wifi-country", "FR"]
    ran = CliRunner().invoke(
        device, ["flash", str(card), *options, *wifi], catch_exceptions=False
    )
    assert ran.exit_code == 0
    assert "bench-7, trixie, picamera2:0" in ran.output
    assert read_device_settings(card / "hemalens/device.json").objective == "40x"
    points = json.loads((card / "network-config").read_text())["network"]["wifis"]
    assert points["wlan0"]["access-points"] == {"guests": {}}


def test_card_carries_what_the_broker_asks_for_until_the_first_boot(
    card: Path, tmp_path: Path
) -> None:
    (tmp_path / "broker").write_text("a secret\n")
    fleet = {"broker": "mqtts://bench-1@broker.lab"}
    board = made_board(
        tmp_path / "board", fleet=fleet, broker_password_file=tmp_path / "broker"
    )
    flash(BootFolder(card), board)
    assert (card / "hemalens/fleet/password").read_text() == "a secret\n"
    settings = read_device_settings(card / "hemalens" / "device.json")
    assert settings.fleet is not None
    assert settings.fleet.device == "bench-1"
    assert "a secret" not in (card / "hemalens" / "device.json").read_text()


def test_missing_brokers_file_is_named_before_anything_is_written(
    card: Path, tmp_path: Path
) -> None:
    before = contents(card)
    board = made_board(
        tmp_path / "board",
        fleet={"broker": "mqtts://broker.lab"},
        broker_ca_file=tmp_path / "gone.pem",
    )
    with pytest.raises(ConfigError, match=r"gone\.pem is not there"):
        flash(BootFolder(card), board)
    assert contents(card) == before
