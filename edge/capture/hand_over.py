"""One place for one exposure between a camera's thread and whoever reads it."""

import threading

import numpy as np
from numpy.typing import NDArray

from hemalens.errors import CameraUnavailableError, FrameTimeoutError


class HandOver:
    """Hands over the exposure taken after it is asked for, never an older one.

    The camera's thread tells `opened`, `put`, `damage` and `fail`, and asks what is
    wanted; the reader waits with `wait_until_open` and `take`; anybody closes.

    Waiting is on the condition's own monotonic clock: setting the time of day changes
    nothing.

    Parameters
    ----------
    source : str
        What messages call the camera.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._detail: str | None = None
        self._image: NDArray[np.uint8] | None = None
        self._error: BaseException | None = None
        self._is_wanted = False
        self._is_closed = False
        self._damaged = 0

    @property
    def damaged(self) -> int:
        """How many exposures were waited for and came damaged."""
        return self._damaged

    def close(self) -> None:
        """Let go everybody who waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def opened(self, detail: str) -> None:
        """Signal that the camera is open."""
        with self._changed:
            self._detail = detail
            self._changed.notify_all()

    def put(self, image: NDArray[np.uint8]) -> None:
        """Put in an exposure."""
        with self._changed:
            self._image = image
            self._is_wanted = False
            self._changed.notify_all()

    def damage(self) -> None:
        """Note that an exposure came damaged; the next one takes its place."""
        self._damaged += 1

    def fail(self, error: BaseException) -> None:
        """Signal that no further exposure comes, and why."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def is_wanted(self) -> bool:
        """Check whether somebody waits for an exposure."""
        return self._is_wanted

    def is_closed(self) -> bool:
        """Check whether nobody wants any more."""
        return self._is_closed

    def wait_until_wanted(self) -> bool:
        """Wait for somebody to want an exposure; False once nobody will."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_wanted or self._is_closed)
            return not self._is_closed

    def wait_until_open(self, timeout_s: float) -> str:
        """Wait for the camera to open, and return what it says of itself.

        Raises
        ------
        CameraUnavailableError
            When it does not open in time, or is closed meanwhile.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._detail is not None or self._error or self._is_closed,
                timeout_s,
            )
            if self._detail is not None:
                return self._detail
            if self._error is not None:
                raise self._error
        reason = "was closed" if self._is_closed else f"took over {timeout_s:g} s"
        raise CameraUnavailableError(
            f"{self._source} did not open, it {reason}: check its cable or network, "
            "and that no other program holds it"
        )

    def take(self, timeout_s: float) -> NDArray[np.uint8] | None:
        """Wait for an exposure; None once closed.

        Raises
        ------
        FrameTimeoutError
            When none comes in time.
        """
        with self._changed:
            # What came after an earlier wait had ended is old by now.
            self._image = None
            self._is_wanted = True
            self._changed.notify_all()
            came = self._changed.wait_for(
                lambda: self._image is not None or self._error or self._is_closed,
                timeout_s,
            )
            image, self._image = self._image, None
            if self._is_closed:
                return None
            if image is None and self._error is not None:
                raise self._error
        if not came:
            raise FrameTimeoutError(
                f"{self._source} gave no frame in {timeout_s:g} s: "
                "check its cable, power or network"
            )
        return image
