"""Examine the interpreter of Python, the runtimes and the libraries."""

import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from edge.bundles import DEFAULT_BUNDLE
from edge.device.check.finding import Finding, found
from edge.update.golden_run import GoldenRunFault, GoldenRunner, run_golden
from hemalens.interpreter import Runtime, installed_runtimes, runtime_version

_LEAST_PYTHON: Final = (3, 11)
_ARCHITECTURES: Final = ("aarch64", "armv7l", "x86_64")


def examine_python() -> Finding:
    """Examine Python's version and that this is an environment of its own."""
    is_own = sys.prefix != sys.base_prefix
    passed = sys.version_info[:2] >= _LEAST_PYTHON and is_own
    return found(
        "python",
        "3.11 or later, in an environment of its own",
        f"{platform.python_version()}{'' if is_own else ', the system itself'}, "
        f"{sys.prefix}",
        passed=passed,
        mend="sudo hemalens device install --wheelhouse DIR",
    )


def examine_architecture() -> Finding:
    """Examine that wheels exist for the processor, as the system runs it."""
    machine = platform.machine()
    word_bits = 64 if sys.maxsize > 2**32 else 32
    # A 64-bit kernel under a 32-bit system says aarch64, and takes no such wheel.
    passed = machine in _ARCHITECTURES and not (machine == "aarch64" and word_bits < 64)
    return found(
        "architecture",
        f"one of {', '.join(_ARCHITECTURES)}",
        f"{machine}, {word_bits} bits",
        passed=passed,
        mend="write the 64-bit Raspberry Pi OS to the card",
    )


def examine_runtimes(
    runtimes: Sequence[Runtime] | None = None, run: GoldenRunner = run_golden
) -> tuple[Finding, ...]:
    """Examine each runtime by running the shipped model's golden vectors on it.

    Parameters
    ----------
    runtimes : sequence of Runtime, optional
        Those installed, but TensorFlow, by default.
    run : GoldenRunner
        Runs the vectors.
    """
    if runtimes is None:
        runtimes = [r for r in installed_runtimes() if r is not Runtime.TENSORFLOW]
    if not runtimes:
        return (
            found(
                "runtime",
                "ai-edge-litert or tflite-runtime",
                "none",
                passed=False,
                mend="sudo hemalens device update-software WHEELHOUSE",
            ),
        )
    return tuple(_examine_runtime(runtime, run) for runtime in runtimes)


def _examine_runtime(runtime: Runtime, run: GoldenRunner) -> Finding:
    ran = run(DEFAULT_BUNDLE, runtime.value)
    is_fault = isinstance(ran, GoldenRunFault)
    what = ran.fault if isinstance(ran, GoldenRunFault) else f"{ran.ms_per_crop:.1f} ms"
    return found(
        f"runtime {runtime}",
        "the shipped model's golden vectors",
        f"{runtime_version(runtime)} with NumPy {_version('numpy')}: {what}",
        passed=not is_fault,
        mend="sudo hemalens device update-software WHEELHOUSE, made for this system's "
        "Python (tflite-runtime needs NumPy 1)",
    )


def examine_opencv() -> Finding:
    """Examine OpenCV by an operation, since it imports without working."""
    try:
        import cv2
        import numpy as np

        side = cv2.resize(np.zeros((8, 8, 3), np.uint8), (4, 4)).shape[0]
        what, passed = f"{cv2.__version__}", side == 4
    except (ImportError, AttributeError) as error:
        what, passed = str(error), False
    return found(
        "opencv",
        "resizes an image",
        what,
        passed=passed,
        mend="sudo hemalens device update-software WHEELHOUSE",
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
