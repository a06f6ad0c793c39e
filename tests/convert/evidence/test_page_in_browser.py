"""The validation page on a phone and on a screen."""

from pathlib import Path

import pytest

from convert.evidence.page import validation_page
from convert.evidence.validate import Validation
from hemalens.bundle import Bundle
from tests.page_width import WIDTHS, beyond_the_edge

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_whole(
    validation: Validation, good: Bundle, tmp_path: Path, width: int
) -> None:
    page = tmp_path / "index.html"
    page.write_text(validation_page(validation, good.manifest), encoding="utf-8")
    assert beyond_the_edge(page, width) == []
