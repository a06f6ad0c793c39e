import doctest
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hemalens
from edge import api
from edge.api import Counter, Frame, open_bundle, open_source
from edge.capture.demo_slide import DemoSlide
from hemalens.classes import CellStatus

README = Path(__file__).parents[2] / "README.md"

RUNTIMES = {"ai_edge_litert", "tflite_runtime", "tensorflow", "keras"}
SERVERS = {"fastapi", "starlette", "uvicorn", "argon2", "fpdf", "fhir", "paho"}
OTHERS = {"cv2", "pydantic", "click", "rich", "cryptography", "sqlite3"}
ROOMS = {"bundles", "capture", "records"}


@pytest.fixture(scope="module")
def frame() -> Frame:
    spec = "demo:seed=7,frames=1,mix=uniform,width_px=640,height_px=480"
    with open_source(spec) as source:
        return next(iter(source))


def test_the_readme_s_example_runs_as_written(frame: Frame) -> None:
    given = {"image": np.array(frame.image)}
    result = doctest.testfile(str(README), module_relative=False, globs=given)
    assert result.failed == 0
    assert result.attempted == 3


def test_importing_it_loads_numpy_alone() -> None:
    code = "import sys; from edge.api import Counter, open_bundle; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = run.stdout.split()
    assert "edge.api" in loaded
    packages = {name.split(".")[0] for name in loaded}
    assert packages & {*RUNTIMES, *SERVERS, *OTHERS, "train", "convert"} == set()
    rooms = {name.split(".")[1] for name in loaded if name.startswith("edge.")}
    assert rooms - {"api"} <= ROOMS


def test_every_name_promised_is_there() -> None:
    assert sorted(set(api.__all__)) == api.__all__
    assert all(getattr(api, name).__name__ == name for name in api.__all__)
    assert hemalens.__version__.count(".") == 2
    for module in (hemalens, api):
        with pytest.raises(AttributeError, match="no attribute 'absent'"):
            module.absent  # noqa: B018


def test_the_caller_s_array_is_left_as_it_was(frame: Frame) -> None:
    image = np.array(frame.image)
    Counter(open_bundle("cnn"), threads=1).count(image)
    assert image.flags.writeable
    assert np.array_equal(image, frame.image)


def test_an_array_and_a_frame_are_counted_alike(frame: Frame) -> None:
    known = Counter(open_bundle("cnn"), threads=1).count(frame)
    bgr = np.ascontiguousarray(frame.image[..., ::-1])
    counter = Counter(open_bundle("cnn"), pixel_size_um=frame.pixel_size_um, threads=1)
    counted = counter.count(bgr[..., ::-1])
    assert counted.frame.name == "frame-00000"
    assert known.frame.name == frame.name
    assert [replace(cell, frame=frame.name) for cell in counted.cells] == [*known.cells]


def test_frames_that_overlap_count_each_cell_once_when_asked() -> None:
    frames = list(
        DemoSlide(seed=3, frames=2, overlap_fraction=0.8, width_px=480, height_px=360)
    )
    seen = {}
    for each_cell_once in (False, True):
        counter = Counter(open_bundle("cnn"), each_cell_once=each_cell_once, threads=1)
        counted = [counter.count(frame) for frame in frames]
        seen[each_cell_once] = [
            sum(cell.status is CellStatus.DUPLICATE for cell in one.cells)
            + len(one.changes)
            for one in counted
        ]
    assert seen[False] == [0, 0]
    assert seen[True][1] > 5


def test_what_is_no_rgb_image_is_refused() -> None:
    counter = Counter(open_bundle("cnn"), threads=1)
    with pytest.raises(ValueError, match="a frame is"):
        counter.count(np.zeros((20, 30), np.uint8))
    with pytest.raises(ValueError, match="a frame is uint8"):
        counter.count(np.zeros((20, 30, 3)))  # type: ignore[arg-type]  # as said
