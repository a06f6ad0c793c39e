"""The map of the slide: where each frame lies, from what it shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.records.keyframe import Keyframe
from edge.records.place_join import PlaceJoin
from edge.records.rigid import Rigid
from edge.track.kept_frames import MOST_KEYFRAMES, KeptFrames
from edge.track.map_image import MapImage, reduce_frame
from edge.track.map_scale import MapScale
from edge.track.map_view import MapView
from edge.track.placing import Placing
from edge.track.registration import Registration, register, register_near
from hemalens.records import Placement

_SAME_SCALE: Final = 0.1
"""A pixel size that differs by no more is the same one, measured again."""

_KEEP_BEYOND: Final = 0.3
"""Share of the field a frame has moved from every keyframe to become one."""

_NEIGHBOURS: Final = 2
"""Keyframes nearby that a tracked frame is held against."""

_LOST_NEIGHBOURS: Final = 4
_LOST_ALIKE: Final = 5
"""Keyframes looked at when the last frame does not help: those near where it lay, and
those of the whole map that look most alike."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """A frame in hand."""

    frame_index: int
    view: MapView
    scale: MapScale


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fix:
    """A pose that one earlier frame vouches for."""

    placement: Placement
    weight: float


class SlideMap:
    """Places frames on the slide, one after another.

    A frame is registered with the last one, then with keyframes that lie near, so that
    errors do not add up; when that fails, with what looks alike anywhere on the map.
    What cannot be joined to anything begins a new place. Whether the stage moved is
    learned from the images alone.

    Parameters
    ----------
    keyframes : iterable of Keyframe
        Of an earlier run on the same slide, which is then gone on with.
    joins : iterable of PlaceJoin
        Those since, where the keyframes were not moved.
    next_place : int
        Number of the next new place, at least: beyond those of the cells known.
    most_keyframes : int
        Kept at a time.

    Examples
    --------
    >>> from edge.capture.demo_slide import DemoSlide
    >>> slide = DemoSlide(frames=2, overlap_fraction=0.5, width_px=640, height_px=480)
    >>> places = SlideMap()
    >>> for frame in slide:
    ...     placing = places.place(frame.image, 0.1, frame.index)
    >>> placing.placement.place, round(placing.placement.offset_um[0])
    (0, 32)
    """

    def __init__(
        self,
        keyframes: Iterable[Keyframe] = (),
        joins: Iterable[PlaceJoin] = (),
        *,
        next_place: int = 0,
        most_keyframes: int = MOST_KEYFRAMES,
    ) -> None:
        self._kept = KeptFrames(keyframes, most_keyframes)
        for join in joins:
            self._kept.join(join)
        self._next_place = max(next_place, 1 + max(self._kept.places(), default=-1))
        self._pixel_size_um: float | None = None
        self._last: tuple[_Seen, Placement] | None = None

    @property
    def keyframes(self) -> tuple[Keyframe, ...]:
        """What is kept, in present coordinates."""
        return self._kept.all()

    def place(
        self, image: NDArray[np.uint8], pixel_size_um: float, frame_index: int
    ) -> Placing:
        """Find where a frame lies.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8, RGB
        pixel_size_um : float
            Micrometres per pixel.
        frame_index : int
            Of the keyframe, should it become one.
        """
        pixel_size_um = self._settled_um(pixel_size_um)
        reduced = reduce_frame(image, pixel_size_um)
        if reduced.is_featureless:
            return Placing(
                placement=self._new_placement(),
                pixel_size_um=pixel_size_um,
                is_new_place=True,
            )
        seen = _seen(reduced, image.shape, pixel_size_um, frame_index)
        found = self._tracked(seen) or self._recovered(seen)
        placement = found or self._new_placement()
        is_kept = self._is_worth_keeping(seen, placement)
        joins = self._joins(seen, placement) if is_kept and found else ()
        for join in joins:
            self._kept.join(join)
            placement = join.move(placement)
        keyframe = _keyframe(seen, placement) if is_kept else None
        if keyframe is not None:
            self._kept.add(keyframe)
        self._last = seen, placement
        return Placing(
            placement=placement,
            pixel_size_um=pixel_size_um,
            keyframe=keyframe,
            is_new_place=found is None,
            joins=joins,
        )

    def _settled_um(self, pixel_size_um: float) -> float:
        """Keep to one pixel size until the objective is changed.

        One measured from red cells settles over the first frames; the map would be
        stretched with it.
        """
        known = self._pixel_size_um
        if known is None or abs(pixel_size_um / known - 1) > _SAME_SCALE:
            self._pixel_size_um = pixel_size_um
            self._last = None
        return self._pixel_size_um or pixel_size_um

    def _new_placement(self) -> Placement:
        place = self._next_place
        self._next_place += 1
        return Placement(place=place, offset_um=(0.0, 0.0))

    def _tracked(self, seen: _Seen) -> Placement | None:
        """Follow on from the last frame, corrected by keyframes nearby."""
        if self._last is None:
            return None
        last, last_placement = self._last
        found = _register(last, seen)
        if found is None:
            return None
        placement = _placed(seen, last_placement, found)
        fixes = [_Fix(placement=placement, weight=found.shared_fraction)]
        near = self._near(placement, seen, beside=last.frame_index)[:_NEIGHBOURS]
        for number in near:
            fix = self._fix(seen, number, placement)
            if fix is not None:
                fixes.append(fix)
        if near and len(fixes) == 1:
            return self._fixed_anywhere(seen, near[:1]) or placement
        return _mean(fixes, seen.scale)

    def _recovered(self, seen: _Seen) -> Placement | None:
        """Find the frame on the map when the last one does not help."""
        numbers: list[int] = []
        if self._last is not None:
            numbers += self._near(self._last[1], seen)[:_LOST_NEIGHBOURS]
        alike = self._kept.alike(seen.view, _LOST_ALIKE)
        numbers += [number for number in alike if number not in numbers]
        return self._fixed_anywhere(seen, numbers)

    def _near(
        self, placement: Placement, seen: _Seen, beside: int | None = None
    ) -> list[int]:
        width, height = seen.scale.field_um
        near = self._kept.near(
            placement.place, placement.offset_um, (0.7 * width, 0.7 * height)
        )
        return [number for number in near if self._kept.frame_index(number) != beside]

    def _fix(self, seen: _Seen, number: int, guess: Placement) -> _Fix | None:
        """Hold a frame against a keyframe that should overlap it."""
        keyframe = self._kept[number]
        view = MapView(keyframe.image)
        if view.size_wh != seen.view.size_wh:
            return None
        onto = Rigid.of(keyframe.placement).inverse().after(Rigid.of(guess))
        found = register_near(view, seen.view, seen.scale.warp(onto))
        if found is None:
            return None
        placement = _placed(seen, keyframe.placement, found)
        return _Fix(placement=placement, weight=found.shared_fraction)

    def _fixed_anywhere(self, seen: _Seen, numbers: Iterable[int]) -> Placement | None:
        """Hold a frame against keyframes, however they overlap; the first decides."""
        for number in numbers:
            keyframe = self._kept[number]
            view = MapView(keyframe.image)
            if view.size_wh != seen.view.size_wh:
                continue
            found = register(view, seen.view)
            if found is not None:
                return _placed(seen, keyframe.placement, found)
        return None

    def _is_worth_keeping(self, seen: _Seen, placement: Placement) -> bool:
        """Check whether a frame shows enough that no keyframe does."""
        width, height = seen.scale.field_um
        reach_um = (_KEEP_BEYOND * width, _KEEP_BEYOND * height)
        return not self._kept.near(placement.place, placement.offset_um, reach_um)

    def _joins(self, seen: _Seen, placement: Placement) -> tuple[PlaceJoin, ...]:
        """Look for the frame in other places too."""
        if len(self._kept.places()) < 2:
            return ()
        alike = self._kept.alike(seen.view, _LOST_ALIKE, other_than=placement.place)
        other = self._fixed_anywhere(seen, alike)
        if other is None:
            return ()
        later, earlier = sorted((placement, other), key=lambda p: -p.place)
        return (
            PlaceJoin(
                from_place=later.place,
                to_place=earlier.place,
                transform=Rigid.of(earlier).after(Rigid.of(later).inverse()),
            ),
        )


def _seen(
    reduced: MapImage, shape: tuple[int, ...], pixel_size_um: float, frame_index: int
) -> _Seen:
    view = MapView(reduced.codes)
    field_um = (shape[1] * pixel_size_um, shape[0] * pixel_size_um)
    scale = MapScale(map_wh=view.size_wh, field_um=field_um)
    return _Seen(frame_index=frame_index, view=view, scale=scale)


def _keyframe(seen: _Seen, placement: Placement) -> Keyframe:
    return Keyframe(
        frame_index=seen.frame_index, placement=placement, image=seen.view.codes
    )


def _register(still: _Seen, moved: _Seen) -> Registration | None:
    if still.view.size_wh != moved.view.size_wh:
        return None
    return register(still.view, moved.view)


def _placed(seen: _Seen, still: Placement, found: Registration) -> Placement:
    """Place a frame by how it lies to one that is placed."""
    onto = seen.scale.rigid(found.warp)
    return Rigid.of(still).after(onto).in_place(still.place)


def _mean(fixes: list[_Fix], scale: MapScale) -> Placement:
    """Weigh what several frames say: the turn, and where the field's middle lies."""
    weights = np.array([fix.weight for fix in fixes])
    poses = [Rigid.of(fix.placement) for fix in fixes]
    middles = np.array([pose.apply(scale.middle_um) for pose in poses])
    x, y = np.average(middles, axis=0, weights=weights).tolist()
    turn = float(np.average([p.rotation_rad for p in poses], weights=weights))
    turned = Rigid(rotation_rad=turn).apply(scale.middle_um)
    return Placement(
        place=fixes[0].placement.place,
        offset_um=(x - turned[0], y - turned[1]),
        rotation_rad=turn,
    )
