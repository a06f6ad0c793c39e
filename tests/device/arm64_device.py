"""A device of another architecture, made and run here under emulation.

Makes a Debian root file system for arm64, flashes and installs HemaLens in it without a
network, as a board's first boot does, then examines it, lets it test itself and count a
few drawn frames, and holds its cells against those counted here::

    sudo python -m tests.device.arm64_device --release bookworm --folder DIR

Needs Linux, root, ``debootstrap`` and ``qemu-user-static`` with its binfmt entry, and a
network for the making of root file system and wheelhouse. Only the bare root file
system is kept in DIR; all else is made anew, so that what is judged is what is here.
"""

import json
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import cv2

from edge.capture.demo_slide import DemoSlide
from edge.device.flash.boot_folder import BootFolder
from edge.device.flash.flash import flash
from tests.edge.device.flash.made_board import made_board, made_boot_folder

PYTHONS: Final = {"bookworm": "3.11", "trixie": "3.13"}
ENVIRONMENT: Final = "/opt/hemalens/current"
NOT_UNDER_EMULATION: Final = {"memory limits"}
"""What the doctor rightly finds wrong: the emulated system has no kernel of its own."""

_PROCESSOR: Final = "cortex-a72"
"""The Raspberry Pi 4's. The emulator's own default has vector instructions no Raspberry
Pi has, and NumPy 2.5 with OpenCV 4.14 got NaN from them (qemu 7.2, 2026-11-25)."""
_INTERPRETER: Final = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
_PACKAGES: Final = "python3,python3-venv,systemd,udev"
_FRAMES: Final = "/var/lib/hemalens/frames"
_INSIDE: Final = """
mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"
"""


