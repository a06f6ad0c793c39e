"""A disk image, made here as Raspberry Pi OS's are: MBR, FAT, then something else."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.device.flash import boot_image
from edge.device.flash.boot_image import BootImage
from edge.device.flash.flash import flash, open_boot_partition
from edge.device.flash.imager_manifest import write_imager_manifest
from edge.device.flash.partition_table import fat_offset_bytes
from edge.update.wheelhouse_folder import read_wheelhouse
from hemalens.errors import ConfigError
from tests.edge.device.flash.made_board import boot_contents, made_board

TOOLS = ("sfdisk", "mkfs.vfat", "mcopy", "mdeltree")
MIB = 1_048_576
MBR = "start=4MiB, size=40MiB, type=c, bootable\nstart=44MiB, size=8MiB, type=83\n"
GPT = f"label: gpt\n{MBR.replace('type=c, bootable', 'type=U').replace('83', 'L')}"

pytestmark = pytest.mark.skipif(
    any(
        shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin") is None
        for tool in TOOLS
    ),
    reason=f"needs {', '.join(TOOLS)}: apt install fdisk dosfstools mtools",
)


@pytest.fixture(autouse=True)
def sbin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's users do not have the disk tools in their path."""
    monkeypatch.setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")


def made_image(path: Path, table: str = MBR, system: str = "trixie") -> Path:
    with path.open("wb") as file:
        file.truncate(64 * MIB)
    run("sfdisk", "--quiet", str(path), given=table)
    fat = path.with_suffix(".fat")
    with fat.open("wb") as file:
        file.truncate(40 * MIB)
    run("mkfs.vfat", "-F", "32", "-s", "1", str(fat))
    for name, content in boot_contents(system).items():
        (path.parent / name).write_text(content)
        run("mcopy", "-i", str(fat), str(path.parent / name), "::/")
    with path.open("r+b") as image:
        image.seek(4 * MIB)
        image.write(fat.read_bytes())
        image.seek(44 * MIB)
        image.write(b"the root file system")
    fat.unlink()
    return path


def run(*command: str, given: str | None = None) -> str:
    return subprocess.run(
        command, input=given, capture_output=True, text=True, check=True
    ).stdout


def extracted(image: Path, folder: Path) -> Path:
    folder.mkdir()
    run("mcopy", "-s", "-n", "-i", f"{image}@@4M", "::/", str(folder))
    return folder


@pytest.mark.parametrize("table", [MBR, GPT], ids=["MBR", "GPT"])
def test_fat_partition_is_found_by_the_table(tmp_path: Path, table: str) -> None:
    assert fat_offset_bytes(made_image(tmp_path / "os.img", table)) == 4 * MIB


@pytest.mark.parametrize("system", ["trixie", "bookworm"])
def test_image_is_prepared_and_its_other_partitions_stay(
    tmp_path: Path, system: str
) -> None:
    image = made_image(tmp_path / "os.img", system=system)
    rest = image.read_bytes()[44 * MIB :]
    flash(open_boot_partition(image), made_board(tmp_path / "board", os=system))
    card = extracted(image, tmp_path / "card")
    assert read_wheelhouse(card / "hemalens" / "wheelhouse")
    assert (card / "config.txt").read_text() == "dtparam=audio=on\n"
    is_trixie = system == "trixie"
    assert (card / "network-config").exists() is is_trixie
    assert (card / "firstrun.sh").exists() is not is_trixie
    assert image.read_bytes()[44 * MIB :] == rest


def test_same_board_twice_makes_the_same_files(tmp_path: Path) -> None:
    image, board = made_image(tmp_path / "os.img"), made_board(tmp_path / "board")
    flash(BootImage(image), board)
    once = extracted(image, tmp_path / "once")
    before = image.read_bytes()
    flash(BootImage(image), board)
    twice = extracted(image, tmp_path / "twice")
    assert image.read_bytes() == before
    names = {str(path.relative_to(once)) for path in once.rglob("*")}
    assert names == {str(path.relative_to(twice)) for path in twice.rglob("*")}
    for name in filter(lambda name: (once / name).is_file(), names):
        assert (once / name).read_bytes() == (twice / name).read_bytes()


def test_another_board_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    image = made_image(tmp_path / "os.img")
    flash(BootImage(image), made_board(tmp_path / "board"))
    other = made_board(tmp_path / "other", operator_password_file=None)
    flash(BootImage(image), other)
    card = extracted(image, tmp_path / "card")
    assert not (card / "hemalens" / "operator-password").exists()


