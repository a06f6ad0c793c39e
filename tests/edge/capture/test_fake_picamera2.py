"""The fake's calls are those of picamera2 0.3.38, and of the one that is here."""

import ast
import importlib.util
import inspect
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.edge.capture.fake_picamera2 import FakePicamera2, FakeRequest


@dataclass(frozen=True)
class Call:
    """A method, and its parameters with their defaults as picamera2 0.3.38 has them.

    Read on 2026-11-25 in picamera2-0.3.38-py3-none-any.whl, picamera2/picamera2.py
    and picamera2/request.py. ``...`` stands for a default made by libcamera.
    """

    name: str
    parameters: str
    file: str = "picamera2.py"
    class_name: str = "Picamera2"


CALLS = [
    Call("__init__", "camera_num=0, verbose_console=None, tuning=None, allocator=None"),
    Call("camera_controls", ""),
    Call(
        "create_still_configuration",
        "main={}, lores=None, raw={}, transform=..., colour_space=..., buffer_count=1, "
        "controls={}, display=None, encode=None, queue=True, sensor={}, "
        "use_case='still'",
    ),
    Call("configure", "camera_config=None"),
    Call("stream_configuration", "name='main'"),
    Call("start", "config=None, show_preview=False"),
    Call("set_controls", "controls"),
    Call("capture_metadata", "wait=None, signal_function=None"),
    Call("capture_request", "wait=None, signal_function=None, flush=None"),
    Call("cancel_all_and_flush", ""),
    Call("close", ""),
    Call("make_array", "name", "request.py", "CompletedRequest"),
    Call("get_metadata", "", "request.py", "CompletedRequest"),
    Call("release", "", "request.py", "CompletedRequest"),
]
MADE_BY_LIBCAMERA = ("transform", "colour_space")


def told(parameters: list[tuple[str, str | None]]) -> str:
    """Spell parameters as the table does."""
    spelt = []
    for name, default in parameters:
        if name == "self":
            continue
        default = "..." if name in MADE_BY_LIBCAMERA else default
        spelt.append(name if default is None else f"{name}={default}")
    return ", ".join(spelt)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_the_fake_has_the_signatures_of_0_3_38(call: Call) -> None:
    fake = FakePicamera2 if call.class_name == "Picamera2" else FakeRequest
    member = inspect.getattr_static(fake, call.name)
    function = member.fget if isinstance(member, property) else member
    parameters = inspect.signature(function).parameters.values()
    spelt = [
        (p.name, None if p.default is p.empty else repr(p.default)) for p in parameters
    ]
    assert told(spelt) == call.parameters


def real_folder() -> Path | None:
    spec = importlib.util.find_spec("picamera2")
    return None if spec is None or not spec.origin else Path(spec.origin).parent


@pytest.mark.skipif(
    real_folder() is None, reason="picamera2 is not installed (apt, Raspberry Pi OS)"
)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_the_picamera2_that_is_here_has_them_too(call: Call) -> None:
    """Read, not imported: importing it needs libcamera."""
    folder = real_folder()
    assert folder is not None
    tree = ast.parse((folder / call.file).read_text(encoding="utf-8"))
    (owner,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == call.class_name
    )
    # The last definition is the one that runs; those before it are overloads.
    function = [
        node
        for node in owner.body
        if isinstance(node, ast.FunctionDef) and node.name == call.name
    ][-1]
    names = [argument.arg for argument in function.args.args]
    defaults = [ast.unparse(default) for default in function.args.defaults]
    padded = [None] * (len(names) - len(defaults)) + defaults
    assert told(list(zip(names, padded, strict=True))) == call.parameters
