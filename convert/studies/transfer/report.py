"""What the transfer bench writes: ``transfer.json``."""

from datetime import datetime
from typing import Literal

from convert.studies.transfer.answers import Answers
from convert.studies.transfer.box_source import BoxSource
from convert.studies.transfer.crop_scale import ScaleSource
from convert.studies.transfer.figures import TransferFigures
from edge.records.population import Population
from edge.records.summary import BundleName
from hemalens.classes import CLASS_NAMES
from train.evaluation.figures import Record


class SetNote(Record):
    """What was measured on, and how its cells were had."""

    name: str
    kind: Literal["fields", "crops"]
    images: int
    images_left_out: int
    """Too dark, overexposed or blurred for a count."""
    boxes: BoxSource | None
    """None for crops, which show one cell each."""
    pixel_size_um: float | None
    """Median over the images."""
    scale_from: ScaleSource
    foreign_folders: tuple[str, ...] = ()


class BundleTransfer(Record):
    """One bundle's figures."""

    name: str
    version: str
    sha256: str
    minimum_probability: float
    trained_on: str
    """Which sets, as its manifest names them."""
    seen_images: int | None
    """How many of the set's images it was trained on, by their content; None where it
    does not list those."""
    figures: TransferFigures


class TransferReport(Record):
    """All that was measured on one set."""

    report_version: Literal[1] = 1
    set: SetNote
    population: Population
    keep_stain: bool
    """Cells were classified in the slide's own colours."""
    second_bundle: BundleName | None = None
    """Asked about every cell as well as each of the bundles."""
    bundles: tuple[BundleTransfer, ...]
    hemalens_version: str
    made_at: datetime


class CellAnswer(Record):
    """One line of ``NAME-VERSION.answers.jsonl``."""

    image: str
    true: str
    is_whole: bool
    answer: str
    certainty: float
    probabilities: dict[str, float]


def answer_lines(answers: Answers) -> bytes:
    """Write every cell's answer, one line each."""
    rows = zip(
        answers.cells, answers.probabilities.tolist(), answers.certainty, strict=True
    )
    lines = [
        CellAnswer(
            image=cell.image,
            true=cell.class_name,
            is_whole=cell.is_whole,
            answer=CLASS_NAMES[row.index(max(row))],
            certainty=float(certainty),
            probabilities=dict(zip(CLASS_NAMES, row, strict=True)),
        ).model_dump_json()
        for cell, row, certainty in rows
    ]
    return "".join(f"{line}\n" for line in lines).encode()
