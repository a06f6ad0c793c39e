"""Bundles on a labelled set, as a count would use them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median

import numpy as np
from numpy.typing import NDArray

from convert.studies.transfer.answers import Answers, KnownCell, top_probability
from convert.studies.transfer.box_source import BoxSource
from convert.studies.transfer.crop_scale import ScaleSource
from convert.studies.transfer.field_walk import CountedField, count_fields
from convert.studies.transfer.figures import measure
from convert.studies.transfer.labelled_crops import CropSet, cut_labelled_crops
from convert.studies.transfer.methods import answer
from convert.studies.transfer.report import BundleTransfer, SetNote, TransferReport
from edge.classify.ensemble import TwoModelEnsemble
from edge.classify.test_time_augmentation import classify_augmented
from edge.records.population import Population
from edge.store.header import bundle_name
from hemalens.bundle import Bundle
from hemalens.classes import CLASS_NAMES, CellStatus
from hemalens.classifier import BundleClassifier
from hemalens.errors import BundleError, DatasetError
from hemalens.files import sha256_of
from hemalens.progress import Progress
from train.dataset.labelled_fields import LabelledField


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Benched:
    """A set measured.

    Parameters
    ----------
    note : SetNote
    answers : tuple of Answers
        Of each bundle.
    digests : tuple of str
        SHA-256 of each image.
    """

    note: SetNote
    answers: tuple[Answers, ...]
    digests: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Heard:
    """What one bundle has said so far."""

    cells: list[KnownCell] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)
    uncertain: list[bool] = field(default_factory=list)

    def add(self, counted: CountedField) -> None:
        for found in counted.cells:
            given = found.cell.probabilities or {}
            self.cells.append(found.known)
            self.rows.append([given[name] for name in CLASS_NAMES])
            self.uncertain.append(found.cell.status is CellStatus.UNCERTAIN)


def bench_fields(
    name: str,
    fields: Sequence[LabelledField],
    bundles: Sequence[Bundle],
    *,
    population: Population = Population.UNRESTRICTED,
    boxes: BoxSource = BoxSource.FOUND,
    pixel_size_um: float | None = None,
    keep_stain: bool = False,
    second: Bundle | None = None,
    progress: Progress | None = None,
) -> Benched:
    """Count labelled fields with each bundle and hear what it calls their cells.

    Parameters
    ----------
    name : str
        Of the set.
    bundles : sequence of Bundle
        Segmentation and scale are the same for all.
    fields, population, boxes, pixel_size_um, keep_stain, progress
        As `count_fields` takes them.
    second : Bundle, optional
        Asked about every cell as well as each of the others.

    Raises
    ------
    CaptureError
        When an image cannot be read.
    BundleError
        When a model cannot be run, or knows other classes.
    DatasetError
        When no labelled cell was found.
    """
    classifiers = _open(bundles)
    heard = [_Heard() for _ in bundles]
    sizes_um: list[float] = []
    left_out = 0
    for counted in count_fields(
        fields,
        classifiers,
        pixel_size_um=pixel_size_um,
        boxes=boxes,
        population=population,
        keep_stain=keep_stain,
        second=_open_second(second),
        progress=progress,
    ):
        for one, of_bundle in zip(counted, heard, strict=True):
            of_bundle.add(one)
        left_out += counted[0].counted.left_out is not None
        sizes_um += [size for size in [counted[0].counted.pixel_size_um] if size]
    if not heard[0].cells:
        raise DatasetError(
            f"no labelled cell was found in {len(fields)} fields: is the scale right?"
        )
    images = {one.path.name: one.class_name for one in fields}
    given = ScaleSource.RED_CELLS if pixel_size_um is None else ScaleSource.GIVEN
    return Benched(
        note=SetNote(
            name=name,
            kind="fields",
            images=len(fields),
            images_left_out=left_out,
            boxes=boxes,
            pixel_size_um=median(sizes_um) if sizes_um else None,
            scale_from=given,
        ),
        answers=tuple(
            _answers(images, one, bundle)
            for one, bundle in zip(heard, bundles, strict=True)
        ),
        digests=tuple(sha256_of(one.path) for one in fields),
    )


def bench_crops(
    name: str,
    crops: CropSet,
    bundles: Sequence[Bundle],
    *,
    population: Population = Population.UNRESTRICTED,
    keep_stain: bool = False,
    second: Bundle | None = None,
) -> Benched:
    """Classify single-cell images with each bundle.

    They are taken for one slide: its colours, and how rare its rare classes are, are
    learned from all of them first.

    Raises
    ------
    BundleError
        When a model cannot be run, or knows other classes.
    """
    other = _open_second(second)
    answers = []
    for bundle, classifier in zip(bundles, _open(bundles), strict=True):
        known = cut_labelled_crops(crops, size_px=bundle.manifest.input.size_px)
        minimum = bundle.manifest.thresholds.minimum_probability
        slide = replace(known.slide, colours=None) if keep_stain else known.slide
        if other is None:
            judged = classify_augmented(classifier, known.crops, slide)
        else:
            size_px = other.manifest.input.size_px
            again = cut_labelled_crops(crops, size_px=size_px).crops
            panel = TwoModelEnsemble(first=classifier, second=other)
            judged = panel.judge((known.crops, again), slide)
        answers.append(
            answer(
                known,
                judged.probabilities,
                population,
                minimum_certainty=minimum,
                is_in_distribution=judged.is_in_distribution,
            )
        )
    return Benched(
        note=SetNote(
            name=name,
            kind="crops",
            images=len(crops.crops),
            images_left_out=0,
            boxes=None,
            pixel_size_um=crops.scale.pixel_size_um,
            scale_from=crops.scale.source,
            foreign_folders=crops.foreign,
        ),
        answers=tuple(answers),
        digests=tuple(one.sha256 for one in crops.crops),
    )


def report_of(
    benched: Benched,
    bundles: Sequence[Bundle],
    population: Population,
    *,
    keep_stain: bool = False,
    second: Bundle | None = None,
) -> TransferReport:
    """Measure what was heard and write it up."""
    return TransferReport(
        set=benched.note,
        population=population,
        keep_stain=keep_stain,
        second_bundle=None if second is None else bundle_name(second),
        bundles=tuple(
            BundleTransfer(
                name=bundle.manifest.name,
                version=bundle.manifest.version,
                sha256=bundle.sha256,
                minimum_probability=bundle.manifest.thresholds.minimum_probability,
                trained_on=bundle.manifest.training.dataset,
                seen_images=_seen_images(bundle, benched.digests),
                figures=measure(answers),
            )
            for bundle, answers in zip(bundles, benched.answers, strict=True)
        ),
        hemalens_version=version("hemalens"),
        made_at=datetime.now(UTC),
    )


def _seen_images(bundle: Bundle, digests: Sequence[str]) -> int | None:
    known = bundle.trained_images
    return None if known is None else int(known.among(digests).sum())


def _open(bundles: Sequence[Bundle]) -> list[BundleClassifier]:
    for bundle in bundles:
        if bundle.manifest.classes != CLASS_NAMES:
            raise BundleError(
                f"{bundle.manifest.name} knows {', '.join(bundle.manifest.classes)}; "
                f"the transfer bench compares models of {', '.join(CLASS_NAMES)}"
            )
    return [BundleClassifier(bundle) for bundle in bundles]


def _open_second(second: Bundle | None) -> BundleClassifier | None:
    return None if second is None else _open([second])[0]


def _answers(images: dict[str, str], heard: _Heard, bundle: Bundle) -> Answers:
    probabilities: NDArray[np.float32] = np.array(heard.rows, np.float32)
    # One that the edge cuts is never answered: nobody asked whether it is alike.
    return Answers(
        images=images,
        cells=tuple(heard.cells),
        probabilities=probabilities,
        certainty=top_probability(probabilities),
        minimum_certainty=bundle.manifest.thresholds.minimum_probability,
        is_unlike=np.array(heard.uncertain, np.bool_),
    )
