"""A finder's manifest in lines, as ``hemalens convert inspect`` shows them."""

from convert.finder_gate import gate_failures
from hemalens.finder_manifest import FinderManifest, MeasuredKind, MeasuredMicroscope


def finder_facts(manifest: FinderManifest) -> dict[str, str]:
    """Name what a reader wants to know of a finder."""
    view, training = manifest.view, manifest.training
    failures = gate_failures(manifest)
    return {
        "gate": "passed" if not failures else "\n".join(failures),
        "sees": f"{view.pixel_size_um:g} µm per pixel, channels standardised",
        "maps": ", ".join(view.maps),
        "network": training.architecture,
        "trained on": "\n".join(
            f"{one.fields:,} fields of {one.name} ({one.licence}): {one.attribution}"
            for one in training.sets
        ),
        "held out": training.held_out,
        "finds": "\n".join(map(_microscope, manifest.measured)),
        "a frame": f"{manifest.multiply_accumulates / 1e9:.2f} G multiply-accumulates",
        "made for": ", ".join(
            f"{one.name} {one.at_least} to below {one.below}"
            for one in manifest.runtimes
        ),
        "licence": manifest.licence,
        "caveat": training.caveat,
    }


def _microscope(one: MeasuredMicroscope) -> str:
    seen = "seen" if one.seen else "unseen"
    kinds = "; ".join(map(_kind, one.kinds))
    return f"{one.name} ({seen}, {one.fields} fields): {kinds}"


def _kind(kind: MeasuredKind) -> str:
    found = (
        f"{kind.kind.replace('_', ' ')}s {100 * kind.recall:.1f} % of {kind.labelled}"
    )
    if kind.precision is None:
        return found
    return f"{found}, {100 * kind.precision:.1f} % of those found labelled"
