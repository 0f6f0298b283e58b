"""A type's structure compiled to checks: which check each member of an object gets, by its name.

Objects of one type come with few combinations of members. For each combination that is seen, a
`Plan` is worked out once: the check of each member in its order, and all that can be said from the
names alone (missing, unknown, two of a choice, invariants of presence). Checking an object is then
running its plan.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from gateway.fhir.bindings import bindings
from gateway.fhir.invariants import absolute, coding_bound
from gateway.fhir.presence import rules
from gateway.fhir.primitives import CHECKS, listed, one_of
from gateway.fhir.problems import Problem, joined, placed, wrong
from gateway.fhir.structure import PRIMITIVE_ELEMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.fhir.problems import Check, Problems
    from gateway.fhir.structure import Element, Structure
    from terminology.records import JSON, Resource

    Resolve = Callable[[str], Check]
    """Type name to the check of its objects (``Contained``: of resources inside another)."""
    ReferenceCheck = Callable[[frozenset[str]], Check]
    """Target types to the check of such a reference."""


MAX_PLANS = 512


class Plan(NamedTuple):
    """What to do with objects that have these members in this order."""

    checks: tuple[Check, ...]
    odd: Callable[[Resource], Problems] | None
    """What the names alone tell, and what lists of primitives and extensions tell together."""


class Shape:
    """A structure with the checks of its elements, made when they are first needed."""

    def __init__(
        self, structure: Structure, version: str, resolve: Resolve, reference: ReferenceCheck
    ) -> None:
        self.structure = structure
        self.resolve = resolve
        self.reference = reference
        self.rules = rules(version).get(structure.name, ())
        self.bindings = bindings(version)
        required: dict[str, list[str]] = {}
        for element in structure.elements.values():
            if element.required:
                required.setdefault(element.choice or element.name, []).append(element.name)
        self.required = required
        self.plans: dict[tuple[str, ...], Plan] = {}

    def plan_for(self, names: tuple[str, ...]) -> Plan:
        """Return the plan for a combination of members, worked out or remembered."""
        if len(self.plans) >= MAX_PLANS:
            self.plans.clear()
        return self.plans.setdefault(names, self.plan(names))

    def plan(self, names: tuple[str, ...]) -> Plan:
        """Return the plan for objects that have members called `names`."""
        plain = {name.removeprefix("_") for name in names}
        lists = tuple(
            name[1:]
            for name in names
            if name[:1] == "_" and name[1:] in names and self.many(name[1:])
        )
        checks = tuple(self.check(name, gaps=name in lists) for name in names)
        said = tuple(self.said(names, plain))
        return Plan(checks, odd(said, lists) if said or lists else None)

    def many(self, name: str) -> bool:
        """Whether a member is a list."""
        element = self.structure.elements.get(name)
        return element is not None and element.many

    def check(self, name: str, *, gaps: bool) -> Check:
        """Return the check of one member."""
        element = self.structure.elements.get(name.removeprefix("_"))
        if element is None:
            return nothing
        beside = name[:1] == "_"
        one = self.resolve(PRIMITIVE_ELEMENT) if beside else self.single(element)
        if not element.many:
            return one
        return every(one, gaps=gaps or beside)

    def single(self, element: Element) -> Check:
        """Return the check of one value of an element."""
        bound = self.bindings.get(f"{self.structure.name}.{element.name}")
        if element.primitive:
            return one_of(element.type, bound.codes) if bound else CHECKS[element.type]
        if element.type == "Reference" and element.targets:
            return self.reference(frozenset(element.targets))
        if element.type == "Extension" and self.structure.name != "Extension":
            return both(self.resolve("Extension"), absolute)
        check = self.resolve("Contained" if element.name == "contained" else element.type)
        if bound and bound.system:
            return both(check, coding_bound(bound.system, bound.codes, listed(bound.codes)))
        return check

    def said(self, names: tuple[str, ...], plain: set[str]) -> Iterator[Problem]:
        """Yield what the names of the members tell."""
        for name in names:
            if not self.known(name):
                text = "an element that FHIR does not define here"
                yield Problem("structure", text, name, severity="warning")
        for name, forms in self.required.items():
            if plain.isdisjoint(forms):
                yield Problem("required", "must be there", name)
        if not plain - {"id", "resourceType"} and not self.structure.resource:
            yield Problem("invariant", "ele-1: an empty object")
        chosen = self.chosen(plain)
        for choice, forms in chosen.items():
            if len(forms) > 1:
                text = f"only one of {', '.join(forms)} may be there"
                yield Problem("structure", text, f"{choice}[x]")
        yield from filter(None, (rule.broken(plain | chosen.keys()) for rule in self.rules))

    def chosen(self, plain: set[str]) -> dict[str, list[str]]:
        """Return each choice that is made, with the forms it is made in."""
        chosen: dict[str, list[str]] = {}
        for name in sorted(plain & self.structure.elements.keys()):
            if choice := self.structure.elements[name].choice:
                chosen.setdefault(choice, []).append(name)
        return chosen

    def known(self, name: str) -> bool:
        """Whether FHIR defines a member of that name."""
        element = self.structure.elements.get(name.removeprefix("_"))
        if element is None:
            return name == "resourceType" and self.structure.resource
        return name[:1] != "_" or element.primitive


def odd(said: tuple[Problem, ...], lists: tuple[str, ...]) -> Callable[[Resource], Problems]:
    """Return the check of an object whose combination of members is not plain."""

    def check(value: Resource) -> Problems:
        found: Problems = [problem.copy() for problem in said] or None
        for name in lists:
            found = joined(found, placed(paired(value[name], value[f"_{name}"]), name))
        return found

    return check


def nothing(_value: JSON) -> Problems:
    """Say nothing: the member has no check of its own."""
    return None


def both(first: Check, second: Check) -> Check:
    """Return a check that says what either says."""
    return lambda value: joined(first(value), second(value))


def every(one: Check, *, gaps: bool) -> Check:
    """Return the check of a list that has something in it; `gaps` allows null."""

    def check(value: JSON) -> Problems:
        if value.__class__ is not list:
            return wrong("structure", "not a list, where a list must stand")
        if not value:
            return wrong("structure", "an empty list")
        found: Problems = None
        for index, item in enumerate(value):
            if item is None and gaps:
                continue
            if (said := one(item)) is not None:
                found = joined(found, placed(said, f"[{index}]"))
        return found

    return check


def paired(values: JSON, others: JSON) -> Problems:
    """Say what is wrong with a list of primitives and the list of extensions beside it."""
    if values.__class__ is not list or others.__class__ is not list:
        return None
    for index, pair in enumerate(zip_longest(values, others)):
        if pair == (None, None):
            return wrong("structure", "null, without an extension beside it", f"[{index}]")
    return None
