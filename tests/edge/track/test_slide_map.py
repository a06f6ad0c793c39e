import math
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.capture.demo_slide import DemoSlide
from edge.records.keyframe import Keyframe
from edge.records.rigid import Rigid
from edge.track.placing import Placing
from edge.track.slide_map import SlideMap
from hemalens.records import Placement
from tests.edge.track.microscope import Microscope, Pose
from tests.edge.track.worlds import World, blurred, drawn_world

SIZE_WH = (640, 480)
PIXEL_UM = 0.2


@pytest.fixture(scope="module")
def world() -> World:
    return drawn_world(5, 16, 10, PIXEL_UM)


@pytest.fixture
def microscope(world: World) -> Microscope:
    return Microscope(world, SIZE_WH)


def _middle(placement: Placement) -> NDArray[np.float64]:
    half = (SIZE_WH[0] * PIXEL_UM / 2, SIZE_WH[1] * PIXEL_UM / 2)
    return np.array(Rigid.of(placement).apply(half))


def _true_middle(pose: Pose, first: Pose) -> NDArray[np.float64]:
    """The field's middle in the first field's coordinates."""

    def on_slide(of: Pose) -> Rigid:
        corner = (of.x * PIXEL_UM, of.y * PIXEL_UM)
        return Rigid(offset_um=corner, rotation_rad=of.turn_rad)

    relative = on_slide(first).inverse().after(on_slide(pose))
    return _middle(relative.in_place(0))


def _follow(
    slide_map: SlideMap, microscope: Microscope, path: list[Pose]
) -> list[Placing]:
    return [
        slide_map.place(microscope.look(pose).image, PIXEL_UM, index)
        for index, pose in enumerate(path)
    ]


@dataclass(frozen=True)
class Step:
    name: str
    pose: Pose


@pytest.mark.parametrize(
    "case",
    [
        Step("to_the_right", Pose(x=500, y=300)),
        Step("by_part_of_a_pixel", Pose(x=420.37, y=311.71)),
        Step("least_overlap", Pose(x=100 + 0.7 * SIZE_WH[0], y=304)),
        Step("least_overlap_downwards", Pose(x=104, y=300 + 0.7 * SIZE_WH[1])),
        Step("up_and_left", Pose(x=30, y=120)),
        Step("turned", Pose(x=400, y=330, turn_rad=math.radians(1))),
        Step("turned_back", Pose(x=400, y=330, turn_rad=math.radians(-1.5))),
        Step("blurred", Pose(x=400, y=330, blur_px=4)),
        Step("unevenly_lit", Pose(x=400, y=330, light=0.8, slope=0.3)),
        Step("not_moved", Pose(x=100, y=300)),
    ],
    ids=lambda case: case.name,
)
def test_frame_is_placed_where_the_stage_went(
    microscope: Microscope, case: Step
) -> None:
    start = Pose(x=100, y=300)
    first, second = _follow(SlideMap(), microscope, [start, case.pose])
    assert first.is_new_place
    assert not second.is_new_place
    assert second.placement.place == first.placement.place
    off = _middle(second.placement) - _true_middle(case.pose, start)
    assert np.hypot(*off) < 0.15
    assert second.placement.rotation_rad == pytest.approx(
        case.pose.turn_rad, abs=math.radians(0.1)
    )


def test_errors_do_not_add_up_on_a_way_out_and_back(microscope: Microscope) -> None:
    out = [Pose(x=40 + 310.3 * k, y=60 + 9.7 * k) for k in range(6)]
    down = [Pose(x=1560, y=110 + 200 * k) for k in range(1, 4)]
    back = [Pose(x=1500 - 301.9 * k, y=720 - 5 * k) for k in range(5)]
    up = [Pose(x=60, y=480), Pose(x=50, y=260), Pose(x=40, y=60)]
    path = out + down + back + up
    placings = _follow(SlideMap(), microscope, path)
    assert [p.is_new_place for p in placings] == [True] + [False] * (len(path) - 1)
    for pose, placing in zip(path, placings, strict=True):
        off = _middle(placing.placement) - _true_middle(pose, path[0])
        assert np.hypot(*off) < 0.4
    assert (
        np.hypot(*_middle(placings[-1].placement) - _middle(placings[0].placement))
        < 0.15
    )


def test_jump_is_noticed_and_places_are_joined_when_they_meet(
    microscope: Microscope,
) -> None:
    left = [Pose(x=100 + 200 * k, y=200) for k in range(3)]
    right = [Pose(x=1700 - 200 * k, y=230) for k in range(5)]
    slide_map = SlideMap()
    placings = _follow(slide_map, microscope, left + right)
    assert [k for k, p in enumerate(placings) if p.is_new_place] == [0, 3]
    assert placings[3].placement.place == 1
    (join,) = [join for placing in placings for join in placing.joins]
    assert (join.from_place, join.to_place) == (1, 0)
    for pose, placing in zip(right, placings[3:], strict=True):
        moved = join.move(placing.placement)
        off = _middle(moved) - _true_middle(pose, left[0])
        assert np.hypot(*off) < 0.4
    assert {k.placement.place for k in slide_map.keyframes} == {0}
    assert placings[-1].placement.place == 0


def test_return_by_a_jump_is_no_new_place(microscope: Microscope) -> None:
    path = [Pose(x=100, y=200), Pose(x=1600, y=900), Pose(x=180, y=260)]
    placings = _follow(SlideMap(), microscope, path)
    assert [p.is_new_place for p in placings] == [True, True, False]
    assert placings[2].placement.place == placings[0].placement.place
    off = _middle(placings[2].placement) - _true_middle(path[2], path[0])
    assert np.hypot(*off) < 0.15


