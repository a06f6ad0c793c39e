"""The folder of one training run: what was asked, how it went, where to go on.

``run.json`` holds the recipe, the data's digest, software and machine,
``trained_images.bin`` which files it was trained on, ``history.json`` a line of figures
per epoch, ``epoch-0012.npz`` the state to resume from, ``best.keras`` the model with
the lowest validation loss so far, ``last.keras`` that of the last epoch, the first two
files within both. Each file is written whole and renamed into place, the state last: a
run killed at any moment resumes from its last complete epoch.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from hemalens.errors import StorageError, TrainingError
from hemalens.files import remove_unfinished, write_whole
from hemalens.made_with import MadeWith
from hemalens.split import SPLIT_RULE
from hemalens.trained_images import MEMBER as TRAINED_IMAGES
from hemalens.trained_images import TrainedImages
from train.recipe import Recipe


class WeightAverage(BaseModel):
    """That a model is the mean of several."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models_sha256: tuple[str, ...]
    normalization_images: int
    """That normalization was measured anew on; 0 where it is averaged too."""


class OtherSet(BaseModel):
    """Cells of another microscope that a run is trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    digest: str
    """SHA-256 over images, boxes and classes."""
    cells: int
    apart: int
    """Cells of the set that are kept for measuring."""


class RunRecord(BaseModel):
    """What a run was asked to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Recipe
    dataset_digest: str
    split_rule: str
    train_images: int
    validation_images: int
    hemalens_version: str
    others: tuple[OtherSet, ...] = ()
    average: WeightAverage | None = None
    """In a model that `train average` made; the rest is then its first one's."""
    sessions: tuple[MadeWith, ...] = ()
    """One for each start that completed an epoch, to its last one; empty in runs of
    before this was recorded."""

    @property
    def wish(self) -> "RunRecord":
        """What was asked, whenever and wherever it was done."""
        return self.model_copy(update={"sessions": ()})


