import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import cv2
import pytest

from hemalens.split import Split
from tests.train.evaluation.run_folders import write_run
from train.evaluation.measure import Predictions, evaluation_of
from train.evaluation.report import MeasuredFile, write_report

VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    name: str
    attributes: dict[str, str | None]


class Page(HTMLParser):
    """Tags and text of a page; every tag opened is closed."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(content)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(name=tag, attributes=dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(name=tag, attributes=dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += re.sub(r"\s+", " ", data)


def report(folder: Path, predictions: Predictions, split: str) -> Page:
    """Report a made model; its name would be markup if it were not escaped."""
    run = write_run(folder / "run")
    model = run / "<b>best.keras"
    model.write_bytes(b"made")
    write_report(
        folder / "report",
        MeasuredFile(
            model=model,
            data=Path("pbc"),
            dataset_digest="d" * 64,
            evaluation=evaluation_of(predictions, split),
            predictions=predictions,
        ),
    )
    return Page((folder / "report" / "index.html").read_text())


@pytest.fixture
def page(mixed_predictions: Predictions, tmp_path: Path) -> Page:
    return report(tmp_path, mixed_predictions, "all")


def test_the_folder_is_complete(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    assert sorted(path.name for path in folder.iterdir()) == [
        "confusion.png",
        "curves.png",
        "figures.json",
        "index.html",
        "reliability.png",
    ]
    assert json.loads((folder / "figures.json").read_text())["n"] == 5
    for path in folder.glob("*.png"):
        image = cv2.imread(str(path))
        assert image is not None
        assert image.std() > 0


def test_the_page_needs_nothing_from_elsewhere(page: Page, tmp_path: Path) -> None:
    content = (tmp_path / "report" / "index.html").read_text()
    assert not re.search(r"https?:|@import|//[a-z]", content)
    assert not {tag.name for tag in page.tags} & {"script", "link", "iframe", "object"}
    for tag in page.tags:
        for name in ("src", "href", "xlink:href"):
            target = tag.attributes.get(name)
            assert target is None or target.startswith(("#", "data:")), target


def test_resubstitution_is_labelled_beside_the_honest_figure(page: Page) -> None:
    tiles = page.text.index("Resubstitution accuracy 80.00 %")
    assert page.text.index("Accuracy 50.00 %") < tiles
    assert "Images held out from training, 2 images, 1 wrong" in page.text
    assert "Resubstitution: training images included, 5 images, 1 wrong" in page.text


def test_the_page_says_that_patients_are_unknown(page: Page) -> None:
    assert "PBC has no patient ids, so the same patient's cells may" in page.text


def test_names_are_text_not_markup(page: Page) -> None:
    assert "<b>best.keras" in page.text


def test_drawings_take_the_colour_of_the_page(page: Page, tmp_path: Path) -> None:
    content = (tmp_path / "report" / "index.html").read_text()
    assert content.count("<svg") == 3
    drawing = content[content.index("<svg") : content.index("</svg>")]
    assert "currentColor" in drawing
    assert "#000000" not in drawing


def test_training_images_alone_are_said_to_prove_nothing(
    mixed_predictions: Predictions, tmp_path: Path
) -> None:
    seen = mixed_predictions.of_splits([Split.TRAIN])
    page = report(tmp_path, seen, "train")
    assert "there is no honest figure here" in page.text
    assert "Resubstitution accuracy 100.00 %" in page.text


def test_held_out_images_are_not_called_resubstitution(
    mixed_predictions: Predictions, tmp_path: Path
) -> None:
    page = report(tmp_path, mixed_predictions.unseen(), "validation")
    assert "esubstitution" not in page.text
    assert "The best epoch was chosen on validation images" in page.text
