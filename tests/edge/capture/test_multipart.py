import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture.multipart import read_parts
from hemalens.errors import CaptureError

HEAD = b"--b\r\nContent-Type: image/jpeg\r\n"


def with_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body + b"\r\n"


def without_length(body: bytes) -> bytes:
    return HEAD + b"\r\n" + body + b"\r\n"


# A body cannot hold the boundary, or end as what comes before one.
bodies = st.lists(
    st.binary(min_size=1).filter(lambda b: b"--b" not in b and b[-1:] not in b"\r\n-"),
    max_size=5,
)


@given(bodies, st.sampled_from([with_length, without_length]), st.booleans())
def test_what_is_put_together_comes_apart(parts, put, is_ended: bool) -> None:
    stream = b"".join(put(body) for body in parts) + (b"--b--\r\n" if is_ended else b"")
    if not is_ended and put is without_length:
        # The last part has no boundary after it: its end is the stream's.
        stream = stream.removesuffix(b"\r\n")
    assert list(read_parts(io.BytesIO(stream), "b")) == parts


@given(st.binary(max_size=400))
def test_rubbish_gives_parts_or_an_error_and_always_ends(rubbish: bytes) -> None:
    try:
        parts = list(read_parts(io.BytesIO(rubbish), "b", limit=200))
    except CaptureError:
        return
    assert sum(map(len, parts)) <= len(rubbish)


def test_a_wrong_length_loses_its_own_part_and_the_next() -> None:
    wrong = HEAD + b"Content-Length: 20\r\n\r\nshort\r\n"
    stream = wrong + with_length(b"second" * 9) + with_length(b"third")
    assert list(read_parts(io.BytesIO(stream), "b"))[-1] == b"third"


@pytest.mark.parametrize(
    "length",
    ["-1", "1e3", "9" * 5000, "0" * 20 + "9" * 5000, "201", "²", "", "+5", "\t"],
)
def test_an_unusable_length_is_said(length: str) -> None:
    stream = b"--b\r\nContent-Length: " + length.encode() + b"\r\n\r\n"
    with pytest.raises(CaptureError, match="wanted at most 200 bytes"):
        list(read_parts(io.BytesIO(stream), "b", limit=200))


def test_a_length_with_leading_zeros_is_a_length() -> None:
    stream = b"--b\r\nContent-Length: " + b"0" * 5000 + b"3\r\n\r\ntwo\r\n--b--"
    assert list(read_parts(io.BytesIO(stream), "b")) == [b"two"]
