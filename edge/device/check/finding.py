"""What an examination of the device found."""

from pydantic import BaseModel, ConfigDict


class Finding(BaseModel):
    """One thing examined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    wanted: str
    found: str
    passed: bool
    mend: str = ""
    """The command that mends it, or what to do; empty where nothing is to be done."""


class Examination(BaseModel):
    """All that was examined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.passed for finding in self.findings)


def found(name: str, wanted: str, what: str, *, passed: bool, mend: str) -> Finding:
    """Make a finding; what mends it is said only where it failed."""
    return Finding(
        name=name,
        wanted=wanted,
        found=what,
        passed=passed,
        mend="" if passed else mend,
    )