def test_image_too_small_for_the_wheels_stays_as_it_was(tmp_path: Path) -> None:
    image, board = made_image(tmp_path / "os.img"), made_board(tmp_path / "board")
    wheel = next(board.wheelhouse.glob("numpy*"))
    made = read_wheelhouse(board.wheelhouse)
    large = bytes(48 * MIB)
    wheel.write_bytes(large)
    sums = {**made.sha256, wheel.name: hashlib.sha256(large).hexdigest()}
    changed = made.model_copy(update={"sha256": sums})
    (board.wheelhouse / "wheelhouse.json").write_text(changed.model_dump_json())
    before = image.read_bytes()
    with pytest.raises(ConfigError, match=r"mcopy failed \(.*full"):
        flash(BootImage(image), board)
    assert image.read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))


def test_disk_gets_its_kernel_line_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, board = made_image(tmp_path / "disk"), made_board(tmp_path / "board")
    line = extracted(image, tmp_path / "before") / "cmdline.txt"

    def cut(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(boot_image, "sync_path", cut)
    with pytest.raises(KeyboardInterrupt):
        flash(BootImage(image, in_place=True), board)
    after = extracted(image, tmp_path / "after")
    assert (after / "user-data").exists()
    assert (after / "cmdline.txt").read_bytes() == line.read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [(bytes(MIB), "no partition table"), (b"", "no partition table")],
)
def test_file_that_is_no_disk_image_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "os.img").write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        open_boot_partition(tmp_path / "os.img")


def test_image_without_fat_is_refused(tmp_path: Path) -> None:
    image = tmp_path / "data.img"
    with image.open("wb") as file:
        file.truncate(16 * MIB)
    run("sfdisk", "--quiet", str(image), given="start=4MiB, type=83\n")
    with pytest.raises(ConfigError, match="no FAT partition"):
        open_boot_partition(image)


def test_imager_offers_the_image_as_it_is(tmp_path: Path) -> None:
    image = tmp_path / "os.img"
    image.write_bytes(b"prepared")
    path = tmp_path / "bench.rpi-imager-manifest"
    write_imager_manifest(path, image, made_board(tmp_path / "board"))
    (entry,) = json.loads(path.read_text())["os_list"]
    assert entry["url"] == image.as_uri()
    assert entry["extract_sha256"] == hashlib.sha256(b"prepared").hexdigest()
    assert entry["extract_size"] == entry["image_download_size"] == 8
    assert entry["init_format"] == "none"
    required = {"name", "description", "icon", "release_date", "devices"}
    assert required <= entry.keys()


@pytest.mark.parametrize("name", ["bench.json", "bench.rpi-imager-manifest"])
def test_manifest_of_no_image_or_another_ending_is_refused(
    tmp_path: Path, name: str
) -> None:
    board = made_board(tmp_path / "board")
    with pytest.raises(ConfigError, match="rpi-imager-manifest and is of an image"):
        write_imager_manifest(tmp_path / name, tmp_path, board)


@pytest.mark.skipif(
    os.geteuid() != 0
    or not Path("/dev/loop-control").exists()
    or "vfat" not in Path("/proc/filesystems").read_text(),
    reason="mounts an image: needs root, loop devices and a kernel that has vfat",
)
def test_prepared_image_mounts_and_holds_what_a_flash_writes(tmp_path: Path) -> None:
    image, board = made_image(tmp_path / "os.img"), made_board(tmp_path / "board")
    flash(BootImage(image), board)
    point = tmp_path / "mounted"
    point.mkdir()
    place = f"loop,ro,offset={4 * MIB},sizelimit={40 * MIB}"
    run("mount", "-t", "vfat", "-o", place, str(image), str(point))
    try:
        assert read_wheelhouse(point / "hemalens" / "wheelhouse")
        assert "ds=nocloud;i=hemalens-" in (point / "cmdline.txt").read_text()
    finally:
        run("umount", str(point))


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Path]:
    """A disk that the system knows, its content an image."""
    image = made_image(tmp_path / "os.img")
    device = run("losetup", "--find", "--show", str(image)).strip()
    yield Path(device)
    run("losetup", "--detach", device)


@pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/loop-control").exists(),
    reason="makes a disk of an image: needs root and loop devices",
)
def test_disk_is_prepared_only_when_named_twice(tmp_path: Path, loop: Path) -> None:
    with pytest.raises(ConfigError, match=f"--device {loop} --yes"):
        open_boot_partition(loop)
    flash(open_boot_partition(loop, loop, agreed=True), made_board(tmp_path / "board"))
    card = extracted(loop, tmp_path / "card")
    assert read_wheelhouse(card / "hemalens" / "wheelhouse")
    assert "ds=nocloud" in (card / "cmdline.txt").read_text()
