"""Real frames that went wrong once."""

from collections import Counter
from pathlib import Path

import pytest

from edge.capture.image_files import ImageFiles
from edge.count.frame_counter import FrameCounter
from edge.count.settings import FrameSettings
from edge.records.counted_frame import CountedFrame
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Frame
from tests.benchmarks.labelled_images import read_rgb
from tests.edge.fake_classifier import FakeClassifier

CASES = Path(__file__).parents[4] / "shared" / "datasets" / "field_cases"

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason=f"the field cases are not at {CASES}"
)


def counted(
    path: str, pixel_size_um: float | None = None
) -> tuple[CountedFrame, tuple[str, ...]]:
    classifier = FakeClassifier({"neutrophil": 1.0})
    counter = FrameCounter(classifier, FrameSettings(pixel_size_um=pixel_size_um))
    (found,) = CASES.glob(path)
    frame = counter.count(Frame(image=read_rgb(found), name=path, index=0))
    return frame, counter.doubts(frame.pixel_size_um)


def counted_from(source: Path) -> list[CountedFrame]:
    counter = FrameCounter(FakeClassifier({"neutrophil": 1.0}), FrameSettings())
    with ImageFiles(source) as files:
        return [counter.count(frame) for frame in files]


def red_cells(frames: list[CountedFrame]) -> int:
    return sum(kinds(frame)[CellKind.RED_CELL] for frame in frames)


def test_one_bad_file_is_left_out_and_the_others_are_counted() -> None:
    (folder,) = CASES.glob("08-*")
    with ImageFiles(folder) as files:
        names = [frame.name for frame in files]
        (left_out,) = files.status().left_out
    assert names == ["1.jpg", "2.jpg", "3.jpg"]
    assert left_out.name == "2b.jpg"
    assert "truncated" in left_out.problem


def test_a_motion_photo_is_counted_as_any_jpeg() -> None:
    (path,) = CASES.glob("09-*/*.jpg")
    frames = counted_from(path)
    assert red_cells(frames) > 50


def test_three_pages_are_three_fields() -> None:
    (path,) = CASES.glob("10-*/*.tif")
    frames = counted_from(path)
    assert len(frames) == 3
    assert red_cells(frames) == pytest.approx(123, rel=0.1)


def test_twelve_bits_in_sixteen_count_as_eight() -> None:
    (deep,) = CASES.glob("11-*/a.tif")
    (shallow,) = CASES.glob("11-*/a-8bit.png")
    found = [kinds(counted_from(path)[0]) for path in (deep, shallow)]
    assert found[0] == found[1]
    assert found[0][CellKind.RED_CELL] > 30


def kinds(frame: CountedFrame) -> Counter[CellKind]:
    return Counter(
        cell.kind for cell in frame.cells if cell.status is CellStatus.COUNTED
    )


@pytest.mark.parametrize("name", ["thal-12", "thal-2", "154", "240"])
def test_a_pale_field_is_counted_left_out_or_doubted(name: str) -> None:
    frame, doubts = counted(f"04-*/{name}.jpg")
    is_counted = kinds(frame)[CellKind.RED_CELL] >= 40
    assert is_counted or frame.left_out or any("structure" in one for one in doubts)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("circle.jpg", 30),
        ("corners.jpg", 55),
        ("circle-16x9.jpg", 30),
        ("white-surround.png", 30),
    ],
)
def test_the_round_view_is_counted_as_the_plain_one(name: str, least: int) -> None:
    plain, _ = counted("06-*/plain.jpg")
    frame, _ = counted(f"06-*/{name}")
    assert frame.left_out is None
    found, whole = kinds(frame), kinds(plain)
    assert found[CellKind.WHITE_CELL] == whole[CellKind.WHITE_CELL] == 1
    assert least <= found[CellKind.RED_CELL] <= whole[CellKind.RED_CELL]
    assert frame.pixel_size_um == pytest.approx(plain.pixel_size_um, rel=0.05)


@pytest.mark.parametrize("given", [0.17, 0.06])
def test_a_contradicted_pixel_size_is_doubted(given: float) -> None:
    _, doubts = counted("12-*/a.jpg", given)
    assert any("contradict" in one for one in doubts)
    _, doubts = counted("12-*/a.jpg", 0.09)
    assert doubts == ()


def test_what_is_no_smear_is_doubted_or_has_no_cells() -> None:
    frame, doubts = counted("16-*/skyline.jpg")
    assert not kinds(frame) or any("smear" in one for one in doubts)
