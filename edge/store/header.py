"""What a count was begun with, and may only be continued with."""

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version

from pydantic import AwareDatetime, BaseModel, ConfigDict

from edge.records.moment import utc_now
from edge.records.summary import BundleName
from hemalens.bundle import Bundle

Setting = str | int | float | bool | None
"""A value an option can have."""


class CountHeader(BaseModel):
    """What a count was begun with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    bundle: BundleName
    settings: dict[str, Setting]
    """By the option's name: those that bear on what is counted."""
    started_at: AwareDatetime
    hemalens_version: str


def new_header(
    source: str,
    bundle: Bundle,
    settings: Mapping[str, Setting] | None = None,
    *,
    started_at: datetime | None = None,
) -> CountHeader:
    """Describe a count that is to begin now.

    Parameters
    ----------
    source : str
        As the operator named it.
    bundle : Bundle
        The model that counts.
    settings : mapping of str to Setting, optional
        Options that must stay the same when the count is continued.
    started_at : datetime, optional
        In place of now.
    """
    return CountHeader(
        # A folder's name may hold bytes that are no text.
        source=source.encode("utf-8", "backslashreplace").decode("utf-8"),
        bundle=bundle_name(bundle),
        settings=dict(settings or {}),
        started_at=started_at or utc_now(),
        hemalens_version=version("hemalens"),
    )


def bundle_name(bundle: Bundle) -> BundleName:
    """Say which model a bundle is."""
    return BundleName(
        name=bundle.manifest.name,
        version=bundle.manifest.version,
        sha256=bundle.sha256,
    )


def describe_difference(begun: CountHeader, now: CountHeader) -> str | None:
    """Say in words why a count begun with one header cannot go on with another.

    Frames counted by another model, setting or version would be added to those
    counted before, and nobody could tell what the sum is worth.
    """
    if begun.source != now.source:
        return f"it was begun on {begun.source}, this is {now.source}"
    if begun.bundle != now.bundle:
        return f"it was begun with {_words(begun.bundle)}, this is {_words(now.bundle)}"
    if begun.hemalens_version != now.hemalens_version:
        return (
            f"it was begun with HemaLens {begun.hemalens_version}, "
            f"this is {now.hemalens_version}"
        )
    for name in sorted({*begun.settings, *now.settings}):
        before, after = begun.settings.get(name), now.settings.get(name)
        if before != after:
            return f"it was begun with {name} {before}, now it is {after}"
    return None


def _words(bundle: BundleName) -> str:
    return f"model {bundle.name} {bundle.version} ({bundle.sha256[:8]})"
