"""Every reason that code, cards or the policy of the corpus can give has advice."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scoring.cards import load as cards
from terminology import facts, reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(reasons.__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus" / "EXPECTED.md"

GIVEN: dict[str, tuple[int, ...]] = {
    "Refused": (0, 1), "Finding": (1,), "Resolved": (1,), "Converted": (1,), "PageFinding": (3,),
    "give_up": (2,),
}  # fmt: skip
"""Who is called with a reason, and in which places; `reason=` counts everywhere."""

METHODS = {"refuse": (0,), "find": (1,)}
FOLDERS = ("mappers", "gateway/flow", "terminology", "scoring")
SINGLE = ("gateway/cli/map_.py", "gateway/pipeline.py", "gateway/store/mirror.py")
APPLICABILITY = ROOT / "scoring" / "applicability.py"
FORM = re.compile(r"[a-z]+(?:[-_][a-z0-9]+)*\Z")


def sources() -> list[Path]:
    """Return the modules that give reasons."""
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py"))]
    return [*found, *(ROOT / name for name in SINGLE)]


def declared(path: Path) -> set[str]:
    """Return the reasons that a module states where a reason is wanted, constants resolved."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = {text for call in calls(tree) for place in wanted(call) for text in texts(place, named)}
    return {text for text in found if FORM.match(text)}


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of a module."""
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def wanted(call: ast.Call) -> Iterator[ast.expr]:
    """Yield the arguments of a call that are reasons."""
    if isinstance(call.func, ast.Name):
        at = GIVEN.get(call.func.id, ())
    else:
        at = METHODS.get(call.func.attr, ()) if isinstance(call.func, ast.Attribute) else ()
    yield from (call.args[place] for place in at if place < len(call.args))
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "reason")


def texts(place: ast.AST, named: dict[str, ast.expr]) -> Iterator[str]:
    """Yield the texts in an expression, those of the module's constants too."""
    for node in ast.walk(place):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name) and node.id in named:
            yield from texts(named[node.id], {})


def applicable() -> Iterator[str]:
    """Yield the reasons of applicability: constants, those in `return`, and what ends a name."""
    tree = ast.parse(APPLICABILITY.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            start = str(node.values[0].value)
            yield from [f"{start}region"] if FORM.match(start.rstrip("_")) else []
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.Constant):
            yield f"input{node.values[-1].value}"
        elif isinstance(node, ast.FunctionDef) and node.name == "valid":
            inner = (
                one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value
            )
            yield from (f"input_{text}" for one in inner for text in texts(one, {}))
        elif isinstance(node, ast.FunctionDef) and node.name == "age_problem":
            inner = (
                one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value
            )
            yield from (text for one in inner for text in texts(one, {}) if text != "age")
    yield from (text for text in ("missing_input", "not_computable", "licence_numbers_withheld"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_reason_of_the_code_has_advice(path: Path) -> None:
    assert [reason for reason in sorted(declared(path)) if reasons.find(reason) is None] == []


def test_the_sweep_sees_the_reasons() -> None:
    seen = {reason for path in sources() for reason in declared(path)}
    known = {"status", "unit-missing", "unit-unknown", "implausible", "paging", "too-old", "absent"}
    assert known <= seen
    assert len(seen) > 20


def test_a_new_reason_without_advice_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "new.py"
    module.write_text(
        'NEW = "never-heard-of"\nplace.refuse(NEW, "Why.")\nRefused("odd-one", "Why.")\n'
    )
    assert declared(module) == {"never-heard-of", "odd-one"}
    assert not any(map(reasons.find, declared(module)))


def test_every_reason_of_applicability_has_advice() -> None:
    found = set(applicable())
    assert {"age_below_min", "input_not_a_number", "input_out_of_range"} <= found
    assert [reason for reason in sorted(found) if reasons.find(reason) is None] == []


def test_every_exclusion_of_every_card_has_advice_of_its_own() -> None:
    found = {reason for card in cards().values() for reason in card.exclude.values()}
    assert sorted(found - set(reasons.load())) == []


@pytest.mark.skipif(not CORPUS.exists(), reason="../shared is absent")
def test_every_reason_of_the_corpus_has_advice() -> None:
    listed = re.search(r"^Reasons: ([^.]+)\.", CORPUS.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed
    told = re.split(r",\s+", listed[1])
    assert len(told) > 10
    assert [reason for reason in told if reason not in reasons.load()] == []


def test_advice_is_whole_sentences() -> None:
    for name, advice in reasons.load().items():
        assert advice.title, name
        assert advice.why.endswith("."), name
        assert advice.do.endswith("."), name


WRONG = {
    "unknown key": '[a]\ntitle = "t"\nwhy = "w"\ndo = "d"\nwho = "nobody"\nmore = "m"\n',
    "missing key": '[a]\ntitle = "t"\nwhy = "w"\nwho = "nobody"\n',
    "unknown person": '[a]\ntitle = "t"\nwhy = "w"\ndo = "d"\nwho = "somebody"\n',
    "no star": '[a]\ntitle = "{what}"\nwhy = "w"\ndo = "d"\nwho = "nobody"\n',
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_wrong_file_names_file_and_key(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "reasons.toml").write_text(text)
    monkeypatch.setattr(reasons, "HERE", tmp_path)
    with pytest.raises(facts.FactError, match=r"reasons\.toml: a"):
        reasons.load.__wrapped__()


def test_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(reasons).failed == 0
