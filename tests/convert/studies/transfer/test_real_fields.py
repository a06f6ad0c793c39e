"""The bench on a few of BCCD's fields, where the datasets lie beside the repository.

What these check is also checked on drawn fields; ``hemalens study transfer`` measures
it all.
"""

from pathlib import Path

import pytest

from convert.studies.transfer.bench import bench_fields
from convert.studies.transfer.box_source import BoxSource
from convert.studies.transfer.figures import measure
from hemalens.bundle import Bundle
from train.dataset.labelled_fields import read_labelled_fields

BCCD = Path(__file__).parents[4] / "shared" / "datasets" / "BCCD"

pytestmark = pytest.mark.skipif(
    not BCCD.is_dir(), reason=f"the dataset is not at {BCCD}"
)


def test_fields_of_one_type_are_bccd_s() -> None:
    fields = read_labelled_fields(BCCD)
    assert len(fields) == 281
    names = [field.class_name for field in fields]
    counts = {name: names.count(name) for name in set(names)}
    assert counts == {
        "neutrophil": 168,
        "eosinophil": 65,
        "lymphocyte": 30,
        "monocyte": 17,
        "basophil": 1,
    }


@pytest.mark.parametrize("boxes", BoxSource)
def test_cells_are_found_at_a_plausible_scale(boxes: BoxSource, bundle: Bundle) -> None:
    fields = read_labelled_fields(BCCD)[::40]
    benched = bench_fields("BCCD", fields, [bundle], boxes=boxes)
    assert benched.note.pixel_size_um == pytest.approx(7.5 / 104, rel=0.08)
    images = measure(benched.answers[0]).images
    assert images.all.n == len(fields)
    assert images.without_cell == 0
