import csv as reader
from io import StringIO

from edge.station.export.table import csv
from tests.edge.station.review.made_report import FORMER, made_report


def lines(report):
    return list(reader.DictReader(StringIO(csv(report))))


def test_shares_are_read_back():
    report = made_report()
    found = {line["class"]: line for line in lines(report)}
    for share in report.differential.shares:
        line = found[share.class_name]
        assert int(line["count"]) == share.count
        if share.percent is not None:
            assert float(line["percent"]) == share.percent
            assert float(line["ci95_high_percent"]) == share.ci95_percent[1]
    assert float(found["nrbc_per_100_wbc"]["percent"]) == 1.0
    assert int(found["red_cell"]["count"]) == 9214


def test_unsigned_is_provisional():
    assert {line["state"] for line in lines(made_report())} == {"provisional"}
    signed = lines(made_report(signed=True))
    assert {(line["state"], line["signed_by"]) for line in signed} == {
        ("final", "Mara Müller")
    }


def test_an_amendment_names_what_it_amends():
    (said,) = {
        (line["state"], line["amends"], line["amendment_reason"])
        for line in lines(made_report(signed=True, amended=True))
    }
    reason = "an immature granulocyte was overlooked"
    assert said == ("amended", FORMER, reason)
    superseded = lines(made_report(signed=True, superseded=True))
    assert {line["superseded_by"] for line in superseded} == {"f" * 32}


def test_sample_id_is_no_formula():
    found = lines(made_report(sample_id="=HYPERLINK(1)"))
    assert found[0]["sample_id"] == "'=HYPERLINK(1)"
