"""The seam of a live camera's hardware: opened, read and closed on one thread."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class CameraDevice(Protocol):
    """One camera, from its opening to its closing; a new object each time.

    All but `preview` and `interrupt` are called by one thread only, which may hang in a
    driver: `edge.capture.live_camera` watches over it from outside. What goes wrong
    raises `hemalens.errors.CaptureError`.
    """

    @property
    def on_demand(self) -> bool:
        """Whether an exposure is fetched only when somebody waits for it.

        Otherwise `grab` is called without pause, so that the driver's queue holds no
        old exposures. Asked after `open`.
        """
        ...

    def open(self) -> str:
        """Open the camera, settle and lock it.

        Returns
        -------
        str
            What was opened, for the operator, such as ``1920x1080, exposure locked``.
        """
        ...

    def grab(self) -> None:
        """Wait for the next exposure and take it, undecoded."""
        ...

    def retrieve(self) -> NDArray[np.uint8] | None:
        """Decode the exposure taken last.

        Returns
        -------
        ndarray of shape (H, W, 3), uint8, RGB, or None
            None when it was damaged on its way.
        """
        ...

    def preview(self) -> NDArray[np.uint8] | None:
        """Show the last exposure small (RGB), where the camera makes that by itself.

        May be asked from any thread.
        """
        ...

    def interrupt(self) -> None:
        """End a wait in `open` or `grab` where that is possible; from any thread."""
        ...

    def close(self) -> None:
        """Release the camera; also one that never opened, or is lost."""
        ...