def missing_tools() -> str | None:
    """Say what is missing for the emulation; None when nothing is."""
    needed = ("debootstrap", "chroot", "unshare")
    path = "/usr/sbin:/sbin:/usr/bin:/bin"
    absent = [name for name in needed if shutil.which(name, path=path) is None]
    if absent:
        return f"{', '.join(absent)} missing: apt install debootstrap"
    if platform.machine() == "aarch64" or _INTERPRETER.exists():
        return None
    return (
        f"{_INTERPRETER} is not there: apt install qemu-user-static binfmt-support "
        "(and mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedDevice:
    """A root file system for arm64, and commands run in it without a network.

    Parameters
    ----------
    root : Path
    release : str
        Of Debian.
    """

    root: Path
    release: str

    def make(self, bare: Path) -> None:
        """Make the root file system anew, from a bare one that is kept."""
        made = bare / ".made"
        if not made.exists():
            shutil.rmtree(bare, ignore_errors=True)
            options = ["--foreign", "--arch=arm64", "--variant=minbase"]
            place = [self.release, str(bare), "http://deb.debian.org/debian"]
            run("debootstrap", *options, f"--include={_PACKAGES}", *place)
            run("chroot", str(bare), "/debootstrap/debootstrap", "--second-stage")
            made.touch()
        shutil.rmtree(self.root, ignore_errors=True)
        run("cp", "--archive", str(bare), str(self.root))

    def run(self, *command: str, may_fail: bool = False) -> str:
        """Run a command inside; give what it prints."""
        # A board has none of what this machine sets for its own programs.
        path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        bare = ["env", "-i", path, "HOME=/root", f"QEMU_CPU={_PROCESSOR}"]
        shell = ["unshare", "--net", "--mount", "--fork", "sh", "-c", _INSIDE]
        return run(*bare, *shell, str(self.root), *command, may_fail=may_fail)

    def flash(self, wheelhouse: Path, folder: Path) -> None:
        """Put on the boot partition what a flash puts there."""
        card = self.root / "boot" / "firmware"
        card.parent.mkdir(exist_ok=True)
        made_boot_folder(card, self.release)
        board = made_board(
            folder / f"board-{self.release}",
            os=self.release,
            wheelhouse=wheelhouse,
            camera=_FRAMES,
        )
        flash(BootFolder(card), board)

    def install(self, frames: Path) -> None:
        """Do what the first boot does."""
        card = self.root / "boot" / "firmware" / "hemalens"
        shutil.copytree(frames, self.root / _FRAMES[1:], dirs_exist_ok=True)
        try:
            self.run("sh", "/boot/firmware/hemalens/first-boot.sh")
        finally:
            click.echo((card / "first-boot.log").read_text())


def run(*command: str, may_fail: bool = False) -> str:
    """Run a command, its errors shown; give what it prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode and not may_fail:
        raise click.ClickException(f"{' '.join(command)} failed:\n{done.stdout}")
    return done.stdout


def draw_frames(folder: Path, number: int) -> Path:
    """Draw a few fields of the simulated slide as images."""
    folder.mkdir(parents=True, exist_ok=True)
    slide = DemoSlide(seed=7, frames=number, mix="uniform", width_px=640, height_px=480)
    for index in range(number):
        frame = slide.frame(index)
        bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / f"{frame.name}.png"), bgr)
    return folder


def make_wheelhouse(folder: Path, python: str, lock: Path | None) -> Path:
    """Make a wheelhouse for arm64."""
    shutil.rmtree(folder, ignore_errors=True)
    options = ["--python", python, "--arch", "aarch64", "--output", str(folder)]
    locked = [] if lock is None else ["--lock", str(lock)]
    hemalens_here("device", "wheelhouse", *options, *locked)
    return folder


def hemalens_here(*arguments: str) -> str:
    """Run HemaLens on this machine."""
    return run(sys.executable, "-m", "hemalens.cli", *arguments)


def cells_of(output: Path) -> list[dict[str, Any]]:
    """Read a count's cells."""
    lines = (output / "cells.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the device did.

    Parameters
    ----------
    wrong : tuple of str
        What its doctor and self-test found wrong.
    cells : int
        Stained cells it counted.
    differing : int
        Of them, those called otherwise, or not found, here.
    """

    wrong: tuple[str, ...]
    cells: int
    differing: int

    @property
    def passed(self) -> bool:
        """Whether it counts as this machine does."""
        unexpected = set(self.wrong) - NOT_UNDER_EMULATION
        return not unexpected and self.cells > 0 and self.differing == 0


def judge(device: EmulatedDevice, frames: Path, folder: Path) -> Verdict:
    """Examine the installed device, and count the same frames there and here."""
    program = f"{ENVIRONMENT}/bin/hemalens"
    wrong: list[str] = []
    for command in ("doctor", "selftest"):
        told = device.run(program, "device", command, "--json", may_fail=True)
        findings = json.loads(told)["findings"]
        click.echo(json.dumps(findings, indent=2, ensure_ascii=False))
        wrong += [one["name"] for one in findings if not one["passed"]]
    there, here = f"/var/lib/hemalens/counts/{folder.name}", folder / "here"
    for output in (device.root / there[1:], here):
        shutil.rmtree(output, ignore_errors=True)
    device.run(program, "count", _FRAMES, "--output", there, "--json")
    hemalens_here("count", str(frames), "--output", str(here), "--json")
    cells = [stained(cells_of(one)) for one in (device.root / there[1:], here)]
    differing = len(cells[0] ^ cells[1])
    return Verdict(wrong=tuple(wrong), cells=len(cells[0]), differing=differing)


def stained(cells: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """Tell the stained cells by what was decided of them."""
    named = ("frame", "kind", "status", "class_name")
    return {
        (*map(cell.get, named), *cell["box_xyxy"])
        for cell in cells
        if cell["class_name"] is not None
    }


@click.command()
@click.option("--release", type=click.Choice(sorted(PYTHONS)), required=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True)
@click.option("--lock", type=click.Path(path_type=Path), help="Another lock file.")
@click.option("--frames", type=click.IntRange(min=1), default=2, show_default=True)
def main(release: str, folder: Path, lock: Path | None, frames: int) -> None:
    """Make, install and judge an emulated arm64 device."""
    reason = missing_tools()
    if reason is not None:
        raise click.ClickException(reason)
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    device = EmulatedDevice(root=folder / f"device-{release}", release=release)
    device.make(folder / f"bare-{release}")
    wheels = make_wheelhouse(folder / f"wheels-{release}", PYTHONS[release], lock)
    drawn = draw_frames(folder / "frames", frames)
    device.flash(wheels, folder)
    device.install(drawn)
    verdict = judge(device, drawn, folder)
    click.echo(verdict)
    if not verdict.passed:
        raise click.ClickException("the emulated device does not count as this one")


if __name__ == "__main__":
    main()
