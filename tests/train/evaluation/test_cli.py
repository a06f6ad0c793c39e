import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hemalens.errors import MissingExtraError
from hemalens.image_set import read_class_folders
from tests.train.evaluation.flat_dataset import constant_network, knowing_network
from tests.train.evaluation.run_folders import write_run
from train.evaluation.cli import compare, evaluate


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, flat_dataset: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    digest = read_class_folders(flat_dataset).digest
    write_run(folder / "cnn", knowing_network(), dataset_digest=digest)
    write_run(
        folder / "vgg16", constant_network(), model="vgg16", dataset_digest=digest
    )
    return folder


@pytest.fixture
def data(flat_dataset: Path, crop_cache: Path) -> list[str]:
    return ["--data", str(flat_dataset), "--cache", str(crop_cache)]


def run_evaluate(runs: Path, data: list[str], *options: object) -> Result:
    model = str(runs / "vgg16" / "best.keras")
    return CliRunner().invoke(
        evaluate,
        ["--model", model, *data, *map(str, options)],
        catch_exceptions=False,
    )


def test_json_is_the_only_output_where_a_machine_reads(
    runs: Path, data: list[str]
) -> None:
    found = json.loads(run_evaluate(runs, data, "--json").stdout)
    assert (found["n"], found["accuracy"], found["split"]) == (16, 0.125, "validation")
    assert not found["resubstitution"]


def test_output_writes_what_json_prints(
    runs: Path, data: list[str], tmp_path: Path
) -> None:
    result = run_evaluate(runs, data, "--json", "--output", tmp_path / "new" / "x.json")
    assert (tmp_path / "new" / "x.json").read_text() == result.stdout
    run_evaluate(runs, data, "--output", tmp_path)
    assert (tmp_path / "figures.json").read_text() == result.stdout


def test_the_terminal_labels_resubstitution(runs: Path, data: list[str]) -> None:
    output = run_evaluate(runs, data, "--split", "all").stdout
    assert "resubstitution, 24 of 40 images were trained on: 40 images" in output
    assert "on images held out, and by class below: 16 images" in output
    assert "no patient ids" in output


def test_the_terminal_names_no_resubstitution_of_held_out_images(
    runs: Path, data: list[str]
) -> None:
    assert "resubstitution" not in run_evaluate(runs, data).stdout


def test_report_is_written_beside_the_printed_figures(
    runs: Path, data: list[str], tmp_path: Path
) -> None:
    run_evaluate(runs, data, "--report", tmp_path / "report")
    assert (tmp_path / "report" / "index.html").is_file()
    assert (tmp_path / "report" / "curves.png").is_file()


def test_a_missing_extra_is_named_before_anything_is_measured(
    data: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.evaluation.drawing_backend.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"hemalens\[train\]"):
        run_evaluate(tmp_path / "no run", data, "--report", tmp_path)


def test_compare_writes_table_and_page(
    runs: Path, data: list[str], tmp_path: Path
) -> None:
    folders = [str(runs / "cnn"), str(runs / "vgg16")]
    result = CliRunner().invoke(
        compare,
        [*folders, *data, "--output", str(tmp_path), "--json"],
        catch_exceptions=False,
    )
    found = json.loads((tmp_path / "compare.json").read_text())
    assert found == json.loads(result.stdout)
    assert [model["accuracy"]["mean"] for model in found["models"]] == [1, 0.125]
    assert "| vgg16 | 12.50 % |" in (tmp_path / "compare.md").read_text()
    page = (tmp_path / "compare.html").read_text()
    assert "no patient ids" in page
    assert "http" not in page
    assert "<td>92.8 % (frozen backbone)</td>" in page
