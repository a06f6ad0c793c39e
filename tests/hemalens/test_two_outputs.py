"""A model with a second output, listed by the converter in any order."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edge.bundles import open_bundle
from hemalens.classifier import BundleClassifier, ordered_outputs
from hemalens.errors import BundleError
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
    assert judged.is_alike.all()
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
