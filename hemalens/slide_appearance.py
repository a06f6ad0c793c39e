"""What a slide looks like, as far as a model asks."""

from dataclasses import dataclass

from hemalens.stain import SlideColours


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideAppearance:
    """A slide's standards.

    Parameters
    ----------
    colours : SlideColours, optional
        None where its cells keep their stain, or none was seen yet.
    blur_um : float, optional
        Of its edges, a standard deviation, the optics' own included. None where too
        few frames tell.
    """

    colours: SlideColours | None = None
    blur_um: float | None = None
