"""Run one model on crops in a process of its own: codes, latency, memory.

``python -m convert.evidence.probe run MODEL CROPS OUTPUTS …`` runs in any environment
that has a runtime and HemaLens's base, TensorFlow or not. TensorFlow and tflite-runtime
cannot live in one process, and memory is a process's own.
"""

import time
from importlib.metadata import version
from pathlib import Path
from platform import machine, python_version
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from hemalens.classifier import ordered_outputs
from hemalens.interpreter import (
    Interpreter,
    Runtime,
    installed_runtimes,
    open_interpreter,
    runtime_version,
)

_WARM_UP: Final = 10
"""Inferences before any is timed."""


class Probe(BaseModel):
    """What one process found; its output codes lie in a file beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runtime: str
    runtime_version: str
    threads: int
    python: str
    numpy: str
    machine: str
    latency_ms: float
    """Median of one crop's inference."""
    latency_p95_ms: float
    peak_memory_mb: float
    """Largest resident memory of the process, in 10^6 bytes."""


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("crops", type=click.Path(path_type=Path))
@click.argument("outputs", type=click.Path(path_type=Path))
@click.option("--runtime", type=click.Choice([r.value for r in Runtime]), required=True)
@click.option("--threads", type=click.IntRange(min=1), required=True)
def probe(model: Path, crops: Path, outputs: Path, runtime: str, threads: int) -> None:
    """Run MODEL on each of CROPS, write its OUTPUTS, print a Probe as JSON."""
    chosen = Runtime(runtime)
    interpreter = open_interpreter(model.read_bytes(), threads=threads, runtime=chosen)
    given, seconds = _run(interpreter, crops)
    np.save(outputs, given)
    milliseconds = 1_000 * np.array(seconds)
    click.echo(
        Probe(
            runtime=chosen.value,
            runtime_version=runtime_version(chosen),
            threads=threads,
            python=python_version(),
            numpy=version("numpy"),
            machine=machine(),
            latency_ms=float(np.median(milliseconds)),
            latency_p95_ms=float(np.percentile(milliseconds, 95)),
            peak_memory_mb=_peak_memory_mb(),
        ).model_dump_json()
    )


def _run(
    interpreter: Interpreter, crops: Path
) -> tuple[NDArray[np.uint8], list[float]]:
    taken = interpreter.get_input_details()[0]["index"]
    given = ordered_outputs(interpreter)[0]["index"]
    outputs: list[NDArray[np.uint8]] = []
    seconds: list[float] = []
    for index in [*[0] * _WARM_UP, *range(len(np.load(crops, mmap_mode="r")))]:
        # Mapped anew each time: pages of crops seen before are not the model's memory.
        crop = np.array(np.load(crops, mmap_mode="r")[index : index + 1])
        interpreter.set_tensor(taken, crop)
        began = time.perf_counter()
        interpreter.invoke()
        seconds.append(time.perf_counter() - began)
        outputs.append(np.array(interpreter.get_tensor(given)))
    return np.concatenate(outputs[_WARM_UP:]), seconds[_WARM_UP:]


def _peak_memory_mb() -> float:
    """Read the process's own peak; getrusage's begins with that of its parent."""
    status = Path("/proc/self/status").read_text()
    kib = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kib.split()[1]) * 1_024 / 1e6


@click.command()
def runtimes() -> None:
    """Print the runtimes installed in this environment, one a line."""
    for runtime in installed_runtimes():
        click.echo(runtime.value)


if __name__ == "__main__":
    click.Group(commands={"run": probe, "runtimes": runtimes})()
