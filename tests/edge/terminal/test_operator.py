import io

from rich.console import Console
from rich.progress import Progress

from edge.capture.demo_slide import DemoSlide
from edge.count.operator import OperatorCommand
from edge.records.counts import Counts
from edge.records.progress import CountProgress, CountState
from edge.terminal.operator import CONTINUE_BY, TerminalOperator


class Keyboard:
    """Keys typed before the count looks."""

    def __init__(self) -> None:
        self.typed = ""

    def __call__(self) -> str:
        typed, self.typed = self.typed, ""
        return typed


AT_TARGET = CountProgress(
    state=CountState.COMPLETE,
    counted=Counts(
        frames=9,
        frames_left_out={},
        places=1,
        target=100,
        leukocytes=98,
        leukocytes_to_review=3,
        counts={},
        red_cells=900,
        platelets=12,
        fields=9.0,
        uncertain=3,
        border=0,
        out_of_focus=0,
        duplicates=0,
    ),
    counted_s=30.0,
)


def made(*, shown: bool) -> tuple[TerminalOperator, Keyboard]:
    keyboard = Keyboard()
    progress = Progress(console=Console(file=io.StringIO()), disable=not shown)
    return TerminalOperator(DemoSlide(frames=1), keyboard, progress), keyboard


def test_p_pauses_and_resumes_and_q_finishes() -> None:
    operator, keyboard = made(shown=True)
    wishes = []
    for typed in ("", "x", "p", "P", "q"):
        keyboard.typed = typed
        wishes.append(operator.command())
    assert wishes == [
        None,
        None,
        OperatorCommand.PAUSE,
        OperatorCommand.RESUME,
        OperatorCommand.FINISH,
    ]


def test_at_the_target_the_operator_decides() -> None:
    operator, keyboard = made(shown=True)
    for typed, more in (("c", CONTINUE_BY), ("\n", 0)):
        assert operator.more_leukocytes(AT_TARGET) is None
        keyboard.typed = typed
        # As a count asks: first for a command, whose answer must not swallow the key.
        assert operator.command() is None
        assert operator.more_leukocytes(AT_TARGET) == more


def test_a_key_typed_before_the_target_is_no_answer() -> None:
    operator, keyboard = made(shown=True)
    keyboard.typed = "c"
    assert operator.command() is None
    assert operator.more_leukocytes(AT_TARGET) is None


def test_where_nobody_sees_it_the_count_ends_at_its_target() -> None:
    operator, _ = made(shown=False)
    assert operator.more_leukocytes(AT_TARGET) == 0
