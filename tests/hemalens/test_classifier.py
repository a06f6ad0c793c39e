from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.bundles import open_bundle
from hemalens.bundle import Bundle
from hemalens.classifier import BundleClassifier, Int8Model, tempered
from hemalens.errors import BundleError
from hemalens.focus import FocusReference, sharpen
from hemalens.interpreter import Runtime
from hemalens.manifest import RuntimeRange
from hemalens.slide_appearance import SlideAppearance
from tests.hemalens.altered_models import altered_bundle


@pytest.fixture(scope="module")
def classifier() -> BundleClassifier:
    return BundleClassifier(open_bundle("cnn"), threads=1)


def test_probabilities_add_up_to_one(classifier: BundleClassifier) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (5, 100, 100, 3)).astype(np.uint8)
    probabilities = classifier.classify(crops)
    assert probabilities.shape == (5, 8)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A runtime's version, and whether it lies in 2.1 to below 3."""

    name: str
    fits: bool


VERSIONS = (
    Installed(name="2.0.9", fits=False),
    Installed(name="2.1", fits=True),
    Installed(name="2.1.0rc1", fits=True),
    Installed(name="2.10.3", fits=True),
    Installed(name="2.99.0", fits=True),
    Installed(name="3", fits=False),
    Installed(name="3.0.0rc1", fits=False),
    Installed(name="10.0", fits=False),
    Installed(name="unknown", fits=False),
)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_only_a_runtime_the_model_was_made_for_runs_it(
    monkeypatch: pytest.MonkeyPatch, version: Installed
) -> None:
    ranges = (RuntimeRange(name=Runtime.LITERT, at_least="2.1", below="3"),)
    bundle = of_runtimes(open_bundle("cnn"), ranges)
    monkeypatch.setattr("hemalens.classifier.runtime_version", lambda _: version.name)
    if version.fits:
        BundleClassifier(bundle, threads=1)
        return
    with pytest.raises(BundleError) as error:
        BundleClassifier(bundle, threads=1)
    assert str(error.value) == (
        "the model is for ai-edge-litert 2.1 to below 3; "
        f"installed is ai-edge-litert {version.name}"
    )


def of_runtimes(bundle: Bundle, ranges: tuple[RuntimeRange, ...]) -> Bundle:
    manifest = bundle.manifest.model_copy(update={"runtimes": ranges})
    return replace(bundle, manifest=manifest)


def test_a_runtime_the_manifest_does_not_name_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = Runtime.TFLITE_RUNTIME
    monkeypatch.setattr("hemalens.interpreter.installed_runtimes", lambda: (other,))
    monkeypatch.setattr("hemalens.classifier.runtime_version", lambda _: "2.14.0")
    ranges = (
        RuntimeRange(name=Runtime.LITERT, at_least="2.1", below="3"),
        RuntimeRange(name="another", at_least="1", below="2"),
    )
    with pytest.raises(BundleError) as error:
        BundleClassifier(of_runtimes(open_bundle("cnn"), ranges))
    assert str(error.value) == (
        "the model is for ai-edge-litert 2.1 to below 3 or another 1 to below 2; "
        "installed is tflite-runtime 2.14.0"
    )


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


# Temperature.


@st.composite
def probabilities(draw: st.DrawFn) -> NDArray[np.float32]:
    """Rows as a model gives them: codes, over their sum."""
    classes = draw(st.integers(2, 8))
    row = st.lists(st.integers(0, 255), min_size=classes, max_size=classes).filter(any)
    codes = np.array(draw(st.lists(row, min_size=1, max_size=4)), np.float32)
    return codes / codes.sum(axis=1, keepdims=True)


TEMPERATURES = st.floats(0.05, 100)
"""From the lowest a fit gives to the highest a manifest takes."""

properties = settings(deadline=None, max_examples=100)


@properties
@given(probabilities(), TEMPERATURES)
def test_a_temperature_keeps_order_and_sum(
    given_out: NDArray[np.float32], temperature: float
) -> None:
    found = tempered(given_out, temperature)
    assert found.dtype == np.float32
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    for before, after in zip(given_out, found, strict=True):
        assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0).all()
        assert after[before.argmax()] == after.max()


