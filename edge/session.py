"""A count from its first frame to its summary."""

import statistics
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version

from edge.counted_frame import CountedFrame
from edge.differential import DifferentialCount, differential_count
from edge.summary import BundleName, Summary
from hemalens.bundle import Bundle
from hemalens.classes import CLASS_NAMES, CellClass, CellKind, CellStatus


class CountSession:
    """Adds up what the frames hold.

    Parameters
    ----------
    bundle : Bundle
        The model that counts; the summary names it.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = BundleName(
            name=bundle.manifest.name,
            version=bundle.manifest.version,
            sha256=bundle.sha256,
        )
        self._started_at = datetime.now(UTC)
        self._frames = 0
        self._counts: Counter[str] = Counter()
        self._red_cells = 0
        self._stained: Counter[CellStatus] = Counter()
        self._pixel_sizes_um: list[float] = []

    def add(self, counted: CountedFrame) -> None:
        """Add a frame's cells."""
        self._frames += 1
        if counted.pixel_size_um is not None:
            self._pixel_sizes_um.append(counted.pixel_size_um)
        for cell in counted.cells:
            if cell.kind is CellKind.RED_CELL:
                self._red_cells += cell.status is CellStatus.COUNTED
                continue
            self._stained[cell.status] += 1
            if cell.status is CellStatus.COUNTED and cell.class_name is not None:
                self._counts[cell.class_name] += 1

    def differential(self) -> DifferentialCount:
        """Give the differential so far."""
        return differential_count(self._counts)

    def summary(self) -> Summary:
        """Sum up what was counted so far."""
        differential = self.differential()
        sizes = self._pixel_sizes_um
        return Summary(
            frames=self._frames,
            counts={name: self._counts[name] for name in CLASS_NAMES},
            red_cells=self._red_cells,
            platelets=self._counts[CellClass.PLATELET],
            differential_percent=dict(differential.percent),
            ci95_percent=dict(differential.ci95_percent),
            nrbc_per_100_wbc=differential.nrbc_per_100_wbc,
            uncertain=self._stained[CellStatus.UNCERTAIN],
            border=self._stained[CellStatus.BORDER],
            pixel_size_um=statistics.median(sizes) if sizes else None,
            bundle=self._bundle,
            hemalens_version=version("hemalens"),
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
        )
