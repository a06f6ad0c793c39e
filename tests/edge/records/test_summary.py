import json

import pytest
from pydantic import ValidationError

from edge.count.session import CountSession
from edge.records.counts import Counts, Rates
from edge.records.summary import Summary
from tests.edge.made_counts import made_cell, made_frame, made_header, made_summary


def _summary() -> Summary:
    session = CountSession(made_header(), target=100)
    session.add(made_frame(made_cell(0, "neutrophil"), made_cell(1, "platelet")))
    return made_summary(session)


def test_file_has_every_figure_at_one_level_in_its_old_order() -> None:
    keys = list(json.loads(_summary().model_dump_json()))
    own = Summary.model_fields.keys() - {"counted", "rates"}
    assert len(keys) == len(set(keys))
    assert set(keys) == {*own, *Counts.model_fields, *Rates.model_fields}
    told = ["frames_dropped", "warnings", "slide_doubts"]
    assert keys[:6] == ["frames", "frames_left_out", *told, "places"]
    rates = list(Rates.model_fields)
    first = keys.index("fields") + 1
    assert keys[first : first + len(rates) + 1] == [*rates, "uncertain"]


def test_file_is_read_back_as_it_was_written() -> None:
    summary = _summary()
    assert Summary.model_validate_json(summary.model_dump_json()) == summary


@pytest.mark.parametrize("name", ["leukocytes", "nrbc_per_100_wbc", "bundle"])
def test_file_that_lacks_a_figure_is_refused(name: str) -> None:
    written = json.loads(_summary().model_dump_json())
    del written[name]
    with pytest.raises(ValidationError, match=name):
        Summary.model_validate_json(json.dumps(written))


def test_figure_that_is_not_known_is_refused() -> None:
    written = {**json.loads(_summary().model_dump_json()), "leucocytes": 3}
    with pytest.raises(ValidationError, match="leucocytes"):
        Summary.model_validate_json(json.dumps(written))
