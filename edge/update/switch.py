"""What runs, what ran before, and the way back.

::

    begin            on trial ── confirm ──────────────► confirmed
    (idle ─────────►  start, start, …) ── chances spent ► returned

On the disk these are the two links and ``trial.json``. Whatever they are after a power
cut, ``current`` leads to something whole: a target is durable before anything names it,
`begin` writes the trial before it switches, and a trial of what does not run is void.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from edge.update.history import Event, add_note
from edge.update.lock import held
from edge.update.trial import (
    BootMoment,
    DamagedTrialError,
    Trial,
    TrialLimits,
    now,
    read_trial,
    write_trial,
)
from hemalens.durable import point, remove_file, target_of

_CURRENT: Final = "current"
_PREVIOUS: Final = "previous"
_TRIAL: Final = "trial.json"
_LOCK: Final = ".lock"


class Switch:
    """The links and the trial below a root; every method leaves them right.

    All may raise `OSError`, when the disk does not take a change; what runs is then as
    before or as wanted.

    Parameters
    ----------
    root : Path
        Targets are named relative to it.
    clock : callable
        Gives the moment.
    """

    def __init__(self, root: Path, *, clock: Callable[[], BootMoment] = now) -> None:
        self.root = root
        self._clock = clock

    @property
    def current(self) -> str | None:
        """What runs; None for what is shipped."""
        return target_of(self.root / _CURRENT)

    @property
    def previous(self) -> str | None:
        """What was confirmed before; None for what is shipped."""
        return target_of(self.root / _PREVIOUS)

    @property
    def trial(self) -> Trial | None:
        """The trial of what runs; None when it is confirmed."""
        try:
            trial = read_trial(self.root / _TRIAL)
        except (DamagedTrialError, OSError):
            return None
        return trial if trial is not None and trial.target == self.current else None

    def begin(self, target: str, limits: TrialLimits, detail: str) -> None:
        """Switch to something new, on trial; it must be whole and durable.

        What is on trial already is given up first: the way back leads to what was
        confirmed.
        """
        with self._settled():
            if (trial := self.trial) is not None:
                self._return(trial, "given up for another update")
            new = Trial(target=target, returns_to=self.current, limits=limits)
            write_trial(self.root / _TRIAL, new)
            point(self.root / _CURRENT, target)
            add_note(self.root, Event.SWITCHED, target, detail)

    def start(self) -> str | None:
        """Count a start; end a trial whose chances are spent.

        Returns
        -------
        str or None
            What had to be done, for the journal.
        """
        with self._settled():
            if (trial := self.trial) is None:
                return None
            moment = self._clock()
            if (reason := trial.spent(moment)) is not None:
                return self._return(trial, reason)
            write_trial(self.root / _TRIAL, trial.started(moment))
            return None

    def confirm(self, detail: str, *, unstarted: bool = False) -> str | None:
        """End a trial well; what ran before stays as the way back.

        Parameters
        ----------
        detail : str
            Who says so.
        unstarted : bool
            Also when nothing was started since the switch: by default a service
            that still runs the old one cannot confirm the new.

        Returns
        -------
        str or None
            What was confirmed; None when nothing was to be.
        """
        with self._settled():
            trial = self.trial
            if trial is None or not (trial.starts or unstarted):
                return None
            point(self.root / _PREVIOUS, trial.returns_to)
            remove_file(self.root / _TRIAL)
            add_note(self.root, Event.CONFIRMED, trial.target, detail)
            return trial.target

    def go_back(self, detail: str) -> None:
        """Run what ran before: what a trial returns to, or what is ``previous``."""
        with self._settled():
            if (trial := self.trial) is not None:
                self._return(trial, detail, Event.ROLLED_BACK)
                return
            left, target = self.current, self.previous
            point(self.root / _CURRENT, target)
            point(self.root / _PREVIOUS, left)
            add_note(self.root, Event.ROLLED_BACK, target, detail)

    def forget_previous(self) -> None:
        """Forget the way back, before its target is overwritten."""
        with self._settled():
            point(self.root / _PREVIOUS, None)

    def note(self, event: Event, detail: str) -> None:
        """Note what changed nothing, if the disk takes it."""
        with suppress(OSError), held(self.root / _LOCK, wait=True):
            add_note(self.root, event, self.current, detail)

    def settle(self) -> None:
        """Put right what was broken off or lost."""
        with self._settled():
            pass

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """Hold the lock, begin with everything right."""
        with held(self.root / _LOCK, wait=True):
            self._end_void_trial()
            self._leave_what_is_lost()
            yield

    def _end_void_trial(self) -> None:
        path = self.root / _TRIAL
        try:
            trial = read_trial(path)
            if trial is None or trial.target == self.current:
                return
            fault = f"the switch to {trial.target} was broken off or undone"
        except DamagedTrialError:
            fault = "the trial's record was damaged: taken as confirmed"
        remove_file(path)
        add_note(self.root, Event.RECOVERED, self.current, fault)

    def _leave_what_is_lost(self) -> None:
        """Go back from a target that is not there."""
        lost = self.current
        if lost is None or (self.root / lost).exists():
            return
        ways = (self.trial.returns_to if self.trial else None, self.previous)
        target = next((w for w in ways if w and (self.root / w).exists()), None)
        point(self.root / _CURRENT, target)
        remove_file(self.root / _TRIAL)
        add_note(self.root, Event.RECOVERED, target, f"{lost} is not there")

    def _return(self, trial: Trial, reason: str, event: Event = Event.RETURNED) -> str:
        point(self.root / _CURRENT, trial.returns_to)
        add_note(self.root, event, trial.returns_to, f"{trial.target}: {reason}")
        remove_file(self.root / _TRIAL)
        return f"{trial.target} {reason}: back to {trial.returns_to or 'the shipped'}"
