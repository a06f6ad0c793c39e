"""Count a source from its first frame to its last, or to the target."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.capture.continued import ContinuedSource
from edge.capture.http_address import shown_source
from edge.capture.prefetch import FrameFeed
from edge.capture.source import FrameSource, StoredSource
from edge.count.frame_counter import FrameCounter
from edge.count.operator import FrameKeeper, Operator, UnattendedOperator
from edge.count.session import CountSession
from edge.count.settings import CountSettings
from edge.count.steering import Steering
from edge.frame.stage_times import Stage, StageTimes
from edge.records.summary import Summary, UnreadableFrame
from edge.results.differential import rates_of
from edge.results.folder import OnUnfinished, ResultFolder
from edge.results.frame_writer import FrameWriter, WriteFrame
from edge.store import CountStore, new_header
from edge.store.header import bundle_name
from edge.track.slide_cells import SlideCells
from hemalens.bundle import Bundle
from hemalens.classifier import BundleClassifier

_WORKERS: Final = max(1, min(4, (os.cpu_count() or 1) - 1))
"""Threads that segment ahead; one processor is left to classify, and each holds a
frame in memory."""


def count_source(
    source: FrameSource,
    bundle: Bundle,
    settings: CountSettings | None = None,
    *,
    source_name: str = "",
    output: Path | None = None,
    on_unfinished: OnUnfinished = OnUnfinished.REFUSE,
    operator: Operator | None = None,
    keeper: FrameKeeper | None = None,
    times: StageTimes | None = None,
) -> Summary:
    """Count a source.

    Frames are fetched and segmented ahead while the one before is classified. Ctrl-C
    ends the count after the frame in hand; what was counted until then is summed up
    and kept.

    Parameters
    ----------
    source : FrameSource
    bundle : Bundle
    settings : CountSettings, optional
    source_name : str
        What the operator calls the source: a count is continued on the same one. A
        camera's login is not kept.
    output : Path, optional
        Folder of the results.
    on_unfinished : OnUnfinished
        What to do with a count that was to end in `output` and broke off.
    operator : Operator, optional
        Watches and steers.
    keeper : FrameKeeper, optional
        Keeps frames for review; overlays are not drawn then.
    times : StageTimes, optional
        Told how long each stage takes.

    Raises
    ------
    CaptureError
        When a frame cannot be had; what was counted stays and can be continued.
    BundleError
        When the model cannot be run.
    StorageError
        When the results cannot be written.
    """
    settings = settings or CountSettings()
    times = times or StageTimes()
    classifier, second = _open(bundle, settings)
    header = new_header(shown_source(source_name), bundle, settings.resume_invariants())
    with ExitStack() as stack:
        folder = None
        if output is not None:
            folder = stack.enter_context(
                ResultFolder(
                    output,
                    header,
                    save_crops=settings.save_crops,
                    on_unfinished=on_unfinished,
                )
            )
        store = None if folder is None else folder.store
        session = CountSession(
            header if store is None else store.header,
            target=settings.target,
            store=store,
        )
        counter = FrameCounter(
            classifier,
            settings,
            slide=None if settings.separate_fields else _slide_cells(store),
            second=second,
            next_cell_id=session.next_cell_id,
            times=times,
        )
        steering = Steering(session, operator or UnattendedOperator())
        writes = tuple(_writes(folder, settings, keeper))

        def count_what_is_there() -> _Seen:
            rest = _skip_counted_frames(source, store)
            return _count_frames(
                rest, counter, session, steering, writes, keeper, times
            )

        seen = count_what_is_there()
        # Without a store nobody knows which frames are new.
        while store is not None and steering.wants_more_frames():
            seen = seen.and_then(count_what_is_there())
        summary = _sum_up(session, counter, seen, settings)
        if folder is not None:
            folder.complete(summary)
    return summary


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What came of the frames besides counts: how many were dropped, and warnings."""

    dropped: int
    warnings: tuple[str, ...]

    def and_then(self, later: "_Seen") -> "_Seen":
        """Add what came of further frames."""
        return _Seen(
            dropped=self.dropped + later.dropped,
            warnings=tuple(dict.fromkeys(self.warnings + later.warnings)),
        )


