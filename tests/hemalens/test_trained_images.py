import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemalens.trained_images import TrainedImages


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


@given(st.sets(st.integers(0, 1000)), st.integers(0, 1000))
def test_what_is_written_knows_the_same_files(numbers: set[int], asked: int) -> None:
    read = TrainedImages.read(TrainedImages(map(digest, numbers)).content())
    assert len(read) == len(numbers)
    assert (digest(asked) in read) == (asked in numbers)
    assert list(read.among([digest(asked)])) == [asked in numbers]


def test_a_model_has_seen_what_the_one_it_began_with_had() -> None:
    joined = TrainedImages([digest(1)]).joined(TrainedImages([digest(2)]))
    assert list(joined.among(map(digest, (1, 2, 3)))) == [True, True, False]
    assert digest(1) in TrainedImages([digest(1)]).joined(None)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"1234567", "breaks off"), (b"22222222" + b"11111111", "not in order")],
)
def test_a_damaged_list_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        TrainedImages.read(content)
