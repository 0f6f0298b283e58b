"""Regular expressions of strangers, matched only when they must end soon.

Python's engine goes back and tries again: a repeat inside a repeat, or many choices in a row, take
time that doubles with each character. Such patterns are refused.
"""

from __future__ import annotations

import functools
import re

from terminology.service.problems import ServiceError

LONGEST_PATTERN = 500
MOST_CHOICES = 10
LONGEST = (1000, 1000, 256, 64, 32)
"""Characters that a value may have, by the number of repeats in the pattern."""

TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(\?|[()|]|(?:[*+?]|\{\d*,?\d*\})[?+]?|.", re.DOTALL
)
OPEN = ("(", "(?:")
LOOKS = re.compile(r"\(\?|\\[1-9]")
REPEAT = re.compile(r"[*+?{].*", re.DOTALL)
FIXED = re.compile(r"\{\d+\}\Z")


def matches(value: str, pattern: str) -> bool:
    """Return whether the whole of `value` matches a pattern.

    >>> matches("code1", "[^ ]{4}[0-9]"), matches("code1", "code")
    (True, False)

    Raises:
        ServiceError: the pattern cannot be read, or might take for ever.
    """
    expression, longest = compiled(pattern)
    if len(value) > longest:
        raise costly("a value is too long for a regular expression")
    return expression.fullmatch(value) is not None


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> tuple[re.Pattern[str], int]:
    """Return a pattern that ends soon, and for how long a value."""
    if len(pattern) > LONGEST_PATTERN:
        raise costly("a regular expression is too long")
    longest = LONGEST[repeats(pattern)]
    try:
        return re.compile(pattern), longest
    except (re.error, RecursionError, OverflowError):
        text = "a regular expression cannot be read"
        raise ServiceError(422, "invalid", text, "vs-invalid") from None


def repeats(pattern: str) -> int:
    """Return how many repeats a pattern has.

    Raises:
        ServiceError: it repeats a repeat or a choice, looks around or back, or has too many.
    """
    signs = TOKEN.findall(pattern)
    groups, counted, choices = [False], 0, 0
    for sign, following in zip(signs, [*signs[1:], ""], strict=False):
        if sign in OPEN:
            groups.append(False)
        elif LOOKS.fullmatch(sign):
            raise costly("a regular expression looks around or back")
        elif sign == ")" and len(groups) > 1:
            close(groups, following)
        elif varies(sign, len(groups) > 1):
            groups[-1] = True
            counted, choices = counted + (sign != "|"), choices + (sign == "|")
    if counted >= len(LONGEST) or choices > MOST_CHOICES:
        raise costly("a regular expression has too many repeats or choices")
    return counted


def varies(sign: str, within: bool) -> bool:
    """Return whether a sign lets a part match in several ways; choices on top only add up."""
    if sign == "|":
        return within
    return bool(REPEAT.match(sign)) and not FIXED.match(sign)


def close(groups: list[bool], following: str) -> None:
    """Close a group; what varies in it varies in the one around it.

    Raises:
        ServiceError: it varies and is repeated.
    """
    inner = groups.pop()
    if inner and REPEAT.match(following):
        raise costly("a regular expression repeats a repeat or a choice")
    groups[-1] = groups[-1] or inner


def costly(text: str) -> ServiceError:
    """Return the error of a pattern that is refused."""
    return ServiceError(422, "too-costly", text, "vs-invalid")
