"""The questions of the gate, each with its limit and what was found."""

from collections.abc import Sequence
from statistics import median

from convert.evidence.gate import Criterion, GateLimits, Outcome, judged
from convert.evidence.protocol import GateProtocol
from convert.evidence.report import (
    DisturbedFigures,
    LayerFigures,
    PairedCounts,
    RuntimeFigures,
)
from train.evaluation.figures import Figures


def held_out(seen: int) -> Criterion:
    """Require that no gate image fixed a weight or a range."""
    return judged(
        "held_out",
        "Was any image among those the model was trained or calibrated on?",
        seen,
        "at most",
        0,
        "images",
    )


def every_class(int8: Figures, limits: GateLimits) -> Criterion:
    """Require images enough of every class; of one with fewer nothing is shown."""
    rarest = min(int8.per_class, key=lambda name: int8.per_class[name].support)
    found = judged(
        "every_class",
        "Has every class images enough?",
        int8.per_class[rarest].support,
        "at least",
        limits.smallest_class_images,
        "images",
        f"rarest: {rarest}",
    )
    if found.passed:
        return found
    return found.model_copy(update={"outcome": Outcome.NOT_SHOWN})


def answered(share: float, limits: GateLimits) -> Criterion:
    """Require that the model answers at all."""
    return judged(
        "answered",
        "How many images does it answer, by its own threshold?",
        100 * share,
        "at least",
        100 * limits.least_answered,
        "%",
    )


def non_inferiority(pairs: PairedCounts, limits: GateLimits) -> Criterion:
    """Require evidence that int8 loses less than the margin."""
    return judged(
        "non_inferiority",
        "How much accuracy might int8 lose, with 95 % confidence? (int8 less float, "
        "one-sided limit)",
        100 * pairs.difference_lower95,
        "above",
        -limits.margin_points,
        "points",
        f"measured: {100 * pairs.difference:+.2f} points".replace("-", "\u2212"),
    )


def agreement(share: float, limits: GateLimits) -> Criterion:
    """Require that both models see the same cells."""
    return judged(
        "agreement",
        "How many images get the same class from both?",
        100 * share,
        "at least",
        100 * limits.least_agreement,
        "%",
    )


def recall_loss(float_model: Figures, int8: Figures, limits: GateLimits) -> Criterion:
    """Require that no class pays for the others."""
    lost = {
        name: 100 * (of_class.recall - int8.per_class[name].recall)
        for name, of_class in float_model.per_class.items()
        if of_class.support
    }
    worst = max(lost, key=lambda name: lost[name])
    return judged(
        "recall_loss",
        "Which class loses most recall?",
        lost[worst],
        "at most",
        limits.largest_recall_loss_points,
        "points",
        worst if lost[worst] > 0 else "none loses",
    )


def calibration_error(int8: Figures, limits: GateLimits) -> Criterion:
    """Require that the probabilities mean what they say."""
    return judged(
        "calibration_error",
        "How far do its probabilities lie from how often it is right? (ECE)",
        100 * int8.ece,
        "at most",
        100 * limits.largest_ece,
        "points",
    )


def size_ratio(int8_bytes: int, float_bytes: int, limits: GateLimits) -> Criterion:
    """Require that quantizing was worth it."""
    return judged(
        "size_ratio",
        "How large is the int8 model, against the float model?",
        int8_bytes / float_bytes,
        "at most",
        limits.largest_size_ratio,
        "times",
    )


def ranges(layers: Sequence[LayerFigures], limits: GateLimits) -> tuple[Criterion, ...]:
    """Require that the calibration set had cells like these."""
    cut = max(layers, key=lambda layer: layer.cut_off_share)
    idle = min(layers, key=lambda layer: layer.range_used)
    typical = median(layer.range_used for layer in layers)
    return (
        judged(
            "cut_off",
            "How many of a layer's values does its int8 range cut off, at worst?",
            100 * cut.cut_off_share,
            "at most",
            100 * limits.largest_cut_off_share,
            "%",
            cut.name if cut.cut_off_share else "none",
        ),
        judged(
            "range_used",
            "How much of their int8 ranges do the layers use, in the median?",
            100 * typical,
            "at least",
            100 * limits.least_range_used,
            "%",
            f"least: {idle.name}, {100 * idle.range_used:.0f} %",
        ),
    )


def runtimes(
    found: Sequence[RuntimeFigures], n: int, protocol: GateProtocol
) -> Criterion:
    """Require that every runtime says the same."""
    worst = max(found, key=lambda one: one.other_class)
    missing = set(protocol.runtimes) - {one.probe.runtime for one in found}
    return judged(
        "runtimes",
        "How many images get another class on another runtime or thread count?",
        100 * worst.other_class / n,
        "at most",
        100 * protocol.limits.largest_runtime_share,
        "%",
        f"{len(found)} measured"
        + "".join(f", {one} is missing" for one in sorted(missing)),
        shown=not missing,
    )


def disturbed(
    found: Sequence[DisturbedFigures], limits: GateLimits
) -> tuple[Criterion, ...]:
    """Require that int8 follows where images are worse than in the laboratory."""
    found = [one for one in found if one.judged]
    lost = max(found, key=lambda one: one.float_accuracy - one.int8_accuracy)
    apart = min(found, key=lambda one: one.agreement)
    return (
        judged(
            "disturbed_loss",
            "How much accuracy does int8 lose on disturbed images, at worst?",
            100 * (lost.float_accuracy - lost.int8_accuracy),
            "at most",
            limits.largest_disturbed_loss_points,
            "points",
            lost.name,
        ),
        judged(
            "disturbed_agreement",
            "How many disturbed images get the same class from both, at worst?",
            100 * apart.agreement,
            "at least",
            100 * limits.least_disturbed_agreement,
            "%",
            apart.name,
        ),
    )


def restained(found: DisturbedFigures, limits: GateLimits) -> tuple[Criterion, ...]:
    """Require that int8 follows in other stains, where training showed such."""
    if not found.judged:
        return ()
    return (
        judged(
            "restained_loss",
            "How much accuracy does int8 lose on images in other slides' stains?",
            100 * (found.float_accuracy - found.int8_accuracy),
            "at most",
            limits.largest_restained_loss_points,
            "points",
        ),
        judged(
            "restained_agreement",
            "How many images in other slides' stains get the same class from both?",
            100 * found.agreement,
            "at least",
            100 * limits.least_restained_agreement,
            "%",
        ),
    )
