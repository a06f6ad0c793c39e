import hashlib
import os
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemalens.split import SPLIT_RULE, Split, split_of

BUCKETS = ("test", "validation", *["train"] * 3, "test", *["train"] * 4)


@given(st.text())
def test_split_is_the_rule_in_words(name: str) -> None:
    digest = hashlib.sha256(name.encode()).digest()
    assert split_of(name) == BUCKETS[int.from_bytes(digest, "big") % 10]


def test_splits_take_their_shares() -> None:
    shares = Counter(split_of(f"SNE_{number}.jpg") for number in range(20_000))
    assert shares[Split.TEST] / 20_000 == pytest.approx(0.2, abs=0.01)
    assert shares[Split.VALIDATION] / 20_000 == pytest.approx(0.1, abs=0.01)
    assert shares[Split.TRAIN] / 20_000 == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("BA_100102.jpg", Split.TRAIN),
        ("EO_225902.jpg", Split.TRAIN),
        ("BNE_191112.jpg", Split.TEST),
    ],
)
def test_known_names_never_move(name: str, split: Split) -> None:
    assert split_of(name) is split


def test_name_that_is_no_utf8_has_a_split() -> None:
    name = b"IG_\xff.jpg"
    bucket = int(hashlib.sha256(name).hexdigest(), 16) % 10
    assert split_of(os.fsdecode(name)) == BUCKETS[bucket]


def test_rule_in_words_names_every_bucket_set() -> None:
    assert "0 and 5: test, 1: validation, the rest: train" in SPLIT_RULE
