"""How to count."""

from dataclasses import dataclass

from calibration.optics.profile import OpticalProfile
from edge.records.population import Population
from edge.store.header import Setting
from hemalens.bundle import Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSettings:
    """How to find and classify the cells of a frame.

    Parameters
    ----------
    pixel_size_um : float, optional
        Micrometres per pixel; else the source's, else from the red cells.
    profile : OpticalProfile, optional
        Of the device and its objective.
    population : Population
        Whose blood is counted: which classes are rare.
    keep_stain : bool
        Classify cells in the slide's own colours.
    """

    pixel_size_um: float | None = None
    profile: OpticalProfile | None = None
    population: Population = Population.UNRESTRICTED
    keep_stain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSettings(FrameSettings):
    """How to count a source.

    Parameters
    ----------
    separate_fields : bool
        Frames never overlap: each view is a cell.
    second_bundle : Bundle, optional
        Asked about every cell as well.
    target : int, optional
        Leukocytes to count.
    threads : int, optional
        Threads of one inference.
    save_crops : bool
        Write each stained cell's crop beside the results.
    bundle_doubts : tuple of str
        What is not known of the models' origin, for the report.
    """

    separate_fields: bool = False
    second_bundle: Bundle | None = None
    target: int | None = None
    threads: int | None = None
    save_crops: bool = False
    bundle_doubts: tuple[str, ...] = ()

    def resume_invariants(self) -> dict[str, Setting]:
        """Return what must stay the same when a count is continued."""
        second = self.second_bundle
        return {
            "pixel_size_um": self.pixel_size_um,
            "profile_sha256": None if self.profile is None else self.profile.sha256,
            "separate_fields": self.separate_fields,
            "population": self.population.value,
            "keep_stain": self.keep_stain,
            "second_bundle_sha256": None if second is None else second.sha256,
        }
