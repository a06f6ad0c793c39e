"""One sample says the same in every form that leaves the station."""

import csv as reader
import json as plain
import re
from io import BytesIO, StringIO
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edge.station.export.canonical import json
from edge.station.export.hl7_v2 import hl7
from edge.station.export.labels import ENGLISH
from edge.station.export.loinc import NRBC, SHARES
from edge.station.export.table import csv
from hemalens.classes import LEUKOCYTES, CellClass
from tests.edge.station.review.made_report import made_report

pytest.importorskip("fhir.resources", reason="the extra web is missing")
pytest.importorskip("fpdf", reason="the extra web is missing")
pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")

from edge.station.export.fhir import fhir  # noqa: E402
from edge.station.export.pdf import pdf  # noqa: E402

CODES = {"L": "low", "H": "high", "IND": "undecided"}
COUNTS = st.fixed_dictionaries({name: st.integers(0, 90) for name in CellClass})
Told = dict[str, tuple[float, str]]


@settings(max_examples=6, deadline=None, phases=(Phase.generate,))
@given(counts=COUNTS, open_cells=st.sampled_from([0, 0, 3, 80]), signed=st.booleans())
def test_every_form_tells_the_same_figures_and_flags(counts, open_cells, signed):
    signed = signed and not open_cells
    report = made_report(counts, open_cells=open_cells, signed=signed)
    wanted: Told = {
        share.class_name.value: (
            share.percent,
            ENGLISH[share.flag] if share.flag else "",
        )
        for share in report.differential.shares
        if share.percent is not None
    }
    nrbc = report.differential
    if nrbc.nrbc_per_100_wbc is not None:
        said = ENGLISH[nrbc.nrbc_flag] if nrbc.nrbc_flag else ""
        wanted["nrbc"] = (nrbc.nrbc_per_100_wbc, said)
    # Each with its own number of decimals.
    assert from_json(json(report)) == wanted
    assert from_csv(csv(report)) == wanted
    assert from_hl7(hl7(report, "m")) == rounded(wanted, 2)
    assert from_fhir(fhir(report)) == rounded(wanted, 2)
    assert from_pdf(pdf(report, lambda _: None, "en")) == rounded(wanted, 1)


def rounded(told: Told, digits: int) -> Told:
    return {
        name: (float(f"{percent:.{digits}f}"), flag)
        for name, (percent, flag) in told.items()
    }


def from_json(content: bytes) -> Told:
    differential = plain.loads(content)["differential"]
    value, flag = differential["nrbc_per_100_wbc"], differential["nrbc_flag"]
    nrbc = {} if value is None else {"nrbc": (value, ENGLISH[flag] if flag else "")}
    return nrbc | {
        one["class_name"]: (
            one["percent"],
            ENGLISH[one["flag"]] if one["flag"] else "",
        )
        for one in differential["shares"]
        if one["percent"] is not None
    }


def from_csv(text: str) -> Told:
    names = {name.value: name.value for name in LEUKOCYTES} | {
        "nrbc_per_100_wbc": "nrbc"
    }
    return {
        names[line["class"]]: (float(line["percent"]), line["flag"])
        for line in reader.DictReader(StringIO(text))
        if line["class"] in names and line["percent"]
    }


def from_hl7(message: str) -> Told:
    names = {code.code: name.value for name, code in SHARES.items()}
    names[NRBC.code] = "nrbc"
    found: Told = {}
    segments = [line.split("|") for line in message.split("\r") if line]
    for observed, note in pairwise(segments):
        if observed[0] == "OBX" and (name := names.get(observed[3].split("^")[0])):
            words = note[3].rpartition("; ")[2]
            said = words if words in FLAGS else ""
            check_code(observed[8] if len(observed) > 8 else "", said)
            found[name] = (float(observed[5]), said)
    return found


def from_fhir(content: bytes) -> Told:
    names = {code.code: name.value for name, code in SHARES.items()}
    names[NRBC.code] = "nrbc"
    found: Told = {}
    for entry in plain.loads(content)["entry"]:
        one = entry["resource"]
        code = one.get("code", {}).get("coding", [{}])[0].get("code")
        if "valueQuantity" in one and code in names:
            (said,) = one.get("interpretation", [{"text": "", "coding": [{}]}])
            words = said["text"] if said["text"] in FLAGS else ""
            check_code(said["coding"][0].get("code", ""), words)
            value = float(one["valueQuantity"]["value"])
            found[names[code]] = (value, words)
    return found


def from_pdf(content: bytes) -> Told:
    text = pypdf.PdfReader(BytesIO(content)).pages[0].extract_text()
    found: Told = {}
    for name in LEUKOCYTES:
        line = re.search(rf"^{ENGLISH[name]}.*$", text, re.MULTILINE)
        assert line is not None
        rest = line[0].removeprefix(ENGLISH[name])
        flag = next((word for word in FLAGS if rest.endswith(word)), "")
        if share := re.match(r"\s*\d+\s+(\d+\.\d)", rest):
            found[name.value] = (float(share[1]), flag)
    line = re.search(rf"^{ENGLISH['nrbc']}\s*(\d+\.\d)(.*)$", text, re.MULTILINE)
    if line is not None:
        flag = next((word for word in FLAGS if line[2].endswith(word)), "")
        found["nrbc"] = (float(line[1]), flag)
    return found


FLAGS = sorted(
    (ENGLISH[one] for one in ("low", "high", "maybe_low", "maybe_high", "undecided")),
    key=len,
    reverse=True,
)


def check_code(code: str, words: str) -> None:
    if words:
        assert words.endswith(CODES[code])
    else:
        assert code in ("", "N")
