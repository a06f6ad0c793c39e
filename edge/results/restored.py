"""A count that broke off, read back from its store."""

from dataclasses import dataclass, field
from datetime import datetime

from edge.records.left_out import problem_of
from edge.results.tally import Tally
from edge.store import CountStore, EventKind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RestoredCount:
    """What a store holds of a count.

    Parameters
    ----------
    tally : Tally
        As it was after the last frame; its owner may go on adding.
    unreadable : dict of str to str
        Problems of the files that could not be read, by name.
    target : int or None
        Leukocytes asked for last.
    times_continued : int
        How often it was taken up again.
    last_at : datetime or None
        Its last moment; None when it was never begun.
    counted_s : float
        Seconds counted until then.
    """

    tally: Tally = field(default_factory=Tally)
    unreadable: dict[str, str] = field(default_factory=dict)
    target: int | None = None
    times_continued: int = 0
    last_at: datetime | None = None
    counted_s: float = 0.0


def restore_count(store: CountStore) -> RestoredCount:
    """Add up what a store holds.

    Raises
    ------
    StorageError
        When it cannot be read.
    """
    tally = Tally()
    unreadable: dict[str, str] = {}
    events = store.events()
    moments = [event.moment for event in events]
    for frame in store.frames():
        place = None if frame.placement is None else frame.placement.place
        tally.add_frame(
            left_out=frame.left_out, place=place, pixel_size_um=frame.pixel_size_um
        )
        moments.append(frame.moment)
        problem = problem_of(frame.left_out)
        if problem is not None:
            unreadable[frame.name] = problem
    for join in store.joins():
        tally.add_join(join)
    for view in store.views():
        tally.add_view(
            view.cell_id, view.kind, view.class_name, view.status, whole=view.whole
        )
    return RestoredCount(
        tally=tally,
        unreadable=unreadable,
        target=events[-1].target if events else None,
        times_continued=sum(e.kind is EventKind.CONTINUED for e in events),
        last_at=max((moment.at for moment in moments), default=None),
        counted_s=max((moment.counted_s for moment in moments), default=0.0),
    )
