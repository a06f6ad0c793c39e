from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.results.reference_ranges import REFERENCE_RANGES, Sex, reference_for
from edge.station.records import ClassShare, Flag, ReviewedCell
from edge.station.review.differential import (
    read_reference_ranges,
    reviewed_differential,
)
from hemalens.classes import LEUKOCYTES, CellClass
from hemalens.errors import ConfigError


def called(class_name: CellClass, person: CellClass | None = None) -> ReviewedCell:
    return ReviewedCell(
        cell_id=0,
        frame="f",
        box_xyxy=(0, 0, 1, 1),
        model_class=class_name,
        model_probability=0.9,
        is_uncertain=False,
        person_class=person,
    )


def uncertain(class_name: CellClass) -> ReviewedCell:
    return called(class_name).model_copy(update={"is_uncertain": True})


def share(neutrophils: int, lymphocytes: int) -> ClassShare:
    cells = neutrophils * [called(CellClass.NEUTROPHIL)]
    cells += lymphocytes * [called(CellClass.LYMPHOCYTE)]
    return reviewed_differential(cells).shares[-2]


@pytest.mark.parametrize(
    ("neutrophils", "flag"),
    [(10, "low"), (36, "maybe_low"), (60, None), (84, "maybe_high"), (95, "high")],
)
def test_a_flag_is_certain_when_the_whole_interval_lies_outside(
    neutrophils: int, flag: str | None
) -> None:
    found = share(neutrophils, 100 - neutrophils)
    assert (found.percent, found.flag) == (neutrophils, flag)


def test_no_alarm_is_raised_that_review_could_take_back() -> None:
    cells = 9 * [called(CellClass.EOSINOPHIL)] + 21 * [called(CellClass.NEUTROPHIL)]
    eosinophils = reviewed_differential(cells).shares[1]
    assert (eosinophils.flag, eosinophils.possible_percent) == (Flag.HIGH, None)
    found = reviewed_differential([*cells, *70 * [uncertain(CellClass.MONOCYTE)]])
    eosinophils = found.shares[1]
    assert eosinophils.possible_percent == (9, 79)
    assert eosinophils.flag is Flag.MAYBE_HIGH
    many = reviewed_differential([*cells, *170 * [uncertain(CellClass.MONOCYTE)]])
    assert many.shares[1].flag is Flag.UNDECIDED


CLASSES = st.sampled_from([*CellClass, None])


@given(
    st.lists(st.sampled_from(CellClass), min_size=1, max_size=60),
    st.lists(CLASSES, max_size=12),
)
def test_however_cells_are_settled_shares_and_alarms_were_told(
    certain: list[CellClass], settled: list[CellClass | None]
) -> None:
    cells = [called(name) for name in certain]
    doubtful = [uncertain(CellClass.MONOCYTE) for _ in settled]
    before = reviewed_differential([*cells, *doubtful])
    after = reviewed_differential(
        [
            *cells,
            *(
                cell.model_copy(
                    update={"person_class": name, "is_removed": name is None}
                )
                for cell, name in zip(doubtful, settled, strict=True)
            ),
        ]
    )
    for was, now in zip(before.shares, after.shares, strict=True):
        if was.flag in (Flag.LOW, Flag.HIGH):
            assert now.flag is was.flag
        if was.possible_percent and now.percent is not None:
            low, high = was.possible_percent
            assert low - 1e-9 <= now.percent <= high + 1e-9
        if was.flag is None and was.percent is not None:
            assert now.flag is None
    assert (before.open_cells, after.open_cells) == (len(settled), 0)


def test_non_leukocytes_stay_out_of_the_denominator() -> None:
    cells = 4 * [called(CellClass.NEUTROPHIL)] + [called(CellClass.ERYTHROBLAST)]
    found = reviewed_differential([*cells, called(CellClass.PLATELET)], fields=2.0)
    assert found.leukocytes == 4
    assert found.nrbc_per_100_wbc == 25
    assert found.platelets_per_field == 0.5
    assert [s.count for s in found.shares] == [0, 0, 1, 0, 0, 0, 4, 1]
    assert found.shares[-1].percent is None


