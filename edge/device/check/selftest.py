"""The device tests itself: every model on every runtime, and a drawn slide counted."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.bundles import DEFAULT_BUNDLE, open_bundle, shipped_bundles
from edge.capture.demo.agreement import DrawnAgreement
from edge.capture.demo_slide import DemoSlide
from edge.count.operator import UnattendedOperator
from edge.count.run import count_source
from edge.device.check.finding import Examination, Finding, found
from edge.records.counted_frame import CountedFrame
from edge.records.progress import CountProgress
from edge.update.current import ModelRoot
from edge.update.golden_run import GoldenRunFault, GoldenRunner, run_golden
from hemalens.errors import HemaLensError
from hemalens.interpreter import Runtime, installed_runtimes

_LEAST_FOUND: Final = 0.9
_LEAST_AGREED: Final = 0.8
"""Of 60 such fields 100 % are found and 98 % agree (2026-11-25, x86-64): these limits
tell a broken device, not a worse model."""


class _Watcher(UnattendedOperator):
    """Holds each frame against the slide's truth."""

    def __init__(self, drawn: DrawnAgreement) -> None:
        self._drawn = drawn

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:  # noqa: ARG002
        """Compare a frame."""
        self._drawn.add(counted.frame.index, counted.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledBundle:
    """A model on this device.

    Parameters
    ----------
    name : str
        For the report.
    place : str
        A shipped one's name, or a file.
    """

    name: str
    place: str


def installed_bundles(models: ModelRoot) -> tuple[InstalledBundle, ...]:
    """List the shipped models and those that updates brought."""
    shipped = [InstalledBundle(name=name, place=name) for name in shipped_bundles()]
    brought = [
        InstalledBundle(name=path.name[:12], place=str(path))
        for path in sorted(models.bundles.glob("*.hemalens"))
    ]
    return (*shipped, *brought)


def self_test(
    models: ModelRoot,
    *,
    run: GoldenRunner = run_golden,
    count_slide: Callable[[], Finding] | None = None,
) -> Examination:
    """Run every model's golden vectors on every runtime, then count a drawn slide.

    Parameters
    ----------
    models : ModelRoot
        Those that updates brought; the shipped ones are tested too.
    run : GoldenRunner
        Runs the vectors.
    count_slide : callable, optional
        `drawn_slide` by default.
    """
    runtimes = [r for r in installed_runtimes() if r is not Runtime.TENSORFLOW]
    golden = [
        _golden(bundle, runtime, run)
        for bundle in installed_bundles(models)
        for runtime in runtimes
    ]
    return Examination(findings=(*golden, (count_slide or drawn_slide)()))


def _golden(bundle: InstalledBundle, runtime: Runtime, run: GoldenRunner) -> Finding:
    ran = run(bundle.place, runtime.value)
    is_fault = isinstance(ran, GoldenRunFault)
    what = (
        ran.fault
        if isinstance(ran, GoldenRunFault)
        else f"{ran.bundle}, {ran.ms_per_crop:.1f} ms a crop"
    )
    return found(
        f"golden vectors of {bundle.name} on {runtime}",
        "the outputs it was validated with",
        what,
        passed=not is_fault,
        mend="hemalens device rollback, or update to a model for this runtime",
    )


def drawn_slide(bundle: str = DEFAULT_BUNDLE) -> Finding:
    """Count two fields of the simulated slide, whose truth is known."""
    slide = DemoSlide(seed=7, frames=2, mix="uniform")
    drawn = DrawnAgreement(slide)
    try:
        with tempfile.TemporaryDirectory() as folder:
            count_source(
                slide,
                open_bundle(bundle),
                source_name="demo:",
                output=Path(folder) / "count",
                operator=_Watcher(drawn),
            )
    except HemaLensError as error:
        return _slide(str(error), passed=False)
    what = (
        f"{drawn.white_cells_found} of {drawn.white_cells} white cells found, "
        f"{drawn.agreed} of {drawn.found} stained cells called right"
    )
    return _slide(
        what,
        passed=drawn.white_cells_found >= _LEAST_FOUND * drawn.white_cells
        and drawn.agreed >= _LEAST_AGREED * drawn.found > 0,
    )


def _slide(what: str, *, passed: bool) -> Finding:
    return found(
        "simulated slide",
        f"{_LEAST_FOUND:.0%} of its white cells found, {_LEAST_AGREED:.0%} of its "
        "cells called right",
        what,
        passed=passed,
        mend="hemalens device doctor; then update-software or rollback",
    )
