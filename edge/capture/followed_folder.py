"""A folder that another program writes images into, as a frame source."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from edge.capture.decoder import Decoder, DecoderKind
from edge.capture.image_files import (
    NamedPage,
    may_be_picture,
    named_pages,
    require_some,
)
from edge.capture.source import SourceState, SourceStatus
from edge.capture.source_options import SourceOptions
from hemalens.errors import CaptureError, ConfigError
from hemalens.printable import printable
from hemalens.records import Frame, LeftOut

POLL_S: Final = 0.5
"""Between two looks. Looking works on network shares too, where no notice comes."""

DAMAGED_AFTER_S: Final = 30.0
"""A file that has rested so long and is no image yet will not become one."""

_PREFIX: Final = "follow:"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A file as it was when it last changed, and when that was noticed."""

    size: int
    changed_ns: int
    noticed_s: float


class FollowedFolder:
    """The images of a folder, and those that come, each once it is whole.

    A file is whole when it has not changed between two looks and all its pages can be
    decoded. What still cannot be after a while is left out, and the status says so.
    Those that are there come first, by name; later ones as they come. A name counts
    once.

    Parameters
    ----------
    folder : Path
        Where the images come; folders below it are not looked into.
    idle_s : float, optional
        Ends when nothing has come for so long; never by default.
    clock : callable
        Monotonic seconds.
    sleep : callable, optional
        Waits so many seconds. By default a wait that closing ends.
    """

    def __init__(
        self,
        folder: Path,
        idle_s: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._folder = folder
        self._idle_s = idle_s
        self._clock = clock
        self._closed = threading.Event()
        self._closed.set()
        self._sleep = self._closed.wait if sleep is None else sleep
        self._waiting: dict[Path, _Seen] = {}
        self._done: set[str] = set()
        self._decoder = Decoder()
        self._left_out: tuple[LeftOut, ...] = ()
        self._active_s = 0.0
        self._status = SourceStatus(state=SourceState.CLOSED, detail=str(folder))

    @classmethod
    def from_source(cls, text: str) -> Self:
        """Read what follows ``follow:``, such as ``/data/slide,idle_s=60``.

        Raises
        ------
        ConfigError
            When no folder is named, or for an unusable option.
        """
        folder, comma, idle = text.rpartition(",idle_s=")
        if not comma:
            folder, idle = text, ""
        if not folder.strip():
            raise ConfigError(f"{_PREFIX} wants a folder, such as {_PREFIX}/data/slide")
        if not comma:
            return cls(Path(folder))
        options = SourceOptions.parse(_PREFIX, f"idle_s={idle}", ("idle_s",))
        idle_s = options.number("idle_s", 0.0)
        if not idle_s > 0:
            raise ConfigError(f"{_PREFIX} idle_s is above 0, not {idle}")
        return cls(Path(folder), idle_s)

    @property
    def is_live(self) -> bool:
        """No file is missed, however late it is read."""
        return False

    def status(self) -> SourceStatus:
        """Return what has come, what is waited for, and what was left out."""
        return self._status

    def __enter__(self) -> Self:
        """Look whether the folder is there.

        Raises
        ------
        CaptureError
            When it is not.
        """
        if not self._folder.is_dir():
            raise CaptureError(f"no folder {self._folder}: wanted one to follow")
        self._closed.clear()
        self._waiting, self._done, self._left_out = {}, set(), ()
        self._decoder.open()
        self._tell(SourceState.WAITING)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the iteration, from whatever thread."""
        self._closed.set()
        self._decoder.close()
        self._tell(SourceState.CLOSED)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the images as they come.

        Raises
        ------
        CaptureError
            When the folder vanishes or cannot be read, or nothing that came can.
        """
        index, self._active_s = 0, self._clock()
        while not self._closed.is_set():
            for page in self._settled_pages():
                if page.image is None:
                    left_out = LeftOut(
                        name=page.name, index=index, problem=page.problem
                    )
                    self._left_out += (left_out,)
                else:
                    self._tell(SourceState.RUNNING)
                    yield Frame(image=page.image, name=page.name, index=index)
                    self._active_s = self._clock()
                index += 1
            if self._closed.is_set():
                return
            if self._is_idle():
                self._tell(SourceState.ENDED)
                require_some(index, self._left_out)
                return
            self._tell(SourceState.WAITING)
            self._sleep(POLL_S)

    def _is_idle(self) -> bool:
        resting_s = self._clock() - self._active_s
        return self._idle_s is not None and resting_s >= self._idle_s

    def _settled_pages(self) -> Iterator[NamedPage]:
        """Look once: yield what has become whole since the last look, or never will."""
        listed = self._listed()
        present = {path for path, _, _ in listed}
        self._waiting = {p: seen for p, seen in self._waiting.items() if p in present}
        for path, size, changed_ns in listed:
            seen = self._waiting.get(path)
            if seen is None or (seen.size, seen.changed_ns) != (size, changed_ns):
                self._notice(path, size, changed_ns)
                continue
            yield from self._pages(path, seen)
            if self._closed.is_set():
                return

    def _pages(self, path: Path, seen: _Seen) -> Iterator[NamedPage]:
        """Yield a file's pages, none before a damaged one had time to be mended."""
        is_over = self._clock() - seen.noticed_s >= DAMAGED_AFTER_S
        decoded = self._decoder.file(DecoderKind.PICTURE, path)
        for number, page in enumerate(named_pages(path, decoded)):
            # Of several pages only the first one is waited for.
            if page.image is None and number == 0 and not is_over:
                return
            if self._closed.is_set():
                return
            self._done.add(path.name)
            self._waiting.pop(path, None)
            yield page

    def _notice(self, path: Path, size: int, changed_ns: int) -> None:
        self._active_s = now = self._clock()
        self._waiting[path] = _Seen(size=size, changed_ns=changed_ns, noticed_s=now)

    def _listed(self) -> list[tuple[Path, int, int]]:
        """List the images not yet seen, oldest first, then by name."""
        listed = []
        try:
            for path in self._folder.iterdir():
                if path.name in self._done or not may_be_picture(path):
                    continue
                listed.append((path, *_size_and_change(path)))
        except OSError as error:
            raise CaptureError(
                f"cannot list {self._folder} any more: {error.strerror}"
            ) from error
        order = (lambda item: item[0].name) if not self._done else _by_time
        return sorted(listed, key=order)

    def _tell(self, state: SourceState) -> None:
        last = f"; left out: {self._left_out[-1].problem}" if self._left_out else ""
        detail = f"{self._folder}, {len(self._done)} images so far{last}"
        self._status = SourceStatus(
            state=state, detail=printable(detail), left_out=self._left_out
        )


def _by_time(item: tuple[Path, int, int]) -> tuple[int, str]:
    return item[2], item[0].name


def _size_and_change(path: Path) -> tuple[int, int]:
    """Tell a file's state; of what cannot be looked at, that it stays so."""
    try:
        stat = path.stat()
    except OSError:
        # A link to itself, or removed since it was listed: reading it will tell.
        return 0, 0
    return stat.st_size, stat.st_mtime_ns
