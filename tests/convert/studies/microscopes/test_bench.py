"""The whole bench on a small drawn set."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner, Result

from convert.studies.cli import study
from convert.studies.microscopes.counted import CountedSlide, count_slide
from convert.studies.microscopes.given_boxes import classify_boxes
from convert.studies.microscopes.report import BenchReport, Way
from convert.studies.microscopes.seen import Seen, how_finder_saw, how_seen
from convert.studies.microscopes.truth import LabelledFrame, Microscope, Slide, TrueCell
from edge.bundles import open_bundle, open_finder
from hemalens.bundle import Bundle
from hemalens.cli import hemalens
from hemalens.image_files import read_image
from hemalens.manifest import Manifest
from tests.convert.studies.transfer.made_fields import MadeSet, make_fields
from train.dataset.labelled_fields import read_labelled_fields

FRAMES = 6


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return open_bundle("cnn")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> MadeSet:
    folder = tmp_path_factory.mktemp("data")
    return make_fields(folder / "BCCD", FRAMES)


@pytest.fixture(scope="module")
def slide(data: MadeSet) -> Slide:
    fields = read_labelled_fields(data.folder)
    frames = tuple(
        LabelledFrame(
            path=one.path,
            cells=tuple(
                TrueCell(box=box, class_name=one.class_name) for box in one.boxes
            ),
        )
        for one in fields
    )
    return Slide(name="drawn", pixel_size_um=0.095, frames=frames)


def run_bench(data: MadeSet, output: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        study,
        [
            *("microscopes", "--data", str(data.folder.parent), "--bundle", "cnn"),
            *("--output", str(output), *arguments),
        ],
        catch_exceptions=False,
    )


def cells_of(counted: CountedSlide) -> list[tuple[object, ...]]:
    return [
        (name, *cell.box, str(cell.kind), str(cell.status), cell.class_name)
        for name, frame in counted.frames.items()
        for cell in frame.cells
    ]


def test_a_slide_is_counted_as_the_command_counts_it(
    data: MadeSet, slide: Slide, bundle: Bundle, tmp_path: Path
) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for frame in slide.frames:
        (folder / frame.path.name).symlink_to(frame.path)
    done = CliRunner().invoke(
        hemalens,
        [
            *("count", str(folder), "--bundle", "cnn", "--separate-fields"),
            *("--output", str(tmp_path / "r")),
        ],
        catch_exceptions=False,
    )
    assert done.exit_code == 0
    lines = (tmp_path / "r" / "cells.jsonl").read_text().splitlines()
    wanted = [
        (c["frame"], *c["box_xyxy"], c["kind"], c["status"], c.get("class_name"))
        for c in map(json.loads, lines)
    ]
    counted = count_slide(slide, bundle)
    assert sorted(map(str, cells_of(counted))) == sorted(map(str, wanted))
    summary = json.loads((tmp_path / "r" / "summary.json").read_text())
    assert counted.doubts == (*summary["slide_doubts"], *summary["warnings"])


def test_given_boxes_are_all_classified(slide: Slide, bundle: Bundle) -> None:
    (counted,) = classify_boxes(slide, [bundle], kinds_open=False)
    for labelled, found in counted.pairs():
        if found.left_out is None:
            boxes = {cell.box for cell in found.cells if cell.class_name is not None}
            assert boxes == set(labelled.white_cells)


def test_boxes_are_classified_in_a_frame_too_bad_to_count(
    slide: Slide, bundle: Bundle, tmp_path: Path
) -> None:
    labelled = next(frame for frame in slide.frames if frame.cells)
    path = tmp_path / "dark.png"
    image = read_image(labelled.path) // 6
    assert cv2.imwrite(str(path), image)
    dark = replace(slide, frames=(replace(labelled, path=path),))
    ((_, counted),) = count_slide(dark, bundle, pixel_size_um=0.095).pairs()
    assert counted.left_out is not None
    (given,) = classify_boxes(dark, [bundle], kinds_open=False)
    ((_, asked),) = given.pairs()
    assert asked.left_out is None
    assert {cell.box for cell in asked.cells} == set(labelled.white_cells)


def test_bench_measures_each_way_and_names_what_is_missing(
    data: MadeSet, tmp_path: Path
) -> None:
    done = run_bench(data, tmp_path)
    assert done.exit_code == 0
    report = BenchReport.model_validate_json(
        (tmp_path / "microscopes.json").read_bytes()
    )
    (of_bundle,) = report.bundles
    (bccd,) = of_bundle.microscopes
    assert bccd.name == "bccd"
    assert bccd.seen is Seen.TUNED
    assert bccd.frames == FRAMES
    assert [way.way for way in bccd.ways] == list(Way)
    count, scaled, boxes = bccd.ways
    assert count.white_cells is not None
    assert count.scale is not None
    assert scaled.scale is None
    assert boxes.white_cells is None
    assert boxes.naming is not None
    assert boxes.naming.accuracy.n >= (count.naming or boxes.naming).accuracy.n
    assert len(report.missing) == 8
    assert "left out: phone_eyepiece: no folder" in done.stdout
    assert "worst" in done.stdout


def test_one_set_one_way_and_few_frames(data: MadeSet, tmp_path: Path) -> None:
    done = run_bench(
        data, tmp_path, "--only", "bccd", "--way", "boxes", "--limit", "2", "--json"
    )
    report = BenchReport.model_validate_json(done.stdout)
    (bccd,) = report.bundles[0].microscopes
    assert bccd.frames == 2
    assert [way.way for way in bccd.ways] == [Way.BOXES]
    assert report.missing == ()
    assert report.limit == 2


def manifest_of(bundle: Bundle, dataset: str, version: str) -> Manifest:
    training = bundle.manifest.training.model_copy(update={"dataset": dataset})
    return bundle.manifest.model_copy(update={"training": training, "version": version})


@pytest.mark.parametrize(
    ("dataset", "version", "name", "wanted"),
    [
        ("PBC, doi 10.17632/snkd93bnjr.1", "1.4.0", "PBC", Seen.TRAINED),
        ("PBC, doi 10.17632/snkd93bnjr.1", "1.4.0", "BCCD", Seen.TUNED),
        ("PBC, doi 10.17632/snkd93bnjr.1", "1.5.0", "BCCD", Seen.UNSEEN),
        ("PBC; BCCD; chula_wbc", "2.0.0", "BCCD", Seen.TRAINED),
        ("PBC; BCCD; chula_wbc", "2.0.0", "chula_wbc", Seen.TRAINED),
        ("PBC; BCCD; chula_wbc", "2.0.0", "chula_rbc12", Seen.UNSEEN),
        ("PBC; BCCD; chula_wbc", "2.0.0", "segmentation_wbc", Seen.UNSEEN),
    ],
)
def test_manifest_tells_how_a_microscope_is_known(
    bundle: Bundle, slide: Slide, dataset: str, version: str, name: str, wanted: Seen
) -> None:
    microscope = Microscope(
        name="x", slides=(slide,), training_name=name, truth="drawn"
    )
    assert how_seen(manifest_of(bundle, dataset, version), microscope) is wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("PBC", Seen.TRAINED),
        ("chula_rbc12", Seen.TRAINED),
        ("segmentation_wbc", Seen.UNSEEN),
    ],
)
def test_finder_has_its_own_training_sets(
    slide: Slide, name: str, wanted: Seen
) -> None:
    microscope = Microscope(
        name="x", slides=(slide,), training_name=name, truth="drawn"
    )
    assert how_finder_saw(open_finder().manifest, microscope) is wanted


def test_slides_of_one_microscope_are_shown_apart(slide: Slide, bundle: Bundle) -> None:
    from convert.studies.microscopes.bench import BenchTerms, measure_microscope

    few = replace(slide, frames=slide.frames[:1])
    other = replace(few, name="other", frames=slide.frames[1:2])
    microscope = Microscope(
        name="two", slides=(few, other), training_name="none", truth="drawn"
    )
    terms = BenchTerms(ways=(Way.BOXES,))
    (figures,) = measure_microscope(microscope, [bundle], terms, lambda _: None)
    assert set(figures.ways[0].right_by_slide) == {"drawn", "other"}
    assert figures.ways[0].frames == 2
