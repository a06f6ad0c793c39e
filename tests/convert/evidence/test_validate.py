"""What a validation reports, the page and card made of it, and what fails it."""

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from click.testing import CliRunner
from numpy.typing import NDArray

from calibration.calibration_set import find_images
from convert.cli import convert
from convert.evidence import criteria
from convert.evidence.answers_csv import answers_csv
from convert.evidence.disturbances import DISTURBANCES, Disturbance
from convert.evidence.float_twin import find_float_twin
from convert.evidence.gate import GateLimits, Outcome
from convert.evidence.page import model_card, validation_page
from convert.evidence.proven import with_evidence
from convert.evidence.report import ValidationReport, read_report
from convert.evidence.validate import GateTerms, Validation, gate_set_of
from convert.make_bundle import BundleParts
from convert.quantize import quantize_int8
from hemalens.bundle import Bundle, bundle_bytes, parse_bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import Int8Model
from hemalens.errors import BundleError, ConversionError, StorageError
from hemalens.golden_vectors import GoldenVectors
from hemalens.split import Split
from tests.convert.evidence.conftest import LIMITS, PROTOCOL, SIZE_PX, Workshop
from tests.drawn_crops import drawn_crops
from tests.drawn_dataset import name_in
from train.cache import CropArray, cached_crops
from train.float_model import load_float_model


@pytest.fixture(scope="module")
def page(validation: Validation, good: Bundle) -> str:
    return validation_page(validation, good.manifest)


def test_the_report_has_the_agreed_names(validation: Validation) -> None:
    report = json.loads(validation.report.content())
    assert {
        *("n", "accuracy", "accuracy_ci95", "macro_f1", "confusion", "per_class"),
        *("agreement", "mcnemar_p", "passed", "criteria", "float_model", "ece"),
    } <= set(report)
    assert report["n"] == 160
    shares = ("precision", "recall", "f1", "specificity")
    limits = (f"{share}_ci95" for share in shares)
    assert {*shares, *limits, "support"} == set(report["per_class"]["ig"])


def test_a_report_is_read_as_it_was_written(validation: Validation) -> None:
    assert read_report(validation.report.content()) == validation.report
    with pytest.raises(BundleError, match="no report"):
        read_report(b"{}")


def test_pairs_add_up(validation: Validation) -> None:
    report, pairs = validation.report, validation.report.pairs
    assert (
        pairs.both_right + pairs.only_int8 + pairs.only_float + pairs.both_wrong
        == report.n
    )
    assert pairs.both_right + pairs.only_int8 == round(report.accuracy * report.n)
    assert pairs.difference == pytest.approx(
        report.accuracy - report.float_model.accuracy
    )
    low, high = pairs.difference_ci95
    assert low < pairs.difference_lower95 < pairs.difference < high
    assert len(report.changed) == round((1 - report.agreement) * report.n)


def test_what_is_answered_falls_as_the_threshold_rises(validation: Validation) -> None:
    points = validation.report.risk_coverage
    assert points[0].answered == validation.report.n
    answered = [point.answered for point in points]
    assert answered == sorted(answered, reverse=True)


def test_a_stricter_limit_fails(workshop: Workshop, good: Bundle) -> None:
    stricter = LIMITS.model_copy(update={"largest_size_ratio": 0.01})
    report = workshop.judge(good, stricter).report
    assert not report.passed
    assert [one.name for one in report.criteria if not one.passed] == ["size_ratio"]


def test_a_model_trained_for_other_stains_is_judged_in_them(
    validation: Validation,
) -> None:
    """This one was not: shown, not judged."""
    found = validation.report.restained
    assert not found.judged
    assert 0 < found.agreement <= 1
    names = [one.name for one in validation.report.criteria]
    assert "restained_agreement" not in names
    limits = validation.report.limits
    worse = found.model_copy(update={"judged": True, "agreement": 0.9})
    judged = {one.name: one for one in criteria.restained(worse, limits)}
    assert not judged["restained_agreement"].passed