@properties
@given(probabilities(), TEMPERATURES)
def test_a_temperature_leaves_zeros(
    given_out: NDArray[np.float32], temperature: float
) -> None:
    assert (tempered(given_out, temperature)[given_out == 0] == 0).all()


@properties
@given(probabilities())
def test_temperature_one_changes_nothing(given_out: NDArray[np.float32]) -> None:
    assert np.array_equal(tempered(given_out, 1), given_out)


@properties
@given(probabilities(), st.floats(0.1, 0.95))
def test_a_low_temperature_makes_surer_and_its_inverse_undoes_it(
    given_out: NDArray[np.float32], temperature: float
) -> None:
    surer = tempered(given_out, temperature)
    modest = tempered(given_out, 1 / temperature)
    top = given_out.max(axis=1)
    assert (surer.max(axis=1) >= top - 1e-6).all()
    assert (modest.max(axis=1) <= top + 1e-6).all()
    assert tempered(modest, temperature) == pytest.approx(given_out, abs=1e-3)


def test_temperature_divides_the_logits() -> None:
    logits = np.array([[2.0, 1.0, -1.0]])
    soft, expected = (
        np.exp(one) / np.exp(one).sum(axis=1, keepdims=True)
        for one in (logits, logits / 1.7)
    )
    assert tempered(soft.astype(np.float32), 1.7) == pytest.approx(expected, abs=1e-6)


def test_the_classifier_applies_the_temperature_of_its_manifest(
    classifier: BundleClassifier,
) -> None:
    bundle = open_bundle("cnn")
    thresholds = bundle.manifest.thresholds.model_copy(update={"temperature": 3.0})
    manifest = bundle.manifest.model_copy(update={"thresholds": thresholds})
    warmer = BundleClassifier(replace(bundle, manifest=manifest), threads=1)
    crops = bundle.golden.inputs
    own = classifier.manifest.thresholds.temperature
    expected = tempered(classifier.classify(crops), 3.0 / own)
    assert warmer.classify(crops) == pytest.approx(expected, abs=1e-4)
    assert not np.allclose(warmer.classify(crops), classifier.classify(crops))


def test_a_softer_slide_is_sharpened_before_it_is_classified() -> None:
    bundle = open_bundle("cnn")
    focus = FocusReference(blur_um=0.25, most_sharpening_um=0.4)
    manifest = bundle.manifest.model_copy(update={"focus": focus})
    classifier = BundleClassifier(replace(bundle, manifest=manifest), threads=1)
    crops = np.random.default_rng(0).integers(60, 200, (2, 100, 100, 3), np.uint8)
    soft = SlideAppearance(blur_um=0.35)
    pixel_size_um = manifest.input.crop_side_um / manifest.input.size_px
    wanted = sharpen(crops, focus.sharpening_um(0.35) / pixel_size_um)
    assert np.array_equal(classifier.normalize(crops, soft), wanted)
    assert np.array_equal(classifier.classify(crops, soft), classifier.classify(wanted))
    for sharp in (None, SlideAppearance(), SlideAppearance(blur_um=0.26)):
        assert classifier.normalize(crops, sharp) is crops


@pytest.mark.parametrize("seed", [14, 26, 56, 114, 126])
def test_an_altered_model_is_refused_in_one_line(seed: int) -> None:
    with pytest.raises(BundleError) as raised:
        BundleClassifier(altered_bundle(seed), threads=1)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "raised", [RuntimeError("no\nkernel"), ValueError(), IndexError(), MemoryError()]
)
def test_whatever_a_runtime_raises_of_a_model_is_one_line(
    raised: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise raised

    monkeypatch.setattr(Int8Model, "all_codes", fail)
    with pytest.raises(BundleError, match=r"the model cannot be run: .+") as refused:
        BundleClassifier(open_bundle("cnn"), threads=1)
    assert "\n" not in str(refused.value)