def test_immature_granulocytes_and_any_erythroblast_of_an_adult_are_flagged() -> None:
    cells = 70 * [called(CellClass.NEUTROPHIL)] + 15 * [called(CellClass.IG)]
    one = [called(CellClass.ERYTHROBLAST)]
    found = reviewed_differential([*cells, *one])
    ig = found.shares[3]
    assert (ig.class_name, ig.flag, ig.reference_percent) == ("ig", "high", (0, 0.9))
    assert (found.nrbc_flag, found.nrbc_reference_per_100_wbc) == ("high", (0, 0))
    assert reviewed_differential(cells).nrbc_flag is None
    assert reviewed_differential(one).nrbc_flag is Flag.HIGH
    doubtful = [*cells, uncertain(CellClass.MONOCYTE)]
    assert reviewed_differential(doubtful).nrbc_flag is Flag.UNDECIDED


@pytest.mark.parametrize(
    ("age_days", "name", "flags"),
    [
        (1, "newborn", (None, None, None)),
        (10, "neonate", (None, "high", "high")),
        (400, "infant", (None, "high", "high")),
        (12_000, "adult", ("high", "high", "high")),
    ],
)
def test_ranges_are_of_the_patients_age(
    age_days: int, name: str, flags: tuple[str | None, ...]
) -> None:
    cells = 45 * [called(CellClass.NEUTROPHIL)] + 51 * [called(CellClass.LYMPHOCYTE)]
    cells += 4 * [called(CellClass.IG)] + 5 * [called(CellClass.ERYTHROBLAST)]
    reference = reference_for(REFERENCE_RANGES, age_days, None)
    found = reviewed_differential(cells, reference=reference)
    assert (found.reference_of, bool(found.reference_source)) == (name, True)
    lymphocytes, ig = found.shares[4].flag, found.shares[3].flag
    assert (lymphocytes, ig, found.nrbc_flag) == flags


def test_every_age_has_ranges_with_a_source() -> None:
    for age_days in range(40_000):
        found = reference_for(REFERENCE_RANGES, age_days, None)
        assert found is not None
        assert found.source
        assert set(found.percent) == set(LEUKOCYTES)


def test_agreement_is_of_cells_with_both_words() -> None:
    ig, neutrophil = CellClass.IG, CellClass.NEUTROPHIL
    cells = [called(ig, ig), called(ig, neutrophil), called(ig)]
    found = reviewed_differential(cells)
    assert (found.agreement_percent, found.changed_cells) == (50, 1)
    assert reviewed_differential([]).agreement_percent is None


def test_a_laboratory_sets_its_own_ranges(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    assert read_reference_ranges(path) == REFERENCE_RANGES
    path.write_text(
        "[reference_percent]\nneutrophil = [45, 70]\n"
        "[[reference]]\nname = 'ours'\nfrom_days = 6570\nsex = 'female'\n"
        "percent = {neutrophil = [41, 76]}\n"
    )
    ranges = read_reference_ranges(path)
    men, women = (reference_for(ranges, 9000, sex) for sex in (Sex.MALE, Sex.FEMALE))
    assert men is not None
    assert women is not None
    assert men.percent[CellClass.NEUTROPHIL] == (45, 70)
    assert men.percent[CellClass.BASOPHIL] == (0, 2)
    assert (women.name, women.percent) == ("ours", {CellClass.NEUTROPHIL: (41, 76)})


@pytest.mark.parametrize(
    "line", ["neutrophil = [70, 45]", "platelet = [1, 2]", "neutro = [1, 2]", "=", "a"]
)
def test_ranges_that_are_none_are_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "station.toml"
    path.write_text(f"[reference_percent]\n{line}\n")
    with pytest.raises(ConfigError, match=r"station\.toml"):
        read_reference_ranges(path)