def test_the_gate_scores_test_images_where_every_class_has_some(
    workshop: Workshop,
) -> None:
    terms = GateTerms(
        images=workshop.images, protocol=PROTOCOL, places=(), cache=workshop.cache
    )
    split, part = gate_set_of(terms)
    assert split == Split.VALIDATION
    renamed = tuple(
        replace(
            one, path=one.path.with_name(name_in(Split.TEST, one.class_name, index))
        )
        for index, one in enumerate(part.images)
    )
    with_test = replace(workshop.images, images=(*workshop.images.images, *renamed))
    split, tested = gate_set_of(replace(terms, images=with_test))
    assert split == Split.TEST
    assert tested.images == renamed
    few = replace(with_test, images=(*workshop.images.images, renamed[0]))
    assert gate_set_of(replace(terms, images=few))[0] == Split.VALIDATION
    chosen = replace(terms, images=with_test, split="validation")
    assert gate_set_of(chosen)[1].images == part.images


def test_a_protocol_names_the_images_that_are_scored(workshop: Workshop) -> None:
    named = PROTOCOL.model_copy(update={"gate_set_digest": workshop.images.digest})
    terms = GateTerms(
        images=workshop.images, protocol=named, places=(), cache=workshop.cache
    )
    assert gate_set_of(terms) == ("all", workshop.images)
    fewer = replace(workshop.images, images=workshop.images.images[1:])
    with pytest.raises(ConversionError, match="give that folder"):
        gate_set_of(replace(terms, images=fewer))


def test_a_gate_on_training_images_does_not_pass(
    workshop: Workshop, good: Bundle
) -> None:
    report = workshop.judge(good, split=Split.TRAIN).report
    assert [one.name for one in report.criteria if not one.passed] == ["held_out"]


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [v or "" for name, v in attrs if name in ("src", "href")]


def test_the_page_asks_nothing_of_the_network(page: str) -> None:
    links = Links()
    links.feed(page)
    assert all(link.startswith(("data:", "#")) for link in links.found)
    assert "<script" not in page


def test_the_page_says_what_was_asked_and_found(
    page: str, validation: Validation
) -> None:
    text = re.sub(r"\s+", " ", page)
    assert "<b>Passed</b>" in text
    for criterion in validation.report.criteria:
        assert criterion.asks.replace("'", "&#39;") in text
    for image in validation.report.changed:
        assert image.name in text
    for disturbance in DISTURBANCES:
        assert disturbance.name in text


def test_every_image_is_in_the_table(
    validation: Validation, workshop: Workshop
) -> None:
    text = answers_csv(validation.images, validation.answers).decode()
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == validation.report.n
    held_out = workshop.images.of_split(Split.VALIDATION).images
    assert [row["sha256"] for row in rows] == [one.sha256 for one in held_out]
    right = sum(row["true"] == row["int8"] for row in rows)
    assert right == round(validation.report.accuracy * validation.report.n)
    changed = sum(row["float"] != row["int8"] for row in rows)
    assert changed == len(validation.report.changed)
    for row in rows:
        given = {name: float(row[f"int8_{name}"]) for name in CLASS_NAMES}
        assert max(given, key=lambda name: given[name]) == row["int8"]
        assert sum(given.values()) == pytest.approx(1, abs=1e-4)


def test_the_page_shows_what_is_wrong(page: str, validation: Validation) -> None:
    wrong = validation.answers.wrong.tolist()
    section = page[page.index("What int8 has wrong") : page.index("Class by class")]
    assert section.count("<figure>") == len(wrong)
    for index in wrong:
        assert validation.gate_set.names[index] in section


