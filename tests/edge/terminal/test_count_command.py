"""``hemalens count`` as a person runs it."""

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.demo_slide import DemoSlide
from hemalens.classes import CLASS_NAMES, LEUKOCYTES
from hemalens.image_set import read_unlabelled
from tests.command_line import Command, in_this_process

FRAME = DemoSlide(seed=3, frames=1, width_px=480, height_px=360).frame(0).image


@pytest.fixture
def count(capfd: pytest.CaptureFixture[str]) -> Command:
    return partial(in_this_process, capfd, "count")


def count_in_own_process(
    *arguments: str | Path, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hemalens.cli", "count", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        preexec_fn=before,
    )


def _png(path: Path, image: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def _bgr(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR)


def _missing(folder: Path) -> Path:
    return folder / "missing.jpg"


def _empty(folder: Path) -> Path:
    (folder / "empty.jpg").touch()
    return folder / "empty.jpg"


def _corrupt(folder: Path) -> Path:
    path = _png(folder / "corrupt.jpg", _bgr(FRAME))
    content = bytearray(path.read_bytes())
    content[2:400] = bytes(398)
    path.write_bytes(content)
    return path


def _truncated_jpeg(folder: Path) -> Path:
    path = _png(folder / "truncated.jpg", _bgr(FRAME))
    path.write_bytes(path.read_bytes()[:9000])
    return path


def _truncated_png(folder: Path) -> Path:
    path = _png(folder / "truncated.png", _bgr(FRAME))
    path.write_bytes(path.read_bytes()[:-200])
    return path


def _no_image(folder: Path) -> Path:
    path = folder / "letter.png"
    path.write_text("Dear operator,\n" * 50)
    return path


def _one_pixel(folder: Path) -> Path:
    return _png(folder / "dot.png", np.full((1, 1, 3), 90, np.uint8))


def _grey(folder: Path) -> Path:
    return _png(folder / "grey.png", cv2.cvtColor(FRAME, cv2.COLOR_RGB2GRAY))


def _huge(folder: Path) -> Path:
    return _png(folder / "huge.png", np.zeros((12_000, 12_000, 1), np.uint8))


def _no_images(folder: Path) -> Path:
    (folder / "notes.txt").write_text("no image here")
    return folder


BAD = (
    _missing,
    _empty,
    _corrupt,
    _truncated_jpeg,
    _truncated_png,
    _no_image,
    _one_pixel,
    _grey,
    _huge,
    _no_images,
)


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__.strip("_"))
def test_bad_input_gets_one_line_and_leaves_nothing(
    count: Command, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    inputs, outputs = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    outputs.mkdir()
    source = make(inputs)
    run = count(source, "--output", outputs / "results")
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1, run.stderr
    assert run.stderr.startswith("hemalens: ")
    assert str(inputs) in run.stderr
    assert list(outputs.iterdir()) == []


def test_one_bad_image_is_left_out_by_name_and_the_exit_code_says_so(
    count: Command,
    tmp_path: Path,
) -> None:
    inputs, output = tmp_path / "in", tmp_path / "results"
    inputs.mkdir()
    _png(inputs / "a.png", _bgr(FRAME))
    bad = _no_image(inputs)
    _png(inputs / "z.png", _bgr(FRAME[:, ::-1]))
    run = count(inputs, "--output", output)
    assert run.returncode == 4
    assert run.stderr.count("\n") == 1
    assert "left out as unreadable: letter.png" in run.stderr
    assert "2 counted, 1 left out (1 unreadable)" in run.stdout
    summary = json.loads((output / "summary.json").read_text())
    assert summary["frames_left_out"] == {"unreadable": 1}
    assert [one["name"] for one in summary["unreadable"]] == ["letter.png"]
    assert str(bad) in summary["unreadable"][0]["problem"]
    bad.unlink()
    whole = count(inputs, "--json")
    assert whole.returncode == 0
    for figure in ("frames", "counts", "red_cells"):
        assert json.loads(whole.stdout)[figure] == summary[figure]


def test_a_count_goes_on_past_what_was_left_out_before_it_broke_off(
    count: Command, tmp_path: Path
) -> None:
    inputs, output = tmp_path / "in", tmp_path / "results"
    inputs.mkdir()
    _no_image(inputs).rename(inputs / "a.png")
    _png(inputs / "b.png", _bgr(FRAME))
    count(inputs, "--output", output)
    output.rename(tmp_path / "results.unfinished")
    _png(inputs / "c.png", _bgr(FRAME[:, ::-1]))
    run = count(inputs, "--output", output, "--continue", "--json")
    assert run.returncode == 4
    summary = json.loads(run.stdout)
    assert (summary["frames"], summary["frames_left_out"]) == (2, {"unreadable": 1})
    assert [one["name"] for one in summary["unreadable"]] == ["a.png"]


def test_a_count_of_no_frame_is_no_success(count: Command, tmp_path: Path) -> None:
    _png(tmp_path / "dark.png", _bgr(FRAME // 16))
    run = count(tmp_path, "--output", tmp_path / "results")
    assert run.returncode == 4
    assert "no frame was counted" in run.stderr
    assert "1 too dark" in run.stderr
    assert (tmp_path / "results" / "summary.json").is_file()


def test_files_that_differ_in_their_ending_are_two_frames(
    count: Command, tmp_path: Path
) -> None:
    inputs, output = tmp_path / "in", tmp_path / "results"
    inputs.mkdir()
    _png(inputs / "a.png", _bgr(FRAME))
    _png(inputs / "a.bmp", _bgr(FRAME[:, ::-1]))
    assert count(inputs, "--output", output).returncode == 0
    assert {path.name for path in (output / "frames").iterdir()} == {
        "a.png",
        "a.png.png",
    }


def test_a_16_bit_image_counts_like_its_8_bit_one(
    count: Command, tmp_path: Path
) -> None:
    deep = _bgr(FRAME).astype(np.uint16) * 257
    shallow = count(_png(tmp_path / "a.png", _bgr(FRAME)), "--json")
    run = count(_png(tmp_path / "b.png", deep), "--json")
    assert run.returncode == 0
    assert json.loads(run.stdout)["counts"] == json.loads(shallow.stdout)["counts"]


def test_transparency_is_dropped(count: Command, tmp_path: Path) -> None:
    bgra = cv2.cvtColor(FRAME, cv2.COLOR_RGB2BGRA)
    bgra[..., 3] = 7
    plain = count(_png(tmp_path / "a.png", _bgr(FRAME)), "--json")
    run = count(_png(tmp_path / "b.png", bgra), "--json")
    assert run.returncode == 0
    assert json.loads(run.stdout)["red_cells"] == json.loads(plain.stdout)["red_cells"]


def test_results_are_as_the_design_says(tmp_path: Path) -> None:
    output = tmp_path / "results"
    run = count_in_own_process(
        "demo:frames=2,width_px=640,height_px=480", "--output", output
    )
    assert run.returncode == 0, run.stderr
    assert {p.name for p in output.iterdir()} == {
        "summary.json",
        "cells.jsonl",
        "count.sqlite",
        "frames",
    }
    assert sorted(p.name for p in (output / "frames").iterdir()) == [
        "demo-0000.png",
        "demo-0001.png",
    ]
    summary = json.loads((output / "summary.json").read_text())
    assert set(summary["counts"]) == set(CLASS_NAMES)
    assert set(summary["differential_percent"]) in ({*LEUKOCYTES}, set())
    assert summary["frames"] == 2
    assert summary["bundle"]["name"] == "mobilenetv2"
    cells = [json.loads(x) for x in (output / "cells.jsonl").read_text().splitlines()]
    assert len({cell["cell_id"] for cell in cells}) == len(cells)
    for cell in cells:
        left, top, right, bottom = cell["box_xyxy"]
        assert 0 <= left < right <= 640
        assert 0 <= top < bottom <= 480
        is_red = cell["kind"] == "red_cell"
        assert (cell["class_name"] is None) == is_red
        assert (cell["probabilities"] is None) == is_red
    counted = [c for c in cells if c["status"] == "counted"]
    reds = [c for c in counted if c["kind"] == "red_cell"]
    assert summary["red_cells"] == len(reds)
    assert sum(summary["counts"].values()) == len(counted) - len(reds)


def test_saved_crops_are_images_like_pbcs(count: Command, tmp_path: Path) -> None:
    output = tmp_path / "results"
    source = "demo:frames=2,seed=3,width_px=640,height_px=480"
    run = count(source, "--output", output, "--save-crops", "--json")
    assert run.returncode == 0, run.stderr
    cells = [json.loads(x) for x in (output / "cells.jsonl").read_text().splitlines()]
    wanted = {
        f"{Path(cell['frame']).stem}-{cell['cell_id']}.png"
        for cell in cells
        if cell["kind"] != "red_cell" and cell["status"] != "border"
    }
    images = read_unlabelled(output / "crops")
    assert {image.name for image in images.images} == wanted
    assert wanted
    for image in images.images:
        assert cv2.imread(str(image.path)).shape == (256, 256, 3)


def test_crops_without_an_output_are_a_usage_error(count: Command) -> None:
    run = count("demo:frames=1", "--save-crops")
    assert run.returncode == 2
    assert "--save-crops needs --output" in run.stderr


def test_ctrl_c_keeps_what_was_counted(tmp_path: Path) -> None:
    output = tmp_path / "results"
    source = "demo:frames=100000,width_px=480,height_px=360"
    process = subprocess.Popen(
        [sys.executable, "-m", "hemalens.cli", "count", source, "--output", output],
        stdout=subprocess.DEVNULL,
    )
    limit = time.monotonic() + 120
    while not list(tmp_path.glob("*.unfinished/frames/demo-0002.png")):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
    summary = json.loads((output / "summary.json").read_text())
    lines = (output / "cells.jsonl").read_text().splitlines()
    counted = [c for c in map(json.loads, lines) if c["status"] == "counted"]
    assert summary["frames"] == len(list((output / "frames").iterdir())) >= 3
    assert summary["red_cells"] + sum(summary["counts"].values()) == len(counted)


def test_the_count_ends_at_its_target(count: Command, tmp_path: Path) -> None:
    run = count(
        "demo:frames=100000,width_px=640,height_px=480", "--target", "4", "--json"
    )
    assert run.returncode == 0, run.stderr
    summary = json.loads(run.stdout)
    assert summary["leukocytes"] + summary["leukocytes_to_review"] >= 4
    assert summary["frames"] < 1000
    assert summary["target"] == 4


def test_fields_that_overlap_count_their_cells_once(count: Command) -> None:
    options = "frames=4,overlap_fraction=0.5,width_px=640,height_px=480,seed=3"
    once = json.loads(count(f"demo:{options}", "--json").stdout)
    each = json.loads(count(f"demo:{options}", "--separate-fields", "--json").stdout)
    assert once["places"] == 1
    assert once["red_cells"] < 0.75 * each["red_cells"]


def test_a_second_bundle_is_asked_and_named(count: Command, tmp_path: Path) -> None:
    demo = "demo:seed=3,frames=1"
    alone = json.loads(count(demo, "--json").stdout)
    both = json.loads(
        count(
            demo, "--second-bundle", "mobilenetv2", "--json", "--output", tmp_path / "R"
        ).stdout
    )
    assert alone["second_bundle"] is None
    assert both["second_bundle"]["name"] == "mobilenetv2"
    assert both["bundle"] == alone["bundle"]
    assert json.loads((tmp_path / "R" / "summary.json").read_text()) == both


def test_an_absent_second_bundle_is_named(count: Command) -> None:
    result = count("demo:frames=1", "--second-bundle", "nowhere")
    assert result.returncode == 1
    assert "no bundle nowhere" in result.stderr


def test_results_already_there_are_kept(count: Command, tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("yesterday's count")
    run = count("demo:frames=1", "--output", tmp_path)
    assert run.returncode == 1
    assert "choose a new folder" in run.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["old.txt"]


def test_an_output_below_a_file_is_refused(count: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = count("demo:frames=1", "--output", tmp_path / "file" / "results")
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert (tmp_path / "file").read_bytes() == b""


def test_an_unwritable_output_is_refused(count: Command) -> None:
    run = count("demo:frames=1", "--output", "/proc/results")
    assert run.returncode == 1
    assert run.stderr.startswith("hemalens: cannot write /proc/results")
    assert run.stderr.count("\n") == 1


def test_a_full_disk_is_named_and_leaves_no_results(tmp_path: Path) -> None:
    def fill_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    output = tmp_path / "results"
    run = count_in_own_process("demo:frames=3", "--output", output, before=fill_disk)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1, run.stderr
    assert str(tmp_path) in run.stderr
    assert not output.exists()


@pytest.mark.parametrize(
    "bundle", ["absent.hemalens", "cnn-of-mine"], ids=["file", "name"]
)
def test_an_absent_bundle_is_named(count: Command, bundle: str) -> None:
    run = count("demo:frames=1", "--bundle", bundle)
    assert run.returncode == 1
    assert bundle in run.stderr


def test_a_damaged_bundle_is_refused(count: Command, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.hemalens"
    content = bytearray(Path("edge/bundles/cnn.hemalens").read_bytes())
    content[len(content) // 2] ^= 255
    damaged.write_bytes(content)
    run = count("demo:frames=1", "--bundle", damaged, "--output", tmp_path / "results")
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("size", ["0", "-1", "7", "nan"])
def test_an_impossible_pixel_size_is_refused(count: Command, size: str) -> None:
    run = count("demo:frames=1", "--pixel-size-um", size)
    assert run.returncode == 1
    assert "pixel size" in run.stderr
