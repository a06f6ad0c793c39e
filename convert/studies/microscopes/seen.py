"""Whether a classifier, or the finder, had met a microscope before."""

import re
from enum import StrEnum
from typing import Final

from convert.studies.microscopes.truth import Microscope
from hemalens.finder_manifest import FinderManifest
from hemalens.manifest import Manifest, version_numbers


class Seen(StrEnum):
    """How a model knows a microscope."""

    TRAINED = "trained"
    TUNED = "tuned on"
    """Its weights never saw it; stain map, thresholds or the choice of it did."""
    UNSEEN = "unseen"


TUNED_BEFORE: Final = {"BCCD": "1.5"}
"""Sets that every bundle older than a version was tuned on."""


def how_seen(manifest: Manifest, microscope: Microscope) -> Seen:
    """Tell from a bundle's manifest how it knows a microscope."""
    name = microscope.training_name
    if re.search(rf"\b{re.escape(name)}\b", manifest.training.dataset, re.IGNORECASE):
        return Seen.TRAINED
    before = TUNED_BEFORE.get(name)
    if before and version_numbers(manifest.version) < version_numbers(before):
        return Seen.TUNED
    return Seen.UNSEEN


def how_finder_saw(manifest: FinderManifest, microscope: Microscope) -> Seen:
    """Tell from the finder's manifest how it knows a microscope."""
    names = {one.name.lower() for one in manifest.training.sets}
    is_trained = microscope.training_name.lower() in names
    return Seen.TRAINED if is_trained else Seen.UNSEEN
