"""The XHTML of a narrative: the elements and attributes that FHIR allows, and some content.

The invariants txt-1 and txt-2 of the specification (http://hl7.org/fhir/R4/narrative.html): basic
formatting of HTML 4.0 chapters 7 to 11 and 15, links, images and styles of its own; no script, no
form, no frame, no event attribute, no links but those to the web, mail, telephone and images.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from gateway.fhir.problems import wrong

if TYPE_CHECKING:
    from gateway.fhir.problems import Problems
    from terminology.records import JSON

XHTML = "{http://www.w3.org/1999/xhtml}"
ELEMENTS = frozenset(
    (
        *("a", "abbr", "acronym", "address", "b", "big", "blockquote", "br", "caption", "cite"),
        *("code", "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption"),
        *("figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li"),
        *("ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub"),
        *("sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var"),
        *("map", "area", "bdo", "center", "font", "section"),
    )
)
FORBIDDEN = re.compile(r"on|form|srcdoc|ping|background\Z", re.IGNORECASE)
LINKS = frozenset(("href", "src", "cite", "longdesc", "usemap", "data"))
SAFE_LINK = re.compile(r"\s*(https?:|mailto:|tel:|ftp:|urn:|data:image/|#|[^:]*\Z)", re.IGNORECASE)
OUTSIDE_STYLE = re.compile(r"url\s*\(|expression\s*\(|@import|javascript:", re.IGNORECASE)
ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))


def check_narrative(value: JSON) -> Problems:
    """Say what FHIR does not allow in a narrative's ``div``."""
    if value.__class__ is not str:
        return wrong("structure", "not a string of XHTML")
    try:
        root = parsed(value)
    except (etree.XMLSyntaxError, ValueError):
        return wrong("invalid", "not well-formed XHTML")
    if root is None or root.tag != f"{XHTML}div":
        return wrong("invalid", "not a div element of the namespace http://www.w3.org/1999/xhtml")
    for node in root.iter():
        if said := forbidden(node):
            return wrong("invariant", f"txt-1: {said}")
    if (
        not etree.tostring(root, method="text", encoding="unicode").strip()
        and root.find(f".//{XHTML}img") is None
    ):
        return wrong("invariant", "txt-2: a narrative without content")
    return None


def parsed(text: str) -> etree._Element | None:
    """Return the root element; entities beyond XML's own are taken for blanks, never resolved."""
    if "<!" in text.replace("<!--", ""):
        return None
    plain = ENTITY.sub(lambda match: match[0] if match[1] in XML_ENTITIES else " ", text)
    # A parser for each text: they are not to be shared between threads.
    return etree.fromstring(
        plain.encode(), etree.XMLParser(resolve_entities=False, no_network=True)
    )


def forbidden(node: etree._Element) -> str | None:
    """Return what a narrative may not hold of one node, if it holds it."""
    if not isinstance(node.tag, str):
        return None if node.tag is etree.Comment else "a processing instruction"
    name = node.tag.removeprefix(XHTML)
    if name not in ELEMENTS:
        return "an element that is not allowed in a narrative"
    for key, value in node.attrib.items():
        if said := forbidden_attribute(str(key), str(value)):
            return said
    return None


def forbidden_attribute(name: str, value: str) -> str | None:
    """Return what is not allowed of an attribute."""
    if FORBIDDEN.match(name):
        return "an attribute that is not allowed in a narrative"
    if name in LINKS and not SAFE_LINK.match(value):
        return "a link of a kind that is not allowed in a narrative"
    if name == "style" and OUTSIDE_STYLE.search(value):
        return "a style that refers to something outside"
    return None
