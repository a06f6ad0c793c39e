"""An A4 page of the report: its font, its head and foot."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from fpdf import FPDF

from edge.station.export.labels import Labels
from edge.station.records import Report

FONTS: Final = Path("/usr/share/fonts/truetype/dejavu")
"""Of Debian's package fonts-dejavu-core, for names beyond Western European ones."""

INK: Final = (20, 24, 32)
GREY: Final = (105, 112, 122)
ALARM: Final = (176, 0, 32)
MARGIN_MM: Final = 16.0


def local(moment: datetime) -> str:
    """Tell a moment by the clock on the laboratory's wall, and which that is."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M %Z}"


class Paper(FPDF):
    """Pages that say of themselves what they are.

    Every one bears the sample, whether it is provisional, its number of how many, and
    that a machine pre-classified.
    """

    def __init__(self, report: Report, labels: Labels) -> None:
        super().__init__(format="A4")
        self.report = report
        self.labels = labels
        self.family = self._family()
        self.set_margins(MARGIN_MM, 12, MARGIN_MM)
        self.set_auto_page_break(True, margin=20)
        sample = report.sample
        self.set_title(f"{labels['title']} {self.plain(sample.sample_id)}")
        self.set_creator(f"HemaLens {report.hemalens_version}")
        # The same report is the same file, byte for byte.
        self.set_creation_date(
            report.signature.at if report.signature else sample.started_at
        )

    def _family(self) -> str:
        if not (FONTS / "DejaVuSans.ttf").is_file():
            return "helvetica"
        self.add_font("dejavu", "", FONTS / "DejaVuSans.ttf")
        self.add_font("dejavu", "B", FONTS / "DejaVuSans-Bold.ttf")
        return "dejavu"

    def plain(self, text: str) -> str:
        """Return a text as the font can print it."""
        line = "".join(letter if letter.isprintable() else " " for letter in text)
        if self.family == "helvetica":
            return line.encode("latin-1", "replace").decode("latin-1")
        return line

    def figure(self, value: float | None, digits: int = 1) -> str:
        """Write a number as the page's language does."""
        return "-" if value is None else self.decimal(f"{value:.{digits}f}")

    def decimal(self, figure: str) -> str:
        """Put the language's decimal sign into a figure."""
        return figure.replace(".", self.labels["decimal"])

    def ink(
        self,
        size: float,
        *,
        bold: bool = False,
        colour: tuple[int, int, int] = INK,
    ) -> None:
        """Take a pen."""
        smaller = 0.92 if self.family == "dejavu" else 1.0
        self.set_font(self.family, "B" if bold else "", size * smaller)
        self.set_text_color(*colour)

    def words(
        self, text: str, width: float, height: float = 5.0, align: str = "L"
    ) -> None:
        """Write one line, shortened to its width, and stay on it."""
        line = self.plain(text)
        while line and self.get_string_width(line) > width - 1:
            line = line[:-2].rstrip(".") + "." if len(line) > 2 else ""
        self.cell(width, height, line, align=align)

    def header(self) -> None:
        """Print whose report it is, and in large letters what it is not."""
        self.ink(10, bold=True)
        self.words(self.report.laboratory, self.epw / 2)
        self.ink(9, colour=GREY)
        sample = f"{self.labels['sample']} {self.report.sample.sample_id}"
        self.words(sample, self.epw / 2, align="R")
        self.ln(7)
        for text in self._stamps():
            self.ink(13, bold=True, colour=ALARM)
            self.set_draw_color(*ALARM)
            self.cell(self.epw, 9, self.plain(text), border=1, align="C")
            self.ln(11)

    def _stamps(self) -> Iterator[str]:
        """List what nobody may overlook."""
        report, labels = self.report, self.labels
        if report.amendment is not None:
            yield labels["amended"].format(number=report.amendment.number)
        if report.signature is None:
            yield labels["provisional"]
        if report.is_below_target:
            count, target = report.differential.leukocytes, report.sample.target
            yield labels["below_target"].format(count=count, target=target)
        if report.sample.superseded_by is not None:
            yield labels["superseded"]

    def footer(self) -> None:
        """Print what pre-classified, and the page's number."""
        self.set_y(-14)
        self.ink(7.5, colour=GREY)
        text = self.labels["footer"].format(version=self.report.hemalens_version)
        self.words(text, self.epw * 0.75)
        number = self.labels["page"].format(page=self.page_no(), pages="{nb}")
        self.cell(self.epw * 0.25, 5, number, align="R")
