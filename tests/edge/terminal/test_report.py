import re
from datetime import UTC, datetime

import pytest

from edge.frame.stage_times import Stage, StageTimes
from edge.records.summary import BundleName, Summary
from edge.terminal.report import show_summary, show_times
from hemalens.classes import CLASS_NAMES

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _summary(
    uncertain: int = 0, neutrophils: int = 0, platelets: int = 0, **others: object
) -> Summary:
    counts = dict.fromkeys(CLASS_NAMES, 0)
    counts |= {"neutrophil": neutrophils, "platelet": platelets}
    limits = dict.fromkeys(CLASS_NAMES, (0.0, 1.0))
    wanted = {
        "frames": 3,
        "frames_left_out": {},
        "places": 0,
        "target": None,
        "leukocytes": neutrophils,
        "leukocytes_to_review": 0,
        "counts": counts,
        "red_cells": 0,
        "platelets": platelets,
        "fields": 3.0,
        "platelets_per_field": platelets / 3,
        "platelets_ci95_per_field": (0.0, 1.0),
        "platelets_per_100_red_cells": None,
        "platelets_ci95_per_100_red_cells": None,
        "differential_percent": dict.fromkeys(CLASS_NAMES, 0.0) if neutrophils else {},
        "ci95_percent": limits if neutrophils else {},
        "nrbc_per_100_wbc": None,
        "nrbc_ci95_per_100_wbc": None,
        "uncertain": uncertain,
        "border": 0,
        "out_of_focus": 0,
        "duplicates": 0,
        "pixel_size_um": None,
        "bundle": BundleName(name="cnn", version="1.0.0", sha256="0" * 64),
        "hemalens_version": "0",
        "started_at": NOW,
        "finished_at": NOW,
        "counted_s": 1.0,
        "times_continued": 0,
    }
    return Summary.model_validate(wanted | others)


def _shown(summary: Summary, capsys: pytest.CaptureFixture[str]) -> str:
    show_summary(summary, None)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("uncertain", "neutrophils", "platelets", "warned"),
    [(8, 4, 100, True), (4, 8, 100, False), (3, 1, 0, False), (0, 0, 0, False)],
)
def test_a_count_of_doubtful_cells_is_not_shown_without_a_warning(
    uncertain: int,
    neutrophils: int,
    platelets: int,
    warned: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = _shown(_summary(uncertain, neutrophils, platelets), capsys)
    assert ("Do not rely on the differential" in shown) is warned


def test_nobody_is_told_that_a_differential_is_a_diagnosis(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = _shown(_summary(0, 20), capsys)
    assert "a qualified person reviews and signs" in shown
    assert "Pixel size assumed" in shown


@pytest.mark.parametrize(
    ("target", "neutrophils", "to_review", "line"),
    [
        (None, 40, 2, "Leukocytes: 40 counted, 2 to review"),
        (100, 100, 2, "100 counted, 2 to review; target of 100 reached"),
        (100, 98, 2, "98 counted, 2 to review; 2 short of the target of 100"),
    ],
)
def test_the_target_is_told(
    target: int | None,
    neutrophils: int,
    to_review: int,
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary = _summary(
        neutrophils=neutrophils, target=target, leukocytes_to_review=to_review
    )
    assert f"{line}\n" in _shown(summary, capsys)


def test_a_whole_count_is_told_at_a_glance_in_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    summary = _summary(
        frames=15,
        neutrophils=100_000,
        platelets=123_456,
        red_cells=4_567_890,
        frames_left_out={"out of focus": 12, "black": 3},
        places=4,
        times_continued=2,
        fields=1.5,
        platelets_per_field=1152.0,
        platelets_ci95_per_field=(1000.1, 1300.2),
        platelets_per_100_red_cells=2.7,
        platelets_ci95_per_100_red_cells=(2.6, 2.8),
        nrbc_per_100_wbc=1.25,
        nrbc_ci95_per_100_wbc=(1.2, 1.3),
    )
    shown = _shown(summary, capsys)
    assert max(map(len, shown.splitlines())) <= 80
    # No column may be cut or broken: the figures stand whole in one line.
    for row in (
        r"erythroblasts \(NRBC\).* 0 .* 1\.2 .* 1\.2 to 1\.3 .*100 leukocytes",
        r"platelets .* 123456 .* 1152\.0 .* 1000\.1 to 1300\.2 .*field",
        r" 2\.7 .* 2\.6 to 2\.8 .*100 red cells",
        r"red cells .* 4567890 ",
    ):
        assert re.search(row, shown), row
    assert "15 left out (3 black, 12 out of focus)" in shown
    assert "Slide: 1.5 fields without overlap, in 4 separate places\n" in shown
    assert "continued: 2 times" in shown


def test_fields_that_lie_apart_need_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Slide:" not in _shown(_summary(neutrophils=9, places=3), capsys)
    assert "Slide: 3.0 fields" in _shown(_summary(neutrophils=9, places=2), capsys)


def test_the_time_of_each_stage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    times = StageTimes()
    show_times(times)
    assert capsys.readouterr().out == ""
    for stage in (Stage.STORE, Stage.SEGMENT, Stage.SEGMENT):
        with times.of(stage):
            pass
    show_times(times)
    shown = capsys.readouterr().out
    pattern = r"ms a frame: segment \d+\.\d \(longest \d+\), store \d+\.\d \(longest"
    assert re.match(pattern, shown)


def test_dropped_frames_and_wrong_optics_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    warning = "the objective was changed"
    shown = _shown(_summary(frames_dropped=7, warnings=(warning,)), capsys)
    assert "7 dropped: counting was slower than the camera" in " ".join(shown.split())
    assert f"Optics: {warning}" in shown
    assert "dropped" not in _shown(_summary(), capsys)
