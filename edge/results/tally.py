"""Counts kept as frames and changes come, in one byte a view."""

import statistics
from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Final

from edge.records.counted_frame import CountedFrame
from edge.records.counts import Counts
from edge.records.place_join import PlaceJoin
from hemalens.classes import CLASS_NAMES, LEUKOCYTES, CellClass, CellKind, CellStatus
from hemalens.records import Box, Cell, CellChange

_STATUSES: Final = tuple(CellStatus)
_STATUS_INDEX: Final = {status: index for index, status in enumerate(_STATUSES)}
_RED_CELL: Final = len(CLASS_NAMES)
_UNNAMED: Final = _RED_CELL + 1
_SLOT_OF_CLASS: Final = {name: slot for slot, name in enumerate(CLASS_NAMES)}
_LEUKOCYTE_SLOTS: Final = tuple(_SLOT_OF_CLASS[name] for name in LEUKOCYTES)
_STAINED_SLOTS: Final = (*range(_RED_CELL), _UNNAMED)
_ALL_SLOTS: Final = range(_UNNAMED + 1)
_CODES: Final = 1 + 2 * len(_STATUSES) * len(_ALL_SLOTS)
_UNKNOWN: Final = 0
_SEEN_ONCE: Final = (CellStatus.COUNTED, CellStatus.UNCERTAIN)


class Tally:
    """Adds up views of cells, and takes back what a later frame corrects.

    Each view is remembered as one byte that stands for its class, its status and
    whether the frame shows it whole: a count of days stays small in memory. Views
    are numbered from 0 without large gaps, as the pipeline numbers them.
    """

    def __init__(self) -> None:
        self._codes = bytearray()
        self._numbers = [0] * _CODES
        self._frames = 0
        self._left_out: Counter[str] = Counter()
        self._places: set[int] = set()
        self._pixel_sizes_um = array("d")

    def check(self, cells: Iterable[Cell], changes: Iterable[CellChange]) -> None:
        """Refuse views already known and changes to unknown ones.

        Raises
        ------
        ValueError
            A mistake of the caller; nothing was added.
        """
        new: set[int] = set()
        for cell in cells:
            if cell.cell_id < 0 or cell.cell_id in new or self._code(cell.cell_id):
                raise ValueError(f"cell {cell.cell_id} is there already, or negative")
            new.add(cell.cell_id)
        for change in changes:
            if change.cell_id not in new and not self._code(change.cell_id):
                raise ValueError(f"a change to cell {change.cell_id}, never counted")

    def add(self, counted: CountedFrame) -> None:
        """Add a frame's views, then apply its changes."""
        self.add_frame(
            left_out=counted.left_out,
            place=None if counted.placement is None else counted.placement.place,
            pixel_size_um=counted.pixel_size_um,
        )
        height, width = counted.frame.image.shape[:2]
        for cell in counted.cells:
            whole = is_whole(cell.box, (width, height))
            self.add_view(
                cell.cell_id, cell.kind, cell.class_name, cell.status, whole=whole
            )
        for change in counted.changes:
            self._change(change)
        for join in counted.joins:
            self.add_join(join)

    def add_frame(
        self, *, left_out: str | None, place: int | None, pixel_size_um: float | None
    ) -> None:
        """Add a frame without its views."""
        if left_out is not None:
            self._left_out[left_out.split(":", 1)[0]] += 1
            return
        self._frames += 1
        if place is not None:
            self._places.add(place)
        if pixel_size_um is not None:
            self._pixel_sizes_um.append(pixel_size_um)

    def add_join(self, join: PlaceJoin) -> None:
        """Take two places for one; after the frames of both."""
        self._places.discard(join.from_place)
        self._places.add(join.to_place)

    def add_view(
        self,
        cell_id: int,
        kind: CellKind,
        class_name: str | None,
        status: CellStatus,
        *,
        whole: bool,
    ) -> None:
        """Add one view."""
        slot = _RED_CELL
        if kind is not CellKind.RED_CELL:
            slot = _SLOT_OF_CLASS.get(class_name or "", _UNNAMED)
        missing = cell_id + 1 - len(self._codes)
        if missing > 0:
            self._codes.extend(bytes(missing))
        code = _encode(slot, status, whole=whole)
        self._codes[cell_id] = code
        self._numbers[code] += 1

    def _change(self, change: CellChange) -> None:
        code = self._codes[change.cell_id]
        slot, rest = divmod(code - 1, 2 * len(_STATUSES))
        changed = _encode(slot, change.status, whole=bool(rest % 2))
        self._codes[change.cell_id] = changed
        self._numbers[code] -= 1
        self._numbers[changed] += 1

    def _code(self, cell_id: int) -> int:
        return self._codes[cell_id] if cell_id < len(self._codes) else _UNKNOWN

    def _count(
        self, slots: Iterable[int], *statuses: CellStatus, whole_only: bool = False
    ) -> int:
        wholes = (True,) if whole_only else (False, True)
        return sum(
            self._numbers[_encode(slot, status, whole=whole)]
            for slot in slots
            for status in statuses
            for whole in wholes
        )

    @property
    def next_cell_id(self) -> int:
        """The number for the next view."""
        return len(self._codes)

    @property
    def pixel_size_um(self) -> float | None:
        """Median over the frames that have one."""
        sizes = self._pixel_sizes_um
        return statistics.median(sizes) if sizes else None

    def counts(self, target: int | None) -> Counts:
        """Return what there is, on the way to a target."""
        of_class = {
            name: self._count((slot,), CellStatus.COUNTED)
            for name, slot in _SLOT_OF_CLASS.items()
        }
        return Counts(
            frames=self._frames,
            frames_left_out=dict(self._left_out),
            places=len(self._places),
            target=target,
            leukocytes=sum(of_class[name] for name in LEUKOCYTES),
            leukocytes_to_review=self._count(_LEUKOCYTE_SLOTS, CellStatus.UNCERTAIN),
            counts=of_class,
            red_cells=self._count((_RED_CELL,), CellStatus.COUNTED),
            platelets=of_class[CellClass.PLATELET],
            fields=self._fields(),
            uncertain=self._count(_STAINED_SLOTS, CellStatus.UNCERTAIN),
            border=self._count(_STAINED_SLOTS, CellStatus.BORDER),
            out_of_focus=self._count(_STAINED_SLOTS, CellStatus.OUT_OF_FOCUS),
            duplicates=self._count(_STAINED_SLOTS, CellStatus.DUPLICATE),
        )

    def _fields(self) -> float:
        """Compute how many fields' worth of slide was seen.

        A field is what one frame shows whole. Overlapping frames show part of the
        slide again: by what share is told by the cells, all kinds of them, as
        cells seen over whole views of them. Frames apart are a field each.
        """
        cells = self._count(_ALL_SLOTS, *_SEEN_ONCE, whole_only=True)
        again = self._count(_ALL_SLOTS, CellStatus.DUPLICATE, whole_only=True)
        if not cells:
            return float(self._frames)
        return self._frames * cells / (cells + again)


def is_whole(box: Box, frame_size_wh: tuple[int, int]) -> bool:
    """Say whether a box stays clear of its frame's edge."""
    width, height = frame_size_wh
    return box.left > 0 and box.top > 0 and box.right < width and box.bottom < height


def _encode(slot: int, status: CellStatus, *, whole: bool) -> int:
    return 1 + 2 * (len(_STATUSES) * slot + _STATUS_INDEX[status]) + whole
