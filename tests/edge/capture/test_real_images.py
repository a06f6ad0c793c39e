"""Fields of BCCD through the sources that carry files; made ones do the same beside."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from edge.capture.followed_folder import FollowedFolder
from edge.capture.http_camera import HttpCamera
from edge.capture.image_files import ImageFiles
from hemalens.image_files import read_image
from tests.edge.capture.fake_clock import FakeClock
from tests.edge.capture.local_camera_server import part, served, stream

FIELDS = Path(__file__).parents[4] / "shared/datasets/BCCD/JPEGImages"

pytestmark = pytest.mark.skipif(
    not FIELDS.is_dir(), reason=f"the dataset is not at {FIELDS}"
)


@pytest.fixture
def fields() -> list[Path]:
    return sorted(FIELDS.glob("*.jpg"))[:8]


def test_a_stream_delivers_them_bit_for_bit(fields: list[Path]) -> None:
    parts = [part(path.read_bytes()) for path in fields]
    answer = stream(lambda: itertools.cycle(parts), pause_s=0.01)
    true = [read_image(path) for path in fields]
    with served({"/": answer}) as server, HttpCamera(server.url("/")) as http:
        for frame in itertools.islice(http, 8):
            assert any(np.array_equal(frame.image, image) for image in true)
        assert "damaged" not in http.status().detail


def test_a_followed_folder_gives_what_the_folder_gives(
    fields: list[Path], tmp_path: Path
) -> None:
    for path in fields:
        (tmp_path / path.name).symlink_to(path)
    clock = FakeClock()
    followed = FollowedFolder(tmp_path, 2, clock=clock, sleep=clock.sleep)
    with followed, ImageFiles(tmp_path) as folder:
        for one, other in zip(followed, folder, strict=True):
            assert one.name == other.name
            assert np.array_equal(one.image, other.image)
