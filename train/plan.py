"""From what a person asks for to a recipe, the images and the files it needs."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from hemalens.errors import ConfigError
from hemalens.files import sha256_of
from hemalens.image_set import ImageSet
from hemalens.progress import Progress
from hemalens.split import Split
from hemalens.trained_images import TrainedImages
from train.augmentation.restain import stain_sources
from train.augmentation.settings import AUGMENTATIONS
from train.cache import cached_crops
from train.dataset.boxed_cells import BoxedSet
from train.fit import FitData
from train.other_windows import cut_other_windows
from train.recipe import Preset, Recipe, recipe_for
from train.run import trained_images_in
from train.trainer import GivenFiles


def make_recipe(
    model: str,
    preset: Preset,
    changes: Mapping[str, object],
    *,
    initial_weights: str | None = None,
    augmentation: str | None = None,
    teacher: Path | None = None,
    stains_left_out: Collection[str] = (),
) -> tuple[Recipe, GivenFiles]:
    """Change a preset's recipe as asked.

    Parameters
    ----------
    model : str
        As `train.networks.registry.build_network` takes it.
    preset : Preset
    changes : mapping
        Fields of the recipe; None leaves the preset's.
    initial_weights : str, optional
        ``imagenet``, ``none`` or the path of a file.
    augmentation : str, optional
        A key of `AUGMENTATIONS`.
    teacher : Path, optional
        A ``.keras`` file to learn from.
    stains_left_out : collection of str, optional
        Datasets whose stains are not drawn.

    Raises
    ------
    ConfigError
        When the changes do not go together.
    StorageError
        When a file cannot be read.
    """
    base = recipe_for(model, preset)
    given = {name: value for name, value in changes.items() if value is not None}
    weights: Path | None = None
    if initial_weights in {"imagenet", "none"}:
        given["initial_weights"] = initial_weights
    elif initial_weights is not None:
        weights = Path(initial_weights)
        given |= {
            "initial_weights": "file",
            "initial_weights_sha256": sha256_of(weights),
        }
    if augmentation is not None:
        given["augmentation"] = AUGMENTATIONS[augmentation]
        if AUGMENTATIONS[augmentation].restained_share:
            given["stain_sources"] = _sources_but(stains_left_out)
    if teacher is not None:
        given["teacher_sha256"] = sha256_of(teacher)
    try:
        recipe = Recipe.model_validate({**dict(base), **given})
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(reason) from error
    return recipe, GivenFiles(initial_weights=weights, teacher=teacher)


def _sources_but(left_out: Collection[str]) -> tuple[str, ...]:
    known = stain_sources()
    strange = sorted(set(left_out) - set(known))
    if strange:
        raise ConfigError(
            f"no stains of {', '.join(strange)} to leave out; known: {', '.join(known)}"
        )
    return tuple(name for name in known if name not in left_out)


def load_data(
    images: ImageSet,
    recipe: Recipe,
    given: GivenFiles,
    cache: Path,
    progress: Progress | None = None,
    others: Sequence[BoxedSet] = (),
) -> FitData:
    """Cut the windows of the train split and the crops of the validation split.

    Those of other microscopes are cut beside them.

    Raises
    ------
    DatasetError
        When a split is empty or an image cannot be read.
    StorageError
        When the cache cannot be written.
    """
    windows, validation = (
        cached_crops(
            images.of_split(split),
            size_px=recipe.input_size_px,
            crop_side_um=recipe.crop_side_um,
            context=context,
            folder=cache,
            progress=progress,
        )
        for split, context in ((Split.TRAIN, recipe.context), (Split.VALIDATION, 1.0))
    )
    return FitData(
        windows=windows,
        validation=validation,
        given=given,
        others=tuple(cut_other_windows(boxed, recipe) for boxed in others),
    )


def trained_images(
    images: ImageSet, others: Sequence[BoxedSet] = (), begun_with: Path | None = None
) -> TrainedImages:
    """List the files that a run is trained on.

    Parameters
    ----------
    images : ImageSet
    others : sequence of BoxedSet
    begun_with : Path, optional
        A model that it begins with: it has seen what that one had.

    Raises
    ------
    StorageError
        When a field cannot be read.
    TrainingError
        When the model is damaged.
    """
    fields = {cell.path for boxed in others for cell in boxed.part(apart=False)}
    own = TrainedImages(
        [
            *(image.sha256 for image in images.of_split(Split.TRAIN).images),
            *(sha256_of(path) for path in sorted(fields)),
        ]
    )
    if begun_with is None or begun_with.suffix != ".keras":
        return own
    return own.joined(trained_images_in(begun_with))


def undisturbed_crops(
    images: ImageSet, recipe: Recipe, number: int, cache: Path
) -> NDArray[np.uint8]:
    """Give crops of training images drawn by lot, as `evaluate` would cut them.

    Parameters
    ----------
    images : ImageSet
    recipe : Recipe
        Says their size.
    number : int
        How many; all, in random order, when there are fewer.
    cache : Path
        Where crops of the train split are kept.

    Raises
    ------
    DatasetError
        When the split is empty or an image cannot be read.
    StorageError
        When the cache cannot be written.
    """
    crops = cached_crops(
        images.of_split(Split.TRAIN),
        size_px=recipe.input_size_px,
        crop_side_um=recipe.crop_side_um,
        folder=cache,
    ).crops
    return crops[np.random.default_rng(0).permutation(len(crops))[:number]]
