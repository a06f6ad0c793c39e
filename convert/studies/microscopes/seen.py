"""Whether a bundle's model had met a microscope before."""

import re
from enum import StrEnum
from typing import Final

from convert.studies.microscopes.truth import Microscope
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
