import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator

from edge.track.near_pairs import near_pairs
from edge.track.slide_views import VIEW, SlideViews, corners_um

ROOM_UM = 2.5


def _scattered(rng: Generator, number: int, span_um: tuple[float, float]) -> SlideViews:
    views = np.zeros(number, VIEW)
    views["x_um"] = rng.uniform(-span_um[0], span_um[0], number)
    views["y_um"] = rng.uniform(-span_um[1], span_um[1], number)
    views["width_um"] = rng.uniform(1, 20, number)
    views["height_um"] = rng.uniform(1, 20, number)
    views["is_red"] = rng.random(number) < 0.7
    return views


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from([(5.0, 5.0), (60.0, 40.0), (3.0, 900.0), (900.0, 0.0)]),
)
@settings(deadline=None)
def test_pairs_are_all_whose_boxes_nearly_touch(
    seed: int, views_number: int, known_number: int, span_um: tuple[float, float]
) -> None:
    rng = np.random.default_rng(seed)
    views = _scattered(rng, views_number, span_um)
    known = _scattered(rng, known_number, span_um)
    pairs = near_pairs(views, known)
    one, other = corners_um(views)[:, None], corners_um(known)[None]
    gap = np.maximum(one[..., :2] - other[..., 2:], other[..., :2] - one[..., 2:])
    same_kind = views["is_red"][:, None] == known["is_red"][None]
    # Rounding may decide where the gap is the room left, to a hundredth.
    surely = (gap.max(axis=2) < ROOM_UM - 0.01) & same_kind
    perhaps = (gap.max(axis=2) < ROOM_UM + 0.01) & same_kind
    found = list(zip(pairs.views.tolist(), pairs.known.tolist(), strict=True))
    assert len(set(found)) == len(found)
    assert {tuple(p) for p in np.argwhere(surely).tolist()} <= set(found)
    assert set(found) <= {tuple(p) for p in np.argwhere(perhaps).tolist()}
