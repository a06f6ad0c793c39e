"""A model with a second output, listed by the converter in any order."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundles import open_bundle
from edge.update.golden_run import GoldenRun, GoldenRunFault, run_golden
from hemalens.bundle import Bundle, bundle_bytes, parse_bundle
from hemalens.classifier import BundleClassifier, Int8Model, ordered_outputs
from hemalens.errors import BundleError
from hemalens.interpreter import choose_runtime
from hemalens.likeness import Likeness


class Listed:
    """Lists outputs as it was told."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"name": name} for name in self._names]


@pytest.mark.parametrize("names", [("call:0", "call:1"), ("call:1", "call:0")])
def test_outputs_come_in_the_order_of_their_names(names: tuple[str, str]) -> None:
    found = ordered_outputs(Listed(*names))  # type: ignore[arg-type]  # lists only
    assert [one["name"] for one in found] == ["call:0", "call:1"]


def test_a_bundle_that_cannot_tell_takes_all_for_alike() -> None:
    bundle = open_bundle("cnn")
    manifest = bundle.manifest.model_copy(update={"likeness": None})
    bundle = replace(bundle, manifest=manifest)
    judged = BundleClassifier(bundle, threads=1).judge(bundle.golden.inputs)
    assert judged.is_in_distribution.all()
    assert judged.probabilities.shape == bundle.golden.outputs.shape


def test_a_manifest_of_other_dimensions_than_the_model_is_refused() -> None:
    bundle = open_bundle("cnn")
    likeness = Likeness(
        centres=(tuple(np.zeros(5).tolist()),), farthest=1, split="x", n=1, unlike=0
    )
    manifest = bundle.manifest.model_copy(update={"likeness": likeness})
    bundle = replace(bundle, manifest=manifest)
    with pytest.raises(BundleError, match="likeness in 5 dimensions, the model in"):
        BundleClassifier(bundle, threads=1)


# Golden vectors of the second output.

TOLERANCE = 2


def covered(off_by: int = 0, *, dimensions: int | None = None) -> Bundle:
    """Give the shipped bundle golden vectors of its second output too.

    Parameters
    ----------
    off_by : int
        Codes by which one number is another than the model gives.
    dimensions : int, optional
        Of each vector; the model's when not given.
    """
    bundle = open_bundle("cnn")
    found = Int8Model(bundle.model, threads=1).all_codes(bundle.golden.inputs)[1]
    embeddings = found[:, :dimensions].copy()
    embeddings[3, 1] += off_by if embeddings[3, 1] < 128 else -off_by
    update = {"golden_embedding_tolerance_codes": TOLERANCE, "evidence": None}
    if dimensions is not None:
        update["likeness"] = None
    manifest = bundle.manifest.model_copy(update=update)
    golden = replace(bundle.golden, embeddings=embeddings)
    return parse_bundle(bundle_bytes(manifest, bundle.model, golden))


@pytest.mark.parametrize("off_by", [0, TOLERANCE])
def test_a_second_output_within_its_tolerance_is_taken(off_by: int) -> None:
    bundle = covered(off_by)
    judged = BundleClassifier(bundle, threads=1).judge(bundle.golden.inputs)
    assert len(judged.is_in_distribution) == len(bundle.golden.inputs)


def test_a_second_output_that_misses_its_golden_vectors_is_refused() -> None:
    with pytest.raises(BundleError) as error:
        BundleClassifier(covered(TOLERANCE + 1), threads=1)
    assert str(error.value) == (
        "the model misses its golden vectors in the second output by 3 codes "
        "(tolerance 2): this runtime does not compute what was validated"
    )


def test_golden_vectors_of_other_dimensions_than_the_model_are_refused() -> None:
    with pytest.raises(BundleError, match="embeddings have 5 dimensions, the model 32"):
        BundleClassifier(covered(dimensions=5), threads=1)


@pytest.mark.parametrize("off_by", [0, TOLERANCE + 1])
def test_a_device_runs_them_before_a_model_counts(tmp_path: Path, off_by: int) -> None:
    path = tmp_path / "covered.hemalens"
    bundle = covered(off_by)
    path.write_bytes(bundle_bytes(bundle.manifest, bundle.model, bundle.golden))
    ran = run_golden(str(path), choose_runtime().value)
    if not off_by:
        assert isinstance(ran, GoldenRun)
        return
    assert isinstance(ran, GoldenRunFault)
    assert "in the second output by 3 codes" in ran.fault
