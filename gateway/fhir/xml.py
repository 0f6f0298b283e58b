"""FHIR XML to FHIR JSON and back, for every resource type, by the element tables.

Reading is safe: UTF-8 only, no DTD (so no entities), nothing fetched, size and depth bounded. What
the tables do not know is kept (the validator warns of it); what cannot be kept is an error that
names its place. Decimals keep their digits, a narrative stays XHTML.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from lxml import etree

from gateway.errors import MalformedError, TooLargeError
from gateway.fhir.structure import PRIMITIVE_ELEMENT, Element, Structure, structure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terminology.records import JSON, Resource

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
DIV = f"{{{XHTML}}}div"
DEFAULT_FHIR = cast("dict[str, str]", {None: FHIR})  # the stubs know no default namespace
DEFAULT_XHTML = cast("dict[str, str]", {None: XHTML})
MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
INTEGERS = frozenset(("integer", "positiveInt", "unsignedInt"))
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
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
    return Reader(fhir_version).resource(root, None, 0)


def place_in_text(error: Exception) -> str:
    """Return ``line L, column C``; the parser's own text may quote content."""
    if isinstance(error, etree.XMLSyntaxError) and error.lineno:
        return f"line {error.lineno}, column {error.offset}"
    return "it cannot be read"


class Reader:
    """Turns elements into JSON by the tables of one FHIR version."""

    def __init__(self, version: str) -> None:
        self.version = version

    def resource(self, node: etree._Element, at: str | None, depth: int) -> Resource:
        """Return the resource whose type is the name of `node`."""
        name = local_name(node, at)
        found: Resource = {"resourceType": name}
        found |= self.complex(node, structure(name, self.version), at or name, depth)
        return found

    def complex(
        self, node: etree._Element, shape: Structure | None, at: str, depth: int
    ) -> Resource:
        """Return the children and attributes of `node` as an object."""
        if depth > MAX_DEPTH:
            raise MalformedError(f"nested deeper than {MAX_DEPTH}", at=at)
        if node.text and not node.text.isspace():
            raise MalformedError("text where elements must stand", at=at)
        found = attributes(node, shape, at)
        groups: dict[str, list[etree._Element]] = {}
        for child in node:
            name = "div" if child.tag == DIV else local_name(child, at)
            if child.tail and not child.tail.isspace():
                raise MalformedError("text between elements", at=f"{at}.{name}")
            groups.setdefault(name, []).append(child)
        for name, children in groups.items():
            known = shape.elements.get(name) if shape else None
            self.group(found, known or guess(name, children), children, at, depth)
        return found

    def group(
        self,
        found: Resource,
        element: Element,
        nodes: list[etree._Element],
        at: str,
        depth: int,
    ) -> None:
        """Add all elements of one name to `found`."""
        many = element.many or len(nodes) > 1
        places = [f"{at}.{element.name}" + (f"[{i}]" if many else "") for i in range(len(nodes))]
        pairs = [
            self.value(node, element, place, depth + 1)
            for node, place in zip(nodes, places, strict=True)
        ]
        for key, index in ((element.name, 0), (f"_{element.name}", 1)):
            column = [pair[index] for pair in pairs]
            if any(each is not None for each in column):
                found[key] = column if many else column[0]

    def value(
        self, node: etree._Element, element: Element, at: str, depth: int
    ) -> tuple[JSON, Resource | None]:
        """Return what `node` holds and, for a primitive, the object that stands beside it."""
        if element.type == "xhtml":
            return narrative(node), None
        if element.type == "Resource":
            if len(node) != 1:
                raise MalformedError("one resource must stand here", at=at)
            return self.resource(node[0], at, depth), None
        text = node.get("value")
        if text is None and not element.primitive:
            return self.complex(node, structure(element.type, self.version), at, depth), None
        beside = self.complex(node, structure(PRIMITIVE_ELEMENT, self.version), at, depth)
        value = None if text is None else primitive(text, element.type)
        return value, beside if beside or value is None else None


