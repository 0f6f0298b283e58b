"""`make bench`: each room's rows, a ratio against a baseline of the same run, and its bar.

A room adds a module here with `rows() -> list[(what, ratio, bar)]`; smaller is better. Exit
status 1 when a ratio passes its bar by more than a fifth (machines differ; ratios wobble).
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys

from rich.console import Console
from rich.table import Table

import tests.bench


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("rooms", nargs="*", help="only these rooms")
    wanted = parser.parse_args().rooms
    table = Table("room", "what", "ratio", "bar", "holds")
    failed = 0
    for room in sorted(m.name for m in pkgutil.iter_modules(tests.bench.__path__)):
        if room.startswith("_") or (wanted and room not in wanted):
            continue
        sys.stderr.write(f"measuring {room} ...\n")
        for what, ratio, bar in importlib.import_module(f"tests.bench.{room}").rows():
            holds = ratio <= bar * 1.2
            failed += not holds
            table.add_row(room, what, f"{ratio:.3g}", f"{bar:.3g}", "yes" if holds else "NO")
    Console(width=120).print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
