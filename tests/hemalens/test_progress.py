import pytest

from hemalens.progress import progress_bar


def test_nothing_is_printed_where_no_person_reads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar("measuring images") as progress:
        for done in (1, 2, 3):
            progress(done, 3)
    assert capsys.readouterr() == ("", "")
