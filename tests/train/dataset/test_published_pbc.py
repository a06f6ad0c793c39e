import pytest

from hemalens.classes import CLASS_NAMES
from train.dataset.published_pbc import (
    PUBLISHED_COUNTS,
    class_of_name,
    is_published_size,
)

PREFIXES = {
    "BA": "basophil",
    "EO": "eosinophil",
    "ERB": "erythroblast",
    "IG": "ig",
    "MMY": "ig",
    "MY": "ig",
    "PMY": "ig",
    "LY": "lymphocyte",
    "MO": "monocyte",
    "BNE": "neutrophil",
    "SNE": "neutrophil",
    "NEUTROPHIL": "neutrophil",
    "PLATELET": "platelet",
}


@pytest.mark.parametrize(("prefix", "class_name"), PREFIXES.items())
def test_prefix_names_the_class(prefix: str, class_name: str) -> None:
    assert class_of_name(f"{prefix}_123.jpg") == class_name


@pytest.mark.parametrize("name", ["BA.jpg", "ba_1.jpg", "cell_1.jpg", "_1.jpg", ""])
def test_other_names_name_no_class(name: str) -> None:
    assert class_of_name(name) is None


def test_published_counts_add_up() -> None:
    assert list(PUBLISHED_COUNTS) == list(CLASS_NAMES)
    assert sum(PUBLISHED_COUNTS.values()) == 17092


@pytest.mark.parametrize("size_wh", [(363, 360), (365, 369), (360, 364), (256, 256)])
def test_other_sizes_are_not_published(size_wh: tuple[int, int]) -> None:
    assert not is_published_size(size_wh)
