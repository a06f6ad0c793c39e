from pathlib import Path

import pytest

from edge.records.population import Population
from edge.results.reference_ranges import Sex
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import ReviewAction, ReviewedCell
from edge.station.station import Station
from edge.station.storage.counted_results import reviewable_cells
from hemalens.classes import CellClass, CellStatus
from hemalens.errors import StationError
from tests.edge.made_counts import made_cell
from tests.edge.station.made_station import begin, finish, finished, open_station

BOX = (10, 20, 50, 60)


def cell(station: Station, count_id: str, cell_id: int) -> ReviewedCell:
    found = {c.cell_id: c for c in station.reviews.cells(count_id)}
    return found[cell_id]


def test_stained_cells_that_count_or_are_open_come_to_review(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        cells = station.reviews.cells(finished(station))
    assert [c.cell_id for c in cells] == list(range(12))
    assert [c.cell_id for c in cells if c.is_open] == [9]
    assert cells[9].model_class is CellClass.MONOCYTE


def test_the_models_word_is_kept_beside_the_persons(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        changed = station.reviews.apply(
            count_id, "ana", ReviewAction.RECLASSIFY, [0, 9], CellClass.IG
        )
        found = station.reviews.differential(count_id)
        assert changed == tuple(cell(station, count_id, n) for n in (0, 9))
    assert [c.model_class for c in changed] == ["neutrophil", "monocyte"]
    assert {c.final_class for c in changed} == {CellClass.IG}
    assert {c.reviewed_by for c in changed} == {"ana"}
    assert (found.leukocytes, found.open_cells, found.changed_cells) == (10, 0, 2)


def test_undo_takes_back_the_last_word_only(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        apply = station.reviews.apply
        apply(count_id, "ana", ReviewAction.RECLASSIFY, [3], CellClass.IG)
        apply(count_id, "ben", ReviewAction.REMOVE, [3])
        assert cell(station, count_id, 3).final_class is None
        (undone,) = apply(count_id, "ben", ReviewAction.UNDO, [3])
        assert (undone.final_class, undone.reviewed_by) == (CellClass.IG, "ana")
        (undone,) = apply(count_id, "ben", ReviewAction.UNDO, [3])
        assert undone.final_class is CellClass.NEUTROPHIL
        with pytest.raises(StationError, match="nothing to undo"):
            apply(count_id, "ben", ReviewAction.UNDO, [3])


def test_an_added_cell_counts_until_it_is_undone(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        apply = station.reviews.apply
        boxes = (BOX, (200, 20, 240, 60))
        for expected, box in zip((-1, -2), boxes, strict=True):
            (added,) = apply(
                count_id,
                "ana",
                ReviewAction.ADD,
                class_name=CellClass.EOSINOPHIL,
                frame="f-0000.png",
                box=box,
            )
            assert (added.cell_id, added.box_xyxy) == (expected, box)
        assert station.reviews.differential(count_id).leukocytes == 11
        (gone,) = apply(count_id, "ana", ReviewAction.UNDO, [-2])
        assert gone.is_removed
        found = station.reviews.differential(count_id)
        assert (found.leukocytes, found.added_cells, found.removed_cells) == (10, 1, 0)


def test_a_word_on_many_cells_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        before = station.reviews.cells(count_id)
        trail = station.audit.entries()
        with pytest.raises(StationError, match="no cell 99"):
            station.reviews.apply(count_id, "ana", ReviewAction.REMOVE, [1, 2, 99])
        assert station.reviews.cells(count_id) == before
        assert station.audit.entries() == trail


@pytest.mark.parametrize(
    ("action", "cell_ids", "class_name", "box"),
    [
        (ReviewAction.RECLASSIFY, [1], None, None),
        (ReviewAction.REMOVE, [], None, None),
        (ReviewAction.ADD, [], CellClass.IG, None),
        (ReviewAction.ADD, [], CellClass.IG, (50, 20, 10, 60)),
        (ReviewAction.REMOVE, [12], None, None),
    ],
)
def test_incomplete_words_are_refused(
    tmp_path: Path,
    action: ReviewAction,
    cell_ids: list[int],
    class_name: CellClass | None,
    box: tuple[int, int, int, int] | None,
) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        with pytest.raises(StationError):
            station.reviews.apply(
                count_id, "ana", action, cell_ids, class_name, "f-0000.png", box
            )


def test_cells_can_be_reviewed_while_the_count_goes_on(tmp_path: Path) -> None:
    cells = (made_cell(0, "monocyte", CellStatus.UNCERTAIN), made_cell(1, "ig"))
    with open_station(tmp_path) as station:
        count_id = begin(station).count_id
        station.reviews.apply(
            count_id,
            "ana",
            ReviewAction.RECLASSIFY,
            [0],
            CellClass.LYMPHOCYTE,
            counted=tuple(reviewable_cells(cells)),
        )
        live = station.reviews.differential(
            count_id, tuple(reviewable_cells(cells)), red_cells=7, fields=2.0
        )
        assert (live.leukocytes, live.red_cells, live.fields) == (2, 7, 2.0)
        finish(station, count_id, cells)
        assert cell(station, count_id, 0).final_class is CellClass.LYMPHOCYTE


def test_a_word_on_a_view_that_became_a_duplicate_does_not_count(
    tmp_path: Path,
) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        station.reviews.apply(
            count_id, "ana", ReviewAction.RECLASSIFY, [0], CellClass.IG
        )
        station.samples.continued(count_id, "ana", 200)
        later = (made_cell(0, "neutrophil", CellStatus.DUPLICATE), made_cell(1, "ig"))
        finish(station, count_id, later)
        assert [c.cell_id for c in station.reviews.cells(count_id)] == [1]


def test_the_cell_last_reviewed_by_oneself_is_found_for_undo(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        assert station.reviews.last_reviewed(count_id, "ana") is None
        for cell_id in (4, 2):
            station.reviews.apply(count_id, "ana", ReviewAction.REMOVE, [cell_id])
        assert station.reviews.last_reviewed(count_id, "ana") == 2
        station.reviews.apply(count_id, "ana", ReviewAction.UNDO, [2])
        assert station.reviews.last_reviewed(count_id, "ana") == 4
        station.reviews.apply(count_id, "ben", ReviewAction.REMOVE, [5])
        assert station.reviews.last_reviewed(count_id, "ana") == 4


def test_the_report_of_an_unsigned_count_tells_what_the_count_found(
    tmp_path: Path,
) -> None:
    with open_station(tmp_path) as station:
        report = station.reports.get(finished(station))
    assert report.signature is None
    assert (report.source, report.laboratory) == ("demo:", "Made laboratory")
    assert report.warnings == ("the light is dim", "the stain is strange")
    assert report.differential.red_cells == 321
    assert report.model.validation_report_sha256 == "a" * 64


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        # Cells of `made_cell` lie at 50 to 90.
        ((60, 60, 80, 80), Reason.CELL_THERE),
        ((40, 40, 105, 105), Reason.CELL_THERE),
        ((95, 95, 140, 140), None),
    ],
)
def test_a_cell_that_has_a_box_is_not_added_again(
    tmp_path: Path, box: tuple[int, int, int, int], reason: Reason | None
) -> None:
    action, name = ReviewAction.ADD, CellClass.MONOCYTE
    with open_station(tmp_path) as station:
        count_id = begin(station).count_id
        finish(station, count_id, (made_cell(0, "lymphocyte"),))
        where = {"frame": "f-0000.png", "box": box}
        if reason is None:
            station.reviews.apply(count_id, "ana", action, (), name, **where)
            with pytest.raises(RefusedError) as caught:
                station.reviews.apply(count_id, "ana", action, (), name, **where)
            assert caught.value.values["cell"] == -1
            return
        with pytest.raises(RefusedError) as caught:
            station.reviews.apply(count_id, "ana", action, (), name, **where)
        assert caught.value.reason is reason
        assert len(station.reviews.cells(count_id)) == 1
        # Where a person took the cell away another may be marked.
        station.reviews.apply(count_id, "ana", ReviewAction.REMOVE, [0])
        station.reviews.apply(count_id, "ana", action, (), name, **where)


def test_a_view_of_a_cell_counted_in_another_frame_is_not_added(tmp_path: Path) -> None:
    duplicate = made_cell(1, "neutrophil", CellStatus.DUPLICATE, "g-0001.png")
    with open_station(tmp_path) as station:
        count_id = begin(station).count_id
        finish(station, count_id, (made_cell(0, "neutrophil"), duplicate))
        with pytest.raises(RefusedError) as caught:
            station.reviews.apply(
                count_id,
                "ana",
                ReviewAction.ADD,
                (),
                CellClass.NEUTROPHIL,
                frame="g-0001.png",
                box=(60, 60, 80, 80),
            )
        assert caught.value.reason is Reason.COUNTED_ELSEWHERE


@pytest.mark.parametrize(
    ("population", "age_days", "wanted"),
    [
        (Population.NEWBORN, None, "newborn"),
        (Population.NEWBORN, 12, "neonate"),
        (Population.UNRESTRICTED, None, "adult"),
        (Population.UNRESTRICTED, 800, "child"),
    ],
)
def test_reference_ranges_are_of_the_samples_age(
    tmp_path: Path, population: Population, age_days: int | None, wanted: str
) -> None:
    with open_station(tmp_path) as station:
        sample = station.samples.begin(
            "S-1", "ana", population, 100, age_days=age_days, sex=Sex.FEMALE
        )
        kept = station.samples.get(sample.count_id)
        assert (kept.age_days, kept.sex) == (age_days, Sex.FEMALE)
        found = station.reviews.differential(sample.count_id, ())
    assert found.reference_of == wanted


def test_the_trail_names_sample_previous_and_new_class(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        apply = station.reviews.apply
        apply(count_id, "ana", ReviewAction.RECLASSIFY, [9], CellClass.IG)
        apply(count_id, "ana", ReviewAction.REMOVE, [9])
        apply(count_id, "ana", ReviewAction.UNDO, [9])
        said = [entry.detail for entry in station.audit.entries(count_id)[-3:]]
    assert {one["sample"] for one in said} == {"S-1"}
    assert [(one["previous"], one["class_name"]) for one in said] == [
        ("uncertain", "ig"),
        ("ig", None),
        ("removed", None),
    ]
