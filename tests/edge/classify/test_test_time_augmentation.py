from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bundles import open_bundle
from edge.classify.test_time_augmentation import classify_augmented
from hemalens.classifier import BundleClassifier

CROPS = np.concatenate(
    [
        open_bundle("cnn").golden.inputs,
        np.random.default_rng(0).integers(0, 256, (3, 100, 100, 3)).astype(np.uint8),
    ]
)


def asking_for(minimum: float) -> BundleClassifier:
    """Give the shipped cnn with another least probability."""
    bundle = open_bundle("cnn")
    thresholds = bundle.manifest.thresholds.model_copy(
        update={"minimum_probability": minimum}
    )
    manifest = bundle.manifest.model_copy(update={"thresholds": thresholds})
    return BundleClassifier(replace(bundle, manifest=manifest), threads=1)


@pytest.fixture(scope="module")
def strict() -> BundleClassifier:
    """A classifier to whom every cell is doubtful."""
    return asking_for(1.0)


def views(crop: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    return [np.rot90(s, turns) for s in (crop, crop[:, ::-1]) for turns in range(4)]


def test_who_is_sure_is_not_asked_again() -> None:
    classifier = asking_for(0.0)
    once = classifier.judge(CROPS)
    twice = classify_augmented(classifier, CROPS)
    assert np.array_equal(once.probabilities, twice.probabilities)


def test_a_doubtful_cell_is_named_alike_however_it_lies(
    strict: BundleClassifier,
) -> None:
    for crop in CROPS[:4]:
        answers = classify_augmented(strict, np.stack(views(crop))).probabilities
        # A first answer of exactly 1 is not doubtful even here.
        doubtful = strict.classify(np.stack(views(crop))).max(axis=1) < 1
        assert np.ptp(answers[doubtful], axis=0).max(initial=0) < 1e-5


def test_views_are_averaged_cell_by_cell(strict: BundleClassifier) -> None:
    together = classify_augmented(strict, CROPS).probabilities
    alone = [classify_augmented(strict, crop[None]).probabilities[0] for crop in CROPS]
    assert np.allclose(together, alone, atol=1e-6)
    assert np.allclose(together.sum(axis=1), 1, atol=1e-5)
    assert not np.allclose(together, strict.classify(CROPS))


def test_no_crops_give_no_rows(strict: BundleClassifier) -> None:
    assert classify_augmented(strict, CROPS[:0]).probabilities.shape == (0, 8)
