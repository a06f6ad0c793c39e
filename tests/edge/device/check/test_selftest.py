import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.bundles import DEFAULT_BUNDLE, open_bundle, shipped_bundles
from edge.device.check import selftest
from edge.device.check.finding import found
from edge.device.check.selftest import drawn_slide, installed_bundles, self_test
from edge.device.cli import device
from edge.update import golden_run
from edge.update.current import ModelRoot
from edge.update.golden_run import GoldenRun, GoldenRunFault, run_golden
from hemalens.bundle import SUFFIX, bundle_bytes
from hemalens.interpreter import Runtime, choose_runtime


def runtime() -> Runtime:
    return choose_runtime()


def write_wrong(path: Path) -> Path:
    """Write the shipped model with golden vectors it does not give."""
    shipped = open_bundle(DEFAULT_BUNDLE)
    wrong = replace(shipped.golden, outputs=255 - shipped.golden.outputs)
    manifest = shipped.manifest.model_copy(update={"evidence": None})
    path.write_bytes(bundle_bytes(manifest, shipped.model, wrong))
    return path


def test_golden_vectors_run_in_a_process_of_their_own() -> None:
    ran = run_golden(DEFAULT_BUNDLE, runtime().value)
    assert isinstance(ran, GoldenRun)
    assert ran.bundle.startswith("cnn ")
    assert ran.ms_per_crop > 0
    assert 20 < ran.peak_memory_mb < 400


def test_model_that_misses_them_says_so(tmp_path: Path) -> None:
    ran = run_golden(str(write_wrong(tmp_path / "wrong.hemalens")), runtime().value)
    assert isinstance(ran, GoldenRunFault)
    assert "misses its golden vectors" in ran.fault


def test_process_that_dies_is_a_fault(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nkill -ILL $$\n")
    python.chmod(0o755)
    ran = run_golden(DEFAULT_BUNDLE, "any", python=str(python))
    assert ran == GoldenRunFault(fault="the process died of signal 4")


def test_process_that_hangs_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden_run, "_LONGEST_S", 0.01)
    ran = run_golden(DEFAULT_BUNDLE, "any", python=sys.executable)
    assert ran == GoldenRunFault(fault="no answer within 0.01 s")


def test_bundles_that_updates_brought_are_tested_too(tmp_path: Path) -> None:
    models = ModelRoot(tmp_path)
    models.bundles.mkdir()
    brought = models.bundles / f"{'ab' * 32}{SUFFIX}"
    write_wrong(brought)
    assert installed_bundles(models)[-1].place == str(brought)
    findings = self_test(models).findings
    by_name = {finding.name: finding for finding in findings}
    on = f"on {runtime()}"
    assert by_name[f"golden vectors of {DEFAULT_BUNDLE} {on}"].passed
    assert not by_name[f"golden vectors of abababababab {on}"].passed
    assert by_name["simulated slide"].passed


def test_slide_counted_wrongly_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Misled(selftest.DrawnAgreement):
        """As if nothing were called what it is."""

        @property
        def agreed(self) -> int:
            return 0

    monkeypatch.setattr(selftest, "DrawnAgreement", Misled)
    assert not drawn_slide().passed


@pytest.mark.parametrize("is_well", [True, False])
def test_exit_and_last_line_say_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_well: bool
) -> None:
    fault = GoldenRunFault(fault="another output")
    fine = GoldenRun(
        bundle="cnn", runtime="r", threads=1, ms_per_crop=1.0, peak_memory_mb=1.0
    )
    monkeypatch.setattr(selftest, "run_golden", lambda *_: fine if is_well else fault)
    slide = found("simulated slide", "all", "all", passed=True, mend="")
    monkeypatch.setattr(selftest, "drawn_slide", lambda: slide)
    ran = CliRunner().invoke(device, ["selftest", "--state", str(tmp_path)])
    assert ran.exit_code == (0 if is_well else 1)
    assert ("another output; wanted" in ran.stderr) is not is_well
    as_json = CliRunner().invoke(
        device, ["selftest", "--json", "--state", str(tmp_path)]
    )
    assert len(json.loads(as_json.stdout)["findings"]) == len(shipped_bundles()) + 1
