"""A live camera as a frame source, whatever hardware it is."""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.capture.camera_device import CameraDevice
from edge.capture.hand_over import HandOver
from edge.capture.source import SourceState, SourceStatus
from hemalens.records import Frame

OPEN_TIMEOUT_S: Final = 30.0
"""Exposure and white balance settle while a camera opens, which takes seconds."""

FRAME_TIMEOUT_S: Final = 5.0
"""No exposure of a bright-field microscope takes a second."""

_LEAVE_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """A camera while it is open."""

    device: CameraDevice
    hand_over: HandOver
    thread: threading.Thread


class LiveCamera:
    """Reads a camera on a thread of its own, so that no driver can stall the count.

    Parameters
    ----------
    source : str
        What the operator calls it, such as ``usb:0``.
    name : str
        Begins the names of its frames, which become file names.
    make_device : callable
        Makes the camera's device, unopened; called at each opening.
    open_timeout_s, frame_timeout_s : float
        How long opening, and a frame, may take.
    """

    def __init__(
        self,
        source: str,
        name: str,
        make_device: Callable[[], CameraDevice],
        *,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        frame_timeout_s: float = FRAME_TIMEOUT_S,
    ) -> None:
        self.source = source
        self.name = name
        self._make_device = make_device
        self._open_timeout_s = open_timeout_s
        self._frame_timeout_s = frame_timeout_s
        self._session: _Session | None = None
        self._status = SourceStatus(state=SourceState.CLOSED, detail=source)

    @property
    def is_live(self) -> bool:
        """A camera does not wait."""
        return True

    def status(self) -> SourceStatus:
        """Return what the camera is doing and how it is set."""
        session, status = self._session, self._status
        if session is None or not session.hand_over.damaged:
            return status
        damaged = f"{session.hand_over.damaged} damaged frames left out"
        return replace(status, detail=f"{status.detail}, {damaged}")

    def preview(self) -> NDArray[np.uint8] | None:
        """Show the last exposure small (RGB), where the camera makes that by itself."""
        session = self._session
        return None if session is None else session.device.preview()

    def __enter__(self) -> Self:
        """Open the camera.

        Raises
        ------
        CameraUnavailableError
            When it is not there, held by another program, or does not open in time.
        """
        self._tell(SourceState.OPENING)
        session = _start(self.source, self._make_device())
        self._session = session
        try:
            detail = session.hand_over.wait_until_open(self._open_timeout_s)
        except BaseException:
            self._release(session)
            raise
        self._tell(SourceState.RUNNING, detail)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the camera; a driver that hangs is left behind."""
        session = self._session
        if session is not None:
            self._release(session)

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames until the source is closed.

        Raises
        ------
        FrameTimeoutError
            When none comes in time.
        CaptureError
            When the camera is lost.
        """
        session = self._session
        if session is None:
            return
        for index in itertools.count():
            image = session.hand_over.take(self._frame_timeout_s)
            if image is None:
                return
            yield Frame(image=image, name=f"{self.name}-{index:06d}", index=index)

    def _release(self, session: _Session) -> None:
        session.hand_over.close()
        session.device.interrupt()
        session.thread.join(_LEAVE_S)
        # Unless it was opened again meanwhile.
        if self._session is session:
            self._session = None
            self._tell(SourceState.CLOSED)

    def _tell(self, state: SourceState, detail: str = "") -> None:
        detail = f"{self.source}, {detail}" if detail else self.source
        self._status = SourceStatus(state=state, detail=detail)


def _start(source: str, device: CameraDevice) -> _Session:
    hand_over = HandOver(source)
    thread = threading.Thread(
        target=_serve, args=(device, hand_over), name=source, daemon=True
    )
    thread.start()
    return _Session(device=device, hand_over=hand_over, thread=thread)


def _serve(device: CameraDevice, hand_over: HandOver) -> None:
    """Live on the camera's thread: open, read until nobody wants more, close."""
    try:
        try:
            hand_over.opened(device.open())
            _read_on(device, hand_over)
        finally:
            device.close()
    except BaseException as error:  # noqa: BLE001 - raised again where frames are read
        hand_over.fail(error)


def _read_on(device: CameraDevice, hand_over: HandOver) -> None:
    while not hand_over.is_closed():
        if device.on_demand and not hand_over.wait_until_wanted():
            return
        device.grab()
        # Asked afterwards: a reader as fast as the camera comes back during the wait.
        if not hand_over.is_wanted():
            continue
        image = device.retrieve()
        if image is None:
            hand_over.damage()
        else:
            hand_over.put(image)
