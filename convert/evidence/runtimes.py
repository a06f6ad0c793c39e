"""The same model on every runtime at hand, each in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from convert.evidence.probe import Probe
from hemalens.errors import ConversionError
from hemalens.interpreter import Runtime

_SOURCES: Final = Path(__file__).parents[2]
"""Where this code lies: the other process runs the same."""
_LONGEST_S: Final = 1_800


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A runtime in an environment, and the threads of one inference."""

    python: Path
    runtime: Runtime
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProbedModel:
    """What a model gave in one place.

    Parameters
    ----------
    outputs : ndarray of shape (N, classes)
        uint8 codes of an int8 model, float32 probabilities of a float one.
    """

    probe: Probe
    outputs: NDArray[Any]


def find_places(
    pythons: Sequence[Path] = (), threads: Sequence[int] | None = None
) -> tuple[Place, ...]:
    """List every runtime of this environment and of others, with each thread count.

    Parameters
    ----------
    pythons : sequence of Path
        Python interpreters of other environments that HemaLens is installed in.
    threads : sequence of int, optional
        One, and as many as there are processors, by default.

    Raises
    ------
    ConversionError
        When an interpreter cannot be run, or its environment has no runtime.
    """
    counts = sorted(set(threads or (1, os.cpu_count() or 1)))
    places: list[Place] = []
    for python in (Path(sys.executable), *pythons):
        found = _run(python, "runtimes").split()
        if not found:
            raise ConversionError(f"{python} has no runtime: install hemalens[edge]")
        places += [
            Place(python=python, runtime=Runtime(name), threads=count)
            for name in found
            for count in counts
        ]
    return tuple(places)


def probe_everywhere(
    model: bytes,
    crops: NDArray[Any],
    places: Sequence[Place],
    on_place: Callable[[Place], None] | None = None,
) -> tuple[ProbedModel, ...]:
    """Run a model in each place, one after the other so that they can be timed.

    Parameters
    ----------
    model : bytes
        A TFLite flatbuffer.
    crops : ndarray of shape (N, S, S, 3)
        As the model takes them: uint8, or float32 normalized.
    on_place : callable, optional
        Told each place before it runs.

    Raises
    ------
    ConversionError
        When a runtime does not run the model.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("model", "crops.npy", "outputs.npy")]
        files[0].write_bytes(model)
        np.save(files[1], crops)
        probed: list[ProbedModel] = []
        for place in places:
            if on_place is not None:
                on_place(place)
            text = _run(
                place.python,
                *("run", *map(str, files), "--runtime", place.runtime.value),
                *("--threads", str(place.threads)),
            )
            probed.append(ProbedModel(probe=_read(text), outputs=np.load(files[2])))
    return tuple(probed)


def _read(text: str) -> Probe:
    try:
        return Probe.model_validate_json(text)
    except ValidationError as error:
        raise ConversionError(f"a probe answered {text[:80]!r}") from error


def _run(python: Path, *arguments: str) -> str:
    command = [str(python), "-m", "convert.evidence.probe", *arguments]
    try:
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_S,
            env={**os.environ, "PYTHONPATH": str(_SOURCES)},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConversionError(f"cannot run {python}: {error}") from error
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no word"])[-1]
        raise ConversionError(
            f"{python} could not measure a runtime ({last}): give the Python of an "
            "environment that has HemaLens"
        )
    return run.stdout
