"""Whether a model suits the device's camera."""

from typing import Final

from calibration.optics.profile import OpticalProfile
from hemalens.errors import BundleError
from hemalens.manifest import Manifest

MOST_ENLARGED: Final = 2.0
"""How far a crop may be enlarged for the model: beyond that most of the detail it was
validated on is not there. By convention, not measured."""


def require_camera(manifest: Manifest, profile: OpticalProfile) -> None:
    """Refuse a model whose crop the camera of a profile cannot give.

    Raises
    ------
    BundleError
        When the crop is larger than a frame, or would be enlarged too far.
    """
    if (pixel_size_um := profile.pixel_size_um) is None:
        return
    camera = f"the camera of {profile.device}, {profile.objective}"
    crop_um = manifest.input.crop_side_um
    crop_px, least_px = (
        crop_um / pixel_size_um,
        manifest.input.size_px / MOST_ENLARGED,
    )
    if crop_px > min(profile.frame_size_wh):
        width, height = profile.frame_size_wh
        raise BundleError(
            f"the model looks at {crop_um:g} µm, {crop_px:.0f} px on {camera}, whose "
            f"frame is {width}x{height} px: choose a model or objective that fits"
        )
    if crop_px < least_px:
        raise BundleError(
            f"the model wants at least {least_px:.0f} px across {crop_um:g} µm, "
            f"{camera} gives {crop_px:.0f}: choose a model or objective that fits"
        )
