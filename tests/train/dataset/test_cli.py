import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hemalens.classes import CLASS_NAMES
from hemalens.cli import main
from hemalens.split import split_of
from tests.train.dataset.archive_server import serving
from tests.train.dataset.made_archive import archive_of, dataset_members
from tests.train.dataset.made_dataset import NAMES, jpeg, make_dataset
from train.dataset.cli import dataset
from train.dataset.report import LISTED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_dataset(tmp_path / "pbc")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(dataset, [str(argument) for argument in arguments])


def as_json(result: Result) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def test_sound_folder_exits_0(folder: Path) -> None:
    result = run("verify", folder)
    assert result.exit_code == 0
    assert "Fit for training (to mend: 0, notes: 0)" in result.output
    assert "17084 fewer images than published" in result.output


def test_note_is_named_and_exits_0(folder: Path) -> None:
    (folder / "neutrophil" / ".DS_169665.jpg").write_bytes(b"-")
    result = run("verify", folder)
    assert result.exit_code == 0
    assert "neutrophil/.DS_169665.jpg" in result.output
    assert "note" in result.output


def test_image_to_mend_is_named_and_exits_3(folder: Path) -> None:
    (folder / "ig" / "IG_9.jpg").write_bytes(b"")
    result = run("verify", folder)
    assert result.exit_code == 3
    assert "MEND  cannot be read (1)" in result.output
    assert "ig/IG_9.jpg" in result.output
    assert "Not fit for training (to mend: 1" in result.output


def test_long_lists_are_cut_for_people_and_whole_for_machines(folder: Path) -> None:
    for number in range(LISTED + 5):
        (folder / "ig" / f"IG_9{number}.txt").write_bytes(b"-")
    assert "and 5 more" in run("verify", folder).output
    report = as_json(run("verify", folder, "--json"))
    assert len(report["findings"]) == LISTED + 5


def test_verify_json_tells_all(folder: Path) -> None:
    (folder / "ig" / "LY_9.jpg").write_bytes(jpeg(3))
    result = run("verify", folder, "--json")
    report = as_json(result)
    assert result.exit_code == 3
    assert report["passed"] is False
    assert (report["files"], report["usable"]) == (9, 8)
    assert list(report["classes"]) == list(CLASS_NAMES)
    assert report["classes"]["ig"] == {"files": 2, "usable": 1, "published": 2895}
    assert report["sizes"] == {"360x363": 9}
    (finding,) = report["findings"]
    assert finding["kind"] == "mislabelled"
    assert finding["path"] == "ig/LY_9.jpg"
    assert finding["must_be_mended"] is True


@pytest.mark.parametrize("name", ["[bold]x[red].txt", "a\x1b[31mb.txt", "c\nd.txt"])
def test_odd_names_do_not_disturb_the_terminal(folder: Path, name: str) -> None:
    (folder / "ig" / name).write_bytes(b"-")
    result = run("verify", folder)
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert f"ig/{ascii(name)[1:-1]}: no image file" in result.output


def test_split_counts_follow_the_rule(folder: Path) -> None:
    report = as_json(run("split", folder, "--json"))
    for class_name, file_name in NAMES.items():
        for split, counts in report["counts"].items():
            assert counts[class_name] == (split_of(file_name) == split)
    assert "sha256(file name)" in report["rule"]
    assert "no patient ids" in report["caution"]
    assert len(report["digest"]) == 64


def test_split_table_tells_rule_caution_and_what_is_set_aside(folder: Path) -> None:
    (folder / "ig" / ".hidden").write_bytes(b"-")
    output = run("split", folder).output
    for told in ("validation", "rule: bucket", "no patient ids", "set aside (1)"):
        assert told in output
    assert "ig/.hidden: dot-file" in output


def test_fetch_without_checksum_says_so_and_prints_it(tmp_path: Path) -> None:
    archive = archive_of(dataset_members(tmp_path / "made"))
    with serving(archive) as server:
        result = run("fetch", tmp_path / "new", "--url", server.url)
    assert result.exit_code == 0
    assert "not pinned" in result.stdout
    assert hashlib.sha256(archive).hexdigest() in result.stdout
    assert f"hemalens dataset verify {tmp_path / 'new'}" in result.stdout
    assert "CC BY 4.0" in result.stdout


def test_fetch_with_checksum_does_not_ask_to_pin_it(tmp_path: Path) -> None:
    archive = archive_of(dataset_members(tmp_path / "made"))
    (tmp_path / "pbc.zip").write_bytes(archive)
    digest = hashlib.sha256(archive).hexdigest()
    result = run(
        "fetch", tmp_path / "new", "--archive", tmp_path / "pbc.zip", "--sha256", digest
    )
    assert result.exit_code == 0
    assert "not pinned" not in result.output


def test_fetch_takes_an_address_or_an_archive_but_not_both(tmp_path: Path) -> None:
    result = run("fetch", tmp_path, "--url", "http://x", "--archive", "y.zip")
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "gone"),
        ("split", "gone"),
        ("fetch", "new", "--url", "ftp://example.org/x.zip"),
        ("fetch", "new", "--archive", "gone.zip"),
        ("fetch", "new", "--sha256", "12"),
    ],
    ids=" ".join,
)
def test_bad_input_gives_one_line_and_exit_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["hemalens", "dataset", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("hemalens: ")
    assert error.count("\n") == 1


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, train.dataset.cli\n"
        "heavy = {'tensorflow', 'keras', 'cv2', 'numpy', 'rich', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
