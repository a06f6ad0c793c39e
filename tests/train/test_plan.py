from pathlib import Path

import cv2
import numpy as np
import pytest

from hemalens.errors import ConfigError, StorageError
from hemalens.image_set import read_class_folders
from hemalens.split import Split, split_of
from tests.drawn_dataset import name_in
from train.plan import load_data, make_recipe
from train.recipe import Preset, Recipe, difference_from_paper, recipe_for
from train.trainer import NOTHING_GIVEN

NINE = (
    *("cnn", "vgg16", "vgg19", "resnet50", "resnet101", "resnet152"),
    *("inceptionv3", "mobilenetv2", "densenet201"),
)


@pytest.mark.parametrize("model", NINE)
def test_the_papers_preset_trains_as_the_paper_did(model: str) -> None:
    recipe = recipe_for(model, Preset.PAPER)
    assert (recipe.epochs, recipe.optimizer, recipe.learning_rate) == (
        150,
        "adam",
        1e-3,
    )
    assert recipe.frozen_backbone == (model != "cnn")
    assert recipe.initial_weights == ("none" if model == "cnn" else "imagenet")
    assert difference_from_paper(recipe) == "none"


@pytest.mark.parametrize("model", NINE)
def test_the_modern_preset_fine_tunes_everything(model: str) -> None:
    recipe = recipe_for(model)
    assert recipe.model == model
    assert not recipe.frozen_backbone
    assert difference_from_paper(recipe) != "none"


def test_what_was_not_asked_for_stays_the_presets() -> None:
    recipe, given = make_recipe(
        "cnn", Preset.MODERN, {"epochs": 3, "batch_size": None, "width": 0.5}
    )
    assert (recipe.epochs, recipe.width) == (3, 0.5)
    assert recipe.batch_size == recipe_for("cnn").batch_size
    assert given.initial_weights is given.teacher is None


def test_given_files_are_named_by_their_content(tmp_path: Path) -> None:
    weights, teacher = tmp_path / "a.h5", tmp_path / "b.keras"
    weights.write_bytes(b"a")
    teacher.write_bytes(b"b")
    recipe, given = make_recipe(
        "mobilenetv2",
        Preset.MODERN,
        {},
        initial_weights=str(weights),
        teacher=teacher,
    )
    assert recipe.initial_weights == "file"
    assert recipe.initial_weights_sha256 != recipe.teacher_sha256
    assert (given.initial_weights, given.teacher) == (weights, teacher)
    assert "teacher" in difference_from_paper(recipe)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="absent"):
        make_recipe(
            "cnn", Preset.MODERN, {}, initial_weights=str(tmp_path / "absent.keras")
        )


def test_a_crop_wider_than_the_images_is_refused() -> None:
    with pytest.raises(ConfigError, match="wider than PBC's images"):
        make_recipe("cnn", Preset.MODERN, {"crop_side_um": 30.0})


def test_no_test_image_is_cut_for_training(tmp_path: Path) -> None:
    data = tmp_path / "data" / "ig"
    data.mkdir(parents=True)
    for number, split in enumerate(Split):
        image = np.full((363, 360, 3), 40 * number, np.uint8)
        assert cv2.imwrite(str(data / name_in(split, "ig", number)), image)
    images = read_class_folders(tmp_path / "data")
    assert len(images.of_split(Split.TEST).images) == 1
    recipe = Recipe(model="cnn", input_size_px=16)
    parts = load_data(images, recipe, NOTHING_GIVEN, tmp_path / "cache")
    splits = [split_of(n) for n in (*parts.windows.names, *parts.validation.names)]
    assert splits == [Split.TRAIN, Split.VALIDATION]
