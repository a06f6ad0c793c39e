"""What checking a dataset's folder can find, and which of it must be mended."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class FindingKind(StrEnum):
    """What can be found in a dataset's folder."""

    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    TOO_SMALL = "too_small"
    MISLABELLED = "mislabelled"
    CONTRADICTION = "contradiction"
    MISSING_CLASS = "missing_class"
    FOREIGN_FOLDER = "foreign_folder"
    KNOWN_CONTRADICTION = "known_contradiction"
    DUPLICATE = "duplicate"
    DOT_FILE = "dot_file"
    FOREIGN_FILE = "foreign_file"
    UNUSUAL_SIZE = "unusual_size"
    UNKNOWN_NAME = "unknown_name"

    @property
    def must_be_mended(self) -> bool:
        """Whether the folder is unfit for training while this stands."""
        return self in _MUST_BE_MENDED


_MUST_BE_MENDED: Final = frozenset(
    {
        FindingKind.UNREADABLE,
        FindingKind.TRUNCATED,
        FindingKind.TOO_SMALL,
        FindingKind.MISLABELLED,
        FindingKind.CONTRADICTION,
        FindingKind.MISSING_CLASS,
        FindingKind.FOREIGN_FOLDER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFinding:
    """One thing found, and where: the path is relative to the dataset's folder."""

    kind: FindingKind
    path: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCount:
    """Image files of one class; usable are those sound, kept and rightly labelled."""

    files: int
    usable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a dataset's folder holds, and what was found in it.

    Parameters
    ----------
    counts : dict of class name to ClassCount
        In class order.
    sizes_wh : dict of (width, height) to int
        Decoded images of each size, the commonest first.
    """

    folder: Path
    counts: dict[str, ClassCount]
    sizes_wh: dict[tuple[int, int], int]
    findings: tuple[DatasetFinding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing must be mended."""
        return not any(finding.kind.must_be_mended for finding in self.findings)

    @property
    def usable(self) -> int:
        """Count the usable images of all classes."""
        return sum(count.usable for count in self.counts.values())

    def of_kind(self, kind: FindingKind) -> list[DatasetFinding]:
        """List the findings of one kind."""
        return [finding for finding in self.findings if finding.kind is kind]
