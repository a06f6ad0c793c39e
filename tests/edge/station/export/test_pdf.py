import time
from io import BytesIO

import pytest
from PIL import Image

from edge.station.export.labels import CLASS_ORDER, ENGLISH, GERMAN
from hemalens.classes import CellClass
from tests.edge.station.review.made_report import made_report

pytest.importorskip("fpdf", reason="the extra report is not installed")
pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")

from edge.station.export.pdf import pdf  # noqa: E402


def crop(cell_id):
    stream = BytesIO()
    Image.new("RGB", (24, 24), (cell_id % 256, 60, 120)).save(stream, "PNG")
    return stream.getvalue()


def no_crop(cell_id):
    return None


def pages(report, crops=no_crop, language="en"):
    return pypdf.PdfReader(BytesIO(pdf(report, crops, language))).pages


def text(report, **options):
    return "\n".join(page.extract_text() for page in pages(report, **options))


def test_unsigned_says_so_on_every_page():
    found = pages(made_report(), crop)
    assert len(found) == 2
    assert all(ENGLISH["provisional"] in page.extract_text() for page in found)


def test_signed_names_the_person_and_is_not_provisional():
    found = text(made_report(signed=True))
    assert "Signed electronically by Mara Müller, 2026-03-04 09:41 UTC" in found
    assert ENGLISH["provisional"] not in found
    assert "ef" * 32 in found


def test_every_page_bears_its_number_and_the_sample():
    for number, page in enumerate(pages(made_report(), crop), start=1):
        assert f"page {number} of 2" in page.extract_text()
        assert "S-2041" in page.extract_text()
        assert "a qualified person signs" in page.extract_text()


def test_shares_limits_and_reference_stand_on_the_page():
    # 19 of 200: Clopper and Pearson's limits are 5.8 and 14.4.
    found = text(made_report())
    for part in ("9.5", "5.8 - 14.4", "1 - 6", "perhaps high", "1.0 (0.1 - 3.7)"):
        assert part in found


def test_model_and_its_evidence_stand_on_the_page():
    found = text(made_report())
    for part in ("mobilenetv2 1.2.0", "ab" * 32, "cd" * 32):
        assert part in found


def test_doubts_and_comment_are_printed_only_when_there():
    doubted = made_report(warnings=("The stain is darker.",), comment="Clumps seen.")
    found = text(doubted)
    assert "The stain is darker." in found
    assert "Clumps seen." in found
    assert ENGLISH["doubts"] not in text(made_report())


def test_pictures_are_a_few_of_each_class_with_the_doubtful_marked():
    counts = {CellClass.NEUTROPHIL: 12, CellClass.BASOPHIL: 1}
    (_, gallery) = pages(made_report(counts), crop)
    assert len(gallery.images) == 9
    # One is the legend's.
    assert gallery.extract_text().count("?") == 3


def test_most_certain_picture_comes_first():
    asked = []

    def remember(cell_id):
        asked.append(cell_id)
        return crop(cell_id)

    report = made_report({CellClass.NEUTROPHIL: 12})
    pdf(report, remember)
    of_id = {cell.cell_id: cell for cell in report.cells}
    certain = [of_id[one] for one in asked if not of_id[one].is_uncertain]
    probabilities = [cell.model_probability for cell in certain]
    assert len(probabilities) == 6
    assert probabilities == sorted(probabilities, reverse=True)


def test_removed_cell_has_no_picture():
    report = made_report({CellClass.NEUTROPHIL: 1})
    removed = tuple(
        cell.model_copy(update={"is_removed": True}) for cell in report.cells
    )
    assert len(pages(report.model_copy(update={"cells": removed}), crop)) == 1


def test_german_page_has_no_english_label():
    found = text(made_report(signed=True), language="de")
    assert GERMAN["title"] in found
    assert ENGLISH["title"] not in found
    assert "Neutrophile" in found


def test_languages_have_the_same_labels():
    assert set(ENGLISH) == set(GERMAN)


def test_unknown_language_is_printed_in_english():
    assert ENGLISH["title"] in text(made_report(), language="xx")


@pytest.mark.parametrize("sample_id", ["Łódź-7", "検体7", "x" * 300, "a\nb", "**b**"])
def test_any_sample_id_is_printable(sample_id):
    assert len(pages(made_report(sample_id=sample_id))) == 1


def test_same_report_is_the_same_file():
    assert pdf(made_report(), crop) == pdf(made_report(), crop)


def test_empty_count_is_printed():
    assert ENGLISH["provisional"] in text(made_report({}))


def test_times_are_those_of_the_clock_on_the_wall(monkeypatch):
    monkeypatch.setenv("TZ", "CET-1CEST")
    time.tzset()
    try:
        found = text(made_report(signed=True))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "Signed electronically by Mara Müller, 2026-03-04 10:41 CET" in found
    assert "2026-03-04 10:36 CET" in found
    assert "UTC" not in found


def test_classes_stand_as_a_differential_is_read():
    (table, gallery) = pages(made_report(), crop)
    for page in (table, gallery):
        found = page.extract_text()
        places = [found.index(ENGLISH[name]) for name in CLASS_ORDER[:6]]
        assert places == sorted(places)
    assert set(CLASS_ORDER) == set(CellClass)


def test_german_figures_have_a_comma():
    found = text(made_report(), language="de")
    for part in ("9,5", "5,8 - 14,4", "1,0 (0,1 - 3,7)", "0 - 0,9", "5,4 (340)"):
        assert part in found
    assert "9.5" not in found


@pytest.mark.parametrize(("cells", "shown"), [(7, 7), (8, 8), (12, 8)])
def test_no_picture_is_left_out_while_there_is_room(cells, shown):
    report = made_report({CellClass.NEUTROPHIL: cells})
    certain = tuple(
        cell.model_copy(update={"is_uncertain": False}) for cell in report.cells
    )
    (_, gallery) = pages(report.model_copy(update={"cells": certain}), crop)
    assert len(gallery.images) == shown
    assert f"{shown} of {cells}" in gallery.extract_text()


def test_pictures_have_a_scale_bar_where_the_scale_is_known():
    report = made_report()
    (_, gallery) = pages(report, crop)
    assert "10 µm" in gallery.extract_text()
    unknown = report.model_copy(update={"pixel_size_um": None})
    (_, gallery) = pages(unknown, crop)
    assert "µm" not in gallery.extract_text()
