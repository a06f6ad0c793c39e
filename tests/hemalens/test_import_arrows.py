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
