"""What a finished count comes to: ``summary.json``."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class BundleName(BaseModel):
    """Which model counted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    sha256: str


class Summary(BaseModel):
    """A finished count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames: int
    counts: dict[str, int]
    """Counted cells by class, without uncertain ones and those cut by a border."""
    red_cells: int
    platelets: int
    differential_percent: dict[str, float]
    """By leukocyte class; empty when none was counted."""
    ci95_percent: dict[str, tuple[float, float]]
    """Exact 95 % limits of each share."""
    nrbc_per_100_wbc: float | None
    uncertain: int
    border: int
    """Stained cells cut by a frame's edge: seen, not counted."""
    pixel_size_um: float | None
    """Median over the frames; null when it had to be assumed."""
    bundle: BundleName
    hemalens_version: str
    started_at: datetime
    finished_at: datetime
