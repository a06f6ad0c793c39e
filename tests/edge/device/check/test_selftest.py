import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.bundles import DEFAULT_BUNDLE, open_bundle, shipped_bundles
from edge.device.check.finding import found
from edge.device.check.selftest import drawn_slide, installed_bundles, self_test
from edge.device.check.selftest_cli import report
from edge.device.cli import device
from edge.update.current import ModelRoot
from edge.update.golden_run import GoldenRun, GoldenRunFault, GoldenRunner, run_golden
from hemalens.bundle import SUFFIX, bundle_bytes
from hemalens.interpreter import Runtime, choose_runtime, installed_runtimes


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
    assert ran.bundle.startswith(f"{DEFAULT_BUNDLE} ")
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


def test_process_that_hangs_is_a_fault() -> None:
    ran = run_golden(DEFAULT_BUNDLE, "any", python=sys.executable, longest_s=0.01)
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


def test_slide_counted_wrongly_is_noticed(tmp_path: Path) -> None:
    shipped = open_bundle(DEFAULT_BUNDLE)
    classes = shipped.manifest.classes
    manifest = shipped.manifest.model_copy(
        update={"evidence": None, "classes": (*classes[1:], classes[0])}
    )
    misled = tmp_path / "misled.hemalens"
    misled.write_bytes(bundle_bytes(manifest, shipped.model, shipped.golden))
    finding = drawn_slide(str(misled))
    assert not finding.passed
    assert " white cells found, " in finding.found


def fine(bundle: str, runtime: str) -> GoldenRun:
    return GoldenRun(
        bundle=bundle, runtime=runtime, threads=1, ms_per_crop=1.0, peak_memory_mb=1.0
    )


def another_output(bundle: str, runtime: str) -> GoldenRunFault:
    return GoldenRunFault(fault="another output")


FINE_SLIDE = found("simulated slide", "all", "all", passed=True, mend="")


@pytest.mark.parametrize("run", [fine, another_output], ids=lambda run: run.__name__)
@pytest.mark.parametrize("as_json", [True, False])
def test_exit_and_last_line_say_what_failed(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    run: GoldenRunner,
    as_json: bool,
) -> None:
    models = ModelRoot(tmp_path)
    tested = self_test(models, run=run, count_slide=lambda: FINE_SLIDE)
    assert len(tested.findings) == len(shipped_bundles()) * len(device_runtimes()) + 1
    if run is fine:
        report(tested, as_json=as_json)
    else:
        with pytest.raises(SystemExit) as ended:
            report(tested, as_json=as_json)
        assert ended.value.code == 1
    told = capsys.readouterr()
    assert ("another output; wanted" in told.err) is (run is another_output)
    if as_json:
        assert len(json.loads(told.out)["findings"]) == len(tested.findings)
    else:
        assert told.out.splitlines()[-1] == "ok   simulated slide: all"


def device_runtimes() -> list[Runtime]:
    return [one for one in installed_runtimes() if one is not Runtime.TENSORFLOW]


def test_command_tests_the_models_of_the_state_named(tmp_path: Path) -> None:
    brought = ModelRoot(tmp_path).bundles / f"{'ab' * 32}{SUFFIX}"
    brought.parent.mkdir()
    write_wrong(brought)
    ran = CliRunner().invoke(device, ["selftest", "--state", str(tmp_path)])
    assert ran.exit_code == 1
    assert "golden vectors of abababababab" in ran.stderr
    assert "hemalens device rollback" in ran.stderr
