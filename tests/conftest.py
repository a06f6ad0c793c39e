import pytest

from tests.drawn_dataset import draw_dataset


@pytest.fixture(scope="session")
def drawn_dataset(tmp_path_factory):
    """Six training and two validation images of each class, drawn."""
    return draw_dataset(tmp_path_factory.mktemp("drawn"), train=6, validation=2)
