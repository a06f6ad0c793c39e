"""What ``hemalens dataset`` prints: tables for people, JSON for machines."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from hemalens.classes import CLASS_NAMES, CellClass
from hemalens.image_set import ImageSet
from hemalens.split import SPLIT_RULE, Split
from train.dataset.findings import FindingKind, Verification
from train.dataset.published_pbc import NO_PATIENT_IDS, PUBLISHED_COUNTS

LISTED: Final = 20
"""Findings of one kind that the tables name; ``--json`` names all."""

_HEADINGS: Final = {
    FindingKind.UNREADABLE: "cannot be read",
    FindingKind.TRUNCATED: "truncated",
    FindingKind.TOO_SMALL: "too small for the crop",
    FindingKind.MISLABELLED: "in another class's folder",
    FindingKind.CONTRADICTION: "identical images in different classes",
    FindingKind.MISSING_CLASS: "class without images",
    FindingKind.FOREIGN_FOLDER: "folder that is no class",
    FindingKind.KNOWN_CONTRADICTION: "published in two classes: left out",
    FindingKind.DUPLICATE: "duplicate: one copy is kept",
    FindingKind.DOT_FILE: "dot-file: ignored",
    FindingKind.FOREIGN_FILE: "no image: ignored",
    FindingKind.UNUSUAL_SIZE: "size PBC was not published in: used as it is",
    FindingKind.UNKNOWN_NAME: "name not of PBC: used, its class unchecked",
}


def print_verification(verification: Verification) -> None:
    """Print the counts, the findings by kind and the verdict."""
    console = Console(soft_wrap=True)
    console.print(_count_table(verification))
    _print_line(console, _sizes_line(verification))
    for kind in FindingKind:
        found = [f"{f.path}: {f.detail}" for f in verification.of_kind(kind)]
        if found:
            mark = "MEND" if kind.must_be_mended else "note"
            _print_listed(console, f"{mark}  {_HEADINGS[kind]}", found)
    console.print()
    _print_line(console, _verdict(verification))


def _count_table(verification: Verification) -> Table:
    table = _table("class", "files", "usable", "published")
    for name, count in verification.counts.items():
        published = PUBLISHED_COUNTS[CellClass(name)]
        table.add_row(name, str(count.files), str(count.usable), str(published))
    files = sum(count.files for count in verification.counts.values())
    table.add_section()
    published = sum(PUBLISHED_COUNTS.values())
    table.add_row("all", str(files), str(verification.usable), str(published))
    return table


def _table(*headings: str) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "class" else "right")
    return table


def _sizes_line(verification: Verification) -> str:
    sizes = verification.sizes_wh.items()
    return "sizes: " + ", ".join(f"{w}x{h} ({n})" for (w, h), n in sizes)


def _verdict(verification: Verification) -> str:
    mend = [f for f in verification.findings if f.kind.must_be_mended]
    notes = len(verification.findings) - len(mend)
    if mend:
        return f"Not fit for training (to mend: {len(mend)}, notes: {notes})."
    missing = sum(PUBLISHED_COUNTS.values()) - sum(
        count.files for count in verification.counts.values()
    )
    fewer = f" It holds {missing} fewer images than published." if missing > 0 else ""
    return f"Fit for training (to mend: 0, notes: {notes}).{fewer}"


def verification_json(verification: Verification) -> str:
    """Give the verification as a JSON object; it names every finding."""
    return json.dumps(
        {
            "folder": str(verification.folder),
            "passed": verification.passed,
            "files": sum(c.files for c in verification.counts.values()),
            "usable": verification.usable,
            "classes": {
                name: {
                    "files": count.files,
                    "usable": count.usable,
                    "published": PUBLISHED_COUNTS[CellClass(name)],
                }
                for name, count in verification.counts.items()
            },
            "sizes": {f"{w}x{h}": n for (w, h), n in verification.sizes_wh.items()},
            "findings": [
                {
                    "kind": finding.kind.value,
                    "path": finding.path,
                    "detail": finding.detail,
                    "must_be_mended": finding.kind.must_be_mended,
                }
                for finding in verification.findings
            ],
        },
        indent=2,
    )


def print_split(images: ImageSet, folder: Path) -> None:
    """Print the images of each class and split, the rule and what is set aside."""
    console = Console(soft_wrap=True)
    table = _table("class", *Split, "all")
    counts = _split_counts(images)
    for name in CLASS_NAMES:
        row = [counts[split][name] for split in Split]
        table.add_row(name, *map(str, row), str(sum(row)))
    table.add_section()
    sums = [sum(counts[split].values()) for split in Split]
    table.add_row("all", *map(str, sums), str(sum(sums)))
    console.print(table)
    _print_line(console, f"rule: {SPLIT_RULE}")
    _print_line(console, f"caution: {NO_PATIENT_IDS}.")
    aside = [f"{a.path.relative_to(folder)}: {a.reason}" for a in images.set_aside]
    _print_listed(console, "set aside", aside)


def split_json(images: ImageSet, folder: Path) -> str:
    """Give the split as a JSON object."""
    return json.dumps(
        {
            "folder": str(folder),
            "rule": SPLIT_RULE,
            "caution": NO_PATIENT_IDS,
            "digest": images.digest,
            "counts": _split_counts(images),
            "set_aside": [
                {"path": a.path.relative_to(folder).as_posix(), "reason": a.reason}
                for a in images.set_aside
            ],
        },
        indent=2,
    )


def _split_counts(images: ImageSet) -> dict[str, dict[str, int]]:
    return {split.value: images.of_split(split).counts() for split in Split}


def _print_listed(console: Console, heading: str, lines: Sequence[str]) -> None:
    console.print()
    _print_line(console, f"{heading} ({len(lines)})")
    for line in lines[:LISTED]:
        _print_line(console, f"  {line}")
    if len(lines) > LISTED:
        _print_line(console, f"  and {len(lines) - LISTED} more: --json names all")


def _print_line(console: Console, line: str) -> None:
    """Print file names as they are, but for what could disturb a terminal."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    console.print(shown, markup=False, highlight=False, emoji=False)
