"""The project's split of PBC: a rule on the file name, so that it never changes.

No patient identifiers exist in PBC, so no split can rule out one patient's cells on
both sides; whoever quotes a figure says so.
"""

import hashlib
import os
from enum import StrEnum
from typing import Final


class Split(StrEnum):
    """The part of the dataset an image belongs to."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


SPLIT_RULE: Final = (
    "bucket = int(sha256(file name).hexdigest(), 16) % 10; "
    "0 and 5: test, 1: validation, the rest: train"
)
"""The rule in words, as manifests quote it."""

_TEST_BUCKETS: Final = frozenset({0, 5})
_VALIDATION_BUCKET: Final = 1


def split_of(file_name: str) -> Split:
    """Say which split a file name belongs to.

    Examples
    --------
    >>> split_of("BA_100102.jpg").value
    'train'
    """
    bucket = int(hashlib.sha256(os.fsencode(file_name)).hexdigest(), 16) % 10
    if bucket in _TEST_BUCKETS:
        return Split.TEST
    return Split.VALIDATION if bucket == _VALIDATION_BUCKET else Split.TRAIN
