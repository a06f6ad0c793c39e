"""Counts made up from a seed: frames, views and corrections, without an image."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from edge.count.session import CountSession
from edge.records.counted_frame import CountedFrame
from edge.records.keyframe import Keyframe
from edge.records.place_join import PlaceJoin
from edge.records.rigid import Rigid
from edge.records.summary import BundleName, Summary
from edge.results.differential import rates_of
from edge.store import CountHeader, Setting
from hemalens.classes import (
    CLASS_NAMES,
    CellKind,
    CellStatus,
    kind_of_class,
)
from hemalens.records import Box, Cell, CellChange, Frame, Placement

SIZE_WH = (400, 300)
_TURN = Rigid(offset_um=(5.5, -3.0), rotation_rad=0.01)
_JOIN = (PlaceJoin(from_place=1, to_place=0, transform=_TURN),)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def made_header(
    source: str = "fields/",
    settings: dict[str, Setting] | None = None,
    version: str = "1.0.0",
) -> CountHeader:
    return CountHeader(
        source=source,
        bundle=BundleName(name="cnn", version=version, sha256="0" * 64),
        settings=settings or {},
        started_at=NOON,
        hemalens_version="0.1.0",
    )


def made_summary(session: CountSession) -> Summary:
    now = session.moment()
    return Summary(
        counted=session.counted,
        rates=rates_of(session.counted),
        pixel_size_um=session.pixel_size_um,
        bundle=session.header.bundle,
        hemalens_version=session.header.hemalens_version,
        started_at=session.header.started_at,
        finished_at=now.at,
        counted_s=now.counted_s,
        times_continued=session.times_continued,
    )


def made_cell(
    cell_id: int,
    class_name: str | None,
    status: CellStatus = CellStatus.COUNTED,
    frame: str = "f-0000.png",
    *,
    whole: bool = True,
) -> Cell:
    """A white cell or platelet, or a red cell where there is no class."""
    left = 50 if whole else 0
    return Cell(
        frame=frame,
        frame_index=0,
        cell_id=cell_id,
        kind=CellKind.RED_CELL if class_name is None else kind_of_class(class_name),
        box=Box(left, 50, left + 40, 90),
        status=status,
        class_name=class_name,
    )


def made_frame(
    *cells: Cell,
    name: str = "f-0000.png",
    index: int = 0,
    changes: tuple[CellChange, ...] = (),
    left_out: str | None = None,
    placement: Placement | None = None,
    keyframe: Keyframe | None = None,
    joins: tuple[PlaceJoin, ...] = (),
) -> CountedFrame:
    width, height = SIZE_WH
    return CountedFrame(
        frame=Frame(
            image=np.zeros((height, width, 3), np.uint8), name=name, index=index
        ),
        cells=cells,
        pixel_size_um=0.1,
        changes=changes,
        left_out=left_out,
        placement=placement,
        keyframe=keyframe,
        joins=joins,
    )


def made_count(
    seed: int, *, stained: int = 30, red_cells: int = 200
) -> Iterator[CountedFrame]:
    """Frames without end, the same for the same seed, with corrections of earlier ones.

    Every frame takes back a few views counted before, and lets views in that were
    cut or doubtful. The stage loses its place at frame 20 and finds it at frame 40.
    """
    chance = np.random.default_rng(seed)
    next_id = 0
    index = 0
    while True:
        name = f"made-{index:05}.png"
        changes = _made_changes(chance, next_id)
        cells = [
            _made_view(chance, next_id + n, name, index, is_red=n >= stained)
            for n in range(stained + red_cells)
        ]
        next_id += len(cells)
        place = int(20 <= index < 40)
        placement = Placement(place=place, offset_um=(12.5 * index, -3.25))
        keyframe = Keyframe(
            frame_index=index,
            placement=placement,
            image=chance.integers(0, 255, (48, 64), np.uint8),
        )
        yield made_frame(
            *cells,
            name=name,
            index=index,
            changes=changes,
            placement=placement,
            keyframe=keyframe if index % 10 == 0 else None,
            joins=_JOIN if index == 40 else (),
        )
        index += 1


def _made_changes(chance: np.random.Generator, next_id: int) -> tuple[CellChange, ...]:
    if not next_id:
        return ()
    chosen = np.unique(chance.integers(0, next_id, 5))
    statuses = list(CellStatus)
    return tuple(
        CellChange(
            cell_id=int(cell_id),
            status=statuses[int(chance.integers(len(statuses)))],
            same_as=next_id,
        )
        for cell_id in chosen
    )


def _made_view(
    chance: np.random.Generator, cell_id: int, frame: str, index: int, *, is_red: bool
) -> Cell:
    # Drawn wider than there is room: many lie at an edge.
    left, top = (
        int(np.clip(chance.integers(-40, side), 0, side - 40)) for side in SIZE_WH
    )
    statuses = [CellStatus.COUNTED] * 6 + list(CellStatus)
    status = statuses[int(chance.integers(len(statuses)))]
    position_um = (float(left) / 10, float(top) / 10)
    box = Box(left, top, left + 40, top + 40)
    if is_red:
        return Cell(
            frame=frame,
            frame_index=index,
            cell_id=cell_id,
            kind=CellKind.RED_CELL,
            box=box,
            status=status,
            place=0,
            position_um=position_um,
            sharpness=float(chance.random()),
        )
    row = np.asarray(chance.dirichlet(np.full(len(CLASS_NAMES), 0.2)), np.float32)
    best = CLASS_NAMES[int(row.argmax())]
    return Cell(
        frame=frame,
        frame_index=index,
        cell_id=cell_id,
        kind=kind_of_class(best),
        box=box,
        status=status,
        class_name=best,
        probability=float(row.max()),
        probabilities=dict(zip(CLASS_NAMES, map(float, row), strict=True)),
        place=0,
        position_um=position_um,
        sharpness=float(chance.random()),
    )
