"""The keyframes of the map: found by where they lie or by how they look."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.records.keyframe import Keyframe
from edge.records.place_join import PlaceJoin
from edge.track.map_view import MapView
from edge.track.recall import Recall
from hemalens.records import Placement

MOST_KEYFRAMES: Final = 1000
"""Kept at a time, in 10 to 15 MB. At half a field apart they cover 250 fields."""

_JPEG_QUALITY: Final = 85
"""Of an image while it is kept: a third of its size. It stays as it was to a
correlation of 0.996, where registration asks for 0.85 (measured 2026-11)."""

_THINNED_AT_ONCE: Final = 50


class KeptFrames:
    """Keyframes by number, oldest first.

    Parameters
    ----------
    keyframes : iterable of Keyframe
        Those of an earlier run.
    most : int
        When there are more, those closest to others go first, and of those that lie
        alone the oldest.
    """

    def __init__(
        self, keyframes: Iterable[Keyframe] = (), most: int = MOST_KEYFRAMES
    ) -> None:
        self._most = most
        self._frames: dict[int, _Kept] = {}
        self._corners_um: defaultdict[int, dict[int, tuple[float, float]]]
        self._corners_um = defaultdict(dict)
        self._recall = Recall()
        self._next_number = 0
        for keyframe in keyframes:
            self.add(keyframe)

    def __len__(self) -> int:
        """Count those kept."""
        return len(self._frames)

    def __getitem__(self, number: int) -> Keyframe:
        """Return a kept frame."""
        return self._frames[number].unpacked()

    def frame_index(self, number: int) -> int:
        """Return a kept frame's index in the count."""
        return self._frames[number].frame_index

    def all(self) -> tuple[Keyframe, ...]:
        """Return all kept frames, oldest first."""
        return tuple(frame.unpacked() for frame in self._frames.values())

    def places(self) -> frozenset[int]:
        """Name the places that have keyframes."""
        return frozenset(self._corners_um)

    def add(self, keyframe: Keyframe) -> int:
        """Keep one more; say its number."""
        number = self._next_number
        self._next_number += 1
        self._set(number, _packed(keyframe))
        self._recall.add(number, MapView(keyframe.image))
        if len(self._frames) > self._most:
            self._thin()
        return number

    def join(self, join: PlaceJoin) -> None:
        """Move one place's keyframes into another's coordinates."""
        for number in self._corners_um.pop(join.from_place, {}):
            frame = self._frames[number]
            self._set(number, replace(frame, placement=join.move(frame.placement)))

    def near(
        self,
        place: int,
        offset_um: tuple[float, float],
        reach_um: tuple[float, float],
    ) -> list[int]:
        """Name those of a place whose corners lie within reach, nearest first."""
        found = []
        for number, (x, y) in self._corners_um.get(place, {}).items():
            dx = abs(x - offset_um[0]) / reach_um[0]
            dy = abs(y - offset_um[1]) / reach_um[1]
            if dx < 1 and dy < 1:
                found.append((dx + dy, number))
        return [number for _, number in sorted(found)]

    def alike(
        self, view: MapView, wanted: int, other_than: int | None = None
    ) -> list[int]:
        """Name those that look most like a frame, outside a place if one is named."""
        leave_out: frozenset[int] = frozenset()
        if other_than is not None:
            leave_out = frozenset(self._corners_um.get(other_than, ()))
        return self._recall.likeliest(view, wanted, leave_out)

    def _thin(self) -> None:
        """Let go of some: each time the one whose nearest neighbour is nearest."""
        numbers = list(self._frames)
        away = _distances_um([self._frames[number] for number in numbers])
        left = list(range(len(numbers)))
        for _ in range(min(_THINNED_AT_ONCE, len(left) - 1)):
            # Where all lie alone the first, and so the oldest, is taken.
            index = left.pop(int(np.argmin(away[left].min(axis=1))))
            away[index, :] = away[:, index] = math.inf
            self._forget(numbers[index])

    def _set(self, number: int, frame: "_Kept") -> None:
        self._frames[number] = frame
        placement = frame.placement
        self._corners_um[placement.place][number] = placement.offset_um

    def _forget(self, number: int) -> None:
        place = self._frames.pop(number).placement.place
        del self._corners_um[place][number]
        if not self._corners_um[place]:
            del self._corners_um[place]
        self._recall.forget(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A keyframe, its image compressed."""

    frame_index: int
    placement: Placement
    jpeg: bytes

    def unpacked(self) -> Keyframe:
        codes = np.frombuffer(self.jpeg, np.uint8)
        image = np.asarray(cv2.imdecode(codes, cv2.IMREAD_GRAYSCALE), np.uint8)
        return Keyframe(
            frame_index=self.frame_index, placement=self.placement, image=image
        )


def _packed(keyframe: Keyframe) -> _Kept:
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, jpeg = cv2.imencode(".jpg", keyframe.image, quality)
    return _Kept(
        frame_index=keyframe.frame_index,
        placement=keyframe.placement,
        jpeg=jpeg.tobytes(),
    )


def _distances_um(frames: list[_Kept]) -> NDArray[np.float64]:
    """How far frames lie from each other; infinite between places and to itself."""
    places = np.array([frame.placement.place for frame in frames])
    corners = np.array([frame.placement.offset_um for frame in frames])
    away = np.hypot(
        corners[:, None, 0] - corners[None, :, 0],
        corners[:, None, 1] - corners[None, :, 1],
    )
    away[places[:, None] != places[None, :]] = math.inf
    np.fill_diagonal(away, math.inf)
    return np.asarray(away, np.float64)
