"""Single-cell images of any size and stain: their scale, their middle, their class."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from convert.studies.transfer.crop_scale import ScaleSource, find_scale, nucleus_side_px
from convert.studies.transfer.labelled_crops import (
    cut_labelled_crops,
    read_labelled_crops,
)
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.errors import DatasetError
from hemalens.image_files import read_image
from hemalens.preprocess import PBC_PIXEL_SIZE_UM

SLIDE, CYTOPLASM, NUCLEUS = (243, 232, 222), (198, 176, 214), (92, 44, 140)


def lone_cell(pixel_size_um: float, side_um: float = 15.0) -> NDArray[np.uint8]:
    """Draw a cell of 12 µm whose nucleus has 47.8 µm², and nothing else."""
    side = round(side_um / pixel_size_um)
    canvas = np.full((side, side, 3), SLIDE, np.uint8)
    for radius_um, colour in ((6.0, CYTOPLASM), (3.9, NUCLEUS)):
        radius = round(radius_um / pixel_size_um)
        cv2.circle(canvas, (side // 2, side // 2), radius, colour, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 0.2 / pixel_size_um), np.uint8)


def images_of(folder: Path, limit: int) -> list[NDArray[np.uint8]]:
    return [read_image(path) for path in sorted(folder.glob("*/*.jpg"))[:limit]]


def test_red_cells_tell_the_scale_where_they_are_shown(drawn_dataset: Path) -> None:
    scale = find_scale(images_of(drawn_dataset, 20))
    assert scale.source is ScaleSource.RED_CELLS
    assert scale.pixel_size_um == pytest.approx(PBC_PIXEL_SIZE_UM, rel=0.1)


@pytest.mark.parametrize("pixel_size_um", [0.06, 0.1, 0.14])
def test_nuclei_tell_it_where_there_are_none(pixel_size_um: float) -> None:
    scale = find_scale([lone_cell(pixel_size_um)] * 2)
    assert scale.source is ScaleSource.NUCLEI
    # The drawn nucleus has a side of 6.9 µm, the median leukocyte's 7.8.
    assert scale.pixel_size_um == pytest.approx(pixel_size_um * 7.8 / 6.9, rel=0.06)


def test_a_given_scale_is_taken() -> None:
    scale = find_scale([lone_cell(0.1)], 0.08)
    assert (scale.pixel_size_um, scale.source) == (0.08, ScaleSource.GIVEN)
    assert scale.images_measured == 0


def test_images_of_nothing_have_no_scale() -> None:
    dark = np.zeros((90, 90, 3), np.uint8)
    assert nucleus_side_px(dark) is None
    with pytest.raises(DatasetError, match="give --pixel-size-um"):
        find_scale([dark])


def test_class_folders_of_any_case_are_read(tmp_path: Path) -> None:
    for name in ("Monocyte", "LYMPHOCYTE", "unknown"):
        (tmp_path / name).mkdir()
        for suffix in ("png", "txt"):
            (tmp_path / name / f"a.{suffix}").write_text("")
        assert cv2.imwrite(str(tmp_path / name / "a.png"), lone_cell(0.1))
    found = read_labelled_crops(tmp_path)
    assert [crop.class_name for crop in found.crops] == ["lymphocyte", "monocyte"]
    assert [crop.name for crop in found.crops] == ["LYMPHOCYTE/a.png", "Monocyte/a.png"]
    assert found.foreign == ("unknown",)


@pytest.mark.parametrize("folder", ["missing", "."])
def test_a_folder_of_another_kind_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(DatasetError, match=r"holds the classes|named after classes"):
        read_labelled_crops(tmp_path / folder)


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.6])
def test_cells_of_any_size_in_pixels_are_classified_alike(
    factor: float, drawn_dataset: Path, tmp_path: Path, classifier: BundleClassifier
) -> None:
    for path in sorted(drawn_dataset.glob("*/*.jpg"))[::2]:
        resized = cv2.resize(cv2.imread(str(path)), None, fx=factor, fy=factor)
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        assert cv2.imwrite(str(tmp_path / path.parent.name / path.name), resized)
    crops = read_labelled_crops(tmp_path)
    scale = crops.scale.pixel_size_um
    assert scale == pytest.approx(PBC_PIXEL_SIZE_UM / factor, rel=0.1)
    known = cut_labelled_crops(crops, size_px=classifier.manifest.input.size_px)
    true = [CLASS_NAMES.index(cell.class_name) for cell in known.cells]
    called = classifier.classify(known.crops).argmax(axis=1)
    assert np.mean(called == true) >= 0.85
