"""Wherever the power fails, the device counts with a whole, verified model."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from edge.update.current import ModelRoot, open_current
from edge.update.models import roll_back_model, update_model
from edge.update.switch import Switch
from edge.update.trial import TrialLimits
from edge.update.trusted import read_trusted
from hemalens.manifest import version_numbers
from tests.edge.update.made_device import MadeDevice, make_device, whole
from tests.edge.update.made_wheelhouse import make_wheelhouse
from tests.edge.update.power_cuts import Job

ROOT = Path(__file__).parents[3]
NEW = "9.0.0"


def shipped(device: MadeDevice) -> None:
    """Leave the device as it was made."""


def confirmed(device: MadeDevice) -> None:
    for version in ("1.0.0", "2.0.0"):
        on_trial(device, version)
        device.root.switch.confirm("healthy", unstarted=True)


def on_trial(device: MadeDevice, version: str = "3.0.0") -> None:
    path = device.made(version)
    update_model(device.root, path, limits=TrialLimits(starts=1), prover=whole)


def confirmed_and_on_trial(device: MadeDevice) -> None:
    confirmed(device)
    on_trial(device)


def confirmed_and_spent(device: MadeDevice) -> None:
    confirmed_and_on_trial(device)
    device.root.switch.start()


def first_and_spent(device: MadeDevice) -> None:
    on_trial(device)
    device.root.switch.start()


def went_back(device: MadeDevice) -> None:
    confirmed(device)
    roll_back_model(device.root, prover=whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Something to be cut.

    Parameters
    ----------
    counts : str
        What may count when the power is back, and what it leads back to: ``2<1``.
    then : str
        What may count after the next start of the service.
    ends : str
        What counts when nothing is cut.
    """

    name: str
    before: Callable[[MadeDevice], None]
    deed: str
    counts: str
    then: str
    ends: str


