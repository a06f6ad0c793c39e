"""How far the disturbances go.

Lengths are micrometres at the specimen: the settings mean the same at every input size.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

HIGHEST_JPEG_QUALITY: Final = 95
"""On the scale of libjpeg: what cameras write at most, and no loss to be seen."""


class AugmentationSettings(BaseModel):
    """How far each disturbance goes; ranges are symmetric unless said otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    orientation: bool = True
    """Mirrored and turned by any angle: a cell on a slide has no upper side."""
    shift_um: float = Field(default=2.0, ge=0)
    """Largest shift, each direction: segmentation misses the cell's centre."""
    scale_fraction: float = Field(default=0.2, ge=0, lt=1)
    """Largest error of the pixel size, as a fraction of it."""
    restained_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the crops that are given another slide's stain, before all else
    (`train.augmentation.restain`)."""
    stain_strength: float = Field(default=0.1, ge=0)
    """Standard deviation of the log of the stain amount of each colour channel."""
    stain_mixing: float = Field(default=0.03, ge=0)
    """Standard deviation of the crosstalk between colour channels."""
    illumination_od: float = Field(default=0.03, ge=0)
    """Standard deviation of lamp and exposure, one number for all channels."""
    white_balance_od: float = Field(default=0.02, ge=0)
    """Standard deviation of the light's colour, one number a channel."""
    unevenness_od: float = Field(default=0.03, ge=0)
    """Standard deviation of the fall of light from edge to edge of the crop."""
    colour_share: float = Field(default=1.0, ge=0, le=1)
    """Share of the crops whose stain and light are disturbed: the others keep the
    analyzer's own."""
    defocus_um: float = Field(default=0.3, ge=0)
    """Largest standard deviation of a Gaussian blur."""
    defocus_share: float = Field(default=0.3, ge=0, le=1)
    """Share of the crops that are defocused."""
    noise_codes: float = Field(default=4.0, ge=0)
    """Largest standard deviation of sensor noise, in codes of 0 to 255."""
    noise_share: float = Field(default=0.5, ge=0, le=1)
    """Share of the crops that are noisy."""
    jpeg_quality: float = Field(default=60, ge=1, le=HIGHEST_JPEG_QUALITY)
    """Lowest quality of JPEG compression, on the scale of libjpeg."""
    jpeg_share: float = Field(default=0.2, ge=0, le=1)
    """Share of the crops that are compressed."""


UNDISTURBED: Final = AugmentationSettings(
    orientation=False,
    shift_um=0,
    scale_fraction=0,
    stain_strength=0,
    stain_mixing=0,
    illumination_od=0,
    white_balance_od=0,
    unevenness_od=0,
    defocus_um=0,
    defocus_share=0,
    noise_codes=0,
    noise_share=0,
    jpeg_share=0,
)

AUGMENTATIONS: Final = {
    "gentle": AugmentationSettings(
        shift_um=1.2,
        scale_fraction=0.1,
        stain_strength=0.05,
        stain_mixing=0.015,
        illumination_od=0.02,
        white_balance_od=0.015,
        unevenness_od=0.015,
        defocus_um=0.2,
        defocus_share=0.15,
        noise_codes=2.0,
        noise_share=0.25,
        jpeg_quality=80,
        jpeg_share=0.1,
    ),
    "standard": AugmentationSettings(),
    "broad": AugmentationSettings(
        scale_fraction=0.25,
        stain_strength=0.15,
        stain_mixing=0.05,
        illumination_od=0.1,
        white_balance_od=0.05,
        unevenness_od=0.04,
        colour_share=0.9,
        defocus_um=0.5,
        defocus_share=0.4,
        noise_codes=6.0,
        jpeg_quality=40,
        jpeg_share=0.25,
    ),
    "strong": AugmentationSettings(
        shift_um=2.4,
        scale_fraction=0.25,
        stain_strength=0.3,
        stain_mixing=0.1,
        illumination_od=0.15,
        white_balance_od=0.08,
        unevenness_od=0.06,
        colour_share=0.8,
        defocus_um=0.5,
        defocus_share=0.4,
        noise_codes=8.0,
        jpeg_quality=30,
        jpeg_share=0.3,
    ),
    "restained": AugmentationSettings(
        restained_share=0.88,
        scale_fraction=0.3,
        stain_strength=0.06,
        stain_mixing=0,
        illumination_od=0.06,
        white_balance_od=0.03,
        unevenness_od=0.04,
        defocus_um=0.5,
        defocus_share=0.4,
        noise_codes=8.0,
        jpeg_quality=30,
        jpeg_share=0.3,
    ),
    "none": UNDISTURBED,
}
"""By name. Gentle and standard stay near one analyzer; broad and strong cover what
other microscopes brought to a model of one analyzer, and want more epochs for it, of a
small network hundreds (see train/EXPERIMENTS.md). Restained takes its stains from other
slides, and leaves the channels nearly alone besides."""
