import numpy as np
import pytest

from edge.bundles import open_bundle
from hemalens.classifier import BundleClassifier
from hemalens.errors import BundleError
from hemalens.interpreter import Runtime


@pytest.fixture(scope="module")
def classifier() -> BundleClassifier:
    return BundleClassifier(open_bundle("cnn"), threads=1)


def test_probabilities_add_up_to_one(classifier: BundleClassifier) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (5, 100, 100, 3)).astype(np.uint8)
    probabilities = classifier.classify(crops)
    assert probabilities.shape == (5, 8)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_a_runtime_older_than_the_model_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = Runtime.TFLITE_RUNTIME
    monkeypatch.setattr("hemalens.interpreter.installed_runtimes", lambda: (old,))
    monkeypatch.setattr("hemalens.classifier.runtime_version", lambda runtime: "1.9.0")
    with pytest.raises(BundleError, match=r"installed is tflite-runtime 1\.9\.0"):
        BundleClassifier(open_bundle("cnn"))


def test_crops_of_another_size_are_refused(classifier: BundleClassifier) -> None:
    with pytest.raises(ValueError, match=r"takes crops \(100, 100, 3\), not \(64"):
        classifier.classify(np.zeros((1, 64, 64, 3), np.uint8))


def test_no_crops_give_no_rows(classifier: BundleClassifier) -> None:
    assert classifier.classify(np.empty((0, 100, 100, 3), np.uint8)).shape == (0, 8)


@pytest.mark.parametrize("count", [1, 3, 64, 65, 130])
def test_a_crop_gets_the_same_answer_in_any_batch(
    classifier: BundleClassifier, count: int
) -> None:
    golden = open_bundle("cnn").golden.inputs
    crops = np.concatenate([golden] * (count // len(golden) + 1))[:count]
    together = classifier.classify(crops)
    alone = np.concatenate([classifier.classify(crop[None]) for crop in crops])
    assert np.array_equal(together, alone)
