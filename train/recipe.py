"""What a training run does, as numbers: kept beside its weights and in the bundle."""

from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemalens.preprocess import CROP_SIDE_UM
from train.augmentation.settings import UNDISTURBED, AugmentationSettings

WIDEST_WINDOW_UM: Final = 34.1
"""Side of PBC's smallest image, 360 px of 0.095 µm: no window may be wider."""


class Preset(StrEnum):
    """Where a recipe comes from."""

    MODERN = "modern"
    """Everything is fine-tuned, augmented, on a cosine."""
    PAPER = "paper"
    """As arXiv 2308.06300 has it."""


class Recipe(BaseModel):
    """Everything that decides a run besides the data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    input_size_px: int = Field(default=100, ge=16, le=1024)
    crop_side_um: float = Field(default=CROP_SIDE_UM, gt=0)
    """Side of the crop at the specimen."""
    width: float = Field(default=1.0, gt=0, le=4)
    """Multiplier of every layer's channels."""
    initial_weights: Literal["none", "imagenet", "file"] = "none"
    initial_weights_sha256: str | None = None
    """Of the file whose weights a run begins with."""
    frozen_backbone: bool = False
    """Train the last layer alone."""
    epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=64, ge=1)
    optimizer: Literal["adamw", "adam"] = "adamw"
    learning_rate: float = Field(default=2e-3, gt=0)
    """Peak of the schedule: linear warm-up over one epoch, then half a cosine."""
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: float = Field(default=0.02, ge=0)
    label_smoothing: float = Field(default=0.05, ge=0, lt=1)
    average_decay: float = Field(default=0.998, ge=0, lt=1)
    """Of the moving average of the weights that is validated and kept; 0 for none."""
    teacher_sha256: str | None = None
    """Of the ``.keras`` file whose probabilities a distilled run learns from."""
    teacher_share: float = Field(default=0.7, ge=0, le=1)
    """Share of the teacher's probabilities in the target; the label has the rest."""
    augmentation: AugmentationSettings = AugmentationSettings()
    stain_sources: tuple[str, ...] = ()
    """Datasets whose stains re-stained crops are given."""
    context: float = Field(default=1.375, ge=1)
    """Side of the cached window, in crop sides."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _window_fits(self) -> "Recipe":
        window_um = self.crop_side_um * self.context
        if window_um > WIDEST_WINDOW_UM:
            raise ValueError(
                f"a crop of {self.crop_side_um:g} µm with {self.context:g} times its "
                f"side around it is wider than PBC's images, {WIDEST_WINDOW_UM} µm"
            )
        return self


CNN_DIFFERENCE: Final = (
    "the paper's seven blocks with batch normalization between convolution and ReLU "
    "and dropout 0.05 in place of 0.25, and 0.1 before the softmax; augmented crops"
)

_DEVICE_MODELS: Final = {
    "cnn": Recipe(model="cnn"),
    "mobilenetv2": Recipe(
        model="mobilenetv2",
        input_size_px=160,
        initial_weights="imagenet",
        epochs=14,
        batch_size=32,
        learning_rate=7e-4,
    ),
}


def recipe_for(model: str, preset: Preset = Preset.MODERN) -> Recipe:
    """Give the recipe of a model.

    Parameters
    ----------
    model : str
        As `train.networks.registry.build_network` takes it.
    preset : Preset
        The paper's own networks have the paper's recipe in any case.

    Examples
    --------
    >>> recipe_for("vgg16", Preset.PAPER).frozen_backbone
    True
    """
    if preset is Preset.PAPER or model.startswith("paper_cnn"):
        return _paper(model)
    return _DEVICE_MODELS.get(model) or _DEVICE_MODELS["mobilenetv2"].model_copy(
        update={"model": model, "learning_rate": 3e-4}
    )


def _paper(model: str) -> Recipe:
    """Adam at 0.001, cross-entropy, best weights by loss, no augmentation.

    Its batch size is not given; 32 is Keras's default. Its own network takes 100 px;
    the backbones get the size their ImageNet weights were trained at.
    """
    own = model in {"cnn", "paper_cnn", "paper_cnn_literal"}
    usual_size_px = 299 if model == "inceptionv3" else 224
    return Recipe(
        model="paper_cnn" if model == "cnn" else model,
        input_size_px=100 if own else usual_size_px,
        initial_weights="none" if own else "imagenet",
        frozen_backbone=not own,
        epochs=150,
        batch_size=32,
        optimizer="adam",
        learning_rate=1e-3,
        schedule="constant",
        weight_decay=0,
        label_smoothing=0,
        average_decay=0,
        augmentation=UNDISTURBED,
        context=1,
    )


def difference_from_paper(recipe: Recipe) -> str:
    """Say in words how a run differs from the paper's, as manifests quote it.

    Examples
    --------
    >>> difference_from_paper(recipe_for("vgg16", Preset.PAPER))
    'none'
    """
    if recipe.optimizer == "adam" and not recipe.average_decay:
        return "none"
    taught = "" if recipe.teacher_sha256 is None else "; learned from a teacher as well"
    if recipe.model == "cnn":
        return CNN_DIFFERENCE + taught
    return (
        f"every layer fine-tuned at {recipe.input_size_px} px on augmented crops; the "
        "paper trains the last layer of a frozen backbone" + taught
    )
