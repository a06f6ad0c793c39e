from dataclasses import replace

import pytest

from convert.studies.microscopes.counted import FoundFrame
from convert.studies.microscopes.naming import (
    FEWEST_CELLS,
    Named,
    NamingFigures,
    name_cells,
    naming_figures,
)
from hemalens.classes import CellStatus
from tests.convert.studies.microscopes.made_counts import (
    counted,
    red,
    shown,
    true,
    white,
)


def named(
    class_name: str, called: str | None, certainty: float = 0.9, answered: bool = True
) -> Named:
    return Named(
        class_name=class_name,
        weight=1,
        called=called,
        certainty=certainty,
        is_answered=answered,
    )


def figures_of(*cells: Named) -> NamingFigures:
    figures = naming_figures(cells)
    assert figures is not None
    return figures


def test_each_named_cell_is_what_was_found_in_its_box() -> None:
    labelled = shown("a", true(0, "neutrophil"), true(100, "monocyte"), true(200))
    found = FoundFrame(
        cells=(white(100, "lymphocyte", 0.4, CellStatus.UNCERTAIN), white(0), red(200))
    )
    first, second = name_cells([counted((labelled, found))])
    assert (first.called, first.is_right, first.is_answered) == (
        "neutrophil",
        True,
        True,
    )
    assert (second.called, second.is_right) == ("lymphocyte", False)
    assert (second.certainty, second.is_answered) == (0.4, False)


def test_red_cell_in_the_box_is_no_answer() -> None:
    labelled = shown("a", true(0, "neutrophil"))
    (cell,) = name_cells([counted((labelled, FoundFrame(cells=(red(0),))))])
    assert cell.called is None


def test_platelet_in_the_box_of_a_white_cell_is_wrong() -> None:
    labelled = shown("a", true(0, "neutrophil"))
    found = FoundFrame(cells=(white(0, "platelet"),))
    (cell,) = name_cells([counted((labelled, found))])
    assert cell.called == "platelet"
    assert not cell.is_right


def test_cell_cut_by_the_edge_is_not_asked() -> None:
    cut = replace(true(0, "neutrophil"), is_whole=False)
    slide = counted((shown("a", cut), FoundFrame(cells=(white(0),))))
    assert name_cells([slide]) == ()
    assert naming_figures(()) is None


def test_right_of_those_found_and_of_all() -> None:
    figures = figures_of(
        named("neutrophil", "neutrophil"),
        named("neutrophil", "monocyte"),
        named("neutrophil", None),
        named("neutrophil", None),
    )
    assert figures.accuracy.share == 0.5
    assert (figures.of_all.k, figures.of_all.n) == (1, 4)
    assert figures.called == {"neutrophil": {"monocyte": 1, "neutrophil": 1}}


def test_cell_photographed_again_weighs_once() -> None:
    again = [true(0, "monocyte", 1 / 3)]
    frames = [
        (shown(name, *again), FoundFrame(cells=(white(0, "neutrophil"),)))
        for name in "abc"
    ]
    once = (shown("d", true(0, "monocyte")), FoundFrame(cells=(white(0, "monocyte"),)))
    figures = naming_figures(name_cells([counted(*frames, once)]))
    assert figures is not None
    assert figures.accuracy.share == pytest.approx(0.5)
    assert figures.accuracy.n == pytest.approx(2)
    assert figures.recall["monocyte"].share == pytest.approx(0.5)


def test_balanced_is_the_mean_of_classes_with_enough_cells() -> None:
    figures = figures_of(
        *[named("neutrophil", "neutrophil")] * (3 * FEWEST_CELLS),
        *[named("monocyte", "neutrophil")] * FEWEST_CELLS,
        named("basophil", "basophil"),
    )
    assert figures.balanced == 0.5
    assert figures.balanced_over == ("monocyte", "neutrophil")


def test_balanced_of_few_cells_is_none() -> None:
    assert figures_of(named("monocyte", "monocyte")).balanced is None


def test_answered_and_how_much_of_it_is_right() -> None:
    figures = figures_of(
        named("monocyte", "monocyte"),
        named("monocyte", "lymphocyte"),
        named("monocyte", "monocyte", answered=False),
        named("monocyte", "lymphocyte", answered=False),
        named("monocyte", None, answered=False),
    )
    assert (figures.answered.k, figures.answered.n) == (2, 4)
    assert (figures.answered_right.k, figures.answered_right.n) == (1, 2)


def test_auroc_is_of_wrong_answers() -> None:
    figures = figures_of(
        named("monocyte", "monocyte", 0.9),
        named("monocyte", "monocyte", 0.4),
        named("monocyte", "lymphocyte", 0.5),
    )
    assert figures.auroc == 0.5
