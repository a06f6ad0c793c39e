"""``hemalens study transfer`` on drawn sets."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from convert.studies.cli import study
from convert.studies.transfer.report import TransferReport
from edge.bundles import open_bundle
from hemalens.bundle import bundle_bytes
from hemalens.files import sha256_of
from hemalens.image_set import IMAGE_SUFFIXES
from hemalens.trained_images import TrainedImages
from tests.convert.studies.transfer.made_fields import MadeSet


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(study, ["transfer", *map(str, arguments)])


def test_fields_give_a_table_and_files(made_fields: MadeSet, tmp_path: Path) -> None:
    result = run("cnn", "--fields", made_fields.folder, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    assert "cnn" in result.output
    assert "cells found by segmentation" in result.output
    report = TransferReport.model_validate_json(
        (tmp_path / "transfer.json").read_bytes()
    )
    images = report.bundles[0].figures.images
    assert images.all.n == len(made_fields.single) == report.set.images
    lines = next(tmp_path.glob("cnn-*.answers.jsonl")).read_text().splitlines()
    answers = [json.loads(line) for line in lines]
    assert len(answers) == report.bundles[0].figures.cells_with_cut.figures.n
    assert {
        a["image"]: a["true"] for a in answers
    }.items() <= made_fields.single.items()


def test_json_is_the_report(made_fields: MadeSet, tmp_path: Path) -> None:
    result = run(
        *("cnn", "mobilenetv2", "--fields", made_fields.folder, "--boxes", "truth"),
        *("--population", "newborn", "--output", tmp_path, "--json"),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes == (tmp_path / "transfer.json").read_bytes()
    report = TransferReport.model_validate_json(result.stdout)
    assert report.population == "newborn"
    assert report.set.boxes == "truth"
    assert [one.name for one in report.bundles] == ["cnn", "mobilenetv2"]
    first, second = (one.figures.cells_with_cut.figures.n for one in report.bundles)
    assert first == second > 0


def test_crops_say_where_their_scale_is_from(
    drawn_dataset: Path, tmp_path: Path
) -> None:
    result = run("cnn", "--crops", drawn_dataset, "--output", tmp_path)
    assert result.exit_code == 0, result.output
    assert "(red cells)" in result.output
    report = TransferReport.model_validate_json(
        (tmp_path / "transfer.json").read_bytes()
    )
    assert report.set.boxes is None
    assert report.bundles[0].figures.images.all.accuracy >= 0.85


@pytest.mark.parametrize("kind", ["fields", "crops"])
def test_a_second_bundle_is_asked_and_named(
    kind: str, made_fields: MadeSet, drawn_dataset: Path, tmp_path: Path
) -> None:
    folder = made_fields.folder if kind == "fields" else drawn_dataset
    answers = []
    for asked in ((), ("--second-bundle", "mobilenetv2")):
        output = tmp_path / str(len(asked))
        result = run("cnn", *asked, f"--{kind}", folder, "--output", output)
        assert result.exit_code == 0, result.output
        assert ("together with mobilenetv2" in result.output) == bool(asked)
        answers += [path.read_text() for path in output.glob("cnn-*.answers.jsonl")]
    content = (output / "transfer.json").read_bytes()
    report = TransferReport.model_validate_json(content)
    assert report.second_bundle is not None
    assert report.second_bundle.name == "mobilenetv2"
    alone, both = answers
    assert alone.count("\n") == both.count("\n") > 0
    assert alone != both


@pytest.mark.parametrize("both", [True, False])
def test_one_set_at_a_time(both: bool, tmp_path: Path) -> None:
    sets = ("--fields", "a", "--crops", "b") if both else ()
    result = run("cnn", *sets, "--output", tmp_path)
    assert result.exit_code == 2
    assert "either --fields or --crops" in result.output


def test_two_bundles_of_one_name_are_refused(
    made_fields: MadeSet, tmp_path: Path
) -> None:
    result = run("cnn", "cnn", "--fields", made_fields.folder, "--output", tmp_path)
    assert result.exit_code == 2
    assert "two bundles have one name" in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["fields", "crops"])
def test_images_that_were_trained_on_are_told_by_their_content(
    kind: str, made_fields: MadeSet, drawn_dataset: Path, tmp_path: Path
) -> None:
    folder = made_fields.folder if kind == "fields" else drawn_dataset
    files = sorted(path for path in folder.rglob("*") if path.suffix in IMAGE_SUFFIXES)
    plain = open_bundle("cnn")
    output = tmp_path / "output"
    for listed, said in ((files, "warning: cnn"), ([], "")):
        path = tmp_path / f"{len(listed)}.hemalens"
        trained = TrainedImages(map(sha256_of, listed))
        path.write_bytes(
            bundle_bytes(
                plain.manifest,
                plain.model,
                plain.golden,
                plain.evidence,
                trained_images=trained,
            )
        )
        result = run(str(path), f"--{kind}", folder, "--output", output)
        assert result.exit_code == 0, result.output
        assert said in result.stderr
        assert ("no transfer" in result.stderr) == bool(listed)
        report = TransferReport.model_validate_json(
            (output / "transfer.json").read_bytes()
        )
        assert report.bundles[0].seen_images == (report.set.images if listed else 0)


def test_a_bundle_that_lists_no_images_says_what_it_was_trained_on(
    made_fields: MadeSet, tmp_path: Path
) -> None:
    result = run("cnn", "--fields", made_fields.folder, "--output", tmp_path)
    assert "trained on PBC" in result.stderr
    assert "does not list the images" in result.stderr
