import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from edge.capture.demo_slide import DemoSlide
from edge.capture.source import FrameSource
from hemalens.classes import CLASS_NAMES, CellKind
from hemalens.errors import ConfigError

SMALL = {"width_px": 480, "height_px": 360}


def test_same_seed_gives_same_bytes_whatever_was_drawn_before() -> None:
    first = DemoSlide(seed=4, frames=3, **SMALL)
    second = DemoSlide(seed=4, frames=3, **SMALL)
    in_order = [frame.image for frame in first]
    backwards = [second.frame(index).image for index in (2, 1, 0)][::-1]
    for one, other in zip(in_order, backwards, strict=True):
        assert np.array_equal(one, other)


def test_another_process_draws_the_same_bytes() -> None:
    program = (
        "from edge.capture.demo_slide import DemoSlide; import hashlib;"
        "s = DemoSlide(seed=4, frames=2, width_px=320, height_px=240);"
        "print(hashlib.sha256(s.frame(1).image.tobytes()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            env={
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_frames_are_valid_and_differ_with_seed_and_index() -> None:
    with DemoSlide(seed=1, frames=2, **SMALL) as slide:
        frames = list(slide)
    other = DemoSlide(seed=2, frames=1, **SMALL).frame(0)
    assert [frame.name for frame in frames] == ["demo-0000", "demo-0001"]
    assert [frame.index for frame in frames] == [0, 1]
    assert all(frame.image.shape == (360, 480, 3) for frame in frames)
    assert all(frame.pixel_size_um == 0.1 for frame in frames)
    assert not np.array_equal(frames[0].image, frames[1].image)
    assert not np.array_equal(frames[0].image, other.image)


def test_slide_is_a_frame_source_and_construction_draws_nothing() -> None:
    slide: FrameSource = DemoSlide(frames=10**9, width_px=8192, height_px=8192)
    with slide as opened:
        assert opened is slide


def test_truth_boxes_lie_in_the_frame_and_hold_what_is_named() -> None:
    slide = DemoSlide(seed=3, frames=3, mix="uniform")
    for index in range(slide.frames):
        image = slide.frame(index).image.astype(int)
        height, width = image.shape[:2]
        for cell in slide.truth(index):
            left, top, right, bottom = cell.box
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
            if cell.at_border:
                continue
            inside = image[top:bottom, left:right]
            darkest = inside[..., 1].min()
            assert darkest < (195 if cell.kind is CellKind.RED_CELL else 130)


def test_boxes_hug_their_cells() -> None:
    slide = DemoSlide(seed=3, frames=4, mix="uniform")
    seen = 0
    for index in range(slide.frames):
        green = slide.frame(index).image[..., 1].astype(int)
        for cell in slide.truth(index):
            if cell.kind is not CellKind.WHITE_CELL or cell.at_border:
                continue
            left, top, right, bottom = cell.box
            stained = green[top:bottom, left:right] < 205
            assert stained.any(axis=0).mean() > 0.93
            assert stained.any(axis=1).mean() > 0.93
            seen += 1
    assert seen > 8


def test_uniform_mix_shows_all_classes_about_equally() -> None:
    slide = DemoSlide(seed=5, frames=50, mix="uniform")
    ids = {
        cell.cell_id: cell.class_name
        for index in range(slide.frames)
        for cell in slide.truth(index)
        if cell.class_name
    }
    counts = Counter(ids.values())
    assert set(counts) == set(CLASS_NAMES)
    share = len(ids) / 8
    assert all(0.5 * share < n < 1.5 * share for n in counts.values())


def test_normal_mix_shows_mostly_neutrophils_and_monolayer_red_cells() -> None:
    slide = DemoSlide(seed=5, frames=10)
    cells = [cell for index in range(10) for cell in slide.truth(index)]
    counts = Counter(cell.class_name for cell in cells if cell.class_name)
    white = sum(n for name, n in counts.items() if name != "platelet")
    red = sum(cell.kind is CellKind.RED_CELL for cell in cells)
    assert 20 < white < 90
    assert counts["neutrophil"] > counts["monocyte"]
    assert len(set(counts)) >= 6
    assert 80 < red / 10 < 200


def test_neighbouring_fields_share_no_whole_cell() -> None:
    slide = DemoSlide(seed=8, frames=30, **SMALL)
    whole: Counter[int] = Counter()
    for index in range(slide.frames):
        whole.update(c.cell_id for c in slide.truth(index) if not c.at_border)
    assert max(whole.values()) == 1


def test_overlapping_fields_see_the_same_cell_with_the_same_id() -> None:
    slide = DemoSlide(seed=8, frames=2, overlap_fraction=0.5, width_px=800)
    first, second = (
        {cell.cell_id: cell for cell in slide.truth(index) if not cell.at_border}
        for index in range(2)
    )
    shared = first.keys() & second.keys()
    assert len(shared) > 10
    for number in shared:
        one, other = first[number], second[number]
        assert (one.kind, one.class_name) == (other.kind, other.class_name)
        assert one.position_um == other.position_um
        assert one.box.left - other.box.left == 400
        assert one.box.top == other.box.top


def test_overlapping_fields_look_alike_but_for_noise() -> None:
    slide = DemoSlide(seed=8, frames=2, overlap_fraction=0.5, width_px=800)
    left, right = (slide.frame(index).image.astype(int) for index in range(2))
    difference = np.abs(left[:, 400:] - right[:, :400])
    assert np.median(difference) < 8
    moved = np.abs(left[:, 420:] - right[:, :380])
    assert difference.mean() < 0.7 * moved.mean()


def test_another_pixel_size_shows_the_same_cells_at_another_scale() -> None:
    fine = DemoSlide(seed=2, frames=1, pixel_size_um=0.1, width_px=800, height_px=600)
    coarse = DemoSlide(seed=2, frames=1, pixel_size_um=0.2, width_px=400, height_px=300)
    cells = {cell.cell_id: cell for cell in coarse.truth(0)}
    for cell in fine.truth(0):
        assert cell.box.left == pytest.approx(2 * cells[cell.cell_id].box.left, abs=4)
    shrunk = fine.frame(0).image.reshape(300, 2, 400, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - coarse.frame(0).image).mean() < 8


def test_stained_cells_hardly_touch_each_other() -> None:
    slide = DemoSlide(seed=6, frames=10)
    for index in range(slide.frames):
        stained = [c for c in slide.truth(index) if c.kind is CellKind.WHITE_CELL]
        places = np.array([c.position_um for c in stained])
        if len(places) < 2:
            continue
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        assert apart[np.triu_indices(len(places), 1)].min() > 7


def test_blank_slide_is_bare_glass() -> None:
    slide = DemoSlide(mix="blank", frames=1, **SMALL)
    assert slide.truth(0) == ()
    assert slide.frame(0).image[..., 1].std() < 4


def test_frame_beyond_the_last_is_an_index_error() -> None:
    with pytest.raises(IndexError, match="frame 3 of 3"):
        DemoSlide(frames=3).frame(3)


@dataclass(frozen=True)
class Source:
    name: str
    options: str
    seed: int = 1
    frames: int = 10
    mix: str = "normal"


@pytest.mark.parametrize(
    "case",
    [
        Source("blank", ""),
        Source("spaces_and_commas", " , "),
        Source("seed_and_frames", "seed=7,frames=20", seed=7, frames=20),
        Source("spaced", " seed = 7 , mix = uniform ", seed=7, mix="uniform"),
    ],
    ids=lambda case: case.name,
)
def test_source_string_sets_options(case: Source) -> None:
    slide = DemoSlide.from_source(case.options)
    assert (slide.seed, slide.frames, slide.mix) == (case.seed, case.frames, case.mix)


def test_source_string_sets_every_option() -> None:
    slide = DemoSlide.from_source(
        "overlap_fraction=0.25,pixel_size_um=0.2,width_px=640,height_px=480"
    )
    assert slide.overlap_fraction == 0.25
    assert slide.pixel_size_um == 0.2
    assert slide.size_wh == (640, 480)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("color=red", "no option 'color'"),
        ("seed", "wants options such as seed=7"),
        ("seed=", "wants options such as seed=7"),
        ("seed=x", "seed is a whole number, not 'x'"),
        ("seed=1.5", "seed is a whole number"),
        ("seed=-1", "seed lies between 0 and"),
        ("frames=0", "frames lies between 1 and"),
        ("frames=2,frames=3", "frames is given twice"),
        ("mix=rare", "mix is normal, uniform, blank, not 'rare'"),
        ("overlap_fraction=1", "overlap_fraction lies between 0 and 0.9"),
        ("overlap_fraction=nan", "overlap_fraction lies between"),
        ("pixel_size_um=abc", "pixel_size_um is a number, not 'abc'"),
        ("pixel_size_um=0", "pixel_size_um lies between 0.03 and 0.5"),
        ("width_px=1", "width_px lies between 32 and 8192"),
    ],
)
def test_unusable_option_is_one_clear_line(options: str, message: str) -> None:
    with pytest.raises(ConfigError, match=r"^demo: ") as caught:
        DemoSlide.from_source(options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
