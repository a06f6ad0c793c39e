"""A model or bundle as the terminal shows it."""

from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convert.finder_facts import finder_facts
from convert.inspection import (
    BundleInspection,
    End,
    Inspection,
    ModelInspection,
    Weights,
)
from convert.terminal_safe import terminal_safe
from hemalens.finder_manifest import FinderManifest
from hemalens.focus import FocusReference
from hemalens.likeness import Likeness
from hemalens.manifest import Manifest
from hemalens.site_correction import HomeCost, SiteCorrection
from hemalens.stain import StainReference

_FACT_WIDTH: Final = 12
_RUNS: Final = {True: Text("yes"), False: Text("no", "bold red"), None: Text("?")}


def show_inspection(inspection: Inspection) -> None:
    """Print the manifest of a bundle and what its model holds."""
    # Names and sentences come from the file: they are shown, not interpreted.
    console = Console(highlight=False, markup=False, emoji=False)
    model = inspection.model
    console.print(
        f"{terminal_safe(inspection.name)}: {_size(inspection.size_bytes)}, "
        f"SHA-256 {inspection.sha256[:12]}"
    )
    if inspection.bundle is not None:
        console.print(_facts(_bundle_facts(inspection.bundle)))
    console.print(_facts(_model_facts(model)))
    console.print(_operators(model))


def _bundle_facts(bundle: BundleInspection) -> dict[str, str]:
    manifest = bundle.manifest
    if isinstance(manifest, FinderManifest):
        return _shared_facts(bundle) | finder_facts(manifest)
    return _shared_facts(bundle) | _classifier_facts(manifest)


def _shared_facts(bundle: BundleInspection) -> dict[str, str]:
    return {
        "bundle": f"{bundle.manifest.name} {bundle.manifest.version}",
        "signed by": "\n".join(bundle.signed_by) or "nobody",
        "members": "\n".join(
            f"{_size(one.size_bytes):>8}  {one.name}" for one in bundle.members
        ),
    }


def _classifier_facts(manifest: Manifest) -> dict[str, str]:
    crop, training, thresholds = manifest.input, manifest.training, manifest.thresholds
    return {
        "validated": _validated(manifest),
        "classes": ", ".join(manifest.classes),
        "crop": f"{crop.size_px} px of {crop.crop_side_um:g} µm, {crop.colour_order}",
        "network": training.architecture,
        "unlike paper": training.difference_from_paper,
        "began from": training.initial_weights,
        "trained on": f"{training.train_images:,} images of {training.dataset}, "
        f"digest {training.dataset_digest[:12]}",
        "accuracy": _accuracy(manifest),
        "uncertain": f"probability below {thresholds.minimum_probability:g}, "
        f"temperature {thresholds.temperature:g}",
        "unlike": _likeness(manifest.likeness),
        "stain": _stain(manifest.stain),
        "focus": _focus(manifest.focus),
        "site": _site(manifest.site),
        "made for": ", ".join(
            f"{one.name} {one.at_least} to below {one.below}"
            for one in manifest.runtimes
        ),
        "licence": manifest.licence,
        "caveat": training.caveat,
    }


def _validated(manifest: Manifest) -> str:
    evidence = manifest.evidence
    if evidence is None:
        return "not yet"
    report = f"report {evidence.report_sha256[:12]}"
    if manifest.site is not None and evidence.protocol_sha256 is None:
        return f"not this bundle, its parent alone ({report})"
    if evidence.protocol_sha256 is None:
        return f"{report}, by a gate without floors: validate anew to sign"
    return f"{report}, protocol {evidence.protocol_sha256[:12]}"


def _accuracy(manifest: Manifest) -> str:
    measured = manifest.measured
    if measured is None:
        return "not measured since the bundle was adapted"
    low, high = (100 * limit for limit in measured.accuracy_ci95)
    said = (
        f"{100 * measured.accuracy:.2f} % (95 % interval {low:.2f} to "
        f"{high:.2f}) of {measured.n:,} {measured.split} images; float "
        f"{100 * measured.float_accuracy:.2f} %, "
        f"agreement {100 * measured.agreement:.2f} %"
    )
    return f"of its parent: {said}" if manifest.site is not None else said


def _home(cost: HomeCost | None) -> str:
    if cost is None:
        return "what it costs at home was not measured"
    return (
        f"at home {100 * cost.accuracy_before:.2f} % without, "
        f"{100 * cost.accuracy_after:.2f} % with it, of {cost.n:,} images; "
        f"{cost.worst_class} {100 * cost.worst_recall_before:.1f} and "
        f"{100 * cost.worst_recall_after:.1f} %"
    )


