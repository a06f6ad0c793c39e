"""Measure finished runs side by side: same images, same machine, one after another."""

import os
import platform
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median
from typing import Protocol

import keras

from hemalens.classes import CLASS_NAMES
from hemalens.image_set import ImageSet
from hemalens.split import Split
from hemalens.statistics import clopper_pearson
from train.cache import cached_crops
from train.evaluation.caveats import (
    CHOSEN_ON_VALIDATION,
    NO_PATIENT_IDS,
    ONE_ANALYZER,
)
from train.evaluation.comparison import (
    ComparedModel,
    ComparedRun,
    Comparison,
    Cost,
    Int8Figures,
    spread,
)
from train.evaluation.finished_run import FinishedRun, RunGroup
from train.evaluation.macs import macs
from train.evaluation.measure import ALL, predict_split
from train.evaluation.measured_model import FloatModel
from train.evaluation.published import PUBLISHED
from train.evaluation.speed import BATCH, images_per_second
from train.evaluation.trained_on import TrainedOn
from train.run import trained_images_in


class CompareProgress(Protocol):
    """Told which run is measured next."""

    def __call__(self, run: Path) -> None:
        """Take note of a run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What every run is measured on.

    Parameters
    ----------
    images : ImageSet
        All splits.
    cache : Path
        Folder of the crop caches.
    resubstitution : bool
        Measure on the training images too, as the paper did.
    """

    images: ImageSet
    cache: Path
    resubstitution: bool = False


def compare_groups(
    groups: tuple[RunGroup, ...],
    terms: Terms,
    progress: CompareProgress | None = None,
) -> Comparison:
    """Measure every run on the same held-out images.

    Parameters
    ----------
    groups : tuple of RunGroup
        Rows, in order.
    progress : callable, optional
        Told each run before it is measured.

    Raises
    ------
    DatasetError, TrainingError
        When images or a model cannot be read.
    """
    models = tuple(_compared_model(group, terms, progress) for group in groups)
    support = terms.images.of_split(Split.VALIDATION).counts()
    return Comparison(
        split=Split.VALIDATION,
        n=sum(support.values()),
        support=support,
        models=models,
        dataset_digest=terms.images.digest,
        machine=_machine(),
        inference_batch=BATCH,
        hemalens_version=version("hemalens"),
        caveats=(NO_PATIENT_IDS, CHOSEN_ON_VALIDATION, ONE_ANALYZER),
    )


def _compared_model(
    group: RunGroup, terms: Terms, progress: CompareProgress | None
) -> ComparedModel:
    runs: list[ComparedRun] = []
    costs: list[Cost] = []
    for run in group.runs:
        if progress is not None:
            progress(run.path)
        model = FloatModel(
            run.best_model,
            run.record.recipe.crop_side_um,
            TrainedOn(
                images=trained_images_in(run.best_model),
                dataset_digest=run.record.dataset_digest,
            ),
        )
        costs = costs or [_cost(model, terms)]
        runs.append(_compared_run(run, model, terms))
    accuracy = spread([run.held_out.accuracy for run in runs])
    resubstituted = [run.resubstitution.accuracy for run in runs if run.resubstitution]
    n = runs[0].held_out.n
    recipe = group.runs[0].record.recipe
    return ComparedModel(
        name=group.name,
        model=recipe.model,
        runs=tuple(runs),
        accuracy=accuracy,
        accuracy_ci95=clopper_pearson(round(accuracy.mean * n), n),
        macro_f1=spread([run.held_out.macro_f1 for run in runs]),
        errors={
            name: fmean(run.held_out.errors[name] for run in runs)
            for name in CLASS_NAMES
        },
        resubstitution_accuracy=spread(resubstituted) if resubstituted else None,
        cost=costs[0],
        paper=PUBLISHED.get(recipe.model),
    )


def _cost(model: FloatModel, terms: Terms) -> Cost:
    crops = cached_crops(
        terms.images.of_split(Split.VALIDATION),
        size_px=model.size_px,
        crop_side_um=model.crop_side_um,
        folder=terms.cache,
    ).crops
    return Cost(
        input_size_px=model.size_px,
        weights=model.network.count_params(),
        macs=macs(model.network),
        inference_images_per_second=images_per_second(model.network, crops[:BATCH]),
    )


def _compared_run(run: FinishedRun, model: FloatModel, terms: Terms) -> ComparedRun:
    measured = ALL if terms.resubstitution else Split.VALIDATION
    predictions = predict_split(model, _without_test(terms), measured, terms.cache)
    return ComparedRun(
        run=str(run.path),
        seed=run.record.recipe.seed,
        held_out=predictions.of_splits([Split.VALIDATION]).figures(),
        resubstitution=predictions.figures() if terms.resubstitution else None,
        training_images_per_second=median(
            epoch.images_per_second for epoch in run.history
        ),
        float_file_bytes=run.best_model.stat().st_size,
        int8=_int8_figures(run),
        same_dataset=run.record.dataset_digest == terms.images.digest,
    )


def _without_test(terms: Terms) -> ImageSet:
    """Leave out the test images, which 'train evaluate' alone may measure."""
    kept = (image for image in terms.images.images if image.split is not Split.TEST)
    return replace(terms.images, images=tuple(kept))


def _int8_figures(run: FinishedRun) -> Int8Figures | None:
    if run.bundle is None or run.bundle.manifest.measured is None:
        return None
    manifest, measured = run.bundle.manifest, run.bundle.manifest.measured
    return Int8Figures(
        bundle=f"{manifest.name} {manifest.version}",
        model_bytes=len(run.bundle.model),
        accuracy=measured.accuracy,
        split=measured.split,
    )


def _machine() -> str:
    devices = ", ".join(keras.distribution.list_devices())
    return f"{platform.machine()}, {os.cpu_count()} processors, devices {devices}"
