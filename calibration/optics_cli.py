"""``hemalens calibrate pixel-size``, ``flat-field``, ``white-balance``, ``show``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from calibration.optics.profile import OpticalProfile

FILE = click.Path(path_type=Path)

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _into_profile(command: _Command) -> _Command:
    """Add what every measurement takes: images, and the profile they go into."""
    for decorate in (
        click.option("--objective", help="Its name, such as 100x/1.25; to begin one."),
        click.option("--device", help="The device's name; to begin a profile."),
        click.option(
            "--profile",
            "path",
            type=FILE,
            required=True,
            help="File of this device and objective; begun or updated.",
        ),
        click.argument("images", nargs=-1, required=True, type=FILE, metavar="IMAGE…"),
    ):
        command = decorate(command)
    return command


@click.command("pixel-size")
@_into_profile
@click.option(
    "--pitch-um",
    type=click.FloatRange(min=0.1, max=1000),
    default=10.0,
    show_default=True,
    help="Distance between two lines of the stage micrometer.",
)
@click.option(
    "--red-cells",
    is_flag=True,
    help="The images show blood: measure on the red cells, 7.5 µm wide.",
)
def pixel_size(
    images: tuple[Path, ...],
    path: Path,
    device: str | None,
    objective: str | None,
    pitch_um: float,
    red_cells: bool,
) -> None:
    """Measure the pixel size from IMAGE…: a stage micrometer, or red cells.

    Stage micrometer: focus on the finest divisions and let at least four of them fill
    the frame, at any angle; several images are averaged. This is exact to a fraction
    of a percent.

    Red cells: give ten or more fields in focus, where red cells lie apart, of people
    with normal red cells. This is good to about 5 %, for people's cells differ.
    """
    from calibration.optics.red_cell_scale import measure_red_cell_scale
    from calibration.optics.stage_micrometer import measure_stage_micrometer

    frames, profile = _begin(images, path, device, objective)
    if red_cells:
        measured = measure_red_cell_scale(frames)
    else:
        measured = measure_stage_micrometer(frames, pitch_um)
    _save(path, profile.model_copy(update={"pixel_size": measured}))


@click.command("flat-field")
@_into_profile
def flat_field(
    images: tuple[Path, ...], path: Path, device: str | None, objective: str | None
) -> None:
    """Measure how evenly the lamp lights the frame, from blank fields IMAGE….

    Move to a part of the slide without cells, keep the focus, the lamp and the
    exposure of the count, and take three or more images, moving the stage between
    them, so that dirt drops out. The background should be bright and not clipped.
    """
    from calibration.optics.illumination import measure_flat_field

    frames, profile = _begin(images, path, device, objective)
    _save(path, profile.model_copy(update={"flat_field": measure_flat_field(frames)}))


@click.command("white-balance")
@_into_profile
def white_balance(
    images: tuple[Path, ...], path: Path, device: str | None, objective: str | None
) -> None:
    """Measure what makes the background neutral, from IMAGE….

    Blank fields, or fields with cells and empty slide between them, at the lamp and
    exposure of the count and with the camera's own white balance locked. Measure the
    flat field first: the light is then evened out before.
    """
    from calibration.optics.white_balance import measure_white_balance

    frames, profile = _begin(images, path, device, objective)
    measured = measure_white_balance(frames, profile.flat_field)
    _save(path, profile.model_copy(update={"white_balance": measured}))


@click.command("show")
@click.argument("path", type=FILE, metavar="PROFILE")
def show(path: Path) -> None:
    """Print what PROFILE says, and when it was measured."""
    from calibration.optics.describe import describe
    from calibration.optics.profile import read_profile

    click.echo(describe(read_profile(path)))


def _begin(
    images: tuple[Path, ...], path: Path, device: str | None, objective: str | None
) -> tuple[list["NDArray[np.uint8]"], "OpticalProfile"]:
    """Read the images, and the profile that fits them."""
    from calibration.optics.profile import open_profile, refuse_other_size
    from hemalens.image_files import read_image

    frames = [read_image(image) for image in images]
    first_wh = (frames[0].shape[1], frames[0].shape[0])
    profile = open_profile(path, first_wh, device, objective)
    for frame in frames:
        refuse_other_size(profile, (frame.shape[1], frame.shape[0]), str(path))
    return frames, profile


def _save(path: Path, profile: "OpticalProfile") -> None:
    from calibration.optics.describe import describe
    from calibration.optics.profile import write_profile

    write_profile(path, profile)
    click.echo(f"{path}\n{describe(profile)}")
