"""The measure on drawn cells, the command on drawn fields."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hemalens.records import Box
from hemalens.stain import SlideColours
from tests.benchmarks.eosin import ColouredCell, measure, red_share, show
from tests.convert.studies.transfer.made_fields import make_fields

GLASS = (240, 240, 240)
NUCLEUS = (90, 40, 130)
COLOURS = SlideColours(
    background=(240.0, 240.0, 240.0),
    red_cell=(0.05, 0.3, 0.2),
    nucleus=(1.0, 1.8, 0.6),
)
BOX = Box(left=10, top=10, right=110, bottom=110)


def _cell(cytoplasm: tuple[int, int, int]) -> NDArray[np.uint8]:
    image = np.full((120, 120, 3), GLASS, np.uint8)
    cv2.circle(image, (60, 60), 48, cytoplasm, -1)
    cv2.circle(image, (60, 60), 22, NUCLEUS, -1)
    return image


def test_eosin_leaves_red_light() -> None:
    cytoplasms = ((225, 150, 150), (170, 170, 170), (150, 170, 220))
    pink, grey, blue = (red_share(_cell(rgb), BOX, COLOURS) or 0 for rgb in cytoplasms)
    assert 0 < pink < 0.1
    assert grey == pytest.approx(1 / 3, abs=0.01)
    assert blue > grey + 0.1


def test_a_cell_without_cytoplasm_has_no_colour() -> None:
    assert red_share(_cell(GLASS), BOX, COLOURS) is None
    no_red_cells = COLOURS.model_copy(update={"red_cell": None})
    assert red_share(_cell((170, 170, 170)), BOX, no_red_cells) is None


def test_cells_are_held_by_name_and_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_fields(tmp_path / "fields", 14)
    answers = tmp_path / "answers.jsonl"
    lines = [
        {
            "image": name,
            "is_whole": True,
            "probabilities": {"neutrophil": 0.9, "eosinophil": 0.1},
        }
        for name in made.single
    ]
    answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
    cells = measure(made.folder, answers)
    assert {one.called for one in cells} == {"neutrophil"}
    named = [one.name for one in cells]
    assert (
        0 < named.count("neutrophil") <= list(made.single.values()).count("neutrophil")
    )
    assert all(0 < one.red_share < 0.5 for one in cells)
    red = [
        ColouredCell(name="eosinophil", called="eosinophil", red_share=share)
        for share in (0.01, 0.02)
    ]
    show([*cells, *red])
    said = capsys.readouterr().out
    assert "2 eosinophils called eosinophil: 0.015, AUC against the" in said
    assert "neutrophils 1.000" in said
