"""An image file, or a folder of them, as a frame source.

One bad file does not end a folder: it is left out, by name, with the reason.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.capture.decoder import Decoded, Decoder, DecoderKind
from edge.capture.source import SourceState, SourceStatus
from hemalens.errors import CaptureError
from hemalens.image_set import IMAGE_SUFFIXES
from hemalens.printable import printable
from hemalens.records import Frame, LeftOut

PICTURE_SUFFIXES: Final = IMAGE_SUFFIXES | {
    ".avif",
    ".dng",
    ".gif",
    ".heic",
    ".heif",
    ".jp2",
    ".webp",
}
"""What is a picture by its name, though some are not read: those are told, not missed.
"""

LEAST_SIDE_PX: Final = 32
"""Below this no frame shows a whole cell: a red cell alone spans 37 px at 0.2 µm."""

_LONGEST_NAME: Final = 200
_KEPT_OF_NAME: Final = 40
"""Bytes of a frame's name, and characters kept of one that is too long."""

_COLOURLESS_CODES: Final = 2
_CONTRAST_CODES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedPage:
    """A page of a file, as a frame is called.

    Parameters
    ----------
    name : str
        The file's, with the page's number where there are several.
    image : ndarray of shape (H, W, 3), uint8, RGB, or None
        None where there is a problem.
    problem : str
        Why it cannot be counted; blank where it can.
    """

    name: str
    image: NDArray[np.uint8] | None
    problem: str


class ImageFiles:
    """Image files in the order of their names.

    Parameters
    ----------
    path : Path
        An image, or a folder; its dot-files and files that are no images are not
        frames. Folders below it are not looked into. Each page of a TIFF is a frame.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: tuple[Path, ...] = ()
        self._decoder = Decoder()
        self._left_out: tuple[LeftOut, ...] = ()
        self._status = SourceStatus(state=SourceState.CLOSED, detail=str(path))

    @property
    def is_live(self) -> bool:
        """No frame of a file is ever missed."""
        return False

    @property
    def is_stored(self) -> bool:
        """All frames are there."""
        return True

    def status(self) -> SourceStatus:
        """Return which file is being read."""
        return self._status

    def __enter__(self) -> Self:
        """List the files.

        Raises
        ------
        CaptureError
            When the path is missing or a folder without images.
        """
        self._files = _listed(self._path)
        self._left_out = ()
        self._decoder.open()
        self._tell(SourceState.RUNNING, f"{self._path}, {len(self._files)} images")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Forget the files."""
        self._files = ()
        self._decoder.close()
        self._tell(SourceState.CLOSED, str(self._path))

    def __len__(self) -> int:
        """Count the files."""
        return len(self._files)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, each decoded when asked for.

        Raises
        ------
        CaptureError
            When none of them can be read.
        """
        files, index = self._files, 0
        for number, path in enumerate(files):
            self._tell(SourceState.RUNNING, f"{path}, {number + 1} of {len(files)}")
            pages = self._decoder.file(DecoderKind.PICTURE, path)
            for page in named_pages(path, pages):
                # Another listing, or none: the source was closed meanwhile.
                if self._files is not files:
                    return
                if page.image is None:
                    left_out = LeftOut(
                        name=page.name, index=index, problem=page.problem
                    )
                    self._left_out += (left_out,)
                else:
                    yield Frame(image=page.image, name=page.name, index=index)
                index += 1
            if self._files is not files:
                return
        self._tell(SourceState.ENDED, f"{self._path}, {len(files)} images read")
        require_some(index, self._left_out)

    def _tell(self, state: SourceState, detail: str) -> None:
        detail = printable(detail)
        self._status = SourceStatus(state=state, detail=detail, left_out=self._left_out)


def require_some(frames: int, left_out: tuple[LeftOut, ...]) -> None:
    """Refuse a source of which no frame could be read, at its end.

    Parameters
    ----------
    frames : int
        All of them, those left out among them.

    Raises
    ------
    CaptureError
        With the first one's problem.
    """
    if not left_out or frames > len(left_out):
        return
    problem = left_out[0].problem
    if frames > 1:
        problem = f"none of {frames} frames can be read; the first: {problem}"
    raise CaptureError(problem)


def named_pages(path: Path, pages: Iterator[Decoded]) -> Iterator[NamedPage]:
    """Name a file's pages, and check that each can be counted."""
    name = _frame_name(path)
    for number, page in enumerate(pages, start=1):
        called = f"{name}-{number}" if page.declared > 1 else name
        problem = page.problem
        if page.image is not None:
            try:
                check_countable(page.image, path)
            except CaptureError as error:
                problem = str(error)
        image = None if problem else page.image
        yield NamedPage(name=called, image=image, problem=problem)


def _frame_name(path: Path) -> str:
    """Name a frame as its file; pictures of it are named so too, with their ending."""
    name = printable(path.name)
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    code = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    return f"{name[:_KEPT_OF_NAME]}-{code}{path.suffix}"


def _listed(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        if not os.path.lexists(path):
            raise CaptureError(f"no file or folder {printable(str(path))}")
        return (path,)
    try:
        inside = sorted(path.iterdir())
    except OSError as error:
        raise CaptureError(f"cannot list {path}: {error.strerror}") from error
    files = tuple(file for file in inside if may_be_picture(file))
    if not files:
        raise CaptureError(f"no image in {path}: wanted JPEG, PNG, TIFF or BMP files")
    return files


def may_be_picture(path: Path) -> bool:
    """Tell by its name whether an entry of a folder is meant as a frame."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def check_countable(image: NDArray[np.uint8], path: Path) -> None:
    """Refuse what cannot be counted: tiny frames and pictures without colour.

    Raises
    ------
    CaptureError
        When the image, RGB, is such.
    """
    height, width = image.shape[:2]
    name = printable(str(path))
    if min(height, width) < LEAST_SIDE_PX:
        raise CaptureError(
            f"{name} is {width}x{height} pixels, too small to show a cell: "
            f"wanted at least {LEAST_SIDE_PX} a side"
        )
    few = image[:: max(1, height // 256), :: max(1, width // 256)].astype(np.int16)
    chroma = int((few.max(axis=2) - few.min(axis=2)).max())
    if chroma <= _COLOURLESS_CODES and np.ptp(few) > _CONTRAST_CODES:
        raise CaptureError(f"{name} is grey: stain is read from colour, wanted RGB")
