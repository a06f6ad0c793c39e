"""The state machine alone: targets are files of a few bytes."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.update.history import MOST_NOTES, Event, add_note, read_notes
from edge.update.switch import Switch
from edge.update.trial import BootMoment, TrialLimits

LIMITS = TrialLimits(starts=2, minutes=30)


@dataclass(slots=True)
class Clock:
    """A clock that stands until it is set."""

    moment: BootMoment = field(
        default_factory=lambda: BootMoment(boot="first", boot_s=100.0)
    )

    def __call__(self) -> BootMoment:
        return self.moment

    def pass_minutes(self, minutes: float) -> None:
        s = self.moment.boot_s + 60 * minutes
        self.moment = BootMoment(boot=self.moment.boot, boot_s=s)

    def reboot(self) -> None:
        self.moment = BootMoment(boot=f"{self.moment.boot}'", boot_s=5.0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def switch(tmp_path: Path, clock: Clock) -> Switch:
    for name in ("one", "two", "three"):
        (tmp_path / name).write_text(name)
    return Switch(tmp_path, clock=clock)


def events(switch: Switch) -> list[Event]:
    return [note.event for note in read_notes(switch.root)]


def confirmed(switch: Switch, *targets: str) -> None:
    for target in targets:
        switch.begin(target, LIMITS, "")
        switch.start()
        assert switch.confirm("healthy") == target


def test_a_new_device_runs_what_is_shipped(switch: Switch) -> None:
    assert (switch.current, switch.previous, switch.trial) == (None, None, None)
    assert switch.start() is None


def test_what_is_begun_runs_on_trial(switch: Switch) -> None:
    confirmed(switch, "one")
    switch.begin("two", LIMITS, "two 2.0")
    assert switch.current == "two"
    assert switch.trial is not None
    assert switch.trial.returns_to == "one"
    assert (switch.root / "current").read_text() == "two"


def test_a_confirmed_trial_keeps_the_one_before_as_the_way_back(switch: Switch) -> None:
    confirmed(switch, "one", "two")
    assert (switch.current, switch.previous, switch.trial) == ("two", "one", None)
    assert switch.confirm("again") is None


def test_a_service_that_was_not_started_since_the_switch_confirms_nothing(
    switch: Switch,
) -> None:
    switch.begin("one", LIMITS, "")
    assert switch.confirm("by what ran before") is None
    assert switch.trial is not None
    assert switch.confirm("by hand", unstarted=True) == "one"


def test_a_trial_goes_back_at_the_start_after_its_last(switch: Switch) -> None:
    confirmed(switch, "one")
    switch.begin("two", LIMITS, "")
    assert switch.start() is None
    assert switch.start() is None
    assert switch.current == "two"
    assert switch.start() == "two not confirmed within 2 starts: back to one"
    assert (switch.current, switch.trial) == ("one", None)
    assert switch.start() is None
    assert events(switch)[-1] == Event.RETURNED
    assert "not confirmed within 2 starts" in read_notes(switch.root)[-1].detail


def test_a_trial_goes_back_at_the_first_start_after_its_minutes(
    switch: Switch, clock: Clock
) -> None:
    confirmed(switch, "one")
    switch.begin("two", LIMITS, "")
    clock.pass_minutes(600)
    assert switch.start() is None, "the minutes count from the first start"
    clock.pass_minutes(31)
    assert switch.start() is not None
    assert switch.current == "one"


def test_a_night_without_power_spends_no_minutes(switch: Switch, clock: Clock) -> None:
    switch.begin("one", LIMITS, "")
    switch.start()
    clock.reboot()
    clock.pass_minutes(600)
    assert switch.start() is None
    assert switch.current == "one"


def test_a_failed_first_trial_goes_back_to_what_is_shipped(switch: Switch) -> None:
    switch.begin("one", TrialLimits(starts=1), "")
    switch.start()
    switch.start()
    assert switch.current is None


def test_a_failed_trial_leaves_the_older_way_back(switch: Switch) -> None:
    confirmed(switch, "one", "two")
    switch.begin("three", TrialLimits(starts=1), "")
    switch.start()
    switch.start()
    assert (switch.current, switch.previous) == ("two", "one")


def test_an_update_on_trial_leads_back_to_what_was_confirmed(switch: Switch) -> None:
    confirmed(switch, "one")
    switch.begin("two", LIMITS, "")
    switch.begin("three", LIMITS, "")
    assert switch.current == "three"
    assert switch.trial is not None
    assert switch.trial.returns_to == "one"


def test_going_back_ends_a_trial(switch: Switch) -> None:
    confirmed(switch, "one", "two")
    switch.begin("three", LIMITS, "")
    switch.go_back("by an operator")
    assert (switch.current, switch.previous, switch.trial) == ("two", "one", None)
    assert events(switch)[-1] == Event.ROLLED_BACK


def test_going_back_twice_leads_forth_again(switch: Switch) -> None:
    confirmed(switch, "one", "two")
    switch.go_back("by an operator")
    assert (switch.current, switch.previous) == ("one", "two")
    switch.go_back("by an operator")
    assert (switch.current, switch.previous) == ("two", "one")


def test_a_target_that_is_lost_is_left(switch: Switch) -> None:
    confirmed(switch, "one", "two")
    (switch.root / "two").unlink()
    switch.start()
    assert switch.current == "one"
    assert events(switch)[-1] == Event.RECOVERED
    (switch.root / "one").unlink()
    switch.start()
    assert switch.current is None


DAMAGE = {
    "nothing": "",
    "no JSON": "{",
    "another form": "[]",
    "a way out of the root": json.dumps(
        {
            "target": "two",
            "returns_to": "../../etc",
            "limits": {"starts": 1, "minutes": 1},
            "starts": 1,
            "since": None,
        }
    ),
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_trial_does_not_stop_what_runs(switch: Switch, content: str) -> None:
    confirmed(switch, "one")
    switch.begin("two", LIMITS, "")
    (switch.root / "trial.json").write_text(content)
    assert switch.start() is None
    assert (switch.current, switch.trial) == ("two", None)
    assert not (switch.root / "trial.json").exists()
    assert events(switch)[-1] == Event.RECOVERED


def test_the_history_keeps_the_newest_and_survives_damage(tmp_path: Path) -> None:
    for number in range(3):
        add_note(tmp_path, Event.REFUSED, None, str(number))
    path = tmp_path / "history.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:20], lines[2]]) + '\n{"event": 3}\n')
    assert [note.detail for note in read_notes(tmp_path)] == ["0", "2"]
    path.write_text(f"{lines[0]}\n" * (MOST_NOTES + 7))
    add_note(tmp_path, Event.REFUSED, None, "last")
    notes = read_notes(tmp_path)
    assert len(notes) == MOST_NOTES
    assert notes[-1].detail == "last"
