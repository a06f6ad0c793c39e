"""From crops to class probabilities, with the int8 model of a bundle.

Device and accuracy gate run this same code.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hemalens.bundle import Bundle
from hemalens.errors import BundleError
from hemalens.focus import sharpen
from hemalens.golden_vectors import GoldenVectors
from hemalens.interpreter import (
    Interpreter,
    Runtime,
    choose_runtime,
    open_interpreter,
    runtime_version,
)
from hemalens.manifest import Manifest, QuantizedTensor
from hemalens.site_correction import site_corrected
from hemalens.slide_appearance import SlideAppearance
from hemalens.stain import StainMap

_BATCH: Final = 8
"""Crops run at once, what is left over one by one. Each of both has an interpreter
prepared for it: to prepare one for another number of crops takes as long as six crops,
and larger batches more memory but no less time (measured 2026-11)."""

_OF_A_BAD_MODEL: Final = (
    ArithmeticError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a runtime, or NumPy, raises of a flatbuffer that was tampered with."""


class Int8Model:
    """A TFLite model with uint8 input and outputs, batches of any size.

    The first output is the classes' probabilities; a second, where there is one, says
    where the crop lies among others (`hemalens.likeness`).

    Parameters
    ----------
    model : bytes
        The flatbuffer.
    threads : int, optional
        Threads of one inference; all processors when not given.
    runtime : Runtime, optional
        The first installed one when not given.

    Raises
    ------
    MissingExtraError
        When no runtime is installed.
    BundleError
        When the runtime cannot load the model, or its tensors are of another kind.
    """

    def __init__(
        self,
        model: bytes,
        *,
        threads: int | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self._open = partial(open_interpreter, model, threads=threads, runtime=runtime)
        single = self._open()
        inputs = single.get_input_details()
        outputs = ordered_outputs(single)
        if len(inputs) != 1 or len(outputs) not in (1, 2):
            raise BundleError("the model should have one input and one or two outputs")
        if {one["dtype"] for one in (*inputs, *outputs)} != {np.uint8}:
            raise BundleError("the model should take and give uint8")
        self._input = int(inputs[0]["index"])
        self._outputs = tuple(int(one["index"]) for one in outputs)
        self.input_shape = tuple(int(side) for side in inputs[0]["shape"][1:])
        self.classes = int(outputs[0]["shape"][-1])
        self.input = _quantized(inputs[0]["quantization"])
        self.output = _quantized(outputs[0]["quantization"])
        self._placed = [_quantized(one["quantization"]) for one in outputs[1:]]
        self.dimensions = int(outputs[1]["shape"][-1]) if self._placed else 0
        self._prepared = {int(inputs[0]["shape"][0]): single}

    def codes(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Run the model on crops (N, S, S, 3): its output codes (N, classes).

        Raises
        ------
        ValueError
            When the crops are not of the model's size: a runtime would take them.
        """
        return self.all_codes(crops)[0]

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the model on crops: probabilities (N, classes), rows adding up to 1."""
        return self._probabilities(self.codes(crops))

    def embedding(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the model on crops: where they lie (N, dimensions)."""
        return self.both(crops)[1]

    def both(
        self, crops: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give `probabilities` and `embedding` of one run; no column without one."""
        codes, *placed = self.all_codes(crops)
        if not placed:
            return self._probabilities(codes), np.empty((len(crops), 0), np.float32)
        return self._probabilities(codes), _real(placed[0], self._placed[0])

    def all_codes(self, crops: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Run the model on crops: `codes`, then those of a second output."""
        if crops.shape[1:] != self.input_shape:
            raise ValueError(
                f"the model takes crops {self.input_shape}, not {crops.shape[1:]}"
            )
        parts = [self._run(batch) for batch in _batches(crops)]
        if not parts:
            widths = [self.classes, self.dimensions][: len(self._outputs)]
            return [np.empty((0, width), np.uint8) for width in widths]
        return [np.concatenate(one) for one in zip(*parts, strict=True)]

    def _probabilities(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        real = np.maximum(_real(codes, self.output), 0)
        # Codes round to whole steps, so that a row of them may miss 1 by a few.
        total = real.sum(axis=1, keepdims=True)
        return np.asarray(real / np.maximum(total, self.output.scale), np.float32)

    def _run(self, crops: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        interpreter = self._for_batch(len(crops))
        interpreter.set_tensor(self._input, np.ascontiguousarray(crops))
        interpreter.invoke()
        return [np.array(interpreter.get_tensor(one)) for one in self._outputs]

    def _for_batch(self, number: int) -> Interpreter:
        if number not in self._prepared:
            interpreter = self._open()
            interpreter.resize_tensor_input(self._input, [number, *self.input_shape])
            interpreter.allocate_tensors()
            self._prepared[number] = interpreter
        return self._prepared[number]


def _batches(crops: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Part crops into whole batches, and single ones of what is left over."""
    whole = len(crops) // _BATCH * _BATCH
    for start in range(0, whole, _BATCH):
        yield crops[start : start + _BATCH]
    for start in range(whole, len(crops)):
        yield crops[start : start + 1]


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Say of a model that is none what a runtime or NumPy raises about it."""
    try:
        yield
    except _OF_A_BAD_MODEL as error:
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise BundleError(f"the model cannot be run: {said}") from error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classification:
    """What a model says of crops.

    Parameters
    ----------
    probabilities : ndarray of shape (N, classes), float32
    is_in_distribution : ndarray of shape (N,), bool
        Whether a crop is like those the model was trained on; all are where the
        bundle cannot tell.
    """

    probabilities: NDArray[np.float32]
    is_in_distribution: NDArray[np.bool_]


class BundleClassifier:
    """Runs the model of a verified bundle.

    Parameters
    ----------
    bundle : Bundle
        Its golden vectors are run at once; a model that gives others is refused.
    threads : int, optional
        Threads of one inference; all processors when not given.
    runtime : Runtime, optional
        The first installed one when not given.

    Raises
    ------
    MissingExtraError
        When no runtime is installed.
    BundleError
        When the runtime is too old, cannot load the model, or the model does not
        fit its manifest or golden vectors.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self.manifest = bundle.manifest
        chosen = choose_runtime(runtime)
        _require_version(self.manifest, chosen)
        with _plain_errors():
            self._model = Int8Model(bundle.model, threads=threads, runtime=chosen)
            self._check_manifest()
            self._check_golden(bundle.golden)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return self.manifest.classes

    def classify(
        self, crops: NDArray[np.uint8], slide: SlideAppearance | None = None
    ) -> NDArray[np.float32]:
        """Give the probabilities (N, classes) of `judge`."""
        return self.judge(crops, slide).probabilities

    def judge(
        self, crops: NDArray[np.uint8], slide: SlideAppearance | None = None
    ) -> Classification:
        """Classify crops of one slide, and say which are like the training images.

        Parameters
        ----------
        crops : ndarray of shape (N, S, S, 3), uint8, RGB
        slide : SlideAppearance, optional
            Its focus, stain and light, brought to those the model was trained on;
            without them, or with a bundle that names none, crops are classified as
            they are.

        Returns
        -------
        Classification
        """
        crops = self.normalize(crops, slide)
        likeness = self.manifest.likeness
        given, embedding = self._model.both(crops)
        probabilities = tempered(given, self.manifest.thresholds.temperature)
        if self.manifest.site is not None:
            probabilities = site_corrected(probabilities, self.manifest.site)
        return Classification(
            probabilities=probabilities,
            is_in_distribution=np.ones(len(crops), np.bool_)
            if likeness is None
            else likeness.is_in_distribution(embedding),
        )

    def normalize(
        self, crops: NDArray[np.uint8], slide: SlideAppearance | None
    ) -> NDArray[np.uint8]:
        """Bring crops of one slide to the focus and stain the model knows.

        `judge` does so. What is to be judged in several views is normalized once, and
        then judged without its slide.
        """
        if slide is None:
            return crops
        colours, focus = slide.colours, self.manifest.focus
        if focus is not None:
            wanted = self.manifest.input
            pixel_size_um = wanted.crop_side_um / wanted.size_px
            crops = sharpen(crops, focus.sharpening_um(slide.blur_um) / pixel_size_um)
            if colours is not None:
                colours = colours.in_focus(focus.excess_um(slide.blur_um))
        if colours is None or self.manifest.stain is None:
            return crops
        return StainMap(colours, self.manifest.stain)(crops)

    def _check_manifest(self) -> None:
        size, classes = self.manifest.input.size_px, len(self.manifest.classes)
        found = (self._model.input_shape, self._model.classes)
        if found != ((size, size, 3), classes):
            raise BundleError(
                f"the manifest says {size} px and {classes} classes, "
                f"the model has {found[0]} and {found[1]}"
            )
        if not (
            _same(self.manifest.input.quantization, self._model.input)
            and _same(self.manifest.output, self._model.output)
        ):
            raise BundleError("the model's quantization is not the manifest's")
        likeness = self.manifest.likeness
        if likeness is not None and likeness.dimensions != self._model.dimensions:
            raise BundleError(
                f"the manifest tells likeness in {likeness.dimensions} dimensions, "
                f"the model in {self._model.dimensions}: make the bundle anew"
            )

    def _check_golden(self, golden: GoldenVectors) -> None:
        codes, *placed = self._model.all_codes(golden.inputs)
        manifest = self.manifest
        _require_near(codes, golden.outputs, manifest.golden_tolerance_codes)
        tolerance = manifest.golden_embedding_tolerance_codes
        if golden.embeddings is None or tolerance is None:
            return
        if self._model.dimensions != golden.embeddings.shape[1]:
            raise BundleError(
                f"the golden embeddings have {golden.embeddings.shape[1]} dimensions, "
                f"the model {self._model.dimensions}: make the bundle anew"
            )
        _require_near(placed[0], golden.embeddings, tolerance, " in the second output")


def tempered(
    probabilities: NDArray[np.float32], temperature: float
) -> NDArray[np.float32]:
    """Make probabilities surer (below 1) or more modest (above), the order kept [1]_.

    Parameters
    ----------
    probabilities : ndarray of shape (N, classes), float32
        Rows adding up to 1.
    temperature : float
        What the logits are divided by, up to a constant.

    References
    ----------
    .. [1] Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks. ICML
       2017, arXiv 1706.04599.
    """
    if temperature == 1:
        return probabilities
    # Over the largest of its row, so that no row sinks below what a float can hold.
    ratios = probabilities.astype(np.float64)
    ratios /= ratios.max(axis=1, keepdims=True)
    powers = ratios ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def ordered_outputs(interpreter: Interpreter) -> list[dict[str, Any]]:
    """Describe the outputs in the order they were exported in, which is their names'.

    The converter lists them in any order.
    """
    return sorted(interpreter.get_output_details(), key=lambda one: str(one["name"]))


def _real(codes: NDArray[np.uint8], tensor: QuantizedTensor) -> NDArray[np.float32]:
    steps = codes.astype(np.float32) - tensor.zero_point
    return np.asarray(np.float32(tensor.scale) * steps, np.float32)


def _require_near(
    found: NDArray[np.uint8],
    golden: NDArray[np.uint8],
    tolerance: int,
    where: str = "",
) -> None:
    difference = int(np.abs(found.astype(np.int16) - golden).max())
    if difference > tolerance:
        raise BundleError(
            f"the model misses its golden vectors{where} by {difference} codes "
            f"(tolerance {tolerance}): this runtime does not compute what was validated"
        )


def _quantized(scale_and_zero_point: tuple[float, int]) -> QuantizedTensor:
    scale, zero_point = scale_and_zero_point
    return QuantizedTensor(scale=float(scale), zero_point=int(zero_point))


def _same(wanted: QuantizedTensor, found: QuantizedTensor) -> bool:
    return wanted.zero_point == found.zero_point and bool(
        np.isclose(wanted.scale, found.scale, rtol=1e-6)
    )


def _require_version(manifest: Manifest, runtime: Runtime) -> None:
    """Refuse a runtime the model was not made for."""
    installed = runtime_version(runtime)
    for made_for in manifest.runtimes:
        if made_for.name == runtime and made_for.holds(installed):
            return
    wanted = " or ".join(
        f"{one.name} {one.at_least} to below {one.below}" for one in manifest.runtimes
    )
    raise BundleError(f"the model is for {wanted}; installed is {runtime} {installed}")
