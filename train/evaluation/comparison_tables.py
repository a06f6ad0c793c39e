"""The tables of a comparison, as text: for Markdown, the terminal and the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from train.evaluation.caveats import RESUBSTITUTION
from train.evaluation.comparison import ComparedModel, Comparison, Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as they are read, the first column naming the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def comparison_tables(comparison: Comparison) -> Sequence[Table]:
    """Lay a comparison out: accuracy, errors by class, what it costs."""
    return (
        _accuracy_table(comparison),
        _errors_table(comparison),
        _cost_table(comparison),
    )


def markdown(comparison: Comparison) -> str:
    """Write the tables as Markdown, caveats below."""
    parts = [f"# {comparison.n:,} {comparison.split} images, held out from training\n"]
    for table in comparison_tables(comparison):
        rule = ("---", *["---:"] * (len(table.columns) - 1))
        rows = (table.columns, rule, *table.rows)
        lines = ["| " + " | ".join(map(_escaped, row)) + " |" for row in rows]
        parts.append("\n".join((f"## {table.title}\n", *lines)) + "\n")
        parts += [f"{note}\n" for note in table.notes]
    parts.append("\n".join(f"- {caveat}" for caveat in comparison.caveats) + "\n")
    return "\n".join(parts)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def _accuracy_table(comparison: Comparison) -> Table:
    asked = any(model.resubstitution_accuracy for model in comparison.models)
    columns = (
        "model",
        f"accuracy, {comparison.split}",
        "95 % interval",
        "macro F1",
        "int8 accuracy",
        *(["resubstitution"] if asked else []),
        "the paper's own",
    )
    rows = tuple(
        (
            _named(model),
            _spread(model.accuracy),
            "{:.2f} to {:.2f} %".format(*(100 * x for x in model.accuracy_ci95)),
            _spread(model.macro_f1),
            _int8_accuracy(model, comparison.split),
            *([_spread(model.resubstitution_accuracy)] if asked else []),
            _paper(model),
        )
        for model in comparison.models
    )
    return Table(
        title="Accuracy",
        columns=columns,
        rows=rows,
        notes=(
            *((RESUBSTITUTION,) if asked else ()),
            "The paper's own figures (arXiv 2308.06300): its CNN on all images, "
            "training ones included (resubstitution); its backbones frozen.",
            *_seed_notes(comparison),
            *_dataset_notes(comparison),
        ),
    )


def _errors_table(comparison: Comparison) -> Table:
    classes = tuple(f"{k} (of {v:,})" for k, v in comparison.support.items())
    return Table(
        title="Errors by class",
        columns=("model", "all", *classes),
        rows=tuple(
            (
                model.name,
                _count(sum(model.errors.values())),
                *(_count(model.errors[name]) for name in comparison.support),
            )
            for model in comparison.models
        ),
        notes=("Images of the class that were called another.",),
    )


def _cost_table(comparison: Comparison) -> Table:
    return Table(
        title="What it costs",
        columns=(
            "model",
            "input, px",
            "weights, M",
            "MACs, M",
            "float file, MB",
            "int8 model, MB",
            "training, images/s",
            "inference, images/s",
            "relative to the first",
        ),
        rows=tuple(_cost(model, comparison.models[0]) for model in comparison.models),
        notes=(
            f"Inference: the float model, batches of {comparison.inference_batch}, "
            f"measured one after another on {comparison.machine}. Training: median "
            "over the epochs, on the machine that trained. Both hold only if it did "
            "nothing else. MACs are multiply-accumulates of convolutions and dense "
            "layers, for one image.",
        ),
    )


def _cost(model: ComparedModel, first: ComparedModel) -> tuple[str, ...]:
    cost, run = model.cost, model.runs[0]
    rate = cost.inference_images_per_second
    return (
        model.name,
        str(cost.input_size_px),
        f"{cost.weights / 1e6:.2f}",
        f"{cost.macs / 1e6:,.1f}",
        f"{run.float_file_bytes / 1e6:.2f}",
        "not converted"
        if model.int8_bytes is None
        else f"{model.int8_bytes / 1e6:.2f}",
        f"{run.training_images_per_second:,.0f}",
        f"{rate:,.0f}",
        f"{rate / first.cost.inference_images_per_second:.2f}",
    )


def _named(model: ComparedModel) -> str:
    if len(model.runs) > 1:
        return f"{model.name} ({len(model.runs)} seeds)"
    return model.name


def _spread(figure: Spread | None) -> str:
    if figure is None:
        return "not measured"
    mean = f"{100 * figure.mean:.2f} %"
    if figure.sample_sd is None:
        return mean
    low, high = 100 * figure.minimum, 100 * figure.maximum
    return f"{mean} ± {100 * figure.sample_sd:.2f} ({low:.2f} to {high:.2f})"


def _int8_accuracy(model: ComparedModel, split: str) -> str:
    found = model.int8_accuracy
    if found is None:
        return "not converted"
    splits = {run.int8.split for run in model.runs if run.int8 is not None}
    other = "" if splits == {split} else f" ({', '.join(sorted(splits))} images)"
    return _spread(found) + other


def _paper(model: ComparedModel) -> str:
    if model.paper is None:
        return "none"
    figure = f"{100 * model.paper.accuracy:.3f}".rstrip("0").rstrip(".")
    return f"{figure} % ({model.paper.measurement})"


def _count(images: float) -> str:
    return f"{images:,.0f}" if images == round(images) else f"{images:,.1f}"


def _seed_notes(comparison: Comparison) -> tuple[str, ...]:
    if all(len(model.runs) == 1 for model in comparison.models):
        return ()
    return (
        "Several seeds: mean ± sample standard deviation (lowest to highest). The "
        "interval is that of the mean on so many images.",
    )


def _dataset_notes(comparison: Comparison) -> tuple[str, ...]:
    other = [
        run.run
        for model in comparison.models
        for run in model.runs
        if not run.same_dataset
    ]
    if not other:
        return ()
    return (
        f"Trained on another set of images than this folder's: {', '.join(other)}.",
    )
