"""Count a source from its first frame to its last."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from edge.capture.source import FrameSource
from edge.overlay import draw_overlay
from edge.pipeline import CountedFrame, FrameCounter
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
    on_frame: Callable[[CountedFrame], None] | None = None,
) -> Summary:
    """Count every frame of a source.

    Ctrl-C ends the count; what was counted until then is summed up and kept.

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
            folder = stack.enter_context(ResultFolder(output))
        frames = stack.enter_context(source)
        try:
            for frame in frames:
                counted = counter.count(frame)
                if folder is not None:
                    folder.add(counted, draw_overlay(counted))
                session.add(counted)
                if on_frame is not None:
                    on_frame(counted)
        except KeyboardInterrupt:
            pass
        summary = session.summary()
        if folder is not None:
            folder.complete(summary)
    return summary