def _likeness(likeness: Likeness | None) -> str:
    if likeness is None:
        return "not told: the model has no second output"
    return (
        f"farther than {likeness.farthest:.1f} from each of "
        f"{len(likeness.centres)} classes in {likeness.dimensions} dimensions; "
        f"{likeness.unlike:,} of {likeness.n:,} {likeness.split} images are"
    )


def _stain(stain: StainReference | None) -> str:
    if stain is None:
        return "cells are classified in the slide's own colours"
    colours = stain.colours
    named = {
        "glass": colours.background,
        "red cell": colours.red_cell,
        "nucleus": colours.nucleus,
    }
    shown = "; ".join(
        f"{name} " + " ".join(f"{level:.4g}" for level in levels)
        for name, levels in named.items()
        if levels is not None
    )
    return (
        f"slides are brought {100 * stain.strength:.0f} % of the way to it\n"
        f"{shown} (glass in codes, the rest optical densities; red green blue)"
    )


def _focus(focus: FocusReference | None) -> str:
    if focus is None:
        return "cells are classified as sharp as the slide is"
    return (
        f"edges blurred by {focus.blur_um:.3f} µm; softer slides are sharpened, by up "
        f"to {focus.most_sharpening_um:g} µm"
    )


def _site(site: SiteCorrection | None) -> str:
    if site is None:
        return "none: serves any"
    proof = site.proof
    low, high = (100 * limit for limit in proof.gain_ci95)
    return (
        f"corrected with {sum(site.cells.values())} labelled cells from version "
        f"{site.parent_version}, SHA-256 {site.parent_sha256[:12]}\n"
        f"gain {100 * proof.gain:+.1f} points (95 % interval {low:+.1f} to "
        f"{high:+.1f}) of {proof.n} cells, population {proof.population}\n"
        f"labels {site.labels_digest[:12]}; {_home(site.home)}"
    )


def _model_facts(model: ModelInspection) -> dict[str, str]:
    noted = model.minimum_runtime_version
    return {
        "model": f"{_size(model.size_bytes)}, TFLite schema {model.schema_version}",
        "needs": f"TensorFlow Lite {noted}" if noted else "not noted",
        "input": "\n".join(map(_end, model.inputs)),
        "output": "\n".join(map(_end, model.outputs)),
        "parameters": f"{model.parameters:,}",
        "weights": "\n".join(map(_weights, model.weights)),
        "MACs": f"{model.macs:,} an image",
        "activations": f"{_size(model.peak_activation_bytes)} at once for an image, "
        "to which the runtime adds its own",
    }


def _facts(facts: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", min_width=_FACT_WIDTH)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, "\n".join(map(terminal_safe, value.splitlines())))
    return table


def _operators(model: ModelInspection) -> Table:
    runtimes = tuple(model.operators[0].runs_on) if model.operators else ()
    table = Table(
        title="Operators, the TensorFlow release they came with, and who has them",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("operator", overflow="fold")
    for name in ("version", "count", "MACs", "since"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in runtimes:
        table.add_column("-\n".join(name.rsplit("-", 1)).replace(" ", "\n"))
    for kind in model.operators:
        table.add_row(
            f"{kind.name} (custom)" if kind.custom else kind.name,
            str(kind.version),
            f"{kind.count:,}",
            f"{kind.macs / 1e6:.2f} M" if kind.macs else "",
            kind.first_release or "?",
            *(_RUNS[kind.runs_on[name]] for name in runtimes),
        )
    return table


def _end(end: End) -> str:
    shape = " x ".join("N" if side < 0 else str(side) for side in end.shape_signature)
    if end.scale is None:
        return f"{shape} {end.dtype}"
    return f"{shape} {end.dtype}, scale {end.scale:g}, zero point {end.zero_point}"


def _weights(group: Weights) -> str:
    return (
        f"{group.tensors:,} {group.dtype} tensors, {group.per_channel:,} of them per "
        f"channel: {group.values:,} values, {_size(group.size_bytes)}"
    )


def _size(size_bytes: int) -> str:
    if size_bytes >= 1e6:
        return f"{size_bytes / 1e6:.2f} MB"
    return f"{size_bytes / 1e3:.1f} kB"
