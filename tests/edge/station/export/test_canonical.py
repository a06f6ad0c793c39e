import json as plain

from edge.station.export.canonical import json
from edge.station.records import Report
from tests.edge.station.review.made_report import made_report


def test_report_is_read_back_equal():
    report = made_report(signed=True, comment="grün")
    assert Report.model_validate_json(json(report)) == report


def test_spelling_is_sorted_and_tight():
    text = json(made_report())
    again = plain.dumps(
        plain.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert text == again.encode()
