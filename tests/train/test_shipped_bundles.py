"""The shipped bundles on real images; the way there is tested on drawn ones."""

from pathlib import Path

import pytest

from edge.bundles import open_bundle, shipped_bundles
from hemalens.classes import CLASS_NAMES
from hemalens.split import Split
from train.evaluation.measure import measure

PBC = Path(__file__).parents[3] / "shared" / "datasets" / "PBC_dataset_normal_DIB"
BUNDLES = Path(__file__).parents[2] / "edge" / "bundles"


@pytest.mark.skipif(not PBC.is_dir(), reason=f"PBC's images are not at {PBC}")
@pytest.mark.parametrize("name", shipped_bundles())
def test_a_shipped_bundle_is_as_good_as_its_manifest_says(
    name: str, tmp_path: Path
) -> None:
    figures = measure(BUNDLES / f"{name}.hemalens", PBC, Split.VALIDATION, tmp_path)
    stated = open_bundle(name).manifest.measured
    assert stated is not None
    assert figures.n == stated.n
    assert figures.accuracy == pytest.approx(stated.accuracy, abs=0.001)
    assert figures.accuracy >= 0.95
    assert abs(figures.accuracy - stated.float_accuracy) <= 0.005
    assert all(figures.per_class[name].recall > 0.85 for name in CLASS_NAMES)
