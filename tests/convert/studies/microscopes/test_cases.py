"""Each case's verdict on counts that are made up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from convert.studies.microscopes.cases import CASES, Look, judge_cases
from convert.studies.microscopes.counted import CountedSlide, FoundFrame
from convert.studies.microscopes.truth import LabelledFrame, Slide
from edge.bundles import open_bundle
from hemalens.errors import DatasetError
from hemalens.records import Cell
from tests.convert.studies.microscopes.made_counts import red, white

FULL = "The field holds more red cells than are looked for"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What a picture is made to come to."""

    red: int = 0
    white: int = 0
    platelet_sides: tuple[int, ...] = ()
    pixel_size_um: float | None = None
    doubts: tuple[str, ...] = ()
    left_out: str | None = None

    def look(self, path: Path) -> Look:
        cells: list[Cell] = [red(20 * n) for n in range(self.red)]
        cells += [white(20 * n) for n in range(self.white)]
        cells += [white(0, "platelet", side=side) for side in self.platelet_sides]
        found = FoundFrame(
            cells=tuple(cells),
            pixel_size_um=self.pixel_size_um,
            left_out=self.left_out,
        )
        frame = LabelledFrame(path=path)
        return Look(
            path=path,
            found=found,
            counted=CountedSlide(
                slide=Slide(name="made", pixel_size_um=1.0, frames=(frame,)),
                frames={path.name: found},
                pixel_size_um=self.pixel_size_um,
                doubts=self.doubts,
            ),
        )


def counter(*counts: Counted) -> Callable[..., Look]:
    """Return them one after another; the last for all that come later."""
    waiting = list(counts)

    def count(path: Path, pixel_size_um: float | None = None) -> Look:
        return (waiting.pop(0) if len(waiting) > 1 else waiting[0]).look(path)

    return count


@dataclass(frozen=True, kw_only=True)
class Case:
    """Counts and the verdict on them."""

    name: str
    case: str
    counts: Sequence[Counted] = field(default_factory=tuple)
    is_right: bool


TABLE = (
    Case(
        name="elliptocytes once",
        case="01-elliptocytes-counted-twice",
        counts=[
            Counted(red=20, pixel_size_um=0.083),
            Counted(red=50, pixel_size_um=0.09),
        ],
        is_right=True,
    ),
    Case(
        name="elliptocytes twice",
        case="01-elliptocytes-counted-twice",
        counts=[
            Counted(red=40, pixel_size_um=0.083),
            Counted(red=53, pixel_size_um=0.083),
        ],
        is_right=False,
    ),
    Case(
        name="elliptocytes at another scale",
        case="01-elliptocytes-counted-twice",
        counts=[
            Counted(red=20, pixel_size_um=0.136),
            Counted(red=53, pixel_size_um=0.108),
        ],
        is_right=False,
    ),
    Case(
        name="few small platelets",
        case="02-red-cells-counted-as-platelets",
        counts=[Counted(red=9, platelet_sides=(3, 4))],
        is_right=True,
    ),
    Case(
        name="platelet as large as a red cell",
        case="02-red-cells-counted-as-platelets",
        counts=[Counted(red=9, platelet_sides=(3, 10))],
        is_right=False,
    ),
    Case(
        name="white cell among spherocytes",
        case="02-red-cells-counted-as-platelets",
        counts=[Counted(red=9, white=1)],
        is_right=False,
    ),
    Case(
        name="pale fields counted",
        case="04-pale-field-silently-empty",
        counts=[Counted(red=70), Counted(red=80), Counted(red=90), Counted(red=55)],
        is_right=True,
    ),
    Case(
        name="pale fields left out or doubted",
        case="04-pale-field-silently-empty",
        counts=[Counted(left_out="too pale"), Counted(doubts=("No cells, but ...",))],
        is_right=True,
    ),
    Case(
        name="pale field empty",
        case="04-pale-field-silently-empty",
        counts=[Counted(red=75), Counted(red=75), Counted(red=100), Counted()],
        is_right=False,
    ),
    Case(
        name="tiles keep their red cells",
        case="07-large-frame-loses-red-cells",
        counts=[Counted(red=10), Counted(red=440)],
        is_right=True,
    ),
    Case(
        name="tiles lose red cells",
        case="07-large-frame-loses-red-cells",
        counts=[Counted(red=10), Counted(red=400, doubts=("Cells are unlike any",))],
        is_right=False,
    ),
    Case(
        name="tiles lose red cells and say so",
        case="07-large-frame-loses-red-cells",
        counts=[Counted(red=10), Counted(red=400, doubts=(FULL,))],
        is_right=True,
    ),
    Case(
        name="wrong pixel size doubted",
        case="12-given-pixel-size-contradicted",
        counts=[Counted(doubts=("Red cells contradict the pixel size",))],
        is_right=True,
    ),
    Case(
        name="wrong pixel size doubted once of two",
        case="12-given-pixel-size-contradicted",
        counts=[Counted(doubts=("the pixel size",)), Counted()],
        is_right=False,
    ),
    Case(
        name="no smear, no cells",
        case="16-not-a-smear",
        counts=[Counted()],
        is_right=True,
    ),
    Case(
        name="no smear, cells",
        case="16-not-a-smear",
        counts=[Counted(red=30)],
        is_right=False,
    ),
)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_verdict(case: Case, tmp_path: Path) -> None:
    plain = tmp_path / "06-eyepiece-circle-high-magnification" / "plain.jpg"
    write(plain, np.full((8, 8, 3), 200, np.uint8))
    is_right, looks = CASES[case.case](tmp_path / case.case, counter(*case.counts))
    assert is_right is case.is_right
    assert looks


def write(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


@pytest.mark.parametrize(
    ("in_circle", "is_right"),
    [
        (Counted(red=3, white=1), True),
        (Counted(red=3, white=0), False),
        (Counted(red=1, white=1), False),
        (Counted(red=9, white=1), False),
    ],
    ids=["as in the plain view", "white cell lost", "red cells lost", "cells outside"],
)
def test_round_view_shows_what_the_plain_one_does(
    tmp_path: Path, in_circle: Counted, is_right: bool
) -> None:
    case = "06-eyepiece-circle-high-magnification"
    plain = np.full((60, 200, 3), 200, np.uint8)
    masked = plain.copy()
    masked[:, 60:] = 0
    write(tmp_path / case / "plain.jpg", plain)
    for name in ("circle.jpg", "corners.jpg", "white-surround.png"):
        write(tmp_path / case / name, masked)
    wide = Counted(red=3, white=1)
    counts = (Counted(red=9, white=1), in_circle, in_circle, in_circle, wide)
    assert CASES[case](tmp_path / case, counter(*counts))[0] is is_right


def test_cases_that_are_there_are_judged_by_a_real_count(tmp_path: Path) -> None:
    write(
        tmp_path / "16-not-a-smear" / "skyline.jpg",
        np.full((200, 200, 3), 235, np.uint8),
    )
    (verdict,) = judge_cases(tmp_path, open_bundle("cnn"))
    assert verdict.name == "16-not-a-smear"
    assert verdict.is_right
    assert verdict.said.startswith("skyline.jpg: 0 red, 0 white, 0 platelets")


def test_cases_that_are_not_there_are_a_dataset_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        judge_cases(tmp_path / "gone", open_bundle("cnn"))
