"""Which runtime has which version of an operator.

References
----------
.. [1] TensorFlow, tensorflow/lite/tools/versioning/runtime_version.cc, continued in
   LiteRT, tflite/tools/versioning/runtime_version.cc (revision 05215c29): the release
   that brought each version. Where a runtime and this table could differ they were
   compared (2026-11): tflite-runtime 2.14.0 opens what is listed up to 2.14 and no
   more, ai-edge-litert 2.1.0 all of it.
"""

from typing import Final

from convert.flatbuffer import OperatorCode, read_graph
from hemalens.errors import ConversionError
from hemalens.interpreter import Runtime
from hemalens.manifest import RuntimeRange, version_numbers

_SCHEMA_VERSION: Final = 3

_LITERT: Final = ("2.1", "2.20")
"""ai-edge-litert counts its versions anew: from 2.1 on it has TensorFlow 2.20's
operators. The library of 2.1.0 calls itself 2.21.0-dev0."""

OPERATOR_RELEASES: Final = {
    "ABS": ("1.13", "2.4", "2.5", "2.6", "2.12"),
    "ADD": ("1.5", "1.14", "2.4", "2.6", "2.13"),
    "AVERAGE_POOL_2D": ("1.5", "1.14", "2.3"),
    "BATCH_MATMUL": ("2.3", "2.3", "2.4", "2.5"),
    "BATCH_TO_SPACE_ND": ("1.6", "1.14", "2.3", "2.12"),
    "CAST": ("1.5", "2.7", "2.8", "2.9", "2.12", "2.15", "2.17"),
    "CONCATENATION": ("1.5", "1.14", "2.3", "2.14"),
    "CONV_2D": ("1.5", "1.14", "1.14", "2.3", "2.4", "2.9", "2.11", "2.15"),
    "DEPTH_TO_SPACE": ("2.1", "2.5"),
    "DEPTHWISE_CONV_2D": ("1.5", "1.12", "1.14", "2.2", "2.3", "2.3", "2.11"),
    "DEQUANTIZE": ("1.13.1", "1.14", "1.15", "2.2", "2.7", "2.18"),
    "DIV": ("1.6", "2.3"),
    "ELU": ("1.14",),
    "EXP": ("1.7", "2.12"),
    "EXPAND_DIMS": ("1.10",),
    "FULLY_CONNECTED": (
        *("1.5", "1.10", "1.14", "1.14", "2.0", "2.1", "2.3", "2.3", "2.3"),
        *("2.11", "2.15", "2.17", "2.18"),
    ),
    "GATHER": ("1.6", "1.14", "1.15", "2.4", "2.5", "2.13", "2.15"),
    "GELU": ("2.9", "2.9"),
    "HARD_SWISH": ("1.15",),
    "L2_NORMALIZATION": ("1.5", "1.14"),
    "LEAKY_RELU": ("1.13.1", "2.3"),
    "LOGISTIC": ("1.14", "1.14", "2.3"),
    "LOG_SOFTMAX": ("1.14", "1.14"),
    "MAXIMUM": ("1.14", "1.14", "2.3", "2.3"),
    "MAX_POOL_2D": ("1.5", "1.14", "2.3"),
    "MEAN": ("1.6", "1.14", "2.4"),
    "MINIMUM": ("1.14", "1.14", "2.3", "2.3"),
    "MIRROR_PAD": ("1.13.1", "2.3", "2.12"),
    "MUL": ("1.5", "1.14", "1.15", "2.3", "2.6", "2.11", "2.13"),
    "NEG": ("1.9",),
    "PACK": ("1.11", "1.14", "2.3", "2.13"),
    "PAD": ("1.5", "1.14", "2.4", "2.6"),
    "PADV2": ("1.9", "1.14", "2.4", "2.6"),
    "POW": ("1.10",),
    "PRELU": ("1.8",),
    "QUANTIZE": ("1.14", "1.15", "2.7"),
    "REDUCE_MAX": ("1.11", "1.14", "2.5"),
    "RELU": ("1.5", "2.1", "2.5"),
    "RELU6": ("1.5", "1.14", "2.5"),
    "RELU_0_TO_1": ("2.10",),
    "RELU_N1_TO_1": ("1.5",),
    "RESHAPE": ("1.5",),
    "RESIZE_BILINEAR": ("1.7", "1.14", "2.2", "2.5"),
    "RESIZE_NEAREST_NEIGHBOR": ("1.13.1", "1.14", "2.3", "2.4"),
    "RSQRT": ("1.10", "2.5", "2.15"),
    "SHAPE": ("1.10",),
    "SLICE": ("1.14", "1.14", "1.14", "2.4", "2.5", "2.14"),
    "SOFTMAX": ("1.5", "1.14", "2.3"),
    "SPACE_TO_BATCH_ND": ("1.6", "1.14", "2.3", "2.12"),
    "SPACE_TO_DEPTH": ("1.5", "1.14"),
    "SPLIT": ("1.5", "1.14", "1.14", "2.3"),
    "SPLIT_V": ("1.13.1", "2.3"),
    "SQRT": ("1.10",),
    "SQUARE": ("1.12",),
    "SQUARED_DIFFERENCE": ("1.13.1", "2.5"),
    "SQUEEZE": ("1.6", "2.5"),
    "STRIDED_SLICE": ("1.6", "1.14", "2.1", "2.2", "2.5", "2.6", "2.14", "2.14"),
    "SUB": ("1.6", "1.14", "2.3", "2.4", "2.4"),
    "SUM": ("1.10", "1.15"),
    "TANH": ("1.14", "1.14", "2.3"),
    "TRANSPOSE": ("1.6", "1.14", "1.15", "2.3", "2.4", "2.12", "2.14.4"),
    "UNPACK": ("1.11", "1.14", "2.2", "2.3"),
}
"""TensorFlow release of version 1, 2, … of the operators classifiers have [1]_."""


