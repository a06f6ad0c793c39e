import numpy as np
import pytest

from train.networks.ends import normalize
from train.networks.paper_cnn import PAPER_DENSE_UNITS, PAPER_FILTERS, cnn, paper_cnn


def test_the_papers_network_has_seven_blocks_and_1_1_million_weights() -> None:
    network = paper_cnn()
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds.count("Conv2D") == kinds.count("MaxPooling2D") == 7
    assert kinds.count("Dropout") == 7
    filters = [x.filters for x in network.layers if type(x).__name__ == "Conv2D"]
    assert tuple(filters) == PAPER_FILTERS
    assert network.output_shape == (None, 8)
    assert round(network.count_params() / 1e6, 1) == 1.1


def test_the_literal_stride_keeps_the_maps_large() -> None:
    kernels = paper_cnn(16, pool_stride=1).layers[-2].kernel.shape
    assert tuple(kernels) == (16 * 16 * PAPER_FILTERS[-1], PAPER_DENSE_UNITS)


def test_the_shipped_form_has_the_papers_convolutions() -> None:
    mine, papers = (
        [x.filters for x in network.layers if hasattr(x, "filters")]
        for network in (cnn(), paper_cnn())
    )
    assert mine == papers


@pytest.mark.parametrize(("code", "real"), [(0, -1), (128, 0), (255, 127 / 128)])
def test_raw_pixels_are_normalized_inside_the_graph(code: int, real: float) -> None:
    normalized = normalize(np.full((1, 2, 2, 3), code, np.float32))
    assert np.asarray(normalized).max() == real
