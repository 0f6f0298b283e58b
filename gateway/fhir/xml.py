"""FHIR XML to FHIR JSON and back, for every resource type, by the element tables.

Reading is safe: UTF-8 only, no DTD (so no entities), nothing fetched, size and depth bounded. What
the tables do not know is kept (the validator warns of it); what cannot be kept is an error that
names its place. Decimals keep their digits, a narrative stays XHTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING

from lxml import etree

from gateway.errors import MalformedError, TooLargeError
from gateway.fhir.structure import PRIMITIVE_ELEMENT, Element, Structure, structure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from terminology.records import JSON, Resource

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
DIV = f"{{{XHTML}}}div"
PREFIX = f"{{{FHIR}}}"
MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
INTEGERS = frozenset(("integer", "positiveInt", "unsignedInt"))
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
SPECIAL = re.compile("[^ !#-%'-;=?-~\u00a0-\u2fff]")
ESCAPES = {ord(each): f"&#{ord(each)};" for each in '&<>"\t\n\r'}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parser() -> etree.XMLParser:
    """Return a parser that resolves, loads and fetches nothing."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def to_json(raw: bytes, fhir_version: str = "R4") -> Resource:
    """Return the resource that an XML document holds, as its JSON form.

    Raises:
        MalformedError: the bytes are no FHIR XML; the error names the place.
        TooLargeError: there are more bytes than `MAX_BYTES`.
    """
    if len(raw) > MAX_BYTES:
        raise TooLargeError(f"an XML document may have {MAX_BYTES} bytes at most")
    if b"<!DOCTYPE" in raw:
        raise MalformedError("a document type declaration is not accepted")
    try:
        root = etree.fromstring(raw, parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedError(f"not well-formed XML: {place_in_text(error)}") from None
    return Reader(fhir_version).document(root)


def place_in_text(error: Exception) -> str:
    """Return ``line L, column C``; the parser's own text may quote content."""
    if isinstance(error, etree.XMLSyntaxError) and error.lineno:
        return f"line {error.lineno}, column {error.offset}"
    return "it cannot be read"


class Misplaced(Exception):  # noqa: N818  it never leaves this module
    """Something that cannot be kept; its place grows while the walk is left."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.at = ""

    def under(self, name: str) -> None:
        """Move the place into an element."""
        self.at = f"{name}.{self.at}" if self.at else name


class Reader:
    """Turns elements into JSON by the tables of one FHIR version."""

    def __init__(self, version: str) -> None:
        self.version = version

    def document(self, root: etree._Element) -> Resource:
        """Return the resource that is the root of a document."""
        try:
            return self.resource(root, 0)
        except Misplaced as error:
            error.under(str(root.tag).rpartition("}")[2])
            raise MalformedError(str(error), at=error.at) from None

    def resource(self, node: etree._Element, depth: int) -> Resource:
        """Return the resource whose type is the name of `node`."""
        name = local_name(node)
        found: Resource = {"resourceType": name}
        found |= self.complex(node, structure(name, self.version), depth)
        return found

    def complex(self, node: etree._Element, shape: Structure | None, depth: int) -> Resource:
        """Return the children and attributes of `node` as an object."""
        if depth > MAX_DEPTH:
            raise Misplaced(f"nested deeper than {MAX_DEPTH}")
        if node.text and not node.text.isspace():
            raise Misplaced("text where elements must stand")
        found = attributes(node, shape)
        lists: dict[str, Column] = {}
        elements: Mapping[str, Element] = shape.elements if shape else {}
        for child in node:
            self.add(child, elements, found, lists, depth)
        for name, column in lists.items():
            column.into(found, name)
        return found

    def add(
        self,
        node: etree._Element,
        elements: Mapping[str, Element],
        found: Resource,
        lists: dict[str, Column],
        depth: int,
    ) -> None:
        """Add one child to what is `found` of an object, or to one of its lists."""
        name = "div" if node.tag == DIV else local_name(node)
        element = elements.get(name) or guess(name, node)
        column = column_of(element, found, lists)
        try:
            value, beside = self.value(node, element, depth + 1)
        except Misplaced as error:
            error.under(name if column is None else f"{name}[{len(column.values)}]")
            raise
        if column is not None:
            column.values.append(value)
            column.others.append(beside)
            return
        if value is not None:
            found[name] = value
        if beside is not None:
            found[f"_{name}"] = beside

    def value(
        self, node: etree._Element, element: Element, depth: int
    ) -> tuple[JSON, Resource | None]:
        """Return what `node` holds and, for a primitive, the object that stands beside it."""
        if node.tail and not node.tail.isspace():
            raise Misplaced("text between elements")
        items = node.items()
        kind = element.type
        if len(items) == 1 and items[0][0] == "value" and not len(node):
            return primitive(str(items[0][1]), kind), None
        if kind == "xhtml":
            return narrative(node), None
        if kind == "Resource":
            if len(node) != 1:
                raise Misplaced("one resource must stand here")
            return self.resource(node[0], depth), None
        text = node.get("value")
        if text is None and not element.primitive:
            return self.complex(node, structure(kind, self.version), depth), None
        beside = self.complex(node, structure(PRIMITIVE_ELEMENT, self.version), depth)
        value = None if text is None else primitive(text, kind)
        return value, beside if beside or value is None else None


@dataclass(slots=True)
class Column:
    """All that stands under one name in an object."""

    values: list[JSON]
    others: list[Resource | None]

    def into(self, found: Resource, name: str) -> None:
        """Set the values, and the objects beside them, in `found`, in the place kept for them."""
        for key, column in ((name, self.values), (f"_{name}", self.others)):
            if any(each is not None for each in column):
                found[key] = column
            else:
                found.pop(key, None)


def column_of(element: Element, found: Resource, lists: dict[str, Column]) -> Column | None:
    """Return the list that values of an element go to, None when there is one only."""
    name = element.name
    if name in lists:
        return lists[name]
    if element.many:
        column = Column([], [])
    elif name in found or f"_{name}" in found:  # the validator will say that one may stand there
        column = Column([found.get(name)], [found.get(f"_{name}")])
    else:
        return None
    lists[name] = column
    found[name] = None
    return column


def local_name(node: etree._Element) -> str:
    """Return the name of an element of FHIR's namespace."""
    tag = node.tag
    if not isinstance(tag, str) or not tag.startswith(PREFIX):
        raise Misplaced(f"an element outside the namespace {FHIR}")
    return tag[len(PREFIX) :]


def attributes(node: etree._Element, shape: Structure | None) -> Resource:
    """Return ``id`` and ``url`` as members; attributes of other namespaces say nothing here."""
    found: Resource = {}
    for key, value in node.items():
        name = str(key)
        if name == "id" or (name == "url" and (shape is None or shape.name == "Extension")):
            found[name] = str(value)
        elif name != "value" and not name.startswith("{"):
            raise Misplaced("an attribute that is not known")
    return found


def guess(name: str, node: etree._Element) -> Element:
    """Return what an element that no table knows looks like."""
    if node.get("value") is not None:
        return Element(name, "string")
    inner = str(node[0].tag).removeprefix(PREFIX) if len(node) == 1 else ""
    return Element(name, "Resource" if inner[:1].isupper() else "Unknown")


def primitive(text: str, kind: str) -> JSON:
    """Return the JSON value of an attribute; what does not fit stays text for the validator."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in INTEGERS and INTEGER.match(text):
        return int(text) if len(text) < 20 else text
    if kind == "decimal" and DECIMAL.match(text):
        return Decimal(text)
    return text


def narrative(node: etree._Element) -> str:
    """Return an XHTML element as text, with its own namespace declaration only."""
    node.tail = None
    copy = etree.fromstring(etree.tostring(node), parser())
    etree.cleanup_namespaces(copy)
    return etree.tostring(copy, encoding="unicode")


def to_xml(resource: Resource, fhir_version: str = "R4") -> bytes:
    """Return a resource as an XML document; members that no table knows are left out.

    Raises:
        MalformedError: it, or a resource inside it, is of no type that this version has.
    """
    parts = ['<?xml version="1.0" encoding="UTF-8"?>']
    Writer(fhir_version, parts.append).resource(resource, f' xmlns="{FHIR}"')
    return "".join(parts).encode("utf-8", "replace")


class Writer:
    """Turns JSON into XML text by the tables of one FHIR version."""

    def __init__(self, version: str, write: Callable[[str], None]) -> None:
        self.version = version
        self.write = write

    def resource(self, resource: Resource, namespace: str = "") -> None:
        """Write a resource."""
        name = resource.get("resourceType")
        shape = structure(name, self.version) if isinstance(name, str) else None
        if shape is None or not shape.resource:
            raise MalformedError(f"not a resource of FHIR {self.version}", at="resourceType")
        self.write(f"<{shape.name}{namespace}>")
        self.fill(resource, shape)
        self.write(f"</{shape.name}>")

    def fill(self, value: Resource, shape: Structure) -> None:
        """Write the members of `value`, in the order of the specification."""
        for name, element in shape.elements.items():
            if name in value or f"_{name}" in value:
                if attribute(name, shape):
                    continue
                for item, beside in pairs(value.get(name), value.get(f"_{name}")):
                    self.element(element, item, beside)

    def element(self, element: Element, item: JSON, beside: JSON) -> None:
        """Write one value of an element."""
        name = element.name
        if element.type == "xhtml":
            self.write(division(str(item)))
        elif element.type == "Resource":
            self.write(f"<{name}>")
            self.resource(item)
            self.write(f"</{name}>")
        elif element.primitive:
            value = "" if item is None else f' value="{escaped(item)}"'
            self.enclosed(name, value, beside, PRIMITIVE_ELEMENT)
        elif isinstance(item, dict):
            self.enclosed(name, "", item, element.type)

    def enclosed(self, name: str, value: str, content: JSON, kind: str) -> None:
        """Write an element with attributes and, when there is content, what it holds."""
        if not isinstance(content, dict):
            self.write(f"<{name}{value}/>")
            return
        shape = structure(kind, self.version)
        for each in ("id", "url"):
            if each in content and shape and attribute(each, shape):
                value += f' {each}="{escaped(content[each])}"'
        self.write(f"<{name}{value}>")
        if shape:
            self.fill(content, shape)
        self.write(f"</{name}>")


def attribute(name: str, shape: Structure) -> bool:
    """Whether XML writes this element as an attribute: ``id`` of elements, ``Extension.url``."""
    return not shape.resource and (name == "id" or (name == "url" and shape.name == "Extension"))


def pairs(value: JSON, beside: JSON) -> Iterator[tuple[JSON, JSON]]:
    """Yield each value with the object that stands beside it."""
    values = value if isinstance(value, list) else [value]
    others = beside if isinstance(beside, list) else [beside]
    return zip_longest(values, others)


def escaped(value: JSON) -> str:
    """Return a JSON value as attribute text; characters that XML has not are replaced."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if not SPECIAL.search(text):
        return text
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text).translate(ESCAPES)


def division(text: str) -> str:
    """Return a narrative as XML; one that is no XHTML becomes plain text."""
    try:
        if "<!" not in text:
            return etree.tostring(etree.fromstring(text.encode(), parser()), encoding="unicode")
    except (etree.XMLSyntaxError, ValueError):
        pass
    return f'<div xmlns="{XHTML}">{escaped(text)}</div>'
