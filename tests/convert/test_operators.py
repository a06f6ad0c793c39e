"""What conversion refuses, and that the table says what runtimes do."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from convert.operators import (
    OPERATOR_RELEASES,
    release_of,
    require_supported,
)
from edge.bundles import open_bundle, shipped_bundles
from hemalens.errors import ConversionError
from hemalens.interpreter import Runtime, open_interpreter
from hemalens.manifest import SUPPORTED_RUNTIMES, RuntimeRange, version_numbers
from tests.convert.made_flatbuffer import (
    Change,
    changed,
    code,
    small_model,
    with_code,
)

TFLITE_PYTHON = Path(__file__).parents[2] / ".venvs" / "tflite" / "bin" / "python"
LITERT, TFLITE = SUPPORTED_RUNTIMES

CONV, CUSTOM = schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.CUSTOM


def with_note(note: bytes) -> Change:
    def change(model: schema.ModelT) -> None:
        model.buffers[3].data = np.frombuffer(note.ljust(16, b"\0"), np.uint8)

    return change


def without_note(model: schema.ModelT) -> None:
    model.metadata = []


def of_another_schema(model: schema.ModelT) -> None:
    model.version = 4


@dataclass(frozen=True, kw_only=True)
class Refusal:
    name: str
    change: Change
    says: str


REFUSALS = (
    Refusal(
        name="custom operator",
        change=with_code(CUSTOM, custom="Sharpen"),
        says="operator Sharpen is custom",
    ),
    Refusal(
        name="Flex operator",
        change=with_code(CUSTOM, custom="FlexErfinv"),
        says=r"operator FlexErfinv is TensorFlow's \(Flex\)",
    ),
    Refusal(
        name="newer version",
        change=with_code(CONV, 8),
        says=r"tflite-runtime 2.14.0 .* CONV_2D version 8 is of TensorFlow 2.15",
    ),
    Refusal(
        name="version not known",
        change=with_code(CONV, 9),
        says="CONV_2D version 9 is not known",
    ),
    Refusal(name="version 0", change=with_code(CONV, 0), says="version 0 is not known"),
    Refusal(
        name="operator not known",
        change=with_code(schema.BuiltinOperator.SVDF),
        says="SVDF version 1 is not known",
    ),
    Refusal(
        name="operator of a later schema",
        change=with_code(900),
        says="operator 900 version 1 is not known",
    ),
    Refusal(name="schema", change=of_another_schema, says="schema 4 is not 3"),
    Refusal(name="no note", change=without_note, says="does not say which"),
    Refusal(name="empty note", change=with_note(b""), says="does not say which"),
    Refusal(name="no version", change=with_note(b"new"), says="does not say which"),
    Refusal(name="later note", change=with_note(b"2.15.0"), says="needs .* 2.15.0"),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: one.name)
def test_a_model_that_cannot_run_is_refused(refusal: Refusal) -> None:
    with pytest.raises(ConversionError, match=refusal.says):
        require_supported(changed(small_model(), refusal.change), SUPPORTED_RUNTIMES)


def test_an_operator_is_refused_though_no_step_uses_it() -> None:
    def add_unused(model: schema.ModelT) -> None:
        model.operatorCodes.append(code(CUSTOM, custom="Sharpen"))

    with pytest.raises(ConversionError, match="Sharpen"):
        require_supported(changed(small_model(), add_unused), SUPPORTED_RUNTIMES)


def test_all_that_is_wrong_is_said_at_once() -> None:
    def change(model: schema.ModelT) -> None:
        with_code(CONV, 8)(model)
        of_another_schema(model)

    with pytest.raises(ConversionError, match=r"2.15; schema 4"):
        require_supported(changed(small_model(), change), SUPPORTED_RUNTIMES)


def test_a_newer_runtime_alone_may_have_newer_operators() -> None:
    def change(model: schema.ModelT) -> None:
        with_code(CONV, 8)(model)
        with_note(b"2.15.0")(model)

    require_supported(changed(small_model(), change), (LITERT,))


@pytest.mark.parametrize("name", shipped_bundles())
def test_a_shipped_model_is_supported(name: str) -> None:
    require_supported(open_bundle(name).model, SUPPORTED_RUNTIMES)


def test_litert_is_known_from_its_second_major_version_on() -> None:
    old = RuntimeRange(name=Runtime.LITERT, at_least="1.4", below="2")
    with pytest.raises(ValueError, match=r"from 2\.1 on"):
        release_of(old)


def only_a_code(name: str, version: int) -> bytes:
    """Make a model without steps: a runtime looks its operator up nevertheless."""
    builtin = getattr(schema.BuiltinOperator, name)

    def change(model: schema.ModelT) -> None:
        with_code(builtin, version)(model)
        model.subgraphs[0].operators = []

    return changed(small_model(), change)


CODES = [
    (name, version)
    for name, releases in OPERATOR_RELEASES.items()
    for version in range(1, len(releases) + 2)
]


def test_litert_has_every_operator_of_the_table() -> None:
    for name, version in CODES:
        if version <= len(OPERATOR_RELEASES[name]):
            open_interpreter(only_a_code(name, version), runtime=Runtime.LITERT)


PROGRAM = """
import json, pathlib, sys
from tflite_runtime.interpreter import Interpreter
opened = []
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        Interpreter(model_content=path.read_bytes())
        opened.append(path.name)
    except ValueError as error:
        assert "Didn't find op" in str(error), error
print(json.dumps(opened))
"""


@pytest.mark.skipif(
    not TFLITE_PYTHON.exists(),
    reason="no tflite-runtime environment: it needs Python 3.11 (make test makes it)",
)
def test_tflite_runtime_has_what_the_table_says_and_no_more(tmp_path: Path) -> None:
    for name, version in CODES:
        (tmp_path / f"{name}-{version}").write_bytes(only_a_code(name, version))
    run = subprocess.run(
        [TFLITE_PYTHON, "-c", PROGRAM, tmp_path],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    newest = version_numbers(TFLITE.at_least)
    assert set(json.loads(run.stdout)) == {
        f"{name}-{version}"
        for name, releases in OPERATOR_RELEASES.items()
        for version, release in enumerate(releases, start=1)
        if version_numbers(release) <= newest
    }
