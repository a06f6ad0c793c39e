"""What breaks a count off, in words, and what to do about it."""

from typing import Final

from edge.capture.source import FrameSource, SourceState
from edge.station.live.frame import Fault, FaultCode
from hemalens.errors import CaptureError, HemaLensError, StorageError

_MEND_CAPTURE: Final = (
    "Check the camera's cable, power and light, then press resume: what was counted "
    "is kept."
)
_MEND_STORAGE: Final = "Make room on the disk, then press resume: no frame is lost."
_MEND_OTHER: Final = (
    "Press resume to go on, or finish to keep what was counted; if it happens again, "
    "call your service."
)
BROKE_OFF: Final = Fault(
    code=FaultCode.BROKE_OFF,
    what="The station stopped while this sample was counted.",
    mend="Put the slide back and press resume, or finish to keep what was counted.",
)
PROGRAM_FAULT: Final = Fault(
    code=FaultCode.PROGRAM, what="The program has a fault.", mend=_MEND_OTHER
)


def fault_of(error: HemaLensError) -> Fault:
    """Describe what ended a count."""
    if isinstance(error, CaptureError):
        code, mend = FaultCode.SOURCE, _MEND_CAPTURE
    elif isinstance(error, StorageError):
        code, mend = FaultCode.STORAGE, _MEND_STORAGE
    else:
        code, mend = FaultCode.OTHER, _MEND_OTHER
    return Fault(code=code, what=str(error), mend=mend)


def interruption_of(source: FrameSource) -> Fault | None:
    """Return what holds up a count that goes on by itself; None when nothing does."""
    status = source.status()
    if status.state is not SourceState.RECONNECTING:
        return None
    return Fault(code=FaultCode.RECONNECTING, what=status.detail, mend=_MEND_CAPTURE)