class EpochRecord(BaseModel):
    """How one epoch went."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: int
    loss: float
    validation_loss: float
    validation_accuracy: float
    images_per_second: float
    training_accuracy: float | None = None
    """On the disturbed crops of the epoch, while the weights moved; None in runs before
    it was recorded."""
    kept: Literal["average", "weights"] | None = None
    """Which had the lower validation loss: the moving average, or the weights."""
    faults: tuple[str, ...] = ()
    """What makes the kept model useless."""


RECORD: Final = "run.json"

_HISTORY: Final = TypeAdapter(tuple[EpochRecord, ...])


def new_record(
    recipe: Recipe,
    dataset_digest: str,
    train_images: int,
    validation_images: int,
    others: tuple[OtherSet, ...] = (),
) -> RunRecord:
    """Record a run as it is asked for now."""
    return RunRecord(
        recipe=recipe,
        dataset_digest=dataset_digest,
        split_rule=SPLIT_RULE,
        train_images=train_images,
        validation_images=validation_images,
        hemalens_version=version("hemalens"),
        others=others,
    )


def record_in(model: Path) -> RunRecord:
    """Read what the run that made a ``.keras`` file was asked.

    Raises
    ------
    TrainingError
        When the file holds no record, or one of another version.
    """
    try:
        with ZipFile(model) as archive:
            content = archive.read(RECORD)
    except (OSError, KeyError, BadZipFile) as error:
        raise TrainingError(
            f"{model} does not say how it was trained: wanted a model of "
            "'hemalens train fit'"
        ) from error
    return _record(content, model)


def trained_images_in(model: Path) -> TrainedImages | None:
    """Read which files a ``.keras`` file was trained on; None where it does not say.

    Raises
    ------
    TrainingError
        When the file is damaged.
    """
    try:
        with ZipFile(model) as archive:
            if TRAINED_IMAGES not in archive.namelist():
                return None
            return TrainedImages.read(archive.read(TRAINED_IMAGES))
    except (OSError, BadZipFile, ValueError) as error:
        raise TrainingError(f"{model} is damaged: {error}") from error


def _record(content: bytes, path: Path) -> RunRecord:
    try:
        return RunRecord.model_validate_json(content)
    except ValidationError as error:
        raise TrainingError(
            f"{path} is of no run of this version: train anew with another --output"
        ) from error


class RunFolder:
    """Reads and writes one run's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def best_model(self) -> Path:
        """The model with the lowest validation loss."""
        return self.path / "best.keras"

    @property
    def last_model(self) -> Path:
        """The model of the last epoch asked for.

        Disturbed training teaches what undisturbed validation images do not ask about.
        """
        return self.path / "last.keras"

    def begin(
        self,
        record: RunRecord,
        session: MadeWith | None = None,
        trained_on: TrainedImages | None = None,
    ) -> None:
        """Start the folder, or check that it belongs to the same run.

        Parameters
        ----------
        record : RunRecord
        session : MadeWith, optional
            Which begins now.
        trained_on : TrainedImages, optional

        Raises
        ------
        TrainingError
            When the folder holds a run of another recipe or dataset.
        """
        earlier = self.record()
        if earlier is not None and earlier.wish != record.wish:
            wanted = record.wish
            changed = [
                name
                for name in RunRecord.model_fields
                if getattr(earlier.wish, name) != getattr(wanted, name)
            ]
            raise TrainingError(
                f"{self.path} holds a run with another {' and '.join(changed)}: "
                "choose another --output to start anew"
            )
        if trained_on is not None:
            self.write(TRAINED_IMAGES, trained_on.content())
        before = () if earlier is None else earlier.sessions
        # A start that completed no epoch has left nothing.
        done = tuple(one for one in before if one.finished_at is not None)
        self._write_record(
            record.model_copy(
                update={"sessions": done if session is None else (*done, session)}
            )
        )

    def _write_record(self, record: RunRecord) -> None:
        self.write(RECORD, record.model_dump_json(indent=2).encode())

    def _note_the_time(self) -> None:
        """Let the session under way end with the epoch that is complete now."""
        record = self.record()
        if record is None or not record.sessions:
            return
        sessions = (*record.sessions[:-1], record.sessions[-1].finished())
        self._write_record(record.model_copy(update={"sessions": sessions}))

    def record(self) -> RunRecord | None:
        """Read what was asked; None in a new folder."""
        path = self.path / RECORD
        if not path.is_file():
            return None
        return _record(path.read_bytes(), path)

    def state(self) -> tuple[int, Path] | None:
        """Find the last complete epoch and its state; None before the first."""
        states = sorted(self.path.glob("epoch-????.npz"))
        if not states:
            return None
        return int(states[-1].stem.removeprefix("epoch-")), states[-1]

    def values(self) -> list[NDArray[Any]]:
        """Read the state of the last complete epoch; nothing before the first.

        Raises
        ------
        TrainingError
            When it is damaged.
        """
        state = self.state()
        if state is None:
            return []
        try:
            with np.load(state[1], allow_pickle=False) as archive:
                return [archive[f"arr_{index}"] for index in range(len(archive.files))]
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise TrainingError(
                f"{state[1]} is damaged: choose another --output to start anew"
            ) from error

    def history(self) -> tuple[EpochRecord, ...]:
        """Read the figures up to the last complete epoch.

        Raises
        ------
        TrainingError
            When they cannot be read.
        """
        path = self.path / "history.json"
        state = self.state()
        if state is None:
            return ()
        try:
            records = _HISTORY.validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise TrainingError(
                f"{path} is damaged: choose another --output to start anew"
            ) from error
        return tuple(record for record in records if record.epoch <= state[0])

    def complete_epoch(
        self,
        record: EpochRecord,
        save_model: Callable[[Path], None],
        values: Sequence[NDArray[Any]],
        *,
        is_last: bool = False,
    ) -> None:
        """Keep an epoch: figures, the model if it is the best or last, the state."""
        history = (*self.history(), record)
        before = self.state()
        self._note_the_time()
        self.write("history.json", _HISTORY.dump_json(history, indent=2))
        if record.validation_loss <= min(r.validation_loss for r in history):
            self._write_with(self.best_model.name, self._model_with_record(save_model))
        if is_last:
            self._write_with(self.last_model.name, self._model_with_record(save_model))
        self._write_with(
            f"epoch-{record.epoch:04d}.npz", lambda path: np.savez(path, *values)
        )
        if before is not None:
            before[1].unlink(missing_ok=True)

    def _model_with_record(
        self, save_model: Callable[[Path], None]
    ) -> Callable[[Path], None]:
        """Put the run's own files into the model's, which is a zip archive."""

        def save(path: Path) -> None:
            save_model(path)
            with ZipFile(path, "a") as archive:
                for name in (RECORD, TRAINED_IMAGES):
                    if (self.path / name).is_file():
                        archive.write(self.path / name, name)

        return save

    def write(self, name: str, content: bytes) -> None:
        """Write one file whole."""
        write_whole(self.path / name, content)

    def _write_with(self, name: str, save: Callable[[Path], None]) -> None:
        unfinished = self.path / f"unfinished-{name}"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            save(unfinished)
            unfinished.replace(self.path / name)
        except OSError as error:
            remove_unfinished(unfinished)
            raise StorageError(
                f"cannot write {self.path / name}: {error.strerror or error}; "
                "what was complete before is kept"
            ) from error
