"""A count's database: one transaction a frame, safe on the disk when it returns."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from edge.records.counted_frame import CountedFrame
from edge.records.keyframe import Keyframe
from edge.records.left_out import unreadable
from edge.records.moment import Moment
from edge.records.place_join import PlaceJoin
from edge.store import rows
from edge.store.errors import damaged, file_errors, storage_errors
from edge.store.events import CountEvent, EventKind
from edge.store.header import CountHeader
from edge.store.schema import (
    BUSY_TIMEOUT_S,
    check_access,
    check_schema,
    create_tables,
)
from edge.store.sqlite import connect, connect_to_read, transaction
from edge.store.stored import StoredFrame, StoredView
from edge.store.string_table import StringTable
from hemalens.classes import CellClass, CellKind, CellStatus
from hemalens.durable import sync_path
from hemalens.errors import StorageError
from hemalens.records import Cell, CellChange, LeftOut

_MARKS: Final = ", ".join("?" * rows.CELL_COLUMNS)
_INSERT_CELL: Final = f"INSERT INTO cell VALUES ({_MARKS})"  # noqa: S608 - only marks
_INSERT_FRAME: Final = (
    "INSERT INTO frame VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_KEYFRAME: Final = "INSERT INTO keyframe VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_JOIN: Final = (
    "INSERT INTO place_join (frame, from_place, to_place, x_um, y_um, rotation_rad) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_UPDATE_CELL: Final = "UPDATE cell SET status = ?, same_as = ? WHERE cell_id = ?"
_SELECT_CELLS: Final = (
    "SELECT frame.name, frame.frame_index, cell.* FROM cell "
    "JOIN frame ON frame.number = cell.frame "
    "WHERE ? IS NULL OR cell.kind IN (SELECT value FROM json_each(?)) "
    "ORDER BY cell.cell_id"
)
_SELECT_VIEWS: Final = (
    "SELECT cell_id, kind, class_name, status, left_px > 0 AND top_px > 0 AND "
    "right_px < width_px AND bottom_px < height_px FROM cell "
    "JOIN frame ON frame.number = cell.frame ORDER BY cell_id"
)
_SELECT_FRAMES: Final = (
    "SELECT name, frame_index, pixel_size_um, left_out, place, x_um, y_um, "
    "rotation_rad, at, counted_s FROM frame ORDER BY number"
)


class CountStore:
    """A count on disk, made by `create` or `open`; a context manager that closes it.

    One process at a time has it; within that, one thread at a time may call it.

    Parameters
    ----------
    path : Path
    connection : sqlite3.Connection
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._words = StringTable(connection)
        self._header = self._read_header()
        sql = "SELECT coalesce(max(number), 0) FROM frame"
        self._frames_done = int(connection.execute(sql).fetchone()[0])

    @classmethod
    def create(cls, path: Path, header: CountHeader) -> Self:
        """Begin a count.

        Raises
        ------
        StorageError
            When there is a file already, or none can be written.
        """
        unfinished = path.with_name(f"{path.name}.part")
        with storage_errors(path), file_errors("begin the count in", path):
            if path.exists():
                raise StorageError(
                    f"{path} is there already: continue it or discard it"
                )
            # What a power cut left of an earlier attempt.
            for name in (unfinished.name, f"{unfinished.name}-wal"):
                path.with_name(name).unlink(missing_ok=True)
            _fill(unfinished, header)
            unfinished.rename(path)
            sync_path(path.parent)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Take up a count that was begun.

        Raises
        ------
        StorageError
            When there is none, another process has it, it is damaged, no count of
            HemaLens or a newer one's. It is then left as it is.
        """
        with storage_errors(path), file_errors("use the count in", path):
            check_access(path)
            connection = connect(
                path, create=False, timeout_s=BUSY_TIMEOUT_S, is_exclusive=True
            )
            try:
                check_schema(connection, path)
                return cls(path, connection)
            except BaseException:
                connection.close()
                raise

    @classmethod
    def open_sealed(cls, path: Path) -> Self:
        """Open a complete count to read it: any number of processes may.

        Raises
        ------
        StorageError
            When there is none, or it is damaged.
        """
        with storage_errors(path), file_errors("use the count in", path):
            connection = connect_to_read(path, is_sealed=True)
            try:
                check_schema(connection, path)
                return cls(path, connection)
            except BaseException:
                connection.close()
                raise

    def __enter__(self) -> Self:
        """Give the open store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the file. What was added is safe already."""
        # On a full disk the log stays beside the file; the next one to open reads it.
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def seal(self) -> None:
        """Bring all into the one file, readable from anywhere, and close it.

        Raises
        ------
        StorageError
            When the disk is full; the log then stays beside the file.
        """
        with storage_errors(self._path), contextlib.closing(self._connection) as last:
            mode = last.execute("PRAGMA journal_mode=DELETE").fetchone()
        if mode != ("delete",):
            raise StorageError(
                f"cannot bring the count in {self._path} into one file: it is still "
                "being read; close what reads it and continue the count"
            )

    @property
    def header(self) -> CountHeader:
        """What the count was begun with."""
        return self._header

    @property
    def frames_done(self) -> int:
        """How many frames it holds, those left out among them."""
        return self._frames_done

    def add(self, counted: CountedFrame, moment: Moment) -> None:
        """Add a frame, whole or not at all; it is durable on return.

        Raises
        ------
        StorageError
            When it cannot be written, or a frame of this name is there.
        ValueError
            When a cell belongs to another frame.
        """
        frame = counted.frame
        if any(c.frame != frame.name for c in counted.cells):
            raise ValueError(f"frame {frame.name} comes with cells of another")
        number = self._frames_done + 1
        code = self._words.code
        with storage_errors(self._path):
            cells = [rows.to_cell_row(cell, number, code) for cell in counted.cells]
            with transaction(self._connection):
                self._insert_frame(counted, number, moment)
                self._connection.executemany(_INSERT_CELL, cells)
                self._apply(counted.changes, number)
                self._insert_map(counted, number)
        self._frames_done = number

    def leave_out(self, left_out: LeftOut, moment: Moment) -> None:
        """Add a file that could not be read; it is durable on return.

        Raises
        ------
        StorageError
            When it cannot be written, or a frame of this name is there.
        """
        number = self._frames_done + 1
        no_size, no_scale, nowhere = (0, 0), None, rows.to_placement_row(None)
        row = (
            number,
            rows.to_name(left_out.name),
            left_out.index,
            *no_size,
            no_scale,
            *nowhere,
            unreadable(left_out.problem),
            *rows.to_moment_row(moment),
        )
        with storage_errors(self._path), transaction(self._connection):
            self._insert_row(row, left_out.name)
        self._frames_done = number

    def _insert_frame(self, counted: CountedFrame, number: int, moment: Moment) -> None:
        frame = counted.frame
        height, width = frame.image.shape[:2]
        row = (
            number,
            rows.to_name(frame.name),
            frame.index,
            width,
            height,
            counted.pixel_size_um,
            *rows.to_placement_row(counted.placement),
            counted.left_out,
            *rows.to_moment_row(moment),
        )
        self._insert_row(row, frame.name)

    def _insert_row(self, row: rows.Row, name: str) -> None:
        try:
            self._connection.execute(_INSERT_FRAME, row)
        except sqlite3.IntegrityError as error:
            raise StorageError(
                f"a frame {name} is in {self._path} already: each frame of a "
                "count needs a name of its own"
            ) from error

    def _insert_map(self, counted: CountedFrame, number: int) -> None:
        if counted.keyframe is not None:
            row = rows.to_keyframe_row(counted.keyframe, number)
            self._connection.execute(_INSERT_KEYFRAME, row)
        joins = [rows.to_join_row(join, number) for join in counted.joins]
        self._connection.executemany(_INSERT_JOIN, joins)

    def _apply(self, changes: tuple[CellChange, ...], number: int) -> None:
        found = [
            (self._words.code(change.status), change.same_as, change.cell_id)
            for change in changes
        ]
        self._connection.executemany(_UPDATE_CELL, found)
        log = [(number, cell_id, status, same) for status, same, cell_id in found]
        self._connection.executemany("INSERT INTO change VALUES (?, ?, ?, ?)", log)

    def record(self, event: CountEvent) -> None:
        """Add a turn of the count; it is durable on return.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        sql = "INSERT INTO event (kind, at, counted_s, target) VALUES (?, ?, ?, ?)"
        moment = rows.to_moment_row(event.moment)
        with storage_errors(self._path):
            self._connection.execute(sql, (str(event.kind), *moment, event.target))

    def events(self) -> tuple[CountEvent, ...]:
        """Give the turns of the count, first to last.

        Raises
        ------
        StorageError
            As for everything that reads: when it cannot, or finds what cannot be.
        """
        sql = "SELECT kind, target, at, counted_s FROM event ORDER BY number"
        with self._reading():
            return tuple(
                CountEvent(
                    kind=EventKind(kind),
                    target=target,
                    moment=rows.from_moment_row(tuple(moment)),
                )
                for kind, target, *moment in self._connection.execute(sql)
            )

    def frames(self) -> Iterator[StoredFrame]:
        """Give the frames done, in the order they were counted."""
        with self._reading():
            for row in self._connection.execute(_SELECT_FRAMES):
                name, index, pixel_size_um, left_out = row[:4]
                yield StoredFrame(
                    name=rows.from_name(name),
                    index=index,
                    pixel_size_um=pixel_size_um,
                    placement=rows.from_placement_row(row[4:8]),
                    left_out=left_out,
                    moment=rows.from_moment_row(row[8:]),
                )

    def cells(self, kinds: Iterable[CellKind] | None = None) -> Iterator[Cell]:
        """Give the views of some kinds, or all, as they now stand, by `cell_id`."""
        with self._reading():
            wanted = None
            if kinds is not None:
                wanted = json.dumps([self._words.code(kind) for kind in kinds])
            for row in self._connection.execute(_SELECT_CELLS, (wanted, wanted)):
                yield rows.from_cell_row(row, self._words)

    def views(self) -> Iterator[StoredView]:
        """Give what counts of all views, by `cell_id`; quicker than `cells`."""
        word = self._words.word
        with self._reading():
            for row in self._connection.execute(_SELECT_VIEWS):
                cell_id, kind, class_name, status, whole = row
                yield StoredView(
                    cell_id=cell_id,
                    kind=CellKind(word(kind)),
                    class_name=None if class_name is None else word(class_name),
                    status=CellStatus(word(status)),
                    whole=bool(whole),
                )

    def keyframes(self) -> Iterator[Keyframe]:
        """Give the keyframes, in the order they were kept."""
        sql = (
            "SELECT frame_index, place, x_um, y_um, rotation_rad, png FROM keyframe "
            "ORDER BY frame"
        )
        with self._reading():
            for row in self._connection.execute(sql):
                yield rows.from_keyframe_row(row)

    def joins(self) -> tuple[PlaceJoin, ...]:
        """Give the joins of places, in the order they were found."""
        sql = (
            "SELECT from_place, to_place, x_um, y_um, rotation_rad FROM place_join "
            "ORDER BY number"
        )
        with self._reading():
            return tuple(rows.from_join_row(r) for r in self._connection.execute(sql))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with storage_errors(self._path):
            try:
                yield
            except ValueError as error:
                raise damaged(self._path) from error

    def _read_header(self) -> CountHeader:
        with self._reading():
            row = self._connection.execute("SELECT content FROM header").fetchone()
            if row is None:
                raise damaged(self._path)
            return CountHeader.model_validate_json(row[0])


def _fill(path: Path, header: CountHeader) -> None:
    words = [(str(w),) for e in (CellKind, CellStatus, CellClass) for w in e]
    opened = connect(path, create=True, timeout_s=BUSY_TIMEOUT_S, is_exclusive=True)
    with contextlib.closing(opened) as connection, transaction(connection):
        create_tables(connection)
        sql = "INSERT INTO header VALUES (?)"
        connection.execute(sql, (header.model_dump_json(),))
        # Platelet is a kind and a class.
        sql = "INSERT OR IGNORE INTO word (word) VALUES (?)"
        connection.executemany(sql, words)
