import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from edge.station.errors import reasons as refusals
from edge.station.errors import responses as answers
from edge.station.errors.reasons import Reason, RefusedError

STATION = Path(refusals.__file__).parents[1]
ANSWERED = {
    Reason.NOT_FOUND,
    Reason.NOT_SO,
    Reason.TOO_LARGE,
    Reason.NOT_AS_WANTED,
    Reason.UNREADABLE,
    Reason.STATION_FAULT,
    Reason.STORAGE,
    Reason.FAILED,
    Reason.REFUSED,
}
"""Never raised: what the server itself answers."""


def holes(reason: Reason) -> set[str]:
    words = f"{reason.what} {reason.mend or ''}"
    return {name for _, name, _, _ in Formatter().parse(words) if name}


def raised() -> Iterator[tuple[str, Reason, set[str]]]:
    """Where the station refuses, why, and with what values."""
    for path in STATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "RefusedError":
                (reason,) = node.args
                assert isinstance(reason, ast.Attribute), path
                given = {keyword.arg or "" for keyword in node.keywords}
                place = f"{path.name}:{node.lineno}"
                yield place, Reason[reason.attr], given - {"retry_after_s"}


def test_every_refusal_gives_what_its_sentence_needs() -> None:
    for place, reason, given in raised():
        assert holes(reason) <= given, place


def test_every_reason_is_used() -> None:
    assert {reason for _, reason, _ in raised()} | ANSWERED == set(Reason)


def test_codes_are_one_a_reason() -> None:
    # Two alike would be one member of the enumeration under two names.
    assert len({reason.code for reason in Reason}) == len(Reason.__members__)


def test_a_refusal_is_a_line_for_the_terminal() -> None:
    error = RefusedError(Reason.NO_SUCH_ACCOUNT, name="eva")
    assert str(error) == "there is no account eva: see the list of accounts"


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: reason.code)
def test_every_answer_is_whole_sentences(reason: Reason) -> None:
    values = dict.fromkeys(holes(reason), "x")
    said = answers.Refused.model_validate_json(
        answers.refusal(reason, dict(values)).body
    )
    for sentence in filter(None, (said.error, said.mend)):
        assert sentence.endswith(".")
        assert not sentence.endswith("..")
        assert sentence[0].isupper() or sentence.startswith("x")
        assert "{" not in sentence
    assert (said.code, said.values) == (reason.code, values)
