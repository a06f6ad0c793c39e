"""The guard as it is installed: one file, the standard library, any Python 3.11."""

import ast
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge.update import guard
from edge.update.guard_file import guard_bytes, write_guard
from edge.update.switch import Switch
from edge.update.trial import TrialLimits
from hemalens.errors import StorageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root where something is on its only trial."""
    folder = tmp_path / "root"
    folder.mkdir()
    for name in ("old", "new"):
        (folder / name).touch()
    Switch(folder).begin("old", TrialLimits(), "")
    Switch(folder).confirm("healthy", unstarted=True)
    Switch(folder).begin("new", TrialLimits(starts=1), "")
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("installed") / "lib" / "guard.pyz"
    write_guard(path)
    return path


def run(installed: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it as the system's Python does, which has no HemaLens."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(installed), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_guard_goes_back_without_any_hemalens(installed: Path, root: Path) -> None:
    first, second = run(installed, "start", root), run(installed, "start", root)
    assert (first.returncode, first.stderr) == (0, "")
    assert second.returncode == 0
    assert second.stderr == "new not confirmed within 1 starts: back to old\n"
    assert Switch(root).current == "old"


def test_the_guard_confirms_what_was_started(installed: Path, root: Path) -> None:
    assert run(installed, "confirm", root).stderr == ""
    run(installed, "start", root)
    assert run(installed, "confirm", root).stderr == "new is confirmed\n"
    assert (Switch(root).trial, Switch(root).previous) == (None, "old")


def test_a_fault_of_one_root_hinders_neither_the_other_nor_the_service(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tmp_path / "spoilt"
    (spoilt / ".lock").mkdir(parents=True)
    arguments = ["start", str(tmp_path / "gone"), str(spoilt), str(root)]
    assert guard.main(arguments) == 0
    assert "IsADirectoryError" in capsys.readouterr().err
    trial = Switch(root).trial
    assert trial is not None
    assert trial.starts == 1
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize("arguments", [[], ["start"], ["stop", "/"]])
def test_the_guard_says_how_it_is_called(arguments: list[str]) -> None:
    assert guard.main(arguments) == 2


def test_the_guard_is_the_same_each_time_it_is_made() -> None:
    assert guard_bytes() == guard_bytes()


def test_the_guard_imports_the_standard_library_and_itself_alone() -> None:
    with zipfile.ZipFile(io.BytesIO(guard_bytes())) as packed:
        sources = {name: packed.read(name) for name in packed.namelist()}
    reached = set()
    for source in sources.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                reached |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                reached.add(node.module or "")
    outside = {n for n in reached if n.split(".")[0] not in sys.stdlib_module_names}
    assert "edge.update.switch" in outside
    assert {f"{name.replace('.', '/')}.py" for name in outside} <= sources.keys()


def test_a_guard_that_cannot_be_written_is_said(closed: Path) -> None:
    with pytest.raises(StorageError, match="cannot write the guard"):
        write_guard(closed / "guard.pyz")
