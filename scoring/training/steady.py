"""A skops file whose bytes depend on the model alone.

skops names objects by their address in memory and stamps its archive with the time; here objects
are numbered as they appear, and there is no time, so that the same training gives the same hash.
"""

from __future__ import annotations

import io
import re
import zipfile

SCHEMA = "schema.json"
NUMBER = re.compile(r'(?<="__id__": )\d+|(?<=")\d+(?=\.np[yz]")')


def steady(raw: bytes) -> bytes:
    """Return the archive with objects numbered by appearance and members without a date."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    numbers: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        return numbers.setdefault(found[0], str(len(numbers)))

    schema = NUMBER.sub(numbered, members.pop(SCHEMA).decode())
    renamed = {}
    for name, content in members.items():
        stem, dot, ending = name.partition(".")
        renamed[f"{numbers.get(stem, stem)}{dot}{ending}"] = content
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in sorted({**renamed, SCHEMA: schema.encode()}.items()):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()
