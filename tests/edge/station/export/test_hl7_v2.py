import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.station.export.hl7_v2 import hl7
from hemalens.classes import CellClass
from tests.edge.station.export.test_fhir import expected
from tests.edge.station.review.made_report import FORMER, made_report

python_hl7 = pytest.importorskip("hl7", reason="the library hl7 is not installed")
parser = pytest.importorskip("hl7apy.parser", reason="hl7apy is not installed")

COUNTS = st.dictionaries(st.sampled_from(CellClass), st.integers(0, 500))
IDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30
)


def segments(message, name):
    return [one for one in python_hl7.parse(message) if str(one[0]) == name]


@settings(max_examples=25, deadline=None)
@given(counts=COUNTS, signed=st.booleans())
def test_values_read_back_are_those_of_the_report(counts, signed):
    report = made_report(counts, signed=signed)
    found = {
        str(obx[3][0][0]): float(str(obx[5]))
        for obx in segments(hl7(report, "1"), "OBX")
    }
    assert found == expected(report)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("amended", [False, True])
def test_message_is_valid_oru_r01(signed, amended):
    from hl7apy.consts import VALIDATION_LEVEL

    report = made_report(signed=signed, amended=amended, comment="clumps | seen")
    text = hl7(report, "MSG1")
    message = parser.parse_message(text, VALIDATION_LEVEL.STRICT, find_groups=True)
    assert message.validate()
    assert message.name == "ORU_R01"


@settings(max_examples=30, deadline=None)
@given(sample_id=IDS)
def test_sample_id_of_any_letters_is_read_back_whole(sample_id):
    message = python_hl7.parse(hl7(made_report(sample_id=sample_id), "1"))
    (specimen,) = (one for one in message if str(one[0]) == "SPM")
    assert message.unescape(str(specimen[2])) == sample_id


def test_sample_id_makes_no_segment():
    text = hl7(made_report(sample_id="A\rOBX|1|NM|26511-6"), "1")
    assert [str(obx[3]) for obx in segments(text, "OBX")].count("26511-6") == 0
    assert len(segments(text, "OBX")) == 7


@pytest.mark.parametrize(
    ("signed", "amended", "status"),
    [(False, False, "P"), (True, False, "F"), (False, True, "P"), (True, True, "C")],
)
def test_status_follows_the_signature(signed, amended, status):
    text = hl7(made_report(signed=signed, amended=amended), "1")
    assert {str(obx[11]) for obx in segments(text, "OBX")} == {status}
    assert str(segments(text, "OBR")[0][25]) == status


def test_note_after_a_value_tells_its_limits():
    text = hl7(made_report({CellClass.NEUTROPHIL: 5, CellClass.LYMPHOCYTE: 95}), "1")
    notes = [str(note[3]) for note in segments(text, "NTE")]
    # 5 of 100: the textbook's 1.6 to 11.3.
    assert "5 cells; 95 % confidence limits 1.64 to 11.28 %; low" in notes


def test_an_amendment_is_of_the_order_it_corrects_and_says_why():
    text = hl7(made_report(signed=True, amended=True), "1")
    assert str(segments(text, "OBR")[0][3]) == f"{FORMER}^HemaLens"
    (note,) = (n for n in segments(text, "NTE") if "Amendment 1" in str(n[3]))
    assert "an immature granulocyte was overlooked" in str(note[3])
    assert "12" * 32 in str(note[3])


def test_a_superseded_report_says_so():
    notes = segments(hl7(made_report(signed=True, superseded=True), "1"), "NTE")
    assert any("Superseded" in str(note[3]) for note in notes)
