import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.split import Split
from tests.drawn_crops import drawn_crops
from train.augmentation.cli import CLASS_CHOICES, augment_preview
from train.augmentation.examples import choose_examples
from train.augmentation.preview import (
    TOGETHER_ROWS,
    disturbed_rows,
    draw_sheet,
    preview_rows,
)
from train.augmentation.settings import AUGMENTATIONS, UNDISTURBED
from train.cli import fit

NAMES = [
    "undisturbed",
    "orientation",
    "shift and scale",
    "stain",
    "light",
    "defocus",
    "noise",
    "JPEG",
]


def test_rows_are_each_disturbance_alone_then_all_together() -> None:
    rows = preview_rows(AUGMENTATIONS["standard"])
    assert [row.name for row in rows] == [*NAMES, *["everything"] * TOGETHER_ROWS]
    shown = {row.name: row.setting for row in rows}
    assert "up to 0.30 µm" in shown["defocus"]
    assert "pixel size wrong by up to 20 %" in shown["shift and scale"]
    assert shown["JPEG"] == "quality 60 to 95"


def test_a_share_is_everyone_where_the_disturbance_stands_alone() -> None:
    rows = {row.name: row.settings for row in preview_rows(AUGMENTATIONS["standard"])}
    assert rows["defocus"] == UNDISTURBED.model_copy(
        update={"defocus_um": 0.3, "defocus_share": 1.0}
    )
    assert rows["noise"].noise_share == rows["JPEG"].jpeg_share == 1
    assert rows["everything"] == AUGMENTATIONS["standard"]


def test_what_is_off_has_no_row() -> None:
    off = AUGMENTATIONS["standard"].model_copy(update={"jpeg_share": 0.0})
    assert "JPEG" not in {row.name for row in preview_rows(off)}


def test_only_the_first_row_is_undisturbed() -> None:
    windows = drawn_crops(2, 44)
    rows = preview_rows(AUGMENTATIONS["strong"])
    first, *others = disturbed_rows(rows, windows, 32, 24.32, seed=0)
    assert np.array_equal(first, windows[:, 6:38, 6:38])
    # Not every crop of a row: a draw near nothing changes nothing.
    assert all((other != first).any() for other in others)


def test_the_sheet_shows_crops_pixel_by_pixel() -> None:
    rows = preview_rows(AUGMENTATIONS["standard"])[:2]
    crops = [drawn_crops(2, 128), drawn_crops(4, 128)[2:]]
    png = draw_sheet(rows, crops, ["one", "two"], "title")
    bgr = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    sheet = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    last_row, right = sheet[-134:-6], sheet.shape[1] - 6
    assert np.array_equal(last_row[:, right - 128 : right], crops[1][1])
    labels = sheet[:, : right - 2 * 134]
    assert (labels < 100).any()


def test_examples_are_training_images_of_every_class(drawn_dataset) -> None:
    images = read_class_folders(drawn_dataset)
    drawn = [choose_examples(images, None, seed) for seed in range(20)]
    assert {e.image.split for examples in drawn for e in examples} == {Split.TRAIN}
    assert all(tuple(e.head for e in examples) == CLASS_NAMES for examples in drawn)


def test_examples_of_one_class_are_different_images(drawn_dataset) -> None:
    chosen = choose_examples(read_class_folders(drawn_dataset), "ig", 0)
    assert {example.image.class_name for example in chosen} == {"ig"}
    assert {example.image.split for example in chosen} == {Split.TRAIN}
    assert len({example.image.path for example in chosen}) == 6


def test_a_class_without_training_image_is_named(drawn_dataset) -> None:
    images = read_class_folders(drawn_dataset)
    without = tuple(i for i in images.images if i.class_name != "platelet")
    with pytest.raises(DatasetError, match="platelet"):
        choose_examples(ImageSet(images=without), None, 0)


def test_choices_are_the_classes_and_the_augmentations() -> None:
    assert CLASS_CHOICES == CLASS_NAMES
    offered = {p.name: p.type for p in (*augment_preview.params, *fit.params)}
    assert offered["class_name"].choices == CLASS_NAMES
    assert tuple(offered["augmentation"].choices) == tuple(AUGMENTATIONS)
    shown = {p.name: p.type for p in augment_preview.params}
    assert set(AUGMENTATIONS) - set(shown["augmentation"].choices) == {
        "none",
        "restained",
    }


def test_the_command_writes_a_sheet(drawn_dataset, tmp_path) -> None:
    output = tmp_path / "sheet.png"
    arguments = ["--data", str(drawn_dataset), "--output", str(output)]
    ran = CliRunner().invoke(augment_preview, [*arguments, "--size-px", "32"])
    assert ran.exit_code == 0, ran.output
    assert "11 rows, 8 training images" in ran.output
    assert cv2.imread(str(output)).shape[0] > 11 * 120
