import subprocess
import sys
from importlib.metadata import version

import click
import pytest

from hemalens import cli
from hemalens.cli import hemalens, main
from hemalens.errors import HemaLensError

HEAVY = ("tensorflow", "keras", "cv2", "numpy", "rich", "pydantic", "ai_edge_litert")

LOADED_BY_HELP = f"""
import sys
from hemalens.cli import main
sys.argv = ["hemalens", "--help"]
try:
    main()
finally:
    print(sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hemalens.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_the_commands_and_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED_BY_HELP],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "dataset" in done.stdout
    assert done.stderr.strip() == "[]"


def test_version_is_the_installed_one() -> None:
    done = run("--version")
    assert done.returncode == 0
    assert version("hemalens") in done.stdout


def test_unknown_command_exits_2() -> None:
    done = run("cuont")
    assert done.returncode == 2
    assert "No such command 'cuont'" in done.stderr


def test_error_is_one_line_on_stderr_and_exits_1() -> None:
    done = run("dataset", "split", "gone")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("hemalens: no folder gone")
    assert done.stderr.count("\n") == 1


class ThreeError(HemaLensError):
    """An error with an exit code and a message of several lines."""

    exit_code = 3


def test_error_of_several_lines_becomes_one_and_keeps_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def fail() -> None:
        raise ThreeError("wanted this,\n  came that")

    monkeypatch.setattr(cli, "_installed", lambda: {"fail": FakeEntryPoint(fail)})
    monkeypatch.setattr(sys, "argv", ["hemalens", "fail"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 3
    assert capsys.readouterr().err == "hemalens: wanted this, came that\n"


class FakeEntryPoint:
    value = "somewhere:command"

    def __init__(self, loaded: object) -> None:
        self._loaded = loaded

    def load(self) -> object:
        return self._loaded


def test_entry_point_that_is_no_command_is_a_programmers_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "_installed", lambda: {"odd": FakeEntryPoint(3)})
    with pytest.raises(TypeError, match="no click command"):
        hemalens.get_command(click.Context(hemalens), "odd")


@pytest.mark.parametrize("module", ["gone", "gone.cli", "hemalens.gone"])
def test_command_of_a_package_that_is_not_installed_is_not_named(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    entry_point = cli.EntryPoint("lost", f"{module}:lost", "hemalens.commands")
    monkeypatch.setattr(cli, "entry_points", lambda group: [entry_point])
    assert hemalens.list_commands(click.Context(hemalens)) == []
    assert hemalens.get_command(click.Context(hemalens), "lost") is None