def test_a_failed_page_says_so(validation: Validation, good: Bundle, page: str) -> None:
    criteria = [
        one.model_copy(update={"outcome": Outcome.NOT_MET}) if index == 3 else one
        for index, one in enumerate(validation.report.criteria)
    ]
    report = validation.report.model_copy(
        update={"criteria": tuple(criteria), "passed": False}
    )
    failed = validation_page(
        replace(validation, report=report),
        good.manifest,
    )
    assert "do not ship" in failed
    assert failed.count("✗ not met") == 1
    assert "✗ not met" not in page


def test_the_model_card_has_the_figures(validation: Validation, good: Bundle) -> None:
    card = model_card(validation.report, good.manifest)
    assert f"{100 * validation.report.accuracy:.2f}\u00a0%" in card.replace(
        " %", "\u00a0%"
    )
    assert all(f"| {name} |" in card for name in CLASS_NAMES)
    assert "&" not in card.replace("&amp;", "")
    assert "qualified" in card


def test_two_conversions_differ_in_their_times_alone(
    workshop: Workshop, good: Bundle
) -> None:
    again: BundleParts = workshop.convert()
    assert again.model == good.model
    assert again.manifest.converted is not None
    assert good.manifest.converted is not None
    times = {
        name: getattr(good.manifest.converted, name)
        for name in ("started_at", "finished_at")
    }
    converted = again.manifest.converted.model_copy(update=times)
    manifest = again.manifest.model_copy(update={"converted": converted})
    assert manifest == good.manifest
    assert np.array_equal(again.golden.outputs, good.golden.outputs)


def test_the_command_writes_the_evidence_and_exits_with_3_when_it_fails(
    workshop: Workshop, good: Bundle, tmp_path: Path
) -> None:
    """The default limits are for more than 160 images, so this gate fails."""
    path, output = tmp_path / "small.hemalens", tmp_path / "proof"
    path.write_bytes(bundle_bytes(good.manifest, good.model, good.golden))
    run = CliRunner().invoke(
        convert,
        [
            *(
                "validate",
                str(path),
                "--data",
                str(workshop.float_model.parent / "data"),
            ),
            *("--float-model", str(workshop.float_model), "--threads", "1"),
            *("--cache", str(workshop.cache), "--output", str(output)),
        ],
    )
    assert run.exit_code == 3, run.output
    assert "do not ship" in run.output
    report = read_report((output / "validation.json").read_bytes())
    assert not report.passed
    assert (output / "index.html").is_file()
    assert (output / "answers.csv").is_file()
    assert not (output / "small.hemalens").exists()


def test_no_bundle_is_written_over_or_removed(
    workshop: Workshop, good: Bundle, tmp_path: Path
) -> None:
    path = tmp_path / "small.hemalens"
    content = bundle_bytes(good.manifest, good.model, good.golden)
    path.write_bytes(content)
    data = str(workshop.float_model.parent / "data")
    run = CliRunner().invoke(
        convert, ["validate", str(path), "--data", data, "--output", str(tmp_path)]
    )
    assert isinstance(run.exception, StorageError)
    assert path.read_bytes() == content


def test_another_float_model_is_refused(
    workshop: Workshop, good: Bundle, tmp_path: Path
) -> None:
    other = tmp_path / "other.keras"
    other.write_bytes(b"another")
    with pytest.raises(ConversionError, match="not the model"):
        find_float_twin(good, tmp_path / "small.hemalens", other)
    with pytest.raises(ConversionError, match="--float-model"):
        find_float_twin(good, tmp_path / "small.hemalens")
    beside = tmp_path / "small.keras"
    beside.write_bytes(workshop.float_model.read_bytes())
    assert find_float_twin(good, tmp_path / "small.hemalens") == beside


def test_a_passed_validation_goes_into_the_bundle(
    validation: Validation, good: Bundle
) -> None:
    proven = parse_bundle(with_evidence(good, validation.report))
    assert proven.evidence is not None
    assert read_report(proven.evidence.report) == validation.report
    assert proven.model == good.model


