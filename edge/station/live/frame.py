"""What a viewer sees of a running count: frozen, as it goes over the wire."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from edge.frame.quality import (
    LEAST_BACKGROUND_LEVEL,
    MOST_BLUR_UM,
    MOST_CLIPPED_FRACTION,
    FrameQuality,
)
from edge.station.records import Differential


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LiveState(StrEnum):
    """What the station is doing."""

    IDLE = "idle"
    COUNTING = "counting"
    PAUSED = "paused"
    COMPLETE = "complete"
    """The target is reached: go on, or finish."""
    ENDED = "ended"
    """The source ended short of the target: look for more frames, or finish."""
    FAULT = "fault"
    """The count broke off; it can be resumed or finished."""


class FaultCode(StrEnum):
    """What kind a fault is of; the page says it in its own language."""

    SOURCE = "source"
    """The camera or file gives no frames."""
    RECONNECTING = "reconnecting"
    """The camera is gone and looked for; the count goes on by itself."""
    STORAGE = "storage"
    BROKE_OFF = "broke_off"
    """The station stopped while it counted."""
    PROGRAM = "program"
    OTHER = "other"


class Fault(_Record):
    """What is wrong, and what to do about it."""

    code: FaultCode
    what: str
    mend: str


class Focus(_Record):
    """How sharp the last frame is."""

    sharpness: float | None
    """Inverse of the edges' blur, per micrometre."""
    word: str
    """``sharp``, ``soft``, ``blurred``, or ``empty`` where nothing can be focused."""


class Exposure(_Record):
    """How the last frame is lit."""

    word: str
    """``good``, ``dim``, ``dark`` or ``overexposed``."""


class LiveCell(_Record):
    """A cell of the frame on show."""

    cell_id: int
    box: tuple[int, int, int, int]
    kind: str
    class_name: str | None
    probability: float | None
    status: str


class LiveFrame(_Record):
    """The frame on show."""

    frame: str
    count_id: str
    width: int
    height: int
    pixel_size_um: float | None
    left_out: str | None
    cells: tuple[LiveCell, ...]


class LiveProgress(_Record):
    """How far the count is."""

    revision: int = 0
    """Rises when a person changes a sample: whoever looks at one reads it again."""
    state: LiveState = LiveState.IDLE
    count_id: str | None = None
    frames: int = 0
    left_out: dict[str, int] = {}
    target: int | None = None
    leukocytes: int = 0
    """Settled: certain, or given a class by a person."""
    uncertain: int = 0
    """Not settled yet; the differential's open cells."""
    nrbc: int = 0
    platelets: int = 0
    red_cells: int = 0
    differential: Differential | None = None
    frames_per_second: float | None = None
    dropped: int = 0
    focus: Focus | None = None
    exposure: Exposure | None = None
    fault: Fault | None = None
    last_left_out: str | None = None
    slide_doubts: tuple[str, ...] = ()


_SOFT_FROM: float = 0.8 * MOST_BLUR_UM
_DIM_BELOW: float = 2 * LEAST_BACKGROUND_LEVEL


def focus_of(quality: FrameQuality) -> Focus:
    """Describe how sharp a frame is."""
    blur_um = quality.blur_um
    if quality.is_empty or blur_um is None:
        return Focus(sharpness=None, word="empty" if quality.is_empty else "blurred")
    word = "sharp" if blur_um < _SOFT_FROM else "soft"
    return Focus(
        sharpness=quality.sharpness_per_um,
        word="blurred" if blur_um > MOST_BLUR_UM else word,
    )


def exposure_of(quality: FrameQuality) -> Exposure:
    """Describe how a frame is lit."""
    if quality.clipped_fraction > MOST_CLIPPED_FRACTION:
        return Exposure(word="overexposed")
    if quality.background_level < LEAST_BACKGROUND_LEVEL:
        return Exposure(word="dark")
    return Exposure(word="dim" if quality.background_level < _DIM_BELOW else "good")
