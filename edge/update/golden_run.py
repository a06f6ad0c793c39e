"""Run a bundle's golden vectors on one runtime, in a process of its own.

``python -m edge.update.golden_run BUNDLE RUNTIME THREADS``: what crashes a runtime, as
a foreign NumPy or an old processor, ends this process alone. Importing a runtime proves
nothing; its interpreter has to be made and run.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from hemalens.errors import HemaLensError

_REPEATS: Final = 20
LONGEST_S: Final = 300.0
"""For a slow card's first import, and for an emulated device."""


class GoldenRun(BaseModel):
    """How a bundle ran on a runtime."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bundle: str
    runtime: str
    threads: int
    ms_per_crop: float
    """Median of single crops."""
    peak_memory_mb: float
    """Largest resident memory of the process, in 10^6 bytes."""


class GoldenRunFault(BaseModel):
    """Why it did not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: str


class GoldenRunner(Protocol):
    """Runs a bundle's golden vectors on a runtime, as `run_golden` does."""

    def __call__(self, bundle: str, runtime: str, /) -> GoldenRun | GoldenRunFault:
        """Run them, and end in no other way than by returning."""


def run_golden(
    bundle: str,
    runtime: str,
    threads: int = 1,
    *,
    python: str = sys.executable,
    longest_s: float = LONGEST_S,
) -> GoldenRun | GoldenRunFault:
    """Run a bundle's golden vectors on a runtime.

    Parameters
    ----------
    bundle : str
        A shipped one's name, or a file.
    runtime : str
        As `hemalens.interpreter.Runtime` names it.
    threads : int
        Of one inference.
    python : str
        Of the environment to ask.
    longest_s : float
        How long it is waited for.

    Returns
    -------
    GoldenRun or GoldenRunFault
        A fault also when the process died.
    """
    # Isolated: the folder it is called in must not bring modules of its own.
    module = ("-I", "-m", "edge.update.golden_run")
    command = [python, *module, bundle, runtime, str(threads)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=longest_s, check=False
        )
    except subprocess.TimeoutExpired:
        return GoldenRunFault(fault=f"no answer within {longest_s:g} s")
    if done.returncode < 0:
        return GoldenRunFault(fault=f"the process died of signal {-done.returncode}")
    try:
        return GoldenRun.model_validate_json(done.stdout)
    except ValidationError:
        said = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        return GoldenRunFault(fault=said[-1])


def measure(bundle: str, runtime: str, threads: int) -> GoldenRun:
    """Run the golden vectors in this process, then time single crops.

    Raises
    ------
    HemaLensError
        When the bundle does not run here as it was validated.
    """
    from edge.update.current import open_bundle_or_current
    from hemalens.classifier import BundleClassifier
    from hemalens.interpreter import Runtime

    opened = open_bundle_or_current(bundle)
    classifier = BundleClassifier(opened, threads=threads, runtime=Runtime(runtime))
    crop = opened.golden.inputs[:1]
    seconds: list[float] = []
    for _ in range(_REPEATS):
        begun = time.perf_counter()
        classifier.classify(crop)
        seconds.append(time.perf_counter() - begun)
    return GoldenRun(
        bundle=f"{opened.manifest.name} {opened.manifest.version}",
        runtime=runtime,
        threads=threads,
        ms_per_crop=1e3 * sorted(seconds)[_REPEATS // 2],
        peak_memory_mb=peak_memory_mb(),
    )


def peak_memory_mb() -> float:
    """Read the process's own peak; getrusage's begins with that of its parent."""
    status = Path("/proc/self/status").read_text()
    lines = status.splitlines()
    peak = next((line for line in lines if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(peak.split()[1]) * 1_024 / 1e6


def main() -> int:
    """Measure what the command line names and print it as JSON."""
    bundle, runtime, threads = sys.argv[1:]
    try:
        measured = measure(bundle, runtime, int(threads))
    except HemaLensError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return error.exit_code
    sys.stdout.write(measured.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