def first_release(code: OperatorCode) -> str | None:
    """Give the TensorFlow release that brought a version of an operator.

    Returns
    -------
    str or None
        None when it is custom or not in the table.

    Examples
    --------
    >>> first_release(OperatorCode(name="CONV_2D", version=3, custom=False))
    '1.14'
    """
    releases = () if code.custom else OPERATOR_RELEASES.get(code.name, ())
    return releases[code.version - 1] if 0 < code.version <= len(releases) else None


def release_of(runtime: RuntimeRange) -> str:
    """Give the TensorFlow release whose operators even the oldest of a runtime has.

    Raises
    ------
    ValueError
        When that is not known.

    Examples
    --------
    >>> release_of(RuntimeRange(name="ai-edge-litert", at_least="2.1", below="3"))
    '2.20'
    """
    if runtime.name != Runtime.LITERT:
        return runtime.at_least
    since, release = _LITERT
    if version_numbers(runtime.at_least) < version_numbers(since):
        raise ValueError(f"operators are known of {runtime.name} from {since} on")
    return release


def runs(code: OperatorCode, runtime: RuntimeRange) -> bool | None:
    """Say whether even the oldest of a runtime has an operator; None: not known."""
    if code.custom:
        return False
    release = first_release(code)
    return None if release is None else _has(runtime, release)


def require_supported(model: bytes, runtimes: tuple[RuntimeRange, ...]) -> None:
    """Refuse a model that the oldest of the runtimes cannot run.

    An operator that is not in the table is refused as well: a bundle promises what it
    runs on, so that nothing is left to be found out on a device.

    Parameters
    ----------
    model : bytes
        A TFLite flatbuffer.
    runtimes : tuple of RuntimeRange
        What devices may have.

    Raises
    ------
    ConversionError
        When the file is no TFLite model or of another schema, an operator is custom,
        unknown or newer than the runtime, or the converter's note of the oldest
        runtime is missing or newer.
    """
    graph = read_graph(model)
    oldest = min(runtimes, key=lambda one: version_numbers(release_of(one)))
    reasons = [
        _reason(code) for code in sorted(set(graph.codes)) if not runs(code, oldest)
    ]
    if graph.schema_version != _SCHEMA_VERSION:
        reasons.append(f"schema {graph.schema_version} is not {_SCHEMA_VERSION}")
    noted = graph.minimum_runtime_version or ""
    if not version_numbers(noted):
        reasons.append("it does not say which TensorFlow Lite it needs")
    elif not _has(oldest, noted):
        reasons.append(f"it says that it needs TensorFlow Lite {noted}")
    if reasons:
        raise ConversionError(
            f"{oldest.name} {oldest.at_least} cannot run the model: "
            + "; ".join(reasons)
        )


def _has(runtime: RuntimeRange, release: str) -> bool:
    return version_numbers(release) <= version_numbers(release_of(runtime))


def _reason(code: OperatorCode) -> str:
    if code.custom:
        kind = "TensorFlow's (Flex)" if code.name.startswith("Flex") else "custom"
        return f"operator {code.name} is {kind}"
    release = first_release(code)
    return f"{code.name} version {code.version} is " + (
        f"of TensorFlow {release}" if release else "not known"
    )
