"""Adapting to BCCD, another microscope and stain, where the datasets are at hand.

What these check is also checked on a made site and on the simulated slide.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from convert.training_slides import measure_training_slides
from edge.adapt.choose_penalty import fit_best
from edge.adapt.gain import gain_limits
from edge.adapt.labelled_cells import LabelledCells, read_labelled_cells
from edge.adapt.proof import compare, prove
from edge.bundles import open_bundle
from edge.classify.population_weights import class_weights
from edge.classify.posterior import apply_class_weights, mask_impossible_classes
from edge.records.population import Population
from hemalens.bundle import Bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from hemalens.site_correction import SiteProof, corrected
from hemalens.split import Split
from hemalens.stain import StainReference
from tests.benchmarks.labelled_images import evenly, read_rgb
from tests.edge.adapt.bccd_cells import CLASSES, write_crops

DATASETS = Path(__file__).parents[4] / "shared" / "datasets"
BCCD = DATASETS / "BCCD"
PBC = DATASETS / "PBC_dataset_normal_DIB"

pytestmark = pytest.mark.skipif(
    not (BCCD.is_dir() and PBC.is_dir()), reason=f"the datasets are not at {DATASETS}"
)


@pytest.fixture(scope="module")
def pbc() -> ImageSet:
    return read_class_folders(PBC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Labels drawn by lot, and what their fit makes of the others."""

    labels: LabelledCells
    rows: np.ndarray
    differences: np.ndarray
    on_others: SiteProof


def draws(
    cells: LabelledCells,
    labelled: int,
    number: int,
    threshold: float,
    population: Population = Population.UNRESTRICTED,
) -> Iterator[Draw]:
    weights = class_weights(population, CLASS_NAMES)
    for seed in range(number):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(cells))
        labels, others = cells.at(order[:labelled]), cells.at(order[labelled:])
        fitted = fit_best(labels, rng)
        after = corrected(others.probabilities, fitted.matrix, fitted.offsets)
        before, after = (
            apply_class_weights(
                mask_impossible_classes(given, others.detections, CLASS_NAMES), weights
            )
            for given in (others.probabilities, after)
        )
        right = [given.argmax(1) == others.class_index for given in (before, after)]
        yield Draw(
            labels=labels,
            rows=order[labelled:],
            differences=right[1].astype(int) - right[0],
            on_others=compare(others, before, after, threshold, population),
        )


def stained(name: str, reference: StainReference | None) -> Bundle:
    """Open a shipped bundle; its own stain where it names one, else this."""
    bundle = open_bundle(name)
    stain = bundle.manifest.stain or reference
    manifest = bundle.manifest.model_copy(update={"stain": stain})
    return replace(bundle, manifest=manifest)


def reference_of(images: ImageSet, number: int) -> StainReference | None:
    train = images.of_split(Split.TRAIN)
    return measure_training_slides(
        replace(train, images=tuple(evenly(train.images, number)))
    ).stain


def test_labels_of_another_microscope_gain_on_its_other_cells(
    pbc: ImageSet, tmp_path: Path
) -> None:
    bundle = stained("cnn", reference_of(pbc, 24))
    classifier = BundleClassifier(bundle, threads=1)
    cells = read_labelled_cells(write_crops(BCCD, tmp_path, every=2), classifier)
    threshold = bundle.manifest.thresholds.minimum_probability
    gains = [draw.on_others.gain for draw in draws(cells, 70, 4, threshold)]
    assert np.mean(gains) > 0.02
    assert min(gains) >= 0
    _check_unlabelled_classes(pbc, classifier, cells)


def _check_unlabelled_classes(
    pbc: ImageSet, classifier: BundleClassifier, cells: LabelledCells
) -> None:
    """Look whether basophils, which nobody labelled, are still basophils."""
    fitted = fit_best(cells, np.random.default_rng(0))
    for name in sorted(set(CLASS_NAMES) - CLASSES):
        held_out = pbc.of_split(Split.VALIDATION).images
        paths = [i.path for i in held_out if i.class_name == name][:16]
        given = classifier.classify(_crops(paths, classifier))
        after = corrected(given, fitted.matrix, fitted.offsets)
        of_class = CLASS_NAMES.index(name)
        before, kept = ((one.argmax(1) == of_class).mean() for one in (given, after))
        assert kept >= 0.75 * before, name


def _crops(paths: list[Path], classifier: BundleClassifier) -> np.ndarray:
    wanted = classifier.manifest.input
    side_px = crop_side_px(PBC_PIXEL_SIZE_UM, wanted.crop_side_um)
    images = [read_rgb(path) for path in paths]
    middles = [(image.shape[1] / 2, image.shape[0] / 2) for image in images]
    return np.stack(
        [
            cut_crop(image, middle, side_px, wanted.size_px)
            for image, middle in zip(images, middles, strict=True)
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cnn", "mobilenetv2"])
def test_a_hundred_labels_measured_on_the_others(
    name: str, pbc: ImageSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = stained(name, reference_of(pbc, 100))
    images = write_crops(BCCD, tmp_path)
    cells = read_labelled_cells(images, BundleClassifier(bundle, threads=1))
    threshold = bundle.manifest.thresholds.minimum_probability
    for population in (Population.UNRESTRICTED, Population.NORMAL_ADULT):
        drawn = list(draws(cells, 100, 20, threshold, population))
        passed = sum(prove(d.labels, threshold, population).passed for d in drawn)
        limits = _limits(cells, drawn)
        with capsys.disabled():
            _report(f"{name}, {population}", drawn, limits, passed)
        # A population that rules most errors out leaves less to gain, and so does a
        # model that errs less: these may not lose.
        must_gain = name == "cnn" and population is Population.UNRESTRICTED
        assert limits[0 if must_gain else 1] > 0


def _limits(cells: LabelledCells, drawn: list[Draw]) -> tuple[float, float]:
    """Limits of the mean gain: a cell's own mean over the draws that left it out."""
    total, times = np.zeros(len(cells)), np.zeros(len(cells))
    for draw in drawn:
        total[draw.rows] += draw.differences
        times[draw.rows] += 1
    assert times.all()
    return gain_limits(total / times, cells.frames)


def _report(
    what: str, drawn: list[Draw], limits: tuple[float, float], passed: int
) -> None:
    def mean(figure: Callable[[SiteProof], float]) -> float:
        return 100 * float(np.mean([figure(draw.on_others) for draw in drawn]))

    gains = [100 * draw.on_others.gain for draw in drawn]
    low, high = (100 * limit for limit in limits)
    print(
        f"\n{what}: {len(drawn)} draws of {len(drawn[0].labels)} labels, "
        f"{drawn[0].on_others.n} others: right {mean(lambda p: p.accuracy_before):.1f}"
        f" to {mean(lambda p: p.accuracy_after):.1f} %, by class "
        f"{mean(lambda p: p.balanced_before):.1f} to "
        f"{mean(lambda p: p.balanced_after):.1f} %, gain {np.mean(gains):.1f} "
        f"({low:.1f} to {high:.1f}; draws {min(gains):.1f} to {max(gains):.1f}); "
        f"answered {mean(lambda p: p.answered_before / p.n):.0f} to "
        f"{mean(lambda p: p.answered_after / p.n):.0f} %, of all cells answered wrong "
        f"{mean(lambda p: p.wrong_before / p.n):.1f} to "
        f"{mean(lambda p: p.wrong_after / p.n):.1f} %; proved by its own "
        f"labels in {passed}"
    )
