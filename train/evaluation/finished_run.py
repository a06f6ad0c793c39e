"""Runs to compare: their folders read whole, or refused by name.

A run's folder holds what `train.run` writes, and perhaps the bundle made of its model.
A folder of ``seed-0``, ``seed-1`` and so on is one model trained several times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hemalens.bundle import SUFFIX, Bundle, read_bundle
from hemalens.errors import TrainingError
from hemalens.split import SPLIT_RULE
from train.run import EpochRecord, RunFolder, RunRecord

_HISTORY = TypeAdapter(tuple[EpochRecord, ...])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinishedRun:
    """A run that did all its epochs."""

    path: Path
    record: RunRecord
    history: tuple[EpochRecord, ...]
    best_model: Path
    bundle: Bundle | None
    """The newest one made of this run's model; None before conversion."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunGroup:
    """One model: a run, or the same run with several seeds."""

    name: str
    runs: tuple[FinishedRun, ...]


def read_group(path: Path) -> RunGroup:
    """Read a run's folder, or a folder of one run's seeds.

    Raises
    ------
    TrainingError
        When there is no run, one is unfinished or damaged, or the seeds differ in
        more than their seed.
    BundleError
        When a bundle in it is damaged.
    """
    if (path / "run.json").is_file():
        return RunGroup(name=path.resolve().name, runs=(read_finished(path),))
    seeds = sorted(
        (folder for folder in path.glob("seed-*") if folder.is_dir()),
        key=lambda folder: (len(folder.name), folder.name),
    )
    if not seeds:
        raise TrainingError(
            f"{path} is no run: wanted a folder of 'hemalens train fit' with run.json, "
            "or one that holds seed-0, seed-1 …"
        )
    runs = tuple(read_finished(folder) for folder in seeds)
    for run in runs[1:]:
        _require_same(runs[0], run)
    return RunGroup(name=path.resolve().name, runs=runs)


def read_groups(paths: Sequence[Path]) -> tuple[RunGroup, ...]:
    """Read the rows of a comparison; folders of one name go by their whole path.

    Raises
    ------
    TrainingError, BundleError
        As `read_group`.
    """
    groups = [read_group(path) for path in paths]
    names = [group.name for group in groups]
    return tuple(
        replace(group, name=str(path)) if names.count(group.name) > 1 else group
        for path, group in zip(paths, groups, strict=True)
    )


def read_finished(path: Path) -> FinishedRun:
    """Read one run's folder; errors are those of `read_group`."""
    folder = RunFolder(path)
    record = folder.record()
    if record is None:
        raise TrainingError(f"{path} is no run: it holds no run.json")
    if record.split_rule != SPLIT_RULE:
        raise TrainingError(
            f"{path} was trained with another split ({record.split_rule}): its "
            "held-out images are not the ones measured here; train it anew"
        )
    history = read_history(path)
    done = history[-1].epoch if history else 0
    if done != record.recipe.epochs:
        raise TrainingError(
            f"{path} is not finished, {done} of {record.recipe.epochs} epochs are "
            "done: the same 'hemalens train fit' goes on"
        )
    if not folder.best_model.is_file():
        raise TrainingError(f"{path} is damaged, best.keras is missing: train it anew")
    return FinishedRun(
        path=path,
        record=record,
        history=history,
        best_model=folder.best_model,
        bundle=_newest_bundle(path, record),
    )


def read_history(path: Path) -> tuple[EpochRecord, ...]:
    """Read the epochs of a run's folder; none when it has none.

    A finished run is whole without the state it would resume from.

    Raises
    ------
    TrainingError
        When the file is damaged.
    """
    file = path / "history.json"
    if not file.is_file():
        return ()
    folder = RunFolder(path)
    try:
        if folder.state() is not None:
            return folder.history()
        return _HISTORY.validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise TrainingError(
            f"{file} is damaged: wanted one record per epoch; train the run anew"
        ) from error


def _newest_bundle(path: Path, record: RunRecord) -> Bundle | None:
    bundles = []
    for file in sorted(path.glob(f"*{SUFFIX}")):
        bundle = read_bundle(file)
        origin = bundle.manifest.training
        made_of = (origin.architecture, origin.dataset_digest)
        recipe = record.recipe
        if (*made_of, bundle.manifest.input.size_px) != (
            recipe.model,
            record.dataset_digest,
            recipe.input_size_px,
        ):
            raise TrainingError(
                f"{file} is of another model ({origin.architecture}, "
                f"{bundle.manifest.input.size_px} px, images "
                f"{origin.dataset_digest[:12]}) than the run it lies in "
                f"({recipe.model}, {recipe.input_size_px} px, images "
                f"{record.dataset_digest[:12]}): move it away"
            )
        bundles.append(bundle)
    return max(bundles, key=_version, default=None)


def _version(bundle: Bundle) -> tuple[int, ...]:
    return tuple(int(part) for part in bundle.manifest.version.split("."))


def _require_same(one: FinishedRun, other: FinishedRun) -> None:
    if _seedless(one.record) != _seedless(other.record):
        raise TrainingError(
            f"{other.path} differs from {one.path} in more than its seed: wanted one "
            "recipe and dataset; compare them as runs of their own"
        )


def _seedless(record: RunRecord) -> RunRecord:
    return record.wish.model_copy(
        update={"recipe": record.recipe.model_copy(update={"seed": 0})}
    )
