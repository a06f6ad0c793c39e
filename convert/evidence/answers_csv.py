"""Every gate image with what both models say of it, as a table."""

import csv
import io
from collections.abc import Sequence

from convert.evidence.bench import Answers
from hemalens.classes import CLASS_NAMES
from hemalens.image_set import LabelledImage


def answers_csv(images: Sequence[LabelledImage], answers: Answers) -> bytes:
    """Write ``answers.csv``: name, content, truth, both answers and all probabilities.

    Parameters
    ----------
    images : sequence of LabelledImage
        In the order of the answers.
    answers : Answers
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        (
            *("image", "sha256", "true", "float", "int8"),
            *(f"float_{name}" for name in CLASS_NAMES),
            *(f"int8_{name}" for name in CLASS_NAMES),
        )
    )
    for image, of_float, of_int8 in zip(
        images, answers.float_model, answers.int8, strict=True
    ):
        rows.writerow(
            (
                *(image.place, image.sha256, image.class_name),
                *(CLASS_NAMES[one.argmax()] for one in (of_float, of_int8)),
                *(f"{value:.6f}" for one in (of_float, of_int8) for value in one),
            )
        )
    return text.getvalue().encode()