CUTS = (
    Cut(
        name="first update",
        before=shipped,
        deed="update",
        counts="shipped<shipped 9<shipped",
        then="shipped 9",
        ends="9",
    ),
    Cut(
        name="update",
        before=confirmed,
        deed="update",
        counts="2<1 9<2",
        then="2 9",
        ends="9",
    ),
    Cut(
        name="update on trial",
        before=confirmed_and_on_trial,
        deed="update",
        counts="3<2 2<1 9<2",
        then="3 2 9",
        ends="9",
    ),
    Cut(
        name="update after all",
        before=went_back,
        deed="update",
        counts="1<2 9<1",
        then="1 9",
        ends="9",
    ),
    # The start after a cut is one start more, and may be one too many.
    Cut(
        name="start on trial",
        before=confirmed_and_on_trial,
        deed="start",
        counts="3<2",
        then="3 2",
        ends="3",
    ),
    Cut(
        name="spent trial",
        before=confirmed_and_spent,
        deed="start",
        counts="3<2 2<1",
        then="2",
        ends="2",
    ),
    Cut(
        name="spent first trial",
        before=first_and_spent,
        deed="start",
        counts="3<shipped shipped<shipped",
        then="shipped",
        ends="shipped",
    ),
    Cut(
        name="confirmation",
        before=confirmed_and_on_trial,
        deed="confirm",
        counts="3<2",
        then="3",
        ends="3",
    ),
    # Two links are turned, one after the other.
    Cut(
        name="going back",
        before=confirmed,
        deed="roll back",
        counts="2<1 1<1 1<2",
        then="2 1",
        ends="1",
    ),
    Cut(
        name="going back on trial",
        before=confirmed_and_on_trial,
        deed="roll back",
        counts="3<2 2<1",
        then="3 2",
        ends="2",
    ),
)
SOFTWARE = ("update software", "roll back software")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """What the cuts left."""

    base: Path
    bundle: Path

    def of(self, name: str, how: str = "") -> list[Path]:
        folder = self.results(name) / how
        return sorted(folder.iterdir(), key=lambda path: int(path.name))

    def results(self, name: str) -> Path:
        return self.base / name.replace(" ", "-")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Cut everything at every change, in one process."""
    base = tmp_path_factory.mktemp("cuts")
    jobs = []
    first = make_device(base)
    bundle = first.made(NEW)
    for cut in CUTS:
        template = base / f"{cut.name}-before"
        shutil.copytree(first.path, template / "hemalens")
        device = MadeDevice(path=template / "hemalens", desk=first.desk, key=first.key)
        cut.before(device)
        jobs.append((cut.name, cut.deed, device.path, bundle))
    environments = make_environments(base / "software-before")
    wheelhouse = make_wheelhouse(base / "new-wheels")
    jobs += [(deed, deed, environments, wheelhouse) for deed in SOFTWARE]
    found = Folders(base=base, bundle=bundle)
    listed = [
        asdict(
            Job(
                name=deed,
                folder=str(folder),
                argument=str(argument),
                results=str(found.results(name)),
            )
        )
        for name, deed, folder, argument in jobs
    ]
    for one in listed:
        Path(one["results"]).mkdir()
    (base / "jobs.json").write_text(json.dumps(listed))
    subprocess.run(in_own_process(base / "jobs.json"), cwd=ROOT, check=True)
    return found


def in_own_process(jobs: Path) -> list[str]:
    module = "tests.edge.update.power_cuts"
    # NumPy's threads would be lost in what is forked.
    return ["env", "OPENBLAS_NUM_THREADS=1", sys.executable, "-m", module, str(jobs)]


def make_environments(root: Path) -> Path:
    """Make two environments, both confirmed."""
    for name in ("env-a", "env-b"):
        (root / name / "bin").mkdir(parents=True)
        for file in ("python", "whole"):
            (root / name / "bin" / file).write_text("old")
    switch = Switch(root)
    for name in ("env-a", "env-b"):
        switch.begin(name, TrialLimits(starts=1), "")
        switch.confirm("healthy", unstarted=True)
    return root


def counting(root: Path) -> str:
    """Say which version counts; nothing may be wrong with it."""
    current = open_current(ModelRoot(root))
    assert current.faults == ()
    return major(root, current.target)


def way_back(root: Path) -> str:
    """Say which version a trial or an operator would go back to."""
    switch = Switch(root)
    return major(root, switch.trial.returns_to if switch.trial else switch.previous)


def major(root: Path, target: str | None) -> str:
    if target is None:
        return "shipped"
    return ModelRoot(root).read(target).manifest.version.split(".")[0]


def highest(root: Path) -> tuple[int, ...]:
    trusted = read_trusted(root / "trusted.json").models.get("made")
    return version_numbers(trusted.version) if trusted else ()


@pytest.mark.parametrize("how", ["kept", "lost"])
@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.name)
def test_a_device_counts_wherever_the_power_fails(
    folders: Folders, cut: Cut, how: str
) -> None:
    before = highest(folders.base / f"{cut.name}-before" / "hemalens")
    left = folders.of(cut.name, how)
    assert len(left) >= 5
    for root in left:
        assert f"{counting(root)}<{way_back(root)}" in cut.counts.split(), root
        Switch(root).start()
        version = counting(root)
        assert version in cut.then.split(), root
        assert highest(root) >= before, root
        assert version == "shipped" or highest(root) >= version_numbers(version), root


@pytest.mark.parametrize("how", ["kept", "lost"])
@pytest.mark.parametrize("cut", CUTS[:2], ids=lambda cut: cut.name)
def test_an_update_cut_anywhere_can_be_done_again(
    folders: Folders, cut: Cut, how: str
) -> None:
    for root in folders.of(cut.name, how):
        again = Path(shutil.copytree(root, f"{root}-again", symlinks=True))
        update_model(ModelRoot(again), folders.bundle, prover=whole)
        assert counting(again) == "9", root
        assert highest(again) == (9,)
        names = {path.name for path in (again / "bundles").iterdir()}
        assert len(names) <= 3
        assert not [name for name in names if name.endswith(".part")]
        shutil.rmtree(again)


def test_all_that_was_cut_ends_well_uncut(folders: Folders) -> None:
    for cut in CUTS:
        assert counting(folders.results(cut.name) / "done") == cut.ends, cut.name


@pytest.mark.parametrize("deed", SOFTWARE)
def test_a_whole_environment_runs_wherever_the_power_fails(
    folders: Folders, deed: str
) -> None:
    left = folders.of(deed, "kept")
    assert len(left) >= 5
    for root in (*left, folders.results(deed) / "done"):
        for switch in (Switch(root), Switch(root)):
            assert switch.current is not None, root
            running = root / switch.current / "bin"
            contents = {path.name: path.read_text() for path in running.iterdir()}
            assert contents in (
                {"python": "old", "whole": "old"},
                {"python": "new-wheels", "whole": "new-wheels"},
            ), root
            switch.start()


# Is every change of the disk one of those that were cut?

SYSTEM_CALLS = {
    "open": re.compile(r"open(at)?\(.*O_(CREAT|TRUNC)"),
    "write": re.compile(r"p?writev?(64)?2?\("),
    "fsync": re.compile(r"f(data)?sync\("),
    "sync": re.compile(r"sync(fs)?\("),
    "replace": re.compile(r"rename(at2?)?\("),
    "symlink": re.compile(r"symlink(at)?\("),
    "link": re.compile(r"link(at)?\("),
    "unlink": re.compile(r"unlink(at)?\((?!.*AT_REMOVEDIR)"),
    "rmdir": re.compile(r"rmdir\(|unlinkat\(.*AT_REMOVEDIR"),
    "mkdir": re.compile(r"mkdir(at)?\("),
    "fchmod": re.compile(r"fchmod\("),
    "other": re.compile(
        r"(f?truncate|chmod|fchmodat2?|l?f?chown(at)?|utimensat|fallocate|mknod(at)?|"
        r"copy_file_range|sendfile|splice|f?l?setxattr|f?l?removexattr)\("
    ),
}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("name", ["update on trial", "going back", "spent trial"])
def test_every_system_call_that_changes_the_disk_is_cut(
    folders: Folders, tmp_path: Path, name: str
) -> None:
    changes = json.loads((folders.results(name) / "changes.json").read_text())
    cut = next(one for one in CUTS if one.name == name)
    before = folders.base / f"{name}-before" / "hemalens"
    done = tmp_path / "done"
    shutil.copytree(before, done, symlinks=True)
    code = (
        "import os, sys; from pathlib import Path; "
        "from tests.edge.update.power_cuts import DEEDS; os.write(2, b'GO'); "
        "DEEDS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))"
    )
    deed = [sys.executable, "-c", code, cut.deed, str(done), str(folders.bundle)]
    trace = tmp_path / "trace"
    watched = ["strace", "-f", "-y", "-s", "4", "-o", str(trace), "-e", "trace=all"]
    made = subprocess.run(
        [*watched, *deed], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if "ptrace" in made.stderr.lower() and "permitted" in made.stderr:
        pytest.skip("this machine does not let strace trace")
    made.check_returncode()
    lines = [
        line.split(maxsplit=1)[1]
        for line in trace.read_text(errors="replace").split('"GO"', 1)[1].splitlines()
        if str(tmp_path) in line and " = -1 E" not in line
    ]
    seen = [
        change
        for line in lines
        for change, pattern in SYSTEM_CALLS.items()
        if pattern.match(line)
    ]
    assert "other" not in seen
    assert Counter(seen) == Counter(changed(changes, seen))


def changed(changes: list[str], seen: list[str]) -> list[str]:
    """Leave out what was tried and failed: links that were not there to be removed."""
    tried = changes.count("unlink") - seen.count("unlink")
    kept = list(changes)
    for _ in range(max(0, tried)):
        kept.remove("unlink")
    return kept


def test_the_first_cut_leaves_all_as_it_was_and_the_last_all_done(
    folders: Folders,
) -> None:
    roots = folders.of("update", "kept")
    assert counting(roots[0]) == "2"
    assert counting(roots[-1]) == "9"
    assert os.path.lexists(roots[-1] / "trial.json")
