"""The evaluation page on a phone and on a screen."""

from pathlib import Path

import pytest

from tests.page_width import WIDTHS, beyond_the_edge
from tests.train.evaluation.run_folders import write_run
from train.evaluation.measure import Predictions, evaluation_of
from train.evaluation.report import MeasuredFile, write_report

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_whole(
    mixed_predictions: Predictions, tmp_path: Path, width: int
) -> None:
    model = write_run(tmp_path / "a-run-with-a-long-name-of-its-own") / "best.keras"
    model.write_bytes(b"made")
    measured = MeasuredFile(
        model=model,
        data=Path("a/folder/of/class/folders"),
        dataset_digest="d" * 64,
        evaluation=evaluation_of(mixed_predictions, "all"),
        predictions=mixed_predictions,
    )
    write_report(tmp_path / "report", measured)
    assert beyond_the_edge(tmp_path / "report" / "index.html", width) == []
