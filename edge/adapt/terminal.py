"""What the person who labelled the cells sees."""

from rich.console import Console
from rich.table import Table

from edge.adapt.adaptation import Adaptation
from hemalens.site_correction import HomeCost, SiteProof


def show_adaptation(adaptation: Adaptation) -> None:
    """Print what the correction gains on cells held back."""
    proof, console = adaptation.proof, Console()
    console.print(_table(proof))
    for line in (
        f"Gain {_percent(proof.gain)} points, 95 % limits "
        f"{_limits(proof.gain_ci95)}; right with the correction alone {proof.gained}, "
        f"without it alone {proof.lost}, McNemar p {proof.mcnemar_p:.2g}",
        f"Answers weighed for the population: {proof.population}",
        f"Labelled: {_counts(adaptation)}",
        f"At home: {_home(adaptation.site.home)}",
    ):
        console.print(line, highlight=False, soft_wrap=True)


def _home(cost: HomeCost | None) -> str:
    if cost is None:
        return "not measured; --home FOLDER does, on images like the model's own"
    return (
        f"{_percent(cost.accuracy_before)} % without, {_percent(cost.accuracy_after)} "
        f"% with the correction, of {cost.n:,} images; {cost.worst_class} "
        f"{_percent(cost.worst_recall_before)} and {_percent(cost.worst_recall_after)}"
    )


def verdict(proof: SiteProof) -> str:
    """Say what the rule makes of the figures."""
    if proof.passed:
        return "passed: surely a gain, and none that the rarer classes pay for"
    if proof.balanced_after >= proof.balanced_before:
        return (
            "not passed: the gain may be chance; label more cells, of "
            "every class and of several slides, or keep the bundle as it is"
        )
    return (
        "not passed: the mean over the classes fell; label more cells of the rarer "
        "classes"
    )


def _table(proof: SiteProof) -> Table:
    table = Table(title=f"{proof.n} labelled cells, each held back from its fit")
    table.add_column("")
    for name in ("right %", "95 % limits", "by class %", "answered", "of these wrong"):
        table.add_column(name, justify="right")
    table.add_row(
        "as it is",
        _percent(proof.accuracy_before),
        _limits(proof.accuracy_before_ci95),
        _percent(proof.balanced_before),
        str(proof.answered_before),
        str(proof.wrong_before),
    )
    table.add_row(
        "corrected",
        _percent(proof.accuracy_after),
        _limits(proof.accuracy_after_ci95),
        _percent(proof.balanced_after),
        str(proof.answered_after),
        str(proof.wrong_after),
    )
    return table


def _limits(limits: tuple[float, float]) -> str:
    return " to ".join(map(_percent, limits))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _counts(adaptation: Adaptation) -> str:
    cells = adaptation.site.cells
    return ", ".join(f"{number} {name}" for name, number in cells.items())
