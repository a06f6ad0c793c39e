import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.records.population import Population
from edge.station.records import Sample, SampleState
from edge.station.routes.export import file_stem


def stem(sample_id: str) -> str:
    return file_stem(
        Sample(
            sample_id=sample_id,
            count_id="0123456789abcdef" * 2,
            operator="ann",
            state=SampleState.REVIEW,
            population=Population.UNRESTRICTED,
            target=100,
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    )


@pytest.mark.parametrize(
    ("sample_id", "said"),
    [
        ("S-2026-0042", "S-2026-0042-01234567"),
        ("42/7 b", "42_7_b-01234567"),
        ("../a", "_a-01234567"),
        (".hidden", "_hidden-01234567"),
    ],
)
def test_an_export_is_named_by_its_sample(sample_id: str, said: str) -> None:
    assert stem(sample_id).replace("__", "_") == said


@given(st.text(min_size=1))
def test_any_sample_gives_the_name_of_a_file(sample_id: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", stem(sample_id))
