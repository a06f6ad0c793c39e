"""An image file, or a folder of them, as a frame source."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.capture.source import SourceState, SourceStatus
from hemalens.errors import CaptureError
from hemalens.image_files import read_image
from hemalens.image_set import IMAGE_SUFFIXES
from hemalens.records import Frame

LEAST_SIDE_PX: Final = 32
"""Below this no frame shows a whole cell: a red cell alone spans 37 px at 0.2 µm."""

_COLOURLESS_CODES: Final = 2
_CONTRAST_CODES: Final = 8


class ImageFiles:
    """Image files in the order of their names.

    Parameters
    ----------
    path : Path
        An image, or a folder; its dot-files and files that are no images are not
        frames. Folders below it are not looked into.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: tuple[Path, ...] = ()
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
        self._tell(SourceState.CLOSED, str(self._path))

    def __len__(self) -> int:
        """Count the frames."""
        return len(self._files)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, each decoded when asked for."""
        files = self._files
        for index, path in enumerate(files):
            # Another listing, or none, means that the source was closed meanwhile.
            if self._files is not files:
                return
            self._tell(SourceState.RUNNING, f"{path}, {index + 1} of {len(files)}")
            image = read_image(path)
            check_countable(image, path)
            yield Frame(image=image, name=path.name, index=index)
        self._tell(SourceState.ENDED, f"{self._path}, {len(files)} images read")

    def _tell(self, state: SourceState, detail: str) -> None:
        self._status = SourceStatus(state=state, detail=detail)


def _listed(path: Path) -> tuple[Path, ...]:
    if path.is_file():
        return (path,)
    if not path.is_dir():
        raise CaptureError(f"no file or folder {path}")
    try:
        inside = sorted(path.iterdir())
    except OSError as error:
        raise CaptureError(f"cannot list {path}: {error.strerror}") from error
    files = tuple(
        file
        for file in inside
        if file.suffix.lower() in IMAGE_SUFFIXES
        and not file.name.startswith(".")
        and file.is_file()
    )
    if not files:
        raise CaptureError(f"no image in {path}: wanted JPEG, PNG, TIFF or BMP files")
    return files


def check_countable(image: NDArray[np.uint8], path: Path) -> None:
    """Refuse what cannot be counted: tiny frames and pictures without colour.

    Raises
    ------
    CaptureError
        When the image, RGB, is such.
    """
    height, width = image.shape[:2]
    if min(height, width) < LEAST_SIDE_PX:
        raise CaptureError(
            f"{path} is {width}x{height} pixels, too small to show a cell: "
            f"wanted at least {LEAST_SIDE_PX} a side"
        )
    few = image[:: max(1, height // 256), :: max(1, width // 256)].astype(np.int16)
    chroma = int((few.max(axis=2) - few.min(axis=2)).max())
    if chroma <= _COLOURLESS_CODES and np.ptp(few) > _CONTRAST_CODES:
        raise CaptureError(f"{path} is grey: stain is read from colour, wanted RGB")