@pytest.mark.parametrize("spoilt", ["dark", "blank", "blurred", "white"])
def test_useless_frame_is_joined_to_nothing_and_forgotten(
    microscope: Microscope, spoilt: str
) -> None:
    good = microscope.look(Pose(x=100, y=300)).image
    bad = {
        "dark": (good * 0.04).astype(np.uint8),
        "blank": DemoSlide(mix="blank", width_px=640, height_px=480).frame(0).image,
        "blurred": blurred(good, 15),
        "white": np.full_like(good, 255),
    }[spoilt]
    slide_map = SlideMap()
    slide_map.place(good, PIXEL_UM, 0)
    for index in (1, 2):
        placing = slide_map.place(bad.copy(), PIXEL_UM, index)
        assert placing.is_new_place
        assert placing.keyframe is None
        assert placing.placement.place == index
    after = slide_map.place(microscope.look(Pose(x=200, y=330)).image, PIXEL_UM, 3)
    assert not after.is_new_place
    assert after.placement.place == 0


def test_independent_fields_are_never_joined() -> None:
    slide_map = SlideMap()
    fields = [drawn_world(100 + seed, 3, 2, PIXEL_UM).image for seed in range(50)]
    placings = [slide_map.place(f, PIXEL_UM, k) for k, f in enumerate(fields)]
    assert all(placing.is_new_place for placing in placings)
    assert [placing.placement.place for placing in placings] == list(range(50))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [31, 32])
def test_hundreds_of_independent_fields_are_never_joined(seed: int) -> None:
    slide_map = SlideMap()
    slide = DemoSlide(seed=seed, frames=300, width_px=640, height_px=480)
    placings = [slide_map.place(f.image, 0.1, f.index) for f in slide]
    assert all(placing.is_new_place for placing in placings)


def test_map_goes_on_from_its_keyframes(microscope: Microscope) -> None:
    path = [Pose(x=100 + 300 * k, y=200) for k in range(4)]
    before = _follow(SlideMap(), microscope, path)
    kept = [p.keyframe for p in before if p.keyframe is not None]
    assert len(kept) == 4
    again = SlideMap(kept, next_place=7)
    later = Pose(x=520, y=260)
    near = again.place(microscope.look(later).image, PIXEL_UM, 4)
    assert not near.is_new_place
    off = _middle(near.placement) - _true_middle(later, path[0])
    assert np.hypot(*off) < 0.2
    far = again.place(microscope.look(Pose(x=1700, y=1000)).image, PIXEL_UM, 5)
    assert far.is_new_place
    assert far.placement.place == 7


def test_joins_since_are_replayed_on_keyframes(microscope: Microscope) -> None:
    path = [Pose(x=100, y=200), Pose(x=1300, y=200), Pose(x=900, y=210)]
    path += [Pose(x=500, y=205)]
    slide_map = SlideMap()
    placings = _follow(slide_map, microscope, path)
    joins = [join for placing in placings for join in placing.joins]
    assert len(joins) == 1
    as_they_came = [p.keyframe for p in placings if p.keyframe is not None]
    again = SlideMap(as_they_came, joins)
    for one, other in zip(again.keyframes, slide_map.keyframes, strict=True):
        assert one.placement == other.placement


def test_keyframes_are_few_where_the_stage_rests(microscope: Microscope) -> None:
    path = [Pose(x=300 + k, y=300 + k / 2) for k in range(12)]
    placings = _follow(SlideMap(), microscope, path)
    assert sum(p.keyframe is not None for p in placings) == 1


def test_map_keeps_no_more_than_it_may() -> None:
    slide_map = SlideMap(most_keyframes=60)
    rng = np.random.default_rng(0)
    for index in range(115):
        image = rng.integers(60, 240, (6, 8, 3), dtype=np.uint8).repeat(12, 0)
        slide_map.place(image.repeat(12, 1), PIXEL_UM, index)
        assert len(slide_map.keyframes) <= 60
    assert slide_map.keyframes[-1].frame_index == 114


def test_another_objective_begins_a_new_place(microscope: Microscope) -> None:
    image = microscope.look(Pose(x=100, y=300)).image
    slide_map = SlideMap()
    slide_map.place(image, PIXEL_UM, 0)
    settled = slide_map.place(image, PIXEL_UM * 1.04, 1)
    assert settled.pixel_size_um == PIXEL_UM
    assert not settled.is_new_place
    finer = microscope.look(Pose(x=100, y=300)).image[::2, ::2].copy()
    changed = slide_map.place(finer, PIXEL_UM * 2, 2)
    assert changed.pixel_size_um == PIXEL_UM * 2


def test_another_frame_size_begins_a_new_place(microscope: Microscope) -> None:
    image = microscope.look(Pose(x=100, y=300)).image
    slide_map = SlideMap()
    slide_map.place(image, PIXEL_UM, 0)
    cut = np.ascontiguousarray(image[:400, :400])
    assert slide_map.place(cut, PIXEL_UM, 1).is_new_place
    back = slide_map.place(image.copy(), PIXEL_UM, 2)
    assert back.placement.place == 0


def test_keyframe_is_small_and_read_only(microscope: Microscope) -> None:
    (placing,) = _follow(SlideMap(), microscope, [Pose(x=100, y=300)])
    assert isinstance(placing.keyframe, Keyframe)
    assert max(placing.keyframe.image.shape) <= 256
    assert not placing.keyframe.image.flags.writeable
