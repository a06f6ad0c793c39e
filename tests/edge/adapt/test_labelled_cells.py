from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.adapt.labelled_cells import (
    frame_of,
    read_labelled_cells,
    require_enough,
)
from edge.segment import segment
from edge.slide.stain import SlideStainLearner
from hemalens.classes import CLASS_NAMES, CellKind
from hemalens.classifier import BundleClassifier
from hemalens.errors import DatasetError
from hemalens.image_files import read_image
from hemalens.image_set import ImageSet, LabelledImage, read_class_folders
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, cut_crop
from hemalens.slide_appearance import SlideAppearance
from hemalens.stain import SlideColours, StainReference
from tests.edge.adapt.conftest import Site, unstained

REFERENCE = StainReference(
    colours=SlideColours(
        background=(253, 227, 201),
        red_cell=(0.18, 0.27, 0.16),
        nucleus=(1.12, 1.93, 0.38),
    ),
    strength=0.5,
)


def made_images(**counts: int) -> ImageSet:
    return ImageSet(
        images=tuple(
            LabelledImage(path=Path(f"{name}/{i}.png"), class_name=name, sha256=str(i))
            for name, number in counts.items()
            for i in range(number)
        )
    )


def test_cells_are_classified_in_the_model_s_stain(site: Site) -> None:
    bundle = unstained()
    known = {"stain": REFERENCE, "focus": None}
    manifest = bundle.manifest.model_copy(update=known)
    classifier = BundleClassifier(replace(bundle, manifest=manifest), threads=1)
    images = read_class_folders(site.cells)
    images = replace(images, images=images.images[::8])
    found = read_labelled_cells(images, classifier)
    stain, crops = SlideStainLearner(remembered=None), []
    for image in images.images:
        pixels = read_image(image.path)
        stain.learn(pixels, segment(pixels, PBC_PIXEL_SIZE_UM))
        crops.append(cut_crop(pixels, (128, 128), 256, 100))
    colours = stain.colours()
    assert colours is not None
    expected = classifier.classify(np.stack(crops), SlideAppearance(colours=colours))
    assert np.array_equal(found.probabilities, expected)
    assert not np.array_equal(expected, classifier.classify(np.stack(crops)))
    labels = [CLASS_NAMES[index] for index in found.class_index.tolist()]
    assert labels == [image.class_name for image in images.images]


def test_segmentation_says_what_each_cell_may_be(site: Site) -> None:
    images = read_class_folders(site.cells)
    images = replace(
        images,
        images=tuple(
            i for i in images.images if i.class_name in ("monocyte", "platelet")
        ),
    )
    found = read_labelled_cells(images, BundleClassifier(unstained(), threads=1))
    for image, detection in zip(images.images, found.detections, strict=True):
        is_platelet = image.class_name == "platelet"
        own = CellKind.PLATELET if is_platelet else CellKind.WHITE_CELL
        assert own in detection.possible_kinds


def test_where_segmentation_finds_nothing_everything_is_possible(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "monocyte"
    folder.mkdir()
    cv2.imwrite(str(folder / "a-1.png"), np.full((256, 256, 3), 230, np.uint8))
    classifier = BundleClassifier(unstained(), threads=1)
    found = read_labelled_cells(read_class_folders(tmp_path), classifier)
    assert found.detections[0].possible_kinds == {
        CellKind.WHITE_CELL,
        CellKind.PLATELET,
    }
    assert found.frames == ("a",)


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("slide-0004-17.png", "slide-0004"),
        ("field.one-4.png", "field.one"),
        ("NE_12345.jpg", "NE_12345"),
        ("-4.png", "-4"),
    ],
)
def test_a_name_tells_its_frame(name: str, frame: str) -> None:
    assert frame_of(Path("monocyte") / name) == frame


def test_enough_labels_are_taken() -> None:
    require_enough(made_images(monocyte=25, neutrophil=25), CLASS_NAMES)


@pytest.mark.parametrize(
    "counts", [{"monocyte": 24, "neutrophil": 25}, {"monocyte": 200}]
)
def test_too_few_labels_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(DatasetError, match="at least 50 labelled cells of at least 2"):
        require_enough(made_images(**counts), CLASS_NAMES)


def test_a_class_the_model_does_not_know_is_refused() -> None:
    images = made_images(monocyte=60, ig=5)
    with pytest.raises(DatasetError, match="does not know ig: leave"):
        require_enough(images, ("monocyte", "neutrophil"))
