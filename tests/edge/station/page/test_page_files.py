"""The page as it lies on the disk: whole, self-contained, in every language."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

import edge.station
from edge.station.errors.reasons import Reason
from edge.station.live.frame import FaultCode
from hemalens.classes import CLASS_NAMES

PAGE: Final = Path(edge.station.__file__).parent / "page"
MODULES: Final = sorted(PAGE.rglob("*.js"))
TEXTS: Final = sorted(
    path for path in PAGE.rglob("*") if path.suffix in {".html", ".css", ".js", ".svg"}
)
LANGUAGES: Final = sorted((PAGE / "languages").glob("*.json"))
HTML: Final = (PAGE / "index.html").read_text(encoding="utf-8")


def words_of(path: Path) -> dict[str, str]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _values(text: str) -> set[str]:
    return set(re.findall(r"\{\w+\}", text))


def asked_for() -> set[str]:
    """Keys that the page asks for as they stand, without the composed ones."""
    keys = set(re.findall(r'data-say(?:-label)?="([^"]+)"', HTML))
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        keys |= set(re.findall(r'\bsay\("([^"]+)"', text))
        keys |= set(re.findall(r'"(error\.[a-z.]+)"', text))
    return keys


def test_there_are_two_languages_and_the_page_offers_each() -> None:
    chooser = (PAGE / "languages.js").read_text(encoding="utf-8")
    offered = re.search(r"LANGUAGES = \{(.*?)\}", chooser)
    assert offered is not None
    assert {path.stem for path in LANGUAGES} == set(
        re.findall(r"(\w+):", offered.group(1))
    )
    assert len(LANGUAGES) >= 2


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_language_has_the_keys_and_values_of_english(path: Path) -> None:
    english, other = words_of(PAGE / "languages" / "en.json"), words_of(path)
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert other[key].strip()
        assert _values(other[key]) == _values(text), key


@pytest.mark.parametrize(
    "path",
    [path for path in LANGUAGES if path.stem != "en"],
    ids=lambda path: path.stem,
)
def test_language_says_every_refusal_and_fault(path: Path) -> None:
    said = words_of(path.parent / "refusals" / path.name)
    wanted = {reason.code: (reason.what, reason.mend or "") for reason in Reason}
    faults = {f"fault.{code}" for code in FaultCode}
    assert said.keys() == wanted.keys() | faults
    for code, sentences in wanted.items():
        for own, english in zip(said[code], sentences, strict=True):
            assert bool(own) == bool(english), code
            assert _values(own) <= _values(" ".join(sentences)), code
    for code in faults:
        assert all(said[code]), code
        assert _values("".join(said[code])) <= {"{what}"}


def test_every_action_of_the_audit_trail_has_words() -> None:
    written = set()
    for source in Path(edge.station.__file__).parent.rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        written |= set(re.findall(r'audit\.add\(\s*[^,()]+,\s*"(\w+)"', text))
    assert len(written) > 10
    actions = {f"action.{one}" for one in written}
    assert actions <= words_of(PAGE / "languages" / "en.json").keys()


def test_every_text_that_is_asked_for_has_words() -> None:
    missing = asked_for() - words_of(PAGE / "languages" / "en.json").keys()
    assert not missing


@pytest.mark.parametrize("name", [*CLASS_NAMES, "uncertain", "removed"])
def test_class_has_a_colour_a_letter_and_a_name_of_its_own(name: str) -> None:
    table = (PAGE / "classes.js").read_text(encoding="utf-8")
    looks = re.findall(r'name: "(\w+)", letter: "(.)".*?colour: "(#\w{6})"', table)
    of_name = {look[0]: look[1:] for look in looks}
    assert name in of_name
    for part in (0, 1):
        same = [
            one for one, look in of_name.items() if look[part] == of_name[name][part]
        ]
        assert same == [name]
    assert words_of(PAGE / "languages" / "en.json")[f"class.{name}"]


def test_keys_of_the_classes_are_different() -> None:
    table = (PAGE / "classes.js").read_text(encoding="utf-8")
    keys = re.findall(r'key: "(.)"', table)
    assert sorted(keys) == sorted("beirlmnp")
    delivered = (PAGE / "keys.js").read_text(encoding="utf-8")
    others = re.findall(r'^  (?:accept|undo): "(.)",$', delivered, re.MULTILINE)
    assert len({*keys, *others}) == len(keys) + 2


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_a_signature_is_not_said_to_be_for_ever_beside_amend(path: Path) -> None:
    said = words_of(path)["sign.meaning"]
    assert {"en": "amended", "de": "berichtigen"}[path.stem] in said
    assert "cannot be changed" not in said


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_nothing_comes_from_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(?:https?:)?//[\w.-]+\.\w+", text)


def test_nothing_is_inline_that_the_content_policy_forbids() -> None:
    assert not re.search(r"\son\w+=", HTML)
    assert not re.search(r"\sstyle=", HTML)
    assert "<style" not in HTML
    assert re.findall(r"<script(?![^>]*\bsrc=)", HTML) == []
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|insertAdjacentHTML|document\.write|eval\(", text
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_module_imports_only_what_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for names, source in re.findall(
        r'import\s+(?:\{([^}]*)\}|\* as \w+)\s+from "([^"]+)"', text
    ):
        module = path.parent / source
        assert module.is_file(), source
        exported = set(
            re.findall(
                r"export (?:async )?(?:function|const|class) (\w+)",
                module.read_text(encoding="utf-8"),
            )
        )
        assert {name.strip() for name in names.split(",") if name.strip()} <= exported


def test_elements_that_modules_find_are_in_the_page() -> None:
    ids = re.findall(r'\bid="([^"]+)"', HTML)
    assert len(ids) == len(set(ids))
    for module in MODULES:
        wanted = re.findall(r'\bfind\("([^"]+)"\)', module.read_text(encoding="utf-8"))
        assert set(wanted) <= set(ids), module.name


def test_what_the_page_links_to_is_there() -> None:
    for target in re.findall(r'(?:src|href)="([^"#]+)"', HTML):
        assert (PAGE / target).is_file(), target


def test_every_field_has_a_label() -> None:
    for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", HTML):
        before = HTML[: HTML.index(tag)]
        in_label = before.rfind("<label") > before.rfind("</label>")
        assert in_label or "data-say-label" in tag, tag
