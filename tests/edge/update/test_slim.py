from pathlib import Path

import pytest

from edge.update.slim import slim

GOES = (
    "pip/__init__.py",
    "ai_edge_litert/libLiteRtWebGpuAccelerator.so",
    "ai_edge_litert/vendors/qualcomm/plugin.so",
    "cv2/data/haarcascade_eye.xml",
    "numpy/tests/test_all.py",
    "numpy/_core/tests/test_it.py",
)
STAYS = (
    "ai_edge_litert/interpreter.py",
    "ai_edge_litert/tools/flatbuffer_utils.py",
    "cv2/cv2.abi3.so",
    "cv2/data/__init__.py",
    "opencv_python_headless.libs/libavcodec.so",
    "pydantic/tests.py",
)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    for name in (*GOES, *STAYS):
        path = tmp_path / "lib/python3.11/site-packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"0123456789")
    for name in ("python", "pip", "pip3.11", "hemalens"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).touch()
    return tmp_path


def files(environment: Path) -> set[str]:
    packages = environment / "lib/python3.11/site-packages"
    found = (path for path in packages.rglob("*") if path.is_file())
    return {str(path.relative_to(packages)) for path in found}


def test_what_a_device_never_runs_goes_and_all_else_stays(environment: Path) -> None:
    removed = slim(environment)
    assert files(environment) == set(STAYS)
    assert removed >= 10 * len(GOES)
    programs = {path.name for path in (environment / "bin").iterdir()}
    assert programs == {"python", "hemalens"}


def test_doing_it_twice_does_no_harm(environment: Path) -> None:
    slim(environment)
    assert slim(environment) == 0
    assert files(environment) == set(STAYS)
