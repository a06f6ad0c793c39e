"""The parts of a printed report, from its head to its signature."""

from collections.abc import Callable, Iterator
from typing import Final

from edge.station.export.bars import bar, scale
from edge.station.export.gallery import gallery
from edge.station.export.labels import CLASS_ORDER, Labels
from edge.station.export.paper import ALARM, GREY, INK, Paper, local
from edge.station.records import ClassShare
from hemalens.classes import LEUKOCYTES

COLUMNS_MM: Final = (42.0, 14.0, 14.0, 26.0, 20.0, 29.0)
"""Class, cells, percent, limits, reference, flag; the bars have the rest."""


def print_report(paper: Paper, crops: Callable[[int], bytes | None]) -> None:
    """Print all parts in their order."""
    _facts(paper)
    _amendment(paper)
    _table(paper)
    _others(paper)
    _doubts(paper)
    _comment(paper)
    _evidence(paper)
    _signature(paper)
    gallery(paper, crops)


def _facts(paper: Paper) -> None:
    paper.ink(16, bold=True)
    paper.words(paper.labels["title"], paper.epw, 8)
    paper.ln(10)
    pairs = list(_head(paper))
    for left, right in zip(pairs[::2], pairs[1::2], strict=True):
        for name, value in (left, right):
            _pair(paper, name, value, paper.epw / 2)
        paper.ln(5)
    paper.ln(4)


def _head(paper: Paper) -> Iterator[tuple[str, str]]:
    report, labels = paper.report, paper.labels
    sample = report.sample
    at = sample.counted_at or sample.started_at
    kind = f" ({labels['control']})" if sample.is_control else ""
    target = f" / {sample.target}" if sample.target else ""
    yield labels["sample"], f"{sample.sample_id}{kind}"
    yield labels["counted"], local(at)
    yield labels["operator"], sample.operator
    yield labels["leukocytes"], f"{report.differential.leukocytes}{target}"
    yield labels["population"], ", ".join(_person(paper))
    left_out = "".join(f", {n} {why}" for why, n in report.frames_left_out.items())
    yield labels["fields"], f"{report.frames}{left_out}"


def _person(paper: Paper) -> Iterator[str]:
    sample, labels = paper.report.sample, paper.labels
    yield sample.population.value
    if sample.age_days is not None:
        yield labels["age"].format(age=_age(sample.age_days, labels))
    if sample.sex is not None:
        yield labels[sample.sex]


