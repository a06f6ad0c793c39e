import numpy as np
import pytest

from edge.records.keyframe import Keyframe
from edge.track.kept_frames import KeptFrames
from edge.track.map_image import reduce_frame
from edge.track.map_view import MapView
from edge.track.registration import register
from hemalens.records import Placement
from tests.edge.track.microscope import Microscope, Pose
from tests.edge.track.worlds import drawn_world

PIXEL_UM = 0.2


@pytest.fixture(scope="module")
def keyframes() -> list[Keyframe]:
    microscope = Microscope(drawn_world(8, 16, 4, PIXEL_UM), (640, 480))
    found = []
    for index in range(12):
        image = microscope.look(Pose(x=130.0 * index, y=20)).image
        placement = Placement(place=index % 2, offset_um=(26.0 * index, 4.0))
        codes = reduce_frame(image, PIXEL_UM).codes
        found.append(Keyframe(frame_index=index, placement=placement, image=codes))
    return found


def test_keyframe_comes_back_as_good_as_it_was(keyframes: list[Keyframe]) -> None:
    kept = KeptFrames(keyframes)
    for number, (before, after) in enumerate(zip(keyframes, kept.all(), strict=True)):
        assert after.placement == before.placement
        assert after.frame_index == kept.frame_index(number) == before.frame_index
        alike = np.corrcoef(before.image.ravel(), after.image.ravel())[0, 1]
        assert alike > 0.98


def test_kept_frame_still_tells_where_another_lies(keyframes: list[Keyframe]) -> None:
    kept = KeptFrames(keyframes)
    step_px = 130 * keyframes[0].image.shape[1] / 640
    for number in range(11):
        found = register(
            MapView(kept[number].image), MapView(keyframes[number + 1].image)
        )
        assert found is not None
        middle = np.array(found.warp[:, :2] @ [100, 90] + found.warp[:, 2])
        assert middle == pytest.approx([100 - step_px, 90], abs=0.3)


def test_the_frame_itself_is_the_likeliest(keyframes: list[Keyframe]) -> None:
    kept = KeptFrames(keyframes)
    for number, keyframe in enumerate(keyframes):
        assert kept.alike(MapView(keyframe.image), 1) == [number]
        others = kept.alike(MapView(keyframe.image), 12, other_than=number % 2)
        assert sorted(others) == list(range(1 - number % 2, 12, 2))


def test_frames_are_near_by_place_and_corner(keyframes: list[Keyframe]) -> None:
    kept = KeptFrames(keyframes)
    assert kept.near(0, (54.0, 4.0), (60.0, 60.0)) == [2, 4, 0]
    assert kept.near(2, (54.0, 4.0), (60.0, 60.0)) == []
