"""What must hold of the repository as a whole."""

from __future__ import annotations

import ast
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gateway", "mappers", "scoring", "terminology")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TABLES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in PACKAGES
    for path in (ROOT / package).rglob("*")
    if path.suffix in {".toml", ".json", ".html", ".css", ".js", ".svg", ".mako", ".ini"}
    or ("migrations" in path.parts and path.suffix == ".py")
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_fit_in_the_head(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[min(1, len(node.body) - 1)] if ast.get_docstring(node) else node
            assert (node.end_lineno or 0) - first.lineno < 60, f"{node.name} is too long"


def test_the_wheel_carries_every_table(tmp_path: Path) -> None:
    subprocess.run(
        [ROOT / ".venv/bin/uv", "build", "--wheel", "--no-build-isolation", "-q", "-o", tmp_path],
        cwd=ROOT,
        check=True,
        env={"PATH": f"{ROOT}/.venv/bin:/usr/bin:/bin", "VIRTUAL_ENV": str(ROOT / ".venv")},
    )
    carried = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    assert [table for table in TABLES if table not in carried] == []


def test_the_pure_packages_start_no_heavy_library() -> None:
    code = (
        "import sys, terminology.units, mappers.document, scoring.engine, gateway.app;"
        "print([m for m in ('sklearn','scipy','pandas','matplotlib','ucumvert','pint') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [ROOT / ".venv/bin/python", "-c", code], cwd=ROOT, check=True, capture_output=True
    )
    assert done.stdout.decode().strip() == "[]"
