"""A count's results on disk: ``summary.json``, ``cells.jsonl``, ``frames/*.png``.

Where they are asked for, ``crops/*.png`` show the stained cells one by one. All is
written into a hidden folder beside the one asked for and renamed when the count is
complete: a folder that is there is whole.
"""

import contextlib
import io
import json
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cell_crops import stained_crops
from edge.counted_frame import CountedFrame
from edge.summary import Summary
from hemalens.errors import StorageError
from hemalens.records import Cell


class ResultFolder:
    """Receives a count, frame by frame.

    Parameters
    ----------
    path : Path
        The folder to make; may be there only if it is empty.
    save_crops : bool
        Write each stained cell's crop too, for a calibration set.

    Raises
    ------
    StorageError
        Entering, when the folder holds something or cannot be written; later, when
        the disk is full. What was begun is removed, what was there before is kept.
    """

    def __init__(self, path: Path, *, save_crops: bool = False) -> None:
        self._path = path
        self._save_crops = save_crops
        self._unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._cells: IO[str] = io.StringIO()
        self._overlays: set[str] = set()

    def __enter__(self) -> Self:
        """Begin the folder."""
        if self._path.exists() and not _is_empty_folder(self._path):
            raise StorageError(
                f"{self._path} holds something already: choose a new folder"
            )
        try:
            (self._unfinished / "frames").mkdir(parents=True)
            if self._save_crops:
                (self._unfinished / "crops").mkdir()
            self._cells = (self._unfinished / "cells.jsonl").open("w", encoding="utf-8")
        except OSError as error:
            self._discard()
            raise self._failed(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what was begun and not completed."""
        self._discard()

    def add(self, counted: CountedFrame, overlay: NDArray[np.uint8]) -> None:
        """Write a frame's cells, with crops if asked, and overlay, (H, W, 3) RGB."""
        path = self._unfinished / "frames" / self._overlay_name(counted.frame.name)
        try:
            for cell in counted.cells:
                self._cells.write(json.dumps(cell_record(cell)) + "\n")
            self._cells.flush()
            path.write_bytes(_png(overlay))
            for name, crop in stained_crops(counted) if self._save_crops else ():
                (self._unfinished / "crops" / name).write_bytes(_png(crop))
        except OSError as error:
            raise self._failed(error) from error

    def complete(self, summary: Summary) -> None:
        """Write the summary and put the folder in its place."""
        text = summary.model_dump_json(indent=2) + "\n"
        try:
            self._cells.close()
            (self._unfinished / "summary.json").write_text(text, encoding="utf-8")
            if self._path.exists():
                self._path.rmdir()
            self._unfinished.rename(self._path)
        except OSError as error:
            raise self._failed(error) from error

    def _overlay_name(self, frame_name: str) -> str:
        name = f"{Path(frame_name).stem}.png"
        if name in self._overlays:
            name = f"{frame_name}.png"
        self._overlays.add(name)
        return name

    def _discard(self) -> None:
        # What is still buffered may not fit on a full disk.
        with contextlib.suppress(OSError):
            self._cells.close()
        shutil.rmtree(self._unfinished, ignore_errors=True)

    def _failed(self, error: OSError) -> StorageError:
        reason = error.strerror or str(error)
        return StorageError(
            f"cannot write {self._path}: {reason}; nothing half-written is left"
        )


def cell_record(cell: Cell) -> dict[str, object]:
    """Give a cell as its line of ``cells.jsonl``."""
    return {
        "frame": cell.frame,
        "frame_index": cell.frame_index,
        "cell_id": cell.cell_id,
        "kind": cell.kind.value,
        "box_xyxy": list(cell.box),
        "status": cell.status.value,
        "class_name": cell.class_name,
        "probability": cell.probability,
        "probabilities": (
            None if cell.probabilities is None else dict(cell.probabilities)
        ),
    }


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _png(image: NDArray[np.uint8]) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return encoded.tobytes()
