"""What a finished count comes to: ``summary.json``."""

from datetime import datetime
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from edge.records.counts import Counts, Rates
from edge.records.population import Population
from hemalens.stain import SlideColours


class BundleName(BaseModel):
    """Which model counted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    sha256: str


class UnreadableFrame(BaseModel):
    """A file, or part of one, that could not be read and is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    problem: str


class Summary(BaseModel):
    """A finished count; its file has the fields of `counted` and `rates` as its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    counted: Counts
    rates: Rates
    frames_dropped: int = 0
    """Of a live source, never looked at because counting was slower; since the count
    was last taken up."""
    bundle_doubts: tuple[str, ...] = ()
    """What is not known of the models' origin: unsigned, or signed by a key that nobody
    named as trusted."""
    unreadable: tuple[UnreadableFrame, ...] = ()
    """Files that could not be read, each with its problem; `frames_left_out` counts
    them too."""
    warnings: tuple[str, ...] = ()
    """How the optics disagreed with their profile, each sentence once."""
    slide_doubts: tuple[str, ...] = ()
    """Why the slide as a whole is outside what the model was validated on."""
    pixel_size_um: float | None
    """Median over the frames; null when it had to be assumed."""
    population: Population = Population.UNRESTRICTED
    """Whose blood it was said to be: which classes were taken for rare."""
    rare_class_weights: dict[str, float] = {}
    """What the probabilities of rare classes were multiplied by at the end, for the
    population or because the slide itself showed so few; a class not weighed is left
    out."""
    slide_colours: SlideColours | None = None
    """What the slide's glass, red cells and nuclei looked like at the end; cells were
    classified in the colours of the model's training slides. Null when their own
    colours were kept."""
    slide_blur_um: float | None = None
    """How blurred edges of the last frames were seen, a standard deviation; where the
    model's training images were sharper, its crops were sharpened. Null with too few
    frames to tell."""
    bundle: BundleName
    second_bundle: BundleName | None = None
    """Asked about every cell as well, where there was one."""
    hemalens_version: str
    started_at: datetime
    finished_at: datetime
    """Never before `started_at`, whatever the wall clock did."""
    counted_s: float
    """Seconds counted, without pauses and the time it lay broken off."""
    times_continued: int
    """How often it was taken up again after it had broken off."""

    @model_validator(mode="before")
    @classmethod
    def _nest(cls, found: object) -> object:
        """Read a file, whose fields are all at one level."""
        if not isinstance(found, dict) or "counted" in found:
            return found
        rest: dict[str, Any] = dict(found)
        for name, part in (("counted", Counts), ("rates", Rates)):
            inner = part.model_fields.keys() & rest.keys()
            rest[name] = {key: rest.pop(key) for key in inner}
        return rest

    @model_serializer(mode="wrap")
    def _flatten(self, nest: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write all fields at one level, in the order that files always had."""
        rest: dict[str, Any] = nest(self)
        counted, rates = rest.pop("counted"), rest.pop("rates")
        told = ("frames_dropped", "warnings", "slide_doubts")
        after = {
            "frames_left_out": {name: rest.pop(name) for name in told},
            "fields": rates,
        }
        flat: dict[str, Any] = {}
        for name, value in counted.items():
            flat |= {name: value, **after.get(name, {})}
        return flat | rest
