"""The TFLite runtimes, behind one small seam."""

import os
import warnings
from collections.abc import Callable
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from hemalens.errors import BundleError, MissingExtraError
from hemalens.native_log import without_native_log


class Runtime(StrEnum):
    """Packages that run a TFLite model, the preferred one first."""

    LITERT = "ai-edge-litert"
    TFLITE_RUNTIME = "tflite-runtime"
    TENSORFLOW = "tensorflow"
    """The workshop's own; no device has it."""


class Interpreter(Protocol):
    """What both runtimes' interpreters offer, as far as it is used here."""

    def allocate_tensors(self) -> None:
        """Prepare the tensors."""
        ...

    def get_input_details(self) -> list[dict[str, Any]]:
        """Describe the inputs."""
        ...

    def get_output_details(self) -> list[dict[str, Any]]:
        """Describe the outputs."""
        ...

    def set_tensor(self, tensor_index: int, value: NDArray[np.uint8]) -> None:
        """Copy an input in."""
        ...

    def get_tensor(self, tensor_index: int) -> NDArray[np.uint8]:
        """Copy an output out."""
        ...

    def resize_tensor_input(
        self, input_index: int, tensor_size: list[int], strict: bool = False
    ) -> None:
        """Change an input's shape."""
        ...

    def invoke(self) -> None:
        """Run the model."""
        ...


_MODULES: Final = {
    Runtime.LITERT: "ai_edge_litert",
    Runtime.TFLITE_RUNTIME: "tflite_runtime",
    Runtime.TENSORFLOW: "tensorflow",
}


def installed_runtimes() -> tuple[Runtime, ...]:
    """Name the installed runtimes, the preferred one first."""
    return tuple(r for r in Runtime if find_spec(_MODULES[r]) is not None)


def choose_runtime(wanted: Runtime | None = None) -> Runtime:
    """Give the runtime wanted, or the first installed one.

    Raises
    ------
    MissingExtraError
        When it is not installed.
    """
    installed = installed_runtimes()
    chosen = wanted or next(iter(installed), None)
    if chosen is None or chosen not in installed:
        extra = "tflite" if chosen is Runtime.TFLITE_RUNTIME else "edge"
        raise MissingExtraError("Running a model", extra)
    return chosen


def runtime_version(runtime: Runtime) -> str:
    """Give the installed version of a runtime."""
    try:
        return version(runtime.value)
    except PackageNotFoundError:
        return "unknown"


def open_interpreter(
    model: bytes, *, threads: int | None = None, runtime: Runtime | None = None
) -> Interpreter:
    """Make an interpreter for a model.

    Parameters
    ----------
    model : bytes
        A TFLite flatbuffer.
    threads : int, optional
        Threads of one inference; all processors when not given.
    runtime : Runtime, optional
        The first installed one when not given.

    Raises
    ------
    MissingExtraError
        When the runtime is not installed.
    BundleError
        When the runtime cannot load the model.
    """
    chosen = choose_runtime(runtime)
    interpreter = _interpreter_class(chosen)
    try:
        with without_native_log():
            opened = interpreter(
                model_content=model, num_threads=threads or os.cpu_count() or 1
            )
            opened.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise BundleError(f"{chosen} cannot load the model: {error}") from error
    return opened


def _interpreter_class(runtime: Runtime) -> Callable[..., Interpreter]:
    if runtime is Runtime.LITERT:
        from ai_edge_litert.interpreter import Interpreter as LiteRt

        return LiteRt  # type: ignore[no-any-return]  # the package has no types
    if runtime is Runtime.TENSORFLOW:
        import tensorflow

        # TensorFlow says at each one that LiteRT succeeds it.
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated")
        return tensorflow.lite.Interpreter  # type: ignore[no-any-return]  # no types
    if int(np.__version__.split(".")[0]) >= 2:
        # Creating the interpreter would end the process: '_ARRAY_API not found'.
        raise BundleError(
            f"tflite-runtime needs NumPy 1, this is {np.__version__}: "
            "pip install 'hemalens[tflite]'"
        )
    from tflite_runtime.interpreter import Interpreter as TfLite

    return TfLite  # type: ignore[no-any-return]  # the package has no types
