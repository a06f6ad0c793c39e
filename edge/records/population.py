"""Whose blood is counted."""

from enum import StrEnum


class Population(StrEnum):
    """Whose blood is counted."""

    UNRESTRICTED = "unrestricted"
    """Anybody's: nothing is supposed; rare classes are as rare as the slide itself
    shows (`edge.classify.class_prior`)."""
    NORMAL_ADULT = "normal-adult"
    NEWBORN = "newborn"
