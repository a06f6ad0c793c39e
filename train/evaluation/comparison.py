"""Several models side by side: the records of ``compare.json``."""

from statistics import fmean, stdev

from train.evaluation.figures import Figures, Record
from train.evaluation.published import PublishedFigure


class Spread(Record):
    """One figure over the seeds of a model; a single run has no deviation."""

    mean: float
    minimum: float
    maximum: float
    sample_sd: float | None


class Int8Figures(Record):
    """What the bundle of a run says of its int8 model."""

    bundle: str
    model_bytes: int
    accuracy: float
    split: str
    """The one its accuracy was measured on."""


class ComparedRun(Record):
    """One run of a model."""

    run: str
    seed: int
    held_out: Figures
    resubstitution: Figures | None
    """On all images, training ones included; None when not asked for."""
    training_images_per_second: float
    """Median over the epochs, on the machine that trained."""
    float_file_bytes: int
    int8: Int8Figures | None
    same_dataset: bool
    """Whether the run was trained on the very images of this folder."""


class Cost(Record):
    """What one image costs the float model of the first run."""

    input_size_px: int
    weights: int
    macs: int
    """Multiply-accumulates, counted from the layers."""
    inference_images_per_second: float
    """On the machine that compares, in batches."""


class ComparedModel(Record):
    """One row: a model, trained once or with several seeds."""

    name: str
    model: str
    runs: tuple[ComparedRun, ...]
    accuracy: Spread
    accuracy_ci95: tuple[float, float]
    """Of the mean accuracy on so many images: chance in which images they are.
    Chance in training is the spread's."""
    macro_f1: Spread
    errors: dict[str, float]
    """Misclassified images by class, mean over the seeds."""
    resubstitution_accuracy: Spread | None
    cost: Cost
    paper: PublishedFigure | None

    @property
    def int8_accuracy(self) -> Spread | None:
        """Over the runs that were converted."""
        found = [run.int8.accuracy for run in self.runs if run.int8 is not None]
        return spread(found) if found else None

    @property
    def int8_bytes(self) -> int | None:
        """Size of the first converted run's int8 model."""
        return next((run.int8.model_bytes for run in self.runs if run.int8), None)


class Comparison(Record):
    """The paper's Table 2 for the runs given, and under what conditions it holds."""

    split: str
    n: int
    support: dict[str, int]
    """Images of each class in the split."""
    models: tuple[ComparedModel, ...]
    dataset_digest: str
    machine: str
    """Where inference was timed."""
    inference_batch: int
    hemalens_version: str
    caveats: tuple[str, ...]


def spread(values: list[float]) -> Spread:
    """Summarize one figure of several runs.

    Examples
    --------
    >>> spread([0.25, 0.75]).mean
    0.5
    """
    return Spread(
        mean=fmean(values),
        minimum=min(values),
        maximum=max(values),
        sample_sd=stdev(values) if len(values) > 1 else None,
    )
