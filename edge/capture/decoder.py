"""Pictures and videos decoded in a process of their own.

A decoder is the one place where bytes from anywhere meet native code. What brings it
down costs its file, not the count; so does what needs more memory or time than it may
have (`edge.capture.decoder_process` says how much memory).
"""

import atexit
import fcntl
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hemalens.errors import CaptureError
from hemalens.image_files import MAXIMUM_PIXELS, open_regular
from hemalens.printable import printable

TIMEOUT_S: Final = 30.0
"""For one picture: 120 million pixels take 5 s on a Raspberry Pi 4."""

_ANSWER_BYTES: Final = 65536
_CHANNELS: Final = 3
_KEPT_FREE: Final = 4
_FALL_S: Final = 0.5
"""For a process that fell to be gone."""


class DecoderKind(StrEnum):
    """What a file is decoded as."""

    PICTURE = "picture"
    VIDEO = "video"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoded:
    """One picture of a file, or why there is none.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB, or None
        Read-only.
    problem : str
        For the operator; blank where there is an image.
    declared : int
        How many pictures the file says it has; 0 when it says nothing.
    """

    image: NDArray[np.uint8] | None
    problem: str = ""
    declared: int = 0


class _Memory:
    """The pieces of memory that one process has filled, each used again when free."""

    def __init__(self) -> None:
        self._pieces: dict[int, mmap.mmap] = {}
        self._unused: deque[int] = deque()
        self._free: set[int] = set()
        self._size = 0

    def picture(
        self, piece: int, shape: list[int], received: list[int]
    ) -> NDArray[np.uint8]:
        """Give what a piece holds; what was sent is looked at before it is believed.

        Raises
        ------
        ValueError, KeyError, OSError
            When it is nothing that was agreed on.
        """
        height, width, channels = shape
        self._size = size = height * width * channels
        if channels != _CHANNELS or size > _CHANNELS * MAXIMUM_PIXELS:
            raise ValueError(f"a picture has the shape {shape}")
        if received:
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
            fcntl.fcntl(received[0], fcntl.F_ADD_SEALS, seals)
            shared = mmap.MAP_SHARED | mmap.MAP_POPULATE
            self._pieces[piece] = mmap.mmap(received[0], size, shared, mmap.PROT_READ)
        self._free.discard(piece)
        array = np.frombuffer(self._pieces[piece], np.uint8, size)
        # Also as long as any view of it is in use.
        weakref.finalize(array, self._unused.append, piece)
        return array.reshape(height, width, channels)

    def given_back(self) -> dict[str, list[int]]:
        """Say what is no longer used, and what of it is no longer kept."""
        free: list[int] = []
        dropped = [n for n in self._free if len(self._pieces[n]) != self._size]
        while self._unused:
            piece = self._unused.popleft()
            is_wanted = len(self._pieces[piece]) == self._size
            is_kept = is_wanted and len(self._free) + len(free) < _KEPT_FREE
            (free if is_kept else dropped).append(piece)
        self._free.update(free)
        self._free.difference_update(dropped)
        for piece in dropped:
            del self._pieces[piece]
        return {"free": free, "dropped": dropped}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Worker:
    """A process that decodes, what one talks to it through, and its memory."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    memory: _Memory

    def end(self, *, is_awaited: bool) -> int | None:
        """End it; return how it ended by itself, if that is waited for."""
        self.channel.close()
        if is_awaited:
            # What fell tells how.
            with suppress(subprocess.TimeoutExpired):
                return self.process.wait(_FALL_S)
        self.process.kill()
        self.process.wait()
        return None


_idle: deque[_Worker] = deque()
"""At most one, of a source that was closed: the next need not wait for its start."""


@atexit.register
def end_idle() -> None:
    """End the process that waits for the next source, if there is one."""
    while _idle:
        _idle.pop().end(is_awaited=False)


class Decoder:
    """Decodes one file after another, in one other process, started when needed.

    One thread decodes; any may close.

    Parameters
    ----------
    timeout_s : float
        For one picture.
    """

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._asking = threading.Lock()
        self._worker: _Worker | None = None
        self._is_closed = False

    def open(self) -> None:
        """Allow decoding, after `close` again."""
        self._is_closed = False

    def close(self) -> None:
        """Decode no more; whatever is being decoded ends, and its process with it."""
        self._is_closed = True
        is_at_rest = self._asking.acquire(blocking=False)
        if not is_at_rest:
            worker = self._worker
            if worker is not None:
                with suppress(OSError):
                    worker.channel.shutdown(socket.SHUT_RDWR)
            self._asking.acquire()
        try:
            worker, self._worker = self._worker, None
            if worker is None:
                return
            if is_at_rest and not _idle:
                _idle.append(worker)
            else:
                worker.end(is_awaited=False)
        finally:
            self._asking.release()

    def file(self, kind: DecoderKind, path: Path) -> Iterator[Decoded]:
        """Decode a file's pictures, each when it is asked for.

        Yields
        ------
        Decoded
            What cannot be decoded has its problem; nothing once closed.
        """
        try:
            with open_regular(path) as file:
                yield from self._decode(kind, file, printable(str(path)))
        except CaptureError as error:
            yield Decoded(image=None, problem=str(error))

    def content(self, content: bytes, name: str) -> NDArray[np.uint8] | None:
        """Decode a picture that is in memory; its first page.

        Returns
        -------
        ndarray of shape (H, W, 3), uint8, RGB, or None
            None once closed.

        Raises
        ------
        CaptureError
            When it cannot be decoded.
        """
        file = os.memfd_create("content", os.MFD_CLOEXEC)
        try:
            with open(file, "wb", closefd=False) as writer:
                writer.write(content)
            for decoded in self._decode(DecoderKind.PICTURE, file, name):
                if decoded.image is None:
                    raise CaptureError(decoded.problem)
                return decoded.image
        finally:
            os.close(file)
        return None

    def _decode(self, kind: DecoderKind, file: int, name: str) -> Iterator[Decoded]:
        request = {"kind": kind, "name": name}
        files, declared = [file], 0
        while not self._is_closed:
            answer, image = self._ask(request, files, name)
            request, files = {}, []
            if "declared" in answer:
                declared = answer["declared"]
                continue
            if answer.get("is_over") or self._is_closed:
                return
            problem = answer.get("problem", "")
            yield Decoded(image=image, problem=problem, declared=declared)
            if answer.get("is_down"):
                return

    def _ask(
        self, request: dict[str, Any], files: list[int], name: str
    ) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
        """Ask for the next picture; one that costs the process is a problem too."""
        with self._asking:
            try:
                return self._exchange(request, files)
            except TimeoutError:
                self._end(is_awaited=False)
                why = f"it took over {self._timeout_s:g} s"
            except (OSError, ValueError, KeyError):
                why = _cause(self._end(is_awaited=not self._is_closed))
        problem = f"{name} brought its decoder down ({why}): it is damaged or hostile"
        return {"problem": problem, "is_down": True}, None

    def _exchange(
        self, request: dict[str, Any], files: list[int]
    ) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
        worker = self._worker = self._worker or self._new_worker()
        channel, memory = worker.channel, worker.memory
        channel.settimeout(self._timeout_s)
        request = request | memory.given_back()
        socket.send_fds(channel, [json.dumps(request).encode()], files)
        content, received, *_ = socket.recv_fds(channel, _ANSWER_BYTES, 1)
        try:
            answer: dict[str, Any] = json.loads(content)
            if "piece" not in answer:
                return answer, None
            image = memory.picture(answer["piece"], answer["shape"], received)
            return answer, image
        finally:
            for file in received:
                os.close(file)

    def _new_worker(self) -> _Worker:
        if self._is_closed:
            raise OSError("closed")
        with suppress(IndexError):
            return _idle.pop()
        return _started()

    def _end(self, *, is_awaited: bool) -> int | None:
        worker, self._worker = self._worker, None
        return None if worker is None else worker.end(is_awaited=is_awaited)


def _started() -> _Worker:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        number = theirs.fileno()
        # Ctrl-C ends the count after the frame in hand: it is not for the decoder.
        process = subprocess.Popen(
            [sys.executable, "-m", "edge.capture.decoder_process", str(number)],
            pass_fds=(number,),
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return _Worker(process=process, channel=ours, memory=_Memory())


def _cause(returned: int | None) -> str:
    if returned is None or returned >= 0:
        return "it gave no answer"
    return signal.Signals(-returned).name
