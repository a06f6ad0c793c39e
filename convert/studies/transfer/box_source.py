"""Whose boxes are classified."""

from enum import StrEnum


class BoxSource(StrEnum):
    """Whose boxes are classified."""

    FOUND = "found"
    """Segmentation's, as in a count."""
    TRUTH = "truth"
    """Those people drew, to tell classification from segmentation."""