def _sum_up(
    session: CountSession,
    counter: FrameCounter,
    seen: _Seen,
    settings: CountSettings,
) -> Summary:
    slide, header, now = counter.slide_appearance, session.header, session.moment()
    second, size = settings.second_bundle, session.pixel_size_um
    return Summary(
        counted=session.counted,
        rates=rates_of(session.counted),
        frames_dropped=seen.dropped,
        unreadable=tuple(
            UnreadableFrame(name=name, problem=problem)
            for name, problem in session.unreadable.items()
        ),
        bundle_doubts=settings.bundle_doubts,
        warnings=seen.warnings,
        slide_doubts=counter.doubts(size),
        pixel_size_um=size,
        population=settings.population,
        rare_class_weights=counter.rare_class_weights,
        slide_colours=slide.colours,
        slide_blur_um=slide.blur_um,
        bundle=header.bundle,
        second_bundle=None if second is None else bundle_name(second),
        hemalens_version=header.hemalens_version,
        started_at=header.started_at,
        finished_at=now.at,
        counted_s=now.counted_s,
        times_continued=session.times_continued,
    )


def _open(
    bundle: Bundle, settings: CountSettings
) -> tuple[BundleClassifier, BundleClassifier | None]:
    classifier = BundleClassifier(bundle, threads=settings.threads)
    if settings.second_bundle is None:
        return classifier, None
    second = BundleClassifier(settings.second_bundle, threads=settings.threads)
    return classifier, second


def _slide_cells(store: CountStore | None) -> SlideCells:
    if store is None:
        return SlideCells()
    return SlideCells(store.keyframes(), store.cells(), store.joins())


def _skip_counted_frames(source: FrameSource, store: CountStore | None) -> FrameSource:
    """Leave out the frames that a count already has."""
    if store is None or not store.frames_done:
        return source
    done = {frame.name: frame.index for frame in store.frames()}
    return ContinuedSource(source, done)


def _writes(
    folder: ResultFolder | None, settings: CountSettings, keeper: FrameKeeper | None
) -> Iterator[WriteFrame]:
    """Choose what is written of each frame: a keeper has pictures of its own."""
    if folder is None:
        return
    if keeper is None:
        yield folder.write_overlay
    if settings.save_crops:
        yield folder.write_crops


def _count_frames(
    source: FrameSource,
    counter: FrameCounter,
    session: CountSession,
    steering: Steering,
    writes: Iterable[WriteFrame],
    keeper: FrameKeeper | None,
    times: StageTimes,
) -> _Seen:
    """Count while there are frames and the operator wants."""
    warnings: dict[str, None] = {}
    with ExitStack() as stack:
        writer = stack.enter_context(FrameWriter(*writes))
        feed = stack.enter_context(FrameFeed(source, counter.analyze, workers=_WORKERS))
        stack.enter_context(_on_interruption(steering.finish, feed.stop))
        analyses = iter(feed)
        if isinstance(source, StoredSource) and source.is_stored:
            analyses = counter.settle_scale_first(analyses)
        while steering.goes_on():
            analysis = next(analyses, None)
            if analysis is None:
                _leave_out(source, session)
                break
            _leave_out(source, session, before=analysis.frame.index)
            counted = counter.finish_frame(analysis)
            warnings.update(dict.fromkeys(counted.warnings))
            writer.write(counted)
            if keeper is not None:
                doubts = counter.doubts(counted.pixel_size_um or session.pixel_size_um)
                keeper.keep(counted, analysis.quality, doubts)
            with times.of(Stage.STORE):
                session.add(counted)
            steering.show(counted)
            # A large frame must not live on while the next is waited for.
            del analysis, counted
        return _Seen(dropped=feed.dropped, warnings=tuple(warnings))


def _leave_out(
    source: FrameSource, session: CountSession, before: int | None = None
) -> None:
    """Note the files that could not be read, up to the frame in hand.

    A source fetches ahead: what comes after the last frame counted is none of it.
    """
    for left_out in source.status().left_out:
        if before is None or left_out.index < before:
            session.leave_out(left_out)


@contextmanager
def _on_interruption(*actions: Callable[[], None]) -> Iterator[None]:
    """Do this on Ctrl-C in place of raising it, so that no frame is half counted.

    Only the main thread can; in others Ctrl-C is never seen.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def act(*_: object) -> None:
        for action in actions:
            action()

    before = signal.signal(signal.SIGINT, act)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
