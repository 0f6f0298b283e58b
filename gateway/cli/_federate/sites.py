"""The sites that a command names, and their files: each row counts once, at one site."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import UsageError
from scoring.tables import Sheet, TableError, decoded, read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scoring.training.recipe import Recipe

WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Named:
    """A site: a file that is served by a gateway of this command, or a gateway of elsewhere."""

    name: str
    file: Path | None = None
    url: str | None = None
    part: str | None = None
    """Whose rows of the file count, where it is named for several sites."""


def named(words: Sequence[str], recipe: Recipe) -> list[Named]:
    """Return the sites of ``NAME=FILE_OR_URL``, by name.

    A file that several sites name holds the rows of all: each takes those of its own name.

    Raises:
        UsageError: a word is no such pair, a name comes twice, or a file is not there.
    """
    pairs = dict(pair(word, "--site") for word in words)
    if len(pairs) < len(words):
        raise UsageError("--site: each site needs a name of its own")
    found = []
    for name, where in sorted(pairs.items()):
        if where.startswith(WEB):
            found.append(Named(name, url=where.rstrip("/")))
        elif not Path(where).is_file():
            raise UsageError(f"{where}: there is no such file")
        else:
            several = [*pairs.values()].count(where) > 1
            found.append(Named(name, Path(where), part=name if several else None))
    if any(one.part for one in found) and recipe.data.site_column is None:
        raise UsageError(f"two sites name one file, and {recipe.id} has no column that parts them")
    return found


def pair(word: str, option: str) -> tuple[str, str]:
    """Return name and value of ``NAME=VALUE``.

    Raises:
        UsageError: it is none.
    """
    name, equals, value = word.partition("=")
    if not (name and equals and value):
        raise UsageError(f"{option} {word}: must be NAME=VALUE")
    return name, value


def once(
    sites: Sequence[Named], recipe: Recipe, folder: Path, tell: Callable[[str], None]
) -> list[Named]:
    """Return the sites, each with a file that repeats no row of another's.

    A hospital drops the repetitions in its own file; only who has all files sees those between
    them. Where there are any, the later site gets a copy without them in `folder`.
    """
    if not recipe.data.drop_repeated_rows:
        return list(sites)
    seen: set[tuple[str, ...]] = set()
    return [one if one.part else apart(one, recipe, folder, seen, tell) for one in sites]


def apart(
    site: Named,
    recipe: Recipe,
    folder: Path,
    seen: set[tuple[str, ...]],
    tell: Callable[[str], None],
) -> Named:
    """Return the site without the rows that were `seen` before; adds its own to them."""
    if site.file is None:
        return site
    try:
        raw = site.file.read_bytes()
        sheet = read_sheet(raw, recipe.data, site.file.name)
    except (OSError, TableError):
        return site  # its gateway says what is wrong
    rows = keys(sheet, recipe)
    again = {place for place, row in enumerate(rows) if row in seen}
    seen |= {*rows}
    if not again:
        return site
    tell(f"{site.name}: {len(again)} rows that another site's file holds too are left out")
    copy = folder / site.name.replace("/", "_") / site.file.name
    copy.parent.mkdir()
    copy.write_text(without(decoded(raw, site.file.name), sheet, again), encoding="utf-8")
    return Named(site.name, copy)


def keys(sheet: Sheet, recipe: Recipe) -> list[tuple[str, ...]]:
    """Return what rows are compared by: all cells but running numbers."""
    places = [n for n, name in enumerate(sheet.names) if name not in recipe.data.apart_from]
    return [tuple(row[n] for n in places) if row else () for row in sheet.rows]


def without(text: str, sheet: Sheet, rows: set[int]) -> str:
    """Return the text of a file without the lines of some rows."""
    lines = list(io.StringIO(text, newline=""))
    gone = {
        line
        for place in rows
        for line in range(sheet.lines[place - 1] if place else 0, sheet.lines[place])
    }
    return "".join(line for number, line in enumerate(lines) if number not in gone)
