"""Cells classified where people boxed them: what the model knows, finding aside."""

from collections.abc import Sequence

from convert.studies.microscopes.counted import CountedSlide, FoundFrame
from convert.studies.microscopes.truth import Slide
from convert.studies.transfer.box_source import BoxSource
from convert.studies.transfer.field_walk import CountedField, count_fields
from edge.records.population import Population
from hemalens.bundle import Bundle
from hemalens.classes import CellKind
from hemalens.classifier import BundleClassifier
from train.dataset.labelled_fields import LabelledField

_WHITE = frozenset({CellKind.WHITE_CELL})
_OPEN = frozenset({CellKind.WHITE_CELL, CellKind.PLATELET})


def classify_boxes(
    slide: Slide,
    bundles: Sequence[Bundle],
    *,
    kinds_open: bool,
    population: Population = Population.UNRESTRICTED,
) -> tuple[CountedSlide, ...]:
    """Count the named cells of a slide, boxes and scale given, with each bundle.

    Frames without a named cell are left out; each other is segmented once, for its
    red cells tell the slide's colours. Those too bad to count are asked as well: the
    question is what the model knows.

    Parameters
    ----------
    kinds_open : bool
        A boxed cell may be a platelet.

    Raises
    ------
    CaptureError
        When a frame cannot be read.
    BundleError
        When a model cannot be run.
    """
    named = [f for f in slide.frames if any(c.class_name for c in f.cells)]
    fields = [
        LabelledField(
            path=frame.path,
            class_name=next(c.class_name for c in frame.cells if c.class_name),
            boxes=tuple(cell.box for cell in frame.cells),
        )
        for frame in named
    ]
    found: list[dict[str, FoundFrame]] = [{} for _ in bundles]
    for counted in count_fields(
        fields,
        [BundleClassifier(bundle) for bundle in bundles],
        pixel_size_um=slide.pixel_size_um,
        boxes=BoxSource.TRUTH,
        admits_all=True,
        possible_kinds=_OPEN if kinds_open else _WHITE,
        population=population,
    ):
        for one, of_bundle in zip(counted, found, strict=True):
            of_bundle[one.field.path.name] = _found(one)
    kept = Slide(
        name=slide.name, pixel_size_um=slide.pixel_size_um, frames=tuple(named)
    )
    return tuple(
        CountedSlide(
            slide=kept, frames=frames, pixel_size_um=slide.pixel_size_um, doubts=()
        )
        for frames in found
    )


def _found(one: CountedField) -> FoundFrame:
    counted = one.counted
    return FoundFrame(
        cells=counted.cells,
        pixel_size_um=counted.pixel_size_um,
        left_out=counted.left_out,
    )