def _age(days: int, labels: Labels) -> str:
    if days < 60:
        return labels["days"].format(n=days)
    if days < 2 * 365:
        return labels["months"].format(n=days * 12 // 365)
    return labels["years"].format(n=days // 365)


def _amendment(paper: Paper) -> None:
    amendment = paper.report.amendment
    if amendment is None:
        return
    former = paper.labels["amendment"].format(
        number=amendment.number,
        name=amendment.former_signed_by,
        at=local(amendment.former_signed_at),
    )
    reason = paper.labels["reason"].format(reason=amendment.reason)
    paper.ink(8.5, colour=GREY)
    paper.words(former, paper.epw)
    paper.ln(5)
    paper.ink(9.5, bold=True)
    paper.multi_cell(paper.epw, 4.8, paper.plain(reason), align="L", new_x="LMARGIN")
    paper.ln(3)


def _pair(paper: Paper, name: str, value: str, width: float) -> None:
    paper.ink(8.5, colour=GREY)
    paper.words(name, 38)
    paper.ink(9.5, bold=True)
    paper.words(value, width - 38)


def _table(paper: Paper) -> None:
    is_open = paper.report.differential.open_cells > 0
    limits = "possible" if is_open else "limits"
    names = ("class", "count", "percent", limits, "reference")
    paper.ink(8, bold=True, colour=GREY)
    for name, width in zip(names, COLUMNS_MM, strict=False):
        paper.words(paper.labels[name], width, 6, "L" if name == "class" else "R")
    paper.set_x(paper.get_x() + COLUMNS_MM[-1])
    scale(paper, paper.epw - sum(COLUMNS_MM) - 3)
    paper.ln(6)
    shares = {one.class_name: one for one in paper.report.differential.shares}
    for name in CLASS_ORDER:
        if name in LEUKOCYTES:
            _row(paper, shares[name])
    paper.ink(7.5, colour=GREY)
    for name in ("flags", "undecided_cells") if is_open else ("flags", "bars"):
        paper.words(paper.labels[name], paper.epw, 4)
        paper.ln(4)
    found = paper.report.differential
    if found.reference_of:
        of, source = _age_name(paper), found.reference_source
        said = f"{paper.labels['reference']}: {of}. {source}."
        paper.multi_cell(paper.epw, 3.4, paper.plain(said), align="L", new_x="LMARGIN")
    paper.ln(3)


def _age_name(paper: Paper) -> str:
    name = paper.report.differential.reference_of
    return paper.labels.get(f"age.{name}", name)


def _row(paper: Paper, share: ClassShare) -> None:
    paper.set_draw_color(225, 228, 232)
    paper.line(paper.l_margin, paper.y, paper.l_margin + paper.epw, paper.y)
    values = (
        paper.labels[share.class_name.value],
        str(share.count),
        paper.figure(share.percent),
        _range(paper, share.possible_percent or share.ci95_percent),
        _reference(paper, share.reference_percent),
    )
    for place, (value, width) in enumerate(zip(values, COLUMNS_MM, strict=False)):
        paper.ink(9.5, bold=place in (0, 2))
        paper.words(value, width, 7, "R" if place else "L")
    certain = share.flag in ("low", "high")
    paper.ink(8.5, bold=certain, colour=ALARM if certain else INK)
    flag = paper.labels[share.flag] if share.flag else ""
    paper.words(flag, COLUMNS_MM[-1], 7, "C")
    bar(paper, share, paper.epw - sum(COLUMNS_MM) - 3)
    paper.ln(7)


def _range(paper: Paper, limits: tuple[float, float] | None) -> str:
    return "" if limits is None else " - ".join(map(paper.figure, limits))


def _reference(paper: Paper, limits: tuple[float, float] | None) -> str:
    if limits is None:
        return ""
    return paper.decimal(" - ".join(f"{limit:g}" for limit in limits))


def _others(paper: Paper) -> None:
    found, labels = paper.report.differential, paper.labels
    limits = _range(
        paper, found.nrbc_possible_per_100_wbc or found.nrbc_ci95_per_100_wbc
    )
    nrbc = paper.figure(found.nrbc_per_100_wbc) + (f" ({limits})" if limits else "")
    if found.nrbc_reference_per_100_wbc is not None:
        reference = _reference(paper, found.nrbc_reference_per_100_wbc)
        nrbc += f"   {labels['reference']} {reference}"
    flag = f"   {labels[found.nrbc_flag]}" if found.nrbc_flag else ""
    _line(paper, labels["nrbc"], nrbc + flag, is_alarm=found.nrbc_flag == "high")
    platelets = f"{paper.figure(found.platelets_per_field)} ({found.platelets})"
    _line(paper, labels["per_field"], platelets)
    _line(paper, labels["red_cells"], str(found.red_cells))
    reviewed = labels["reviewed"].format(
        changed=found.changed_cells,
        removed=found.removed_cells,
        added=found.added_cells,
        open=found.open_cells,
    )
    if found.agreement_percent is not None:
        percent = paper.figure(found.agreement_percent)
        reviewed += "; " + labels["agreement"].format(percent=percent)
    _line(paper, labels["review"], reviewed)
    paper.ln(3)


def _line(paper: Paper, name: str, value: str, *, is_alarm: bool = False) -> None:
    paper.ink(8.5, colour=GREY)
    paper.words(name, 50)
    paper.ink(9, bold=is_alarm, colour=ALARM if is_alarm else INK)
    paper.words(value, paper.epw - 50)
    paper.ln(5)


def _doubts(paper: Paper) -> None:
    if paper.report.warnings:
        lines = "\n".join(f"- {paper.plain(one)}" for one in paper.report.warnings)
        paper.set_draw_color(*ALARM)
        paper.ink(9, bold=True, colour=ALARM)
        head = paper.plain(paper.labels["doubts"])
        paper.multi_cell(paper.epw, 6, head, border="LTR", new_x="LMARGIN")
        paper.ink(9)
        paper.multi_cell(paper.epw, 4.6, lines, border="LBR", new_x="LMARGIN")
        paper.ln(3)


def _comment(paper: Paper) -> None:
    if paper.report.comment:
        paper.ink(8.5, colour=GREY)
        paper.words(paper.labels["comment"], paper.epw)
        paper.ln(5)
        paper.ink(9.5)
        text = "\n".join(map(paper.plain, paper.report.comment.splitlines()))
        paper.multi_cell(paper.epw, 4.8, text, new_x="LMARGIN")
        paper.ln(3)


def _evidence(paper: Paper) -> None:
    model, labels = paper.report.model, paper.labels
    digest = model.validation_report_sha256 or "-"
    signature = paper.report.signature
    lines = [
        (labels["model"], f"{model.name} {model.version}"),
        (f"{labels['model']} SHA-256", model.sha256),
        (labels["validation"], digest),
    ]
    if paper.report.amendment is not None:
        digest = paper.report.amendment.former_content_sha256
        lines.append((labels["former"], digest))
    if signature is not None:
        lines.append((labels["content"], signature.content_sha256))
    for name, value in lines:
        paper.ink(7, colour=GREY)
        paper.words(name, 50, 4)
        paper.words(value, paper.epw - 50, 4)
        paper.ln(4)


def _signature(paper: Paper) -> None:
    signature = paper.report.signature
    paper.ln(7 if signature else 14)
    paper.ink(10, bold=True)
    if signature is not None:
        at = local(signature.at)
        text = paper.labels["signed"].format(name=signature.full_name, at=at)
        paper.words(text, paper.epw, 6)
        paper.ln(7)
    paper.set_draw_color(*INK)
    paper.line(paper.l_margin, paper.y, paper.l_margin + 90, paper.y)
    paper.ink(8, colour=GREY)
    paper.words(paper.labels["signature"], 90)
    paper.ln(8)