def local_name(node: etree._Element, at: str | None) -> str:
    """Return the name of an element of FHIR's namespace."""
    name = etree.QName(node)
    if name.namespace != FHIR:
        raise MalformedError(f"an element outside the namespace {FHIR}", at=at)
    return name.localname


def attributes(node: etree._Element, shape: Structure | None, at: str) -> Resource:
    """Return ``id`` and ``url`` as members; attributes of other namespaces say nothing here."""
    found: Resource = {}
    for key, value in node.attrib.items():
        name = str(key)
        if name == "id" or (name == "url" and (shape is None or shape.name == "Extension")):
            found[name] = str(value)
        elif name != "value" and not name.startswith("{"):
            raise MalformedError("an attribute that is not known", at=at)
    return found


def guess(name: str, nodes: list[etree._Element]) -> Element:
    """Return what an element that no table knows looks like."""
    plain = all("value" in node.attrib for node in nodes)
    inner = nodes[0][0].tag if len(nodes[0]) else ""
    if not plain and str(inner).removeprefix(f"{{{FHIR}}}")[:1].isupper():
        return Element(name, "Resource")
    return Element(name, "string" if plain else "Unknown")


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
    """Return a resource as an XML document; members that no table knows are left out."""
    root = Writer(fhir_version).resource(resource)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


class Writer:
    """Turns JSON into elements by the tables of one FHIR version."""

    def __init__(self, version: str) -> None:
        self.version = version

    def resource(self, resource: Resource) -> etree._Element:
        """Return the element of a resource."""
        name = resource.get("resourceType")
        shape = structure(name, self.version) if isinstance(name, str) else None
        if shape is None or not shape.resource:
            raise MalformedError(f"not a resource of FHIR {self.version}", at="resourceType")
        node = etree.Element(etree.QName(FHIR, shape.name), nsmap=DEFAULT_FHIR)
        self.fill(node, resource, shape)
        return node

    def fill(self, node: etree._Element, value: Resource, shape: Structure | None) -> None:
        """Add the members of `value` to `node`, in the order of the specification."""
        for element in shape.elements.values() if shape else ():
            name = element.name
            if name not in value and f"_{name}" not in value:
                continue
            if attribute(element, shape):
                node.set(name, clean(value.get(name)))
                continue
            for item, beside in pairs(value.get(name), value.get(f"_{name}")):
                self.append(node, element, item, beside)

    def append(self, node: etree._Element, element: Element, item: JSON, beside: JSON) -> None:
        """Append one value of an element."""
        if element.type == "xhtml":
            node.append(division(str(item)))
            return
        child = etree.SubElement(node, etree.QName(FHIR, element.name))
        if element.type == "Resource":
            child.append(self.resource(item))
        elif element.primitive:
            if item is not None:
                child.set("value", clean(item))
            if isinstance(beside, dict):
                self.fill(child, beside, structure(PRIMITIVE_ELEMENT, self.version))
        elif isinstance(item, dict):
            self.fill(child, item, structure(element.type, self.version))


def attribute(element: Element, shape: Structure | None) -> bool:
    """Whether XML writes this element as an attribute: ``id`` of elements, ``Extension.url``."""
    if shape is None or shape.resource:
        return False
    return element.name == "id" or (element.name == "url" and shape.name == "Extension")


def pairs(value: JSON, beside: JSON) -> Iterator[tuple[JSON, JSON]]:
    """Yield each value with the object that stands beside it."""
    values = value if isinstance(value, list) else [value]
    others = beside if isinstance(beside, list) else [beside]
    for index in range(max(len(values), len(others))):
        yield (
            values[index] if index < len(values) else None,
            others[index] if index < len(others) else None,
        )


def clean(value: JSON) -> str:
    """Return a JSON value as attribute text; characters that XML has not are replaced."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(value))


def division(text: str) -> etree._Element:
    """Return the element of a narrative; one that is no XHTML becomes plain text."""
    try:
        if "<!DOCTYPE" not in text:
            return etree.fromstring(text.encode(), parser())
    except etree.XMLSyntaxError:
        pass
    plain = etree.Element(etree.QName(XHTML, "div"), nsmap=DEFAULT_XHTML)
    plain.text = clean(text)
    return plain
