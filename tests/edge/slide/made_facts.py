"""Facts of made frames."""

from dataclasses import replace
from typing import Any

from edge.slide.frame_facts import FrameFacts
from edge.slide.slide_facts import SlideFacts, SlideFactsLearner

USUAL = FrameFacts(
    ruler_um=0.1,
    is_white_scale=False,
    is_blank=False,
    is_missed=False,
    has_stained=True,
    red_cells_per_mm2=14_000.0,
    size_spread=0.1,
    colour_spread_deg=3.0,
    glass_beside=0.3,
    covered_fraction=0.5,
)


def facts(**changes: Any) -> FrameFacts:
    """Make the facts of a good frame, but for some."""
    return replace(USUAL, **changes)


def together(*frames: FrameFacts) -> SlideFacts:
    """Learn frames."""
    learner = SlideFactsLearner()
    for one in frames:
        learner.learn(one)
    return learner.facts