@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=lambda one: one.name)
def test_a_disturbance_changes_crops_a_little_and_always_alike(
    disturbance: Disturbance,
) -> None:
    crops = drawn_crops(8, 48)
    found = disturbance.apply(crops, 0.5)
    assert found.shape == crops.shape
    assert found.dtype == np.uint8
    assert np.array_equal(found, disturbance.apply(crops, 0.5))
    shift = np.abs(found.astype(int) - crops).mean()
    assert (shift == 0) == (disturbance.change is None)
    assert shift < 60


def test_default_limits_are_those_that_were_set_beforehand() -> None:
    limits = GateLimits()
    assert (limits.margin_points, limits.least_agreement) == (0.3, 0.995)
    assert limits.largest_size_ratio == 0.3


# A conversion gone wrong does not pass the gate; the same one done right does.


def with_model(bundle: Bundle, model: bytes) -> Bundle:
    """Pack another model as its maker would: with its own golden vectors."""
    opened = Int8Model(model)
    codes, *placed = opened.all_codes(bundle.golden.inputs)
    golden = GoldenVectors(
        inputs=bundle.golden.inputs,
        outputs=codes,
        embeddings=placed[0] if placed else None,
    )
    without = {"likeness": None, "golden_embedding_tolerance_codes": None}
    manifest = bundle.manifest.model_copy(
        update={"output": opened.output, **({} if placed else without)}
    )
    return replace(bundle, model=model, golden=golden, manifest=manifest)


def with_a_wrong_scale(model: bytes) -> bytes:
    """Double the scales of one convolution's weights."""
    content = bytearray(model)
    graph = schema.Model.GetRootAs(content, 0).Subgraphs(0)
    convolution = next(
        graph.Operators(index)
        for index in range(2, graph.OperatorsLength())
        if graph.Operators(index).BuiltinOptionsType()
        == schema.BuiltinOptions.Conv2DOptions
    )
    scales = graph.Tensors(convolution.Inputs(1)).Quantization().ScaleAsNumpy()
    scales *= 2
    return bytes(content)


def calibration_crops(workshop: Workshop) -> CropArray:
    chosen = find_images(workshop.calibration_set, workshop.images)
    return cached_crops(chosen, size_px=SIZE_PX, folder=workshop.cache)


def wrong_colour_order(crops: CropArray) -> NDArray[np.uint8]:
    return np.ascontiguousarray(crops.crops[..., ::-1])


def one_class_only(crops: CropArray) -> NDArray[np.uint8]:
    platelets = crops.class_indices == CLASS_NAMES.index("platelet")
    return np.asarray(crops.crops[platelets])


def failed(report: ValidationReport) -> set[str]:
    return {one.name for one in report.criteria if not one.passed}


def test_the_honest_conversion_passes(validation: Validation) -> None:
    assert failed(validation.report) == set()
    assert validation.report.passed
    assert validation.report.float_model.accuracy > 0.85


def test_a_layer_with_a_wrong_scale_fails_and_is_named(
    workshop: Workshop, good: Bundle, validation: Validation
) -> None:
    found = workshop.judge(with_model(good, with_a_wrong_scale(good.model)))
    assert not found.report.passed
    assert {"agreement", "non_inferiority"} <= failed(found.report)
    changed = next(
        before.name
        for before, after in zip(
            validation.report.layers, found.report.layers, strict=True
        )
        if after.sqnr_db < before.sqnr_db - 1
    )
    worst = max(found.report.layers, key=lambda layer: layer.added_db)
    assert worst.name == changed


@pytest.mark.parametrize("spoil", [wrong_colour_order, one_class_only])
def test_a_wrong_calibration_fails(
    workshop: Workshop,
    good: Bundle,
    spoil: Callable[[CropArray], NDArray[np.uint8]],
) -> None:
    network = load_float_model(workshop.float_model)
    model = quantize_int8(network, spoil(calibration_crops(workshop)))
    found = workshop.judge(with_model(good, model))
    assert not found.report.passed
