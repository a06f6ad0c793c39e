"""Count a source from its first frame to its last."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from edge.capture.source import FrameSource
from edge.counted_frame import CountedFrame
from edge.overlay import draw_overlay
from edge.pipeline import FrameCounter
from edge.result_folder import ResultFolder
from edge.session import CountSession
from edge.summary import Summary
from hemalens.bundle import Bundle
from hemalens.classifier import BundleClassifier


def count_source(
    source: FrameSource,
    bundle: Bundle,
    *,
    pixel_size_um: float | None = None,
    threads: int | None = None,
    output: Path | None = None,
    save_crops: bool = False,
    on_frame: Callable[[CountedFrame], None] | None = None,
) -> Summary:
    """Count every frame of a source.

    Ctrl-C ends the count after the frame in hand; what was counted until then is
    summed up and kept.

    Parameters
    ----------
    source : FrameSource
    bundle : Bundle
    pixel_size_um : float, optional
        Micrometres per pixel; else the source's, else from the red cells.
    threads : int, optional
        Threads of one inference.
    output : Path, optional
        Folder of the results.
    save_crops : bool
        Write each stained cell's crop there too.
    on_frame : callable, optional
        Told each frame when it is counted.

    Raises
    ------
    CaptureError
        When a frame cannot be had.
    BundleError
        When the model cannot be run.
    StorageError
        When the results cannot be written.
    """
    counter = FrameCounter(BundleClassifier(bundle, threads=threads), pixel_size_um)
    session = CountSession(bundle)
    with ExitStack() as stack:
        folder = None
        if output is not None:
            folder = stack.enter_context(ResultFolder(output, save_crops=save_crops))
        frames = stack.enter_context(source)
        interrupted = stack.enter_context(_interruption())
        for frame in frames:
            counted = counter.count(frame)
            if folder is not None:
                folder.add(counted, draw_overlay(counted))
            session.add(counted)
            if on_frame is not None:
                on_frame(counted)
            if interrupted.is_set():
                break
        summary = session.summary()
        if folder is not None:
            folder.complete(summary)
    return summary


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Note Ctrl-C in place of raising it, so that no frame is left half counted.

    Only the main thread can; in others the event is never set.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = signal.signal(signal.SIGINT, lambda *_: event.set())
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
