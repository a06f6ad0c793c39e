"""What a training run does, as numbers: kept beside its weights and in the bundle."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from hemalens.preprocess import CROP_SIDE_UM
from train.augmentation.settings import AugmentationSettings


class Recipe(BaseModel):
    """Everything that decides a run besides the data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    input_size_px: int = Field(default=100, ge=16, le=1024)
    epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    """Peak of the schedule: linear warm-up over one epoch, then half a cosine."""
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: float = Field(default=0.02, ge=0)
    label_smoothing: float = Field(default=0.05, ge=0, lt=1)
    augmentation: AugmentationSettings | None = AugmentationSettings()
    crop_side_um: float = Field(default=CROP_SIDE_UM, gt=0)
    average_decay: float = Field(default=0.998, ge=0, lt=1)
    """Of the moving average of the weights that is validated and kept; 0 for none."""
    context: float = Field(default=1.375, ge=1, le=1.4)
    """Side of the cached window, in crop sides; PBC's images allow 1.4."""
    initial_weights_sha256: str | None = None
    """Of the ``.keras`` file whose weights a run begins with; else drawn at random."""
    seed: int = 0


PAPER: Final = Recipe(
    model="paper_cnn",
    epochs=150,
    batch_size=32,
    learning_rate=1e-3,
    schedule="constant",
    weight_decay=0,
    label_smoothing=0,
    augmentation=None,
    context=1,
)
"""Adam at 0.001, cross-entropy, no augmentation: arXiv 2308.06300. Its batch size is
not given; 32 is Keras's default."""

RECIPES: Final = {
    "cnn": Recipe(model="cnn"),
    "mobilenetv2": Recipe(
        model="mobilenetv2",
        input_size_px=128,
        epochs=14,
        batch_size=32,
        learning_rate=7e-4,
    ),
    "paper_cnn": PAPER,
    "paper_cnn_literal": PAPER.model_copy(update={"model": "paper_cnn_literal"}),
}
