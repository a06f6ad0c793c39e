"""The words of the printed report, in the languages of the station's page."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Labels = Mapping[str, str]

ENGLISH: Final[Labels] = MappingProxyType(
    {
        "title": "Differential blood count",
        "provisional": "PROVISIONAL - NOT SIGNED",
        "amended": "AMENDED REPORT - AMENDMENT {number}",
        "superseded": "SUPERSEDED - AN AMENDED REPORT HAS TAKEN ITS PLACE",
        "amendment": "Amendment {number} of the report signed by {name}, {at}",
        "former": "Amended content SHA-256",
        "reason": "Reason: {reason}",
        "sample": "Sample",
        "operator": "Operator",
        "counted": "Counted",
        "population": "Population",
        "leukocytes": "Leukocytes counted",
        "fields": "Frames",
        "control": "Control slide",
        "class": "Class",
        "count": "Cells",
        "percent": "%",
        "limits": "95 % limits",
        "possible": "Possible",
        "reference": "Reference",
        "bars": "Bar: share. Whisker: exact 95 % limits. Green band: reference range.",
        "undecided_cells": "Uncertain cells are not settled: a share can still become "
        "what stands under Possible (whisker).",
        "basophil": "Basophils",
        "eosinophil": "Eosinophils",
        "erythroblast": "Erythroblasts (NRBC)",
        "ig": "Immature granulocytes",
        "lymphocyte": "Lymphocytes",
        "monocyte": "Monocytes",
        "neutrophil": "Neutrophils",
        "platelet": "Platelets",
        "low": "low",
        "high": "high",
        "maybe_low": "perhaps low",
        "maybe_high": "perhaps high",
        "undecided": "undecided",
        "flags": "Low, high: the whole interval lies outside the reference range. "
        "Perhaps low, perhaps high: the share does, and may by chance.",
        "nrbc": "NRBC per 100 leukocytes",
        "per_field": "Platelets per field",
        "red_cells": "Red cells seen",
        "review": "Review",
        "reviewed": "{changed} changed, {removed} removed, {added} added, {open} open",
        "agreement": "agreement with the model {percent} %",
        "doubts": "Doubts about this slide",
        "comment": "Comment",
        "pictures": "Cells by class, most certain first",
        "settled": "? left open, missed or called otherwise by the model; "
        "settled by a person",
        "model": "Model",
        "validation": "Validation report SHA-256",
        "content": "Signed content SHA-256",
        "signed": "Signed electronically by {name}, {at}",
        "signature": "Date, name and signature",
        "footer": "Pre-classified by HemaLens {version}; a qualified person signs.",
        "page": "page {page} of {pages}",
    }
)

GERMAN: Final[Labels] = MappingProxyType(
    {
        "title": "Differentialblutbild",
        "provisional": "VORLÄUFIG - NICHT UNTERSCHRIEBEN",
        "amended": "GEÄNDERTER BEFUND - ÄNDERUNG {number}",
        "superseded": "ERSETZT - EIN GEÄNDERTER BEFUND IST AN SEINE STELLE GETRETEN",
        "amendment": "Änderung {number} des Befunds, den {name} unterschrieb, {at}",
        "former": "Geänderter Inhalt SHA-256",
        "reason": "Grund: {reason}",
        "sample": "Probe",
        "operator": "Untersucht von",
        "counted": "Gezählt",
        "population": "Population",
        "leukocytes": "Gezählte Leukozyten",
        "fields": "Bilder",
        "control": "Kontrollpräparat",
        "class": "Klasse",
        "count": "Zellen",
        "percent": "%",
        "limits": "95-%-Grenzen",
        "possible": "Möglich",
        "reference": "Referenz",
        "bars": "Balken: Anteil. Strich: exakte 95-%-Grenzen. Grünes Band: "
        "Referenzbereich.",
        "undecided_cells": "Unsichere Zellen sind nicht entschieden: ein Anteil kann "
        "noch werden, was unter Möglich steht (Strich).",
        "basophil": "Basophile",
        "eosinophil": "Eosinophile",
        "erythroblast": "Erythroblasten (NRBC)",
        "ig": "Unreife Granulozyten",
        "lymphocyte": "Lymphozyten",
        "monocyte": "Monozyten",
        "neutrophil": "Neutrophile",
        "platelet": "Thrombozyten",
        "low": "niedrig",
        "high": "hoch",
        "maybe_low": "vielleicht niedrig",
        "maybe_high": "vielleicht hoch",
        "undecided": "offen",
        "flags": "Niedrig, hoch: das ganze Intervall liegt außerhalb des "
        "Referenzbereichs. Vielleicht niedrig oder hoch: der Anteil, durch Zufall.",
        "nrbc": "NRBC auf 100 Leukozyten",
        "per_field": "Thrombozyten je Gesichtsfeld",
        "red_cells": "Gesehene Erythrozyten",
        "review": "Durchsicht",
        "reviewed": "{changed} geändert, {removed} entfernt, {added} ergänzt, "
        "{open} offen",
        "agreement": "Übereinstimmung mit dem Modell {percent} %",
        "doubts": "Zweifel an diesem Präparat",
        "comment": "Bemerkung",
        "pictures": "Zellen nach Klasse, die sichersten zuerst",
        "settled": "? vom Modell offen gelassen, übersehen oder anders benannt; "
        "von einer Person entschieden",
        "model": "Modell",
        "validation": "Prüfbericht SHA-256",
        "content": "Unterschriebener Inhalt SHA-256",
        "signed": "Elektronisch unterschrieben von {name}, {at}",
        "signature": "Datum, Name und Unterschrift",
        "footer": "Vorklassifiziert von HemaLens {version}; "
        "eine Fachperson unterschreibt.",
        "page": "Seite {page} von {pages}",
    }
)

LANGUAGES: Final[Mapping[str, Labels]] = MappingProxyType({"en": ENGLISH, "de": GERMAN})
