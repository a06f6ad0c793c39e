"""A profile in words, for the terminal."""

from calibration.optics.profile import (
    FlatField,
    OpticalProfile,
    PixelSize,
    WhiteBalance,
)


def describe(profile: OpticalProfile) -> str:
    """Describe what a profile holds, a line for each measurement.

    Examples
    --------
    >>> profile = OpticalProfile(device="pi", objective="40x", frame_size_wh=(640, 480))
    >>> print(describe(profile))
    device         pi
    objective      40x
    frame          640x480
    pixel size     not measured
    flat field     not measured
    white balance  not measured
    """
    width, height = profile.frame_size_wh
    lines = (
        ("device", profile.device),
        ("objective", profile.objective),
        ("frame", f"{width}x{height}"),
        ("pixel size", _pixel_size(profile.pixel_size)),
        ("flat field", _flat_field(profile.flat_field)),
        ("white balance", _white_balance(profile.white_balance)),
    )
    return "\n".join(f"{name:<15}{text}" for name, text in lines)


def _pixel_size(measured: PixelSize | None) -> str:
    if measured is None:
        return "not measured"
    relative = measured.uncertainty_um / measured.pixel_size_um
    return (
        f"{measured.pixel_size_um:.5f} µm per pixel, ± {measured.uncertainty_um:.5f} "
        f"({relative:.1%}), from {measured.method.value}, {_when(measured)}"
    )


def _flat_field(measured: FlatField | None) -> str:
    if measured is None:
        return "not measured"
    return (
        f"darkest place has {measured.grid().min():.0%} of the light, level R, G, B "
        f"{_rgb(measured.level_rgb, 0)}, {_when(measured)}"
    )


def _white_balance(measured: WhiteBalance | None) -> str:
    if measured is None:
        return "not measured"
    return (
        f"gains R, G, B {_rgb(measured.gains_rgb, 3)}, background "
        f"{_rgb(measured.level_rgb, 0)}, {_when(measured)}"
    )


def _rgb(values: tuple[float, float, float], digits: int) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


def _when(measured: PixelSize | FlatField | WhiteBalance) -> str:
    images = "image" if measured.images == 1 else "images"
    return f"{measured.images} {images}, {measured.measured_at:%Y-%m-%d %H:%M %Z}"
