"""One self-contained HTML page: no script, no font, no image from elsewhere."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hemalens.split import SPLIT_RULE
from train.evaluation.comparison import Comparison
from train.evaluation.comparison_tables import comparison_tables
from train.evaluation.plots import accuracy_plot, curves_plot, reliability_plot, svg
from train.evaluation.sections import Section
from train.run import EpochRecord

Origin = tuple[tuple[str, str], ...]
"""Where figures come from: names and values, as the foot of the page lists them."""


def evaluation_page(
    name: str,
    sections: Sequence[Section],
    history: Sequence[EpochRecord],
    caveats: Sequence[str],
    origin: Origin,
) -> str:
    """Write the page of one model.

    Parameters
    ----------
    name : str
        The model's.
    sections : sequence of Section
        The honest figures first.
    history : sequence of EpochRecord
        Empty where the run is not known.
    """
    return (
        page_environment()
        .get_template("evaluation.html")
        .render(
            name=name,
            sections=sections,
            drawings=[Markup(svg(reliability_plot(one))) for one in sections],  # noqa: S704  # our own drawing
            curves=Markup(svg(curves_plot(history))) if history else None,  # noqa: S704  # our own drawing
            caveats=caveats,
            origin=(*origin, *made()),
        )
    )


def comparison_page(comparison: Comparison) -> str:
    """Write the page of several models."""
    return (
        page_environment()
        .get_template("comparison.html")
        .render(
            comparison=comparison,
            tables=comparison_tables(comparison),
            drawing=Markup(svg(accuracy_plot(comparison.models))),  # noqa: S704  # our own drawing
            caveats=comparison.caveats,
            origin=(("dataset digest", comparison.dataset_digest), *made()),
        )
    )


def made() -> Origin:
    """Describe by what rule, with which version and when the figures were made."""
    return (
        ("split rule", SPLIT_RULE),
        ("HemaLens", version("hemalens")),
        ("made", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
    )


def page_environment(*packages: str) -> Environment:
    """Find templates here, and in the folder ``templates`` of other packages."""
    loaders = [PackageLoader(name) for name in ("train.evaluation", *packages)]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda fraction: f"{100 * fraction:.2f} %"
    environment.filters["thousands"] = lambda images: f"{images:,}"
    return environment
