"""Fuzz the mapper: no input raises, hangs or grows, and both lanes say the same.

Each input is read as one document (JSON or XML) by the full lane, and by the fold as a document and
as lines. Arguments are those of libFuzzer, such as ``-max_total_time=600 -rss_limit_mb=1500``;
atheris has to be installed, outside of the project's own environment.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["mappers", "terminology", "gateway.fhir"]):
    from tests.fuzz import inputs, targets


def main() -> None:
    folder = inputs.seeds()
    limits = ["-timeout=20", "-max_len=20000", *sys.argv[1:]]
    atheris.Setup([sys.argv[0], *limits, str(folder)], targets.every, custom_mutator=inputs.mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
