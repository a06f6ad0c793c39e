"""The report as an HL7 v2.5.1 message, ORU^R01.

References
----------
HL7 Version 2.5.1, chapters 2 (encoding), 7 (ORU, OBR, OBX, SPM).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from edge.station.export.labels import ENGLISH
from edge.station.export.loinc import PANEL, Code
from edge.station.export.notes import notes, origin
from edge.station.export.results import Result, results
from edge.station.records import Report

DECIMALS: Final = 2
NAMESPACE_LENGTH: Final = 20
"""Longest name of a facility (data type IS)."""
ESCAPES: Final = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
)

Fields = dict[int, str]


def hl7(report: Report, message_id: str) -> str:
    """Write the message; segments end in a carriage return.

    It has no PID segment: the station knows a sample, and no patient.

    Parameters
    ----------
    message_id : str
        MSH-10, at most 20 characters; the acknowledgement names it.
    """
    return "".join(f"{segment}\r" for segment in _segments(report, message_id))


def _segments(report: Report, message_id: str) -> Iterator[str]:
    yield _header(report, message_id)
    yield _request(report)
    for number, text in enumerate(notes(report), start=1):
        yield _note(number, text)
    for number, result in enumerate(results(report.differential), start=1):
        yield _observation(report, number, result)
        yield _note(1, _limits(result))
    yield _segment("SPM", {1: "1", 2: _text(report.sample.sample_id), 4: "BLD"})


def _segment(name: str, fields: Fields) -> str:
    last = max(fields)
    return "|".join([name, *(fields.get(number, "") for number in range(1, last + 1))])


def _text(text: str) -> str:
    """Escape what separates, and leave no control character to end a segment."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain.translate(ESCAPES)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")


def _code(code: Code) -> str:
    return f"{code.code}^{_text(code.display)}^LN"


def _status(report: Report) -> str:
    if report.signature is None:
        return "P"
    return "F" if report.amendment is None else "C"


def _issued(report: Report) -> str:
    sample = report.sample
    at = report.signature.at if report.signature else sample.counted_at
    return _time(at or sample.started_at)


def _header(report: Report, message_id: str) -> str:
    # MSH-1 is the separator itself, so that fields stand one to the left.
    return _segment(
        "MSH",
        {
            1: "^~\\&",
            2: "HemaLens",
            3: _text(report.laboratory[:NAMESPACE_LENGTH]),
            6: _issued(report),
            8: "ORU^R01^ORU_R01",
            9: _text(message_id),
            10: "P",
            11: "2.5.1",
            17: "UNICODE UTF-8",
        },
    )


def _request(report: Report) -> str:
    fields = {
        1: "1",
        2: _text(report.sample.sample_id),
        3: f"{origin(report)}^HemaLens",
        4: _code(PANEL),
        7: _time(report.sample.started_at),
        22: _issued(report),
        24: "HM",
        25: _status(report),
    }
    if report.signature is not None:
        name = f"{_text(report.signature.person)}&{_text(report.signature.full_name)}"
        fields[32] = name
    return _segment("OBR", fields)


def _note(number: int, text: str) -> str:
    return _segment("NTE", {1: str(number), 2: "L", 3: _text(text)})


def _number(value: float) -> str:
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")


def _observation(report: Report, number: int, result: Result) -> str:
    fields = {
        1: str(number),
        2: "NM",
        3: _code(result.code),
        5: _number(result.value),
        6: f"{result.unit}^{result.unit}^UCUM",
        8: result.interpretation or "",
        11: _status(report),
        14: _time(report.sample.started_at),
    }
    if result.reference is not None:
        fields[7] = "-".join(_number(limit) for limit in result.reference)
    return _segment("OBX", fields)


def _limits(result: Result) -> str:
    said = f"{result.cells} cells"
    if result.ci95 is not None:
        low, high = (_number(limit) for limit in result.ci95)
        said += f"; 95 % confidence limits {low} to {high} {result.unit}"
    if result.possible is not None:
        low, high = (_number(limit) for limit in result.possible)
        said += f"; once all cells are settled {low} to {high} {result.unit}"
    if result.flag is not None:
        said += f"; {ENGLISH[result.flag]}"
    return said
