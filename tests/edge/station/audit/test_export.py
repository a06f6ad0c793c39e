import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.station.audit.export import check_export
from edge.station.serve_cli import station as station_command
from hemalens.errors import StationError
from tests.edge.station.audit.forgery import last_digest
from tests.edge.station.made_station import add_account, finished, open_station


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    with open_station(tmp_path / "data") as station:
        add_account(station)
        finished(station)
    run("export", str(tmp_path / "trail.jsonl"), "--data", str(tmp_path / "data"))
    run("public-key", str(tmp_path / "station.pub"), "--data", str(tmp_path / "data"))
    return tmp_path / "trail.jsonl"


def run(*command: str) -> str:
    done = CliRunner().invoke(station_command, ["audit", *command])
    assert done.exit_code == 0, done.output
    return done.output


def altered(path: Path, line: int, old: str, new: str) -> Path:
    lines = path.read_text().splitlines(keepends=True)
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new, 1)
    path.write_text("".join(lines))
    return path


def test_an_export_is_checked_without_the_station(
    exported: Path, tmp_path: Path
) -> None:
    noted = last_digest(tmp_path / "data")
    (tmp_path / "data").rename(tmp_path / "gone")
    said = run("check-export", str(exported))
    assert "3 lines, whole" in said
    assert noted in said
    assert "not checked" in said
    key = str(tmp_path / "station.pub")
    assert "not checked" not in run("check-export", str(exported), "--trusted-key", key)


def test_the_chain_of_an_export_is_followed_as_its_description_says(
    exported: Path, tmp_path: Path
) -> None:
    before = "0" * 64
    for text in exported.read_text().splitlines()[1:]:
        one = json.loads(text)
        names = ("number", "at", "person", "action", "count_id", "detail", "key_id")
        line = [before, *(one[name] for name in names)]
        if one["covers"] is not None:
            line.append(one["covers"])
        before = hashlib.sha256(json.dumps(line).encode()).hexdigest()
        assert one["digest"] == before
    assert before == last_digest(tmp_path / "data")


@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        (1, "test", "eve"),
        (2, "count_started", "counted"),
        (0, '"lines":3', '"lines":4'),
        (3, "a", "b"),
    ],
)
def test_an_altered_export_is_refused(
    exported: Path, line: int, old: str, new: str
) -> None:
    with pytest.raises(StationError):
        check_export(altered(exported, line, old, new))


@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_an_export_cut_off_is_refused(exported: Path, left: int) -> None:
    lines = exported.read_text().splitlines(keepends=True)
    exported.write_text("".join(lines[:left]))
    with pytest.raises(StationError):
        check_export(exported)


def test_an_export_of_another_station_is_refused(
    exported: Path, tmp_path: Path
) -> None:
    with open_station(tmp_path / "other") as station:
        add_account(station)
    other = tmp_path / "other.pub"
    run("public-key", str(other), "--data", str(tmp_path / "other"))
    command = ["audit", "check-export", str(exported), "--trusted-key", str(other)]
    done = CliRunner().invoke(station_command, command)
    assert done.exit_code == 1
    assert "unknown key" in str(done.exception)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no export\n")
    with pytest.raises(StationError, match=r"notes\.txt is no export"):
        check_export(tmp_path / "notes.txt")
