import contextlib
import sqlite3
from pathlib import Path

import pytest

from edge.station.records import SampleState
from edge.station.storage.counted_results import read_cells, reviewable_cells
from hemalens.errors import StationError, StorageError
from tests.edge.station.made_station import (
    CELLS,
    begin,
    finish,
    finished,
    open_station,
    write_results,
)


def test_a_sample_goes_from_counting_to_review(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        sample = begin(station)
        assert station.samples.get(sample.count_id) == sample
        found = finish(station, sample.count_id)
    assert (sample.state, found.state) == (SampleState.COUNTING, SampleState.REVIEW)
    assert found.counted_at is not None


def test_samples_are_listed_newest_first_page_by_page(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        begun = [begin(station, f"S-{n}") for n in range(5)]
        first = station.samples.all(limit=2)
        second = station.samples.all(limit=2, before=first[-1].count_id)
    assert [*first, *second] == begun[:0:-1]


def test_a_discarded_count_is_gone_but_for_the_trail(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        station.samples.discard(count_id, "ana")
        assert station.samples.all() == ()
        assert not station.samples.folder(count_id).exists()
        with pytest.raises(StationError, match="no such count"):
            station.samples.get(count_id)
        assert station.audit.entries(count_id)[-1].action == "count_discarded"


@pytest.mark.parametrize("count_id", ["..", "../" * 10, "A" * 32, "a" * 33, ""])
def test_only_counts_have_folders(tmp_path: Path, count_id: str) -> None:
    with open_station(tmp_path) as station, pytest.raises(StationError):
        station.samples.folder(count_id)


@pytest.mark.parametrize("sample_id", ["", "  ", "a\nb", "x" * 65, "a\x00"])
def test_unusable_names_of_samples_are_refused(tmp_path: Path, sample_id: str) -> None:
    with open_station(tmp_path) as station, pytest.raises(StationError):
        begin(station, sample_id)


@pytest.mark.parametrize("name", ["summary.json", "count.sqlite"])
def test_a_count_that_is_not_whole_stays_counting(tmp_path: Path, name: str) -> None:
    with open_station(tmp_path) as station:
        count_id = begin(station).count_id
        with pytest.raises(StorageError):
            station.samples.counted(count_id)
        write_results(station.samples.folder(count_id))
        (station.samples.folder(count_id) / name).write_text("{")
        with pytest.raises(StorageError, match="damaged"):
            station.samples.counted(count_id)
        assert station.samples.get(count_id).state is SampleState.COUNTING
        assert station.samples.model_cells(count_id) == ()


def test_cells_are_those_of_the_counts_own_store(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        wanted = tuple(reviewable_cells(CELLS))
        assert station.samples.model_cells(count_id) == wanted
        assert station.samples.model_cells(count_id, {3, 9, 77}) == (
            wanted[3],
            wanted[9],
        )


def test_a_store_that_was_changed_after_its_count_is_refused(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        store = station.samples.folder(count_id) / "count.sqlite"
        with contextlib.closing(sqlite3.connect(store)) as connection:
            connection.execute("UPDATE cell SET class_name = NULL WHERE cell_id = 1")
            connection.commit()
    read_cells.cache_clear()
    with (
        open_station(tmp_path) as station,
        pytest.raises(StorageError, match="changed after its count"),
    ):
        station.reviews.cells(count_id)
