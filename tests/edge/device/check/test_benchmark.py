import json
import os

from click.testing import CliRunner

from edge.device.cli import device


def test_every_runtime_and_stage_is_timed() -> None:
    size = ["--frames", "2", "--width", "320", "--height", "240"]
    ran = CliRunner().invoke(device, ["benchmark", "--json", *size])
    assert ran.exit_code == 0
    measured = json.loads(ran.stdout)
    threads = {1, os.cpu_count() or 1}
    assert {one["threads"] for one in measured["inference"]} == threads
    assert all(one["ms_per_crop"] > 0 for one in measured["inference"])
    count = measured["count"]
    assert count["frames"] == 2
    assert count["frames_per_s"] > 0
    assert {"segment", "classify", "store"} <= count["stages"].keys()
    longest = count["stages"]["segment"]
    assert 0 < longest["mean_ms"] <= longest["longest_ms"]
    assert count["peak_memory_mb"] > 20
