"""A ``cv2.VideoCapture`` on a made camera, with the manners of UVC drivers."""

import threading
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.edge.capture.made_images import RED, noisy


@dataclass(kw_only=True)
class UsbWorld:
    """The camera behind the driver; outlives its openings."""

    size_wh: tuple[int, int] = (64, 48)
    sizes_wh: tuple[tuple[int, int], ...] = ((64, 48), (96, 72))
    light: float = 1.0
    is_plugged: bool = True
    is_held: bool = False
    has_manual: bool = True
    tells_exposure: bool = True
    has_white_balance: bool = True
    stall: threading.Event = field(default_factory=threading.Event)
    leave_stall: threading.Event = field(default_factory=threading.Event)
    damaged: int = 0
    frame_s: float = 0.001
    opened: int = 0
    released: int = 0
    grabbed: int = 0
    manual_exposure: float = 157.0
    """What the register holds until somebody writes it."""
    is_manual: bool = False
    auto_white_balance: bool = True
    white_balance: float = 4600.0

    def open(self, path: str) -> "FakeCapture":
        return FakeCapture(self)

    @property
    def right_exposure(self) -> float:
        return 300.0 / self.light


class FakeCapture:
    def __init__(self, world: UsbWorld) -> None:
        self._world = world
        self._wanted_wh = list(world.size_wh)
        self._is_open = world.is_plugged and not world.is_held
        self._now = threading.Event()
        if self._is_open:
            world.opened += 1

    def isOpened(self) -> bool:  # noqa: N802
        return self._is_open

    def get(self, prop: int, /) -> float:
        world = self._world
        if prop == cv2.CAP_PROP_AUTO_EXPOSURE:
            return 1.0 if world.is_manual else 3.0
        if prop == cv2.CAP_PROP_EXPOSURE:
            tells = world.tells_exposure and not world.is_manual
            return world.right_exposure if tells else world.manual_exposure
        if prop == cv2.CAP_PROP_AUTO_WB:
            return float(world.auto_white_balance)
        if prop == cv2.CAP_PROP_WB_TEMPERATURE:
            return world.white_balance
        return 0.0

    def set(self, prop: int, value: float, /) -> bool:
        world = self._world
        if prop == cv2.CAP_PROP_AUTO_EXPOSURE and world.has_manual:
            world.is_manual = value == 1
            return True
        if prop == cv2.CAP_PROP_EXPOSURE and world.is_manual:
            world.manual_exposure = value
            return True
        if prop == cv2.CAP_PROP_AUTO_WB and world.has_white_balance:
            world.auto_white_balance = bool(value)
            return True
        if prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
            self._wanted_wh[prop == cv2.CAP_PROP_FRAME_HEIGHT] = int(value)
            wanted = (self._wanted_wh[0], self._wanted_wh[1])
            # Drivers take any number and go to a size they have.
            world.size_wh = wanted if wanted in world.sizes_wh else world.sizes_wh[0]
            return True
        return False

    def grab(self) -> bool:
        world = self._world
        if world.stall.is_set():
            world.leave_stall.wait(30)
            return False
        self._now.wait(world.frame_s)
        world.grabbed += 1
        return self._is_open and world.is_plugged

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        world = self._world
        if world.damaged:
            world.damaged -= 1
            return False, None
        exposure = world.manual_exposure if world.is_manual else world.right_exposure
        level = min(1.2, exposure / world.right_exposure)
        rgb = (RED[0] * level, RED[1] * level, RED[2] * level)
        image = noisy(world.grabbed, world.size_wh, rgb)
        return True, np.ascontiguousarray(image[..., ::-1])

    def release(self) -> None:
        if self._is_open:
            self._world.released += 1
        self._is_open = False
