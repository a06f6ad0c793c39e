"""Keep the arrows between the packages: who may import whom."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ARROWS: dict[str, frozenset[str]] = {
    "hemalens": frozenset(),
    "calibration": frozenset({"hemalens"}),
    "train": frozenset({"hemalens"}),
    "edge": frozenset({"calibration", "hemalens"}),
    "convert": frozenset({"train", "calibration", "edge", "hemalens"}),
}

ROOMS: dict[str, frozenset[str]] = {
    "records": frozenset(),
    "bundles": frozenset(),
    "segment": frozenset({"bundles"}),
    "capture": frozenset(),
    "classify": frozenset({"records"}),
    "frame": frozenset({"segment"}),
    "slide": frozenset({"frame"}),
    "track": frozenset({"records"}),
    "store": frozenset({"records"}),
    "results": frozenset({"records", "store"}),
    "count": frozenset(
        {"capture", "classify", "frame", "records", "results", "slide", "store"}
        | {"track"}
    ),
    "update": frozenset({"bundles"}),
    "adapt": frozenset({"classify", "records", "segment", "slide", "update"}),
    "terminal": frozenset(
        {"capture", "classify", "count", "frame", "records", "results", "update"}
    ),
    "device": frozenset(
        {"bundles", "capture", "count", "frame", "records", "results", "store"}
        | {"update"}
    ),
    "fleet": frozenset({"device", "records", "store", "update"}),
    "station": frozenset(
        {"capture", "classify", "count", "frame", "records", "results", "slide"}
        | {"store", "update"}
    ),
}
"""The rooms of `edge`, in the order of a frame's way, and whom each may import."""

DOORS: dict[str, frozenset[str]] = {
    "api.py": frozenset({"bundles", "capture", "count", "records", "segment", "track"}),
}
"""The modules of `edge` that stand in no room: at most two, and no room imports one."""

MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ARROWS
    for path in (ROOT / package).rglob("*.py")
)


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), module)


def imported(module: str) -> Iterator[str]:
    """Name what a module imports anywhere, functions included."""
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_every_package_was_read() -> None:
    assert {module.split("/")[0] for module in MODULES} == set(ARROWS)
    assert "hemalens.errors" in set(imported("hemalens/cli.py"))


@pytest.mark.parametrize("module", MODULES)
def test_imports_follow_the_arrows(module: str) -> None:
    package = module.split("/")[0]
    reached = {name.split(".")[0] for name in imported(module)}
    product = reached & {*ARROWS, "tests"}
    assert product <= {package} | ARROWS[package]


def test_table_names_every_room() -> None:
    rooms = {path.name for path in (ROOT / "edge").iterdir() if path.is_dir()}
    assert rooms - {"__pycache__"} == set(ROOMS)


def test_rooms_stand_in_order() -> None:
    entered: set[str] = set()
    for room, reached in ROOMS.items():
        assert reached <= entered
        entered.add(room)


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("edge/")])
def test_imports_follow_the_rooms(module: str) -> None:
    parts = [name.split(".") for name in imported(module)]
    reached = {part[1] for part in parts if part[0] == "edge" and len(part) > 1}
    room = module.split("/")[1]
    allowed = {**ROOMS, **DOORS}.get(room, frozenset()) | {room}
    assert reached <= allowed


def test_edge_holds_rooms_and_its_doors_alone() -> None:
    assert len(DOORS) <= 2
    modules = {path.name for path in (ROOT / "edge").glob("*.py")}
    assert modules == {"__init__.py", *DOORS}


@pytest.mark.parametrize("module", MODULES)
def test_imports_are_absolute(module: str) -> None:
    nodes = ast.walk(parsed(module))
    relative = [n for n in nodes if isinstance(n, ast.ImportFrom) and n.level]
    assert relative == []


@pytest.mark.parametrize("module", MODULES)
def test_product_knows_neither_tests_nor_our_data(module: str) -> None:
    texts = [
        node.value
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    for text in texts:
        assert "../shared" not in text
        assert "tests/" not in text
