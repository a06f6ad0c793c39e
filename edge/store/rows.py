"""Records as rows, and rows as records."""

import json
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import cv2
import numpy as np

from edge.records.keyframe import Keyframe
from edge.records.moment import Moment
from edge.records.place_join import PlaceJoin
from edge.records.rigid import Rigid
from edge.store.string_table import StringTable
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Box, Cell, Placement

Row = tuple[Any, ...]
"""What SQLite takes and gives; nothing outside this package sees one."""

CELL_COLUMNS: Final = 17


def to_name(name: str) -> str | bytes:
    """Give a frame's name as SQLite takes it.

    A file's name may hold bytes that are no text; Python carries them as lone
    surrogates, which SQLite refuses.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")
    return name


def from_name(name: str | bytes) -> str:
    """Give a frame's name back."""
    return name if isinstance(name, str) else name.decode("utf-8", "surrogatepass")


def to_cell_row(cell: Cell, frame_number: int, code: Callable[[str], int]) -> Row:
    """Give a view as a row of ``cell``."""
    names, probabilities = None, None
    if cell.probabilities is not None:
        names = code(json.dumps(list(cell.probabilities)))
        values = cell.probabilities.values()
        probabilities = struct.pack(f"<{len(values)}d", *values)
    return (
        cell.cell_id,
        frame_number,
        code(cell.kind),
        code(cell.status),
        *cell.box,
        None if cell.class_name is None else code(cell.class_name),
        cell.probability,
        names,
        probabilities,
        cell.place,
        *(cell.position_um or (None, None)),
        cell.sharpness,
        cell.same_as,
    )


def from_cell_row(row: Row, words: StringTable) -> Cell:
    """Give a view back from its frame's name and index and its row."""
    name, frame_index, cell_id, _, kind, status, left, top, right, bottom = row[:10]
    class_name, probability, names, values, place, x_um, y_um, *last = row[10:]
    sharpness, same_as = last
    probabilities = None
    if names is not None:
        unpacked = struct.unpack(f"<{len(values) // 8}d", values)
        probabilities = dict(zip(words.names(names), unpacked, strict=True))
    return Cell(
        frame=from_name(name),
        frame_index=frame_index,
        cell_id=cell_id,
        kind=CellKind(words.word(kind)),
        box=Box(left, top, right, bottom),
        status=CellStatus(words.word(status)),
        class_name=None if class_name is None else words.word(class_name),
        probability=probability,
        probabilities=probabilities,
        place=place,
        position_um=None if x_um is None else (x_um, y_um),
        sharpness=sharpness,
        same_as=same_as,
    )


def to_placement_row(placement: Placement | None) -> Row:
    """Give a placement as place, x, y and rotation."""
    if placement is None:
        return None, None, None, None
    return placement.place, *placement.offset_um, placement.rotation_rad


def from_placement_row(row: Row) -> Placement | None:
    """Give a placement back."""
    place, x_um, y_um, rotation_rad = row
    if place is None:
        return None
    return Placement(place=place, offset_um=(x_um, y_um), rotation_rad=rotation_rad)


def to_join_row(join: PlaceJoin, frame_number: int) -> Row:
    """Give a join of two places as a row without its number."""
    moved = join.transform
    places = (join.from_place, join.to_place)
    return frame_number, *places, *moved.offset_um, moved.rotation_rad


def from_join_row(row: Row) -> PlaceJoin:
    """Give a join of two places back."""
    from_place, to_place, x_um, y_um, rotation_rad = row
    return PlaceJoin(
        from_place=from_place,
        to_place=to_place,
        transform=Rigid(offset_um=(x_um, y_um), rotation_rad=rotation_rad),
    )


def to_moment_row(moment: Moment) -> Row:
    """Give a moment as text and seconds."""
    return moment.at.isoformat(), moment.counted_s


def from_moment_row(row: Row) -> Moment:
    """Give a moment back."""
    at, counted_s = row
    return Moment(at=datetime.fromisoformat(at), counted_s=counted_s)


def to_keyframe_row(keyframe: Keyframe, frame_number: int) -> Row:
    """Give a keyframe as a row, its image as PNG."""
    _, png = cv2.imencode(".png", keyframe.image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    placement = to_placement_row(keyframe.placement)
    return frame_number, keyframe.frame_index, *placement, png.tobytes()


def from_keyframe_row(row: Row) -> Keyframe:
    """Give a keyframe back.

    Raises
    ------
    ValueError
        When its image cannot be read.
    """
    frame_index, *placed, png = row
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    placement = from_placement_row(tuple(placed))
    if image is None or placement is None:
        raise ValueError(f"the keyframe of frame {frame_index} cannot be read")
    return Keyframe(
        frame_index=frame_index,
        placement=placement,
        image=np.asarray(image, np.uint8),
    )
