"""Do something again and again, killed at each of its changes of the disk, one by one.

``python -m tests.edge.update.power_cuts JOBS`` is a small process of its own,
without threads, so that it can fork. What it forks does one job on a copy of a folder
and dies, by ``SIGKILL``, just before its k-th change; when that change is a write, half
of it is done. Every folder is kept twice:

- ``kept``: all that was done until then is on the disk;
- ``lost``: only what was synced is; names without a sync of their folder are as before,
  files without a sync of their own are empty.

Real disks leave something between the two.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from edge.update import software
from edge.update.current import ModelRoot
from edge.update.models import roll_back_model, update_model
from edge.update.switch import Switch
from edge.update.trial import TrialLimits
from hemalens.durable import make_folder, write_file
from tests.edge.update.made_device import whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing to do.

    Parameters
    ----------
    name : str
        In `DEEDS`.
    folder : str
        What it is done to; only copies are touched.
    argument : str
        A bundle or a wheelhouse, where the deed takes one.
    results : str
        Gets ``kept/K``, ``lost/K`` for each cut, ``done`` and ``changes.json``.
    """

    name: str
    folder: str
    argument: str
    results: str


def _update(root: Path, bundle: Path) -> None:
    update_model(ModelRoot(root), bundle, limits=TrialLimits(starts=1), prover=whole)


def _roll_back(root: Path, _: Path) -> None:
    roll_back_model(ModelRoot(root), prover=whole)


def _start(root: Path, _: Path) -> None:
    Switch(root).start()


def _confirm(root: Path, _: Path) -> None:
    Switch(root).confirm("healthy", unstarted=True)


def _update_software(root: Path, wheelhouse: Path) -> None:
    software.update_software(
        root,
        wheelhouse,
        trusted=None,
        health_check=lambda _: None,
        builder=build_quickly,
    )


def _roll_back_software(root: Path, _: Path) -> None:
    software.roll_back_software(root, health_check=lambda _: None)


DEEDS: dict[str, Callable[[Path, Path], None]] = {
    "update": _update,
    "roll back": _roll_back,
    "start": _start,
    "confirm": _confirm,
    "update software": _update_software,
    "roll back software": _roll_back_software,
}


def build_quickly(environment: Path, wheelhouse: Path) -> None:
    """Stand for venv and pip: what is half made lacks the last file."""
    if environment.exists():
        shutil.rmtree(environment)
    make_folder(environment / "bin")
    for name in ("python", "whole"):
        write_file(environment / "bin" / name, wheelhouse.name.encode())


class Disk:
    """What of a folder has reached the disk; inodes are held, and so not reused."""

    def __init__(self, root: Path) -> None:
        self._root = root.stat().st_ino
        self._held: list[int] = []
        self._names: dict[int, dict[str, int]] = {}
        self._contents: dict[int, bytes] = {}
        self._links: dict[int, str] = {}
        for folder, _, _ in os.walk(root):
            descriptor = os.open(folder, os.O_RDONLY)
            self._sync_folder(descriptor)
            for name, inode in self._names[os.fstat(descriptor).st_ino].items():
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    self._contents[inode] = path.read_bytes()

    def sync(self, descriptor: int) -> None:
        """Do what ``fsync`` does."""
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            self._sync_folder(descriptor)
        else:
            self._contents[os.fstat(descriptor).st_ino] = path.read_bytes()

    def _sync_folder(self, descriptor: int) -> None:
        names = {}
        for name in os.listdir(descriptor):
            flags = os.O_PATH | os.O_NOFOLLOW
            held = os.open(name, flags, dir_fd=descriptor)
            self._held.append(held)
            status = os.fstat(held)
            names[name] = status.st_ino
            if (status.st_mode & 0o170000) == 0o120000:
                self._links[status.st_ino] = os.readlink(name, dir_fd=descriptor)
            elif (status.st_mode & 0o170000) == 0o040000:
                self._names.setdefault(status.st_ino, {})
        self._names[os.fstat(descriptor).st_ino] = names

    def write_out(self, folder: Path, inode: int | None = None) -> None:
        """Write what a reboot would find."""
        folder.mkdir(parents=True)
        for name, found in self._names[inode or self._root].items():
            if found in self._names:
                self.write_out(folder / name, found)
            elif found in self._links:
                (folder / name).symlink_to(self._links[found])
            else:
                (folder / name).write_bytes(self._contents.get(found, b""))


CHANGES = (
    *("write", "fsync", "sync", "replace", "rename", "symlink", "link", "unlink"),
    *("remove", "mkdir", "rmdir", "truncate", "ftruncate", "chmod", "fchmod"),
)


class PowerCut:
    """Stands before every function of `os` that changes the disk.

    Parameters
    ----------
    at : int
        Before which change to die.
    root : Path
        Where changes are expected.
    lost : Path
        Where to write what was synced.
    """

    def __init__(self, at: int, root: Path, lost: Path) -> None:
        self._at = at
        self._lost = lost
        self._disk = Disk(root)
        self.changes: list[str] = []
        self._whole = {name: getattr(os, name) for name in (*CHANGES, "open")}

    def arm(self) -> None:
        """Stand there from now on."""
        for name in CHANGES:
            setattr(os, name, self._standing_before(name))

        def opening(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            if flags & (os.O_CREAT | os.O_TRUNC):
                self._change("open", lambda: None)
            descriptor: int = self._whole["open"](path, flags, *rest, **more)
            return descriptor

        os.open = opening

    def disarm(self) -> None:
        """Stand aside."""
        for name, function in self._whole.items():
            setattr(os, name, function)

    def _standing_before(self, name: str) -> Callable[..., Any]:
        function = self._whole[name]

        def changing(*arguments: Any, **more: Any) -> Any:
            def half() -> None:
                if name == "write":
                    descriptor, content = arguments
                    function(descriptor, bytes(content)[: len(content) // 2])

            self._change(name, half)
            found = function(*arguments, **more)
            if name == "fsync":
                self._disk.sync(arguments[0])
            return found

        return changing

    def _change(self, name: str, half: Callable[[], None]) -> None:
        if len(self.changes) == self._at:
            half()
            self.disarm()
            self._disk.write_out(self._lost)
            os.kill(os.getpid(), signal.SIGKILL)
        self.changes.append(name)


def run(job: Job) -> None:
    """Do a job, cut at its first change, at its second, until it is done."""
    results = Path(job.results)
    for at in count():
        kept, lost = results / "kept" / str(at), results / "lost" / str(at)
        shutil.copytree(job.folder, kept, symlinks=True)
        lost.parent.mkdir(exist_ok=True)
        child = os.fork()
        if child == 0:
            _do(job, PowerCut(at, kept, lost), kept)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            continue
        if status:
            raise SystemExit(f"{job.name} failed by itself at {at}")
        kept.rename(results / "done")
        return


def _do(job: Job, cut: PowerCut, folder: Path) -> None:
    """Do it once, in a process that ends here."""
    code = 1
    try:
        cut.arm()
        DEEDS[job.name](folder, Path(job.argument))
        cut.disarm()
        Path(job.results, "changes.json").write_text(json.dumps(cut.changes))
        code = 0
    except BaseException:  # noqa: BLE001  # the process ends here in any case
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    """Run all jobs of a file."""
    for one in json.loads(Path(sys.argv[1]).read_text()):
        run(Job(**one))


if __name__ == "__main__":
    main()
