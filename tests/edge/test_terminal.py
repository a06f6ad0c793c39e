from datetime import UTC, datetime

import pytest

from edge.summary import BundleName, Summary
from edge.terminal import show_summary
from hemalens.classes import CLASS_NAMES

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _summary(uncertain: int, neutrophils: int, platelets: int = 0) -> Summary:
    counts = dict.fromkeys(CLASS_NAMES, 0)
    counts |= {"neutrophil": neutrophils, "platelet": platelets}
    return Summary(
        frames=3,
        counts=counts,
        red_cells=0,
        platelets=platelets,
        differential_percent=dict.fromkeys(CLASS_NAMES, 0.0) if neutrophils else {},
        ci95_percent=dict.fromkeys(CLASS_NAMES, (0.0, 1.0)) if neutrophils else {},
        nrbc_per_100_wbc=None,
        uncertain=uncertain,
        border=0,
        pixel_size_um=None,
        bundle=BundleName(name="cnn", version="1.0.0", sha256="0" * 64),
        hemalens_version="0",
        started_at=NOW,
        finished_at=NOW,
    )


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
    show_summary(_summary(uncertain, neutrophils, platelets), None)
    assert ("Do not rely on the differential" in capsys.readouterr().out) is warned


def test_nobody_is_told_that_a_differential_is_a_diagnosis(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_summary(_summary(0, 20), None)
    shown = capsys.readouterr().out
    assert "a qualified person reviews and signs" in shown
    assert "pixel size assumed" in shown
