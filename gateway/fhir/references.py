"""Rewrites what a resource refers to: ids of a Bundle to those assigned, of a source to ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from terminology.records import JSON, Resource

TEXTS = frozenset({"value", "system", "display", "text", "id", "versionId"})
"""Elements whose texts may look like a link and are none (the value of an identifier, say)."""

LINK = re.compile(r"""(?<=["'])(urn:(?:uuid|oid):[^"'#]+)(?=["'#])""")


def references(resource: JSON) -> Iterator[str]:
    """Yield every ``reference`` text in a resource, contained resources included.

    >>> list(references({"subject": {"reference": "Patient/1"}}))
    ['Patient/1']
    """
    if isinstance(resource, dict):
        for name, value in resource.items():
            if name == "reference" and isinstance(value, str):
                yield value
            elif isinstance(value, (dict, list)):
                yield from references(value)
    elif isinstance(resource, list):
        for value in resource:
            if isinstance(value, (dict, list)):
                yield from references(value)


def rewritten(resource: Resource, change: Callable[[str], str]) -> Resource:
    """Return the resource with each ``reference`` changed; parts without any are shared.

    >>> rewritten({"subject": {"reference": "Patient/1"}}, lambda text: text.replace("/", "/fi."))
    {'subject': {'reference': 'Patient/fi.1'}}
    """
    changed: Resource = walk(resource, change)
    return changed


def walk(value: JSON, change: Callable[[str], str]) -> JSON:
    """Return a value with the references in it changed; itself when there are none."""
    if isinstance(value, dict):
        new = {
            name: change(one)
            if name == "reference" and isinstance(one, str)
            else walk(one, change)
            if isinstance(one, (dict, list))
            else one
            for name, one in value.items()
        }
        return value if all(new[name] is value[name] for name in new) else new
    if isinstance(value, list):
        items = [walk(one, change) for one in value]
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    return value


def relinked(resource: JSON, links: Mapping[str, str]) -> JSON:
    """Return the resource with what `links` names replaced wherever FHIR lets a link stand.

    That is in references, in elements that hold a URI, and in the links of narratives.
    """
    if not links:
        return resource
    if isinstance(resource, dict):
        return {name: relinked_member(name, one, links) for name, one in resource.items()}
    if isinstance(resource, list):
        return [relinked(one, links) for one in resource]
    return resource


def relinked_member(name: str, value: JSON, links: Mapping[str, str]) -> JSON:
    """Return one member of an object with its links replaced."""
    if name == "reference" and isinstance(value, str):
        return links.get(value) or links.get(value.partition("/_history/")[0], value)
    if isinstance(value, str):
        if name == "div":
            return LINK.sub(lambda match: links.get(match[1], match[1]), value)
        return value if name in TEXTS else relinked_uri(value, links)
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [relinked_uri(one, links) if isinstance(one, str) else one for one in value]
    return relinked(value, links)


def relinked_uri(value: str, links: Mapping[str, str]) -> str:
    """Return what an absolute URI is replaced by; other texts are no links."""
    return links.get(value, value) if value.startswith(("urn:", "http:", "https:")) else value
