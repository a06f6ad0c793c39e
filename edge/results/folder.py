"""A count's results on disk.

``summary.json``, ``cells.jsonl``, ``frames/*.png``; where they are asked for,
``crops/*.png``, the stained cells one by one; and ``count.sqlite``, which all was
exported from. While a count goes on they grow in ``DIR.unfinished``, which stays when
it breaks off, so that it can be continued. When it is complete that becomes DIR: a
folder of that name is whole.
"""

import shutil
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.records.cell_codec import write_cell
from edge.records.counted_frame import CountedFrame
from edge.records.summary import Summary
from edge.results.cell_crops import stained_crops
from edge.results.overlay import draw_overlay
from edge.results.unfinished import (
    STORE_NAME,
    discard_unfinished,
    find_unfinished,
    unfinished_folder,
)
from edge.store import (
    CountHeader,
    CountStore,
    describe_difference,
    file_errors,
)
from hemalens.durable import sync_path, write_file
from hemalens.errors import StorageError
from hemalens.image_set import IMAGE_SUFFIXES

_LINES_A_WRITE: Final = 1000


class OnUnfinished(StrEnum):
    """What to do with a count that broke off."""

    REFUSE = "refuse"
    """Say what is there, and begin nothing."""
    CONTINUE = "continue"
    """Go on with it; begin anew where there is none."""
    DISCARD = "discard"


class ResultFolder:
    """Receives a count, frame by frame.

    Parameters
    ----------
    path : Path
        The folder to make; may be there only if it is empty.
    header : CountHeader
        What counts; a count that broke off is continued only with its equal.
    save_crops : bool
        Make room for each stained cell's crop too, for a calibration set.
    on_unfinished : OnUnfinished

    Raises
    ------
    StorageError
        Entering, when the folder holds something or cannot be written, when a count
        that broke off may not be continued or another process is at it; later, when
        the disk is full. What was counted stays.
    """

    def __init__(
        self,
        path: Path,
        header: CountHeader,
        *,
        save_crops: bool = False,
        on_unfinished: OnUnfinished = OnUnfinished.REFUSE,
    ) -> None:
        self._path = path.resolve()
        self._header = header
        self._save_crops = save_crops
        self._on_unfinished = on_unfinished
        self._unfinished = unfinished_folder(path)
        self._store: CountStore | None = None
        self._overlays: set[str] = set()

    def __enter__(self) -> Self:
        """Begin the folder, or go on with it."""
        with file_errors("write", self._path):
            if self._path.exists() and not _is_empty_folder(self._path):
                raise StorageError(
                    f"{self._path} holds something already: choose a new folder"
                )
        self._store = self._go_on() or self._begin()
        for frame in self._store.frames():
            self._overlay_name(frame.name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep what was counted; where nothing was, leave nothing."""
        store, self._store = self._store, None
        if store is None:
            return
        is_empty = not store.frames_done
        store.close()
        if is_empty:
            shutil.rmtree(self._unfinished, ignore_errors=True)

    @property
    def store(self) -> CountStore:
        """The count's database, for its session; while entered.

        Raises
        ------
        ValueError
            Before entering and after completion.
        """
        if self._store is None:
            raise ValueError("a result folder has a store only while it is entered")
        return self._store

    def write_overlay(self, counted: CountedFrame) -> None:
        """Draw a frame's cells onto it and write the picture.

        Where this comes before the session adds the frame, each frame of the count
        has its overlay whatever happens between, and that of a frame to be counted
        once more is written over. It may be called from another thread than the
        session, as `write_crops` may; unlike the count, neither's files are made to
        survive a power cut.
        """
        path = self._unfinished / "frames" / self._overlay_name(counted.frame.name)
        with file_errors("write", path):
            path.write_bytes(_png(draw_overlay(counted)))

    def write_crops(self, counted: CountedFrame) -> None:
        """Write a frame's stained cells one by one; made for it by `save_crops`."""
        folder = self._unfinished / "crops"
        with file_errors("write", folder):
            for name, crop in stained_crops(counted):
                (folder / name).write_bytes(_png(crop))

    def complete(self, summary: Summary) -> None:
        """Write the cells and the summary and put the folder in its place."""
        store = self.store
        text = summary.model_dump_json(indent=2) + "\n"
        with file_errors("write", self._unfinished):
            write_file(self._unfinished / "cells.jsonl", _lines(store))
            write_file(self._unfinished / "summary.json", text.encode())
        self._store = None
        store.seal()
        with file_errors("write", self._path):
            if self._path.exists():
                self._path.rmdir()
            self._unfinished.rename(self._path)
            sync_path(self._path.parent)

    def _go_on(self) -> CountStore | None:
        """Open what broke off, if there is such and it is to be continued."""
        unfinished = find_unfinished(self._path)
        if unfinished is None or self._on_unfinished is OnUnfinished.DISCARD:
            return None
        if self._on_unfinished is OnUnfinished.REFUSE:
            raise StorageError(
                f"{self._unfinished} holds a count that broke off ({unfinished}): "
                "continue it or discard it"
            )
        difference = describe_difference(unfinished.header, self._header)
        if (self._unfinished / "crops").is_dir() != self._save_crops:
            difference = "it was begun with crops saved or not, now it is otherwise"
        if difference is not None:
            raise StorageError(
                f"cannot continue the count in {self._unfinished}: {difference}; "
                "continue it as it was begun, or discard it"
            )
        return CountStore.open(self._unfinished / STORE_NAME)

    def _begin(self) -> CountStore:
        discard_unfinished(self._path)
        try:
            with file_errors("write", self._path):
                (self._unfinished / "frames").mkdir(parents=True)
                if self._save_crops:
                    (self._unfinished / "crops").mkdir()
                sync_path(self._unfinished.parent)
            return CountStore.create(self._unfinished / STORE_NAME, self._header)
        except StorageError:
            shutil.rmtree(self._unfinished, ignore_errors=True)
            raise

    def _overlay_name(self, frame_name: str) -> str:
        path = Path(frame_name)
        is_file = path.suffix.lower() in IMAGE_SUFFIXES
        name = f"{path.stem if is_file else frame_name}.png"
        if name in self._overlays:
            name = f"{frame_name}.png"
        self._overlays.add(name)
        return name


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _lines(store: CountStore) -> Iterator[bytes]:
    """Write cells a few at a time: a count of days has more than memory."""
    lines = map(write_cell, store.cells())
    while piece := "".join(islice(lines, _LINES_A_WRITE)):
        yield piece.encode()


def _png(image: NDArray[np.uint8]) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return encoded.tobytes()
