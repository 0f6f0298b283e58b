#!/usr/bin/env python
"""Makes the pictures of the console in `docs/images/` from a running demo.

    riskbridge demo &
    .venv/bin/python scripts/screenshot.py http://127.0.0.1:8080

Needs Chromium (`apt-get install chromium fonts-dejavu-core`) and the extra `test`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDE = {"width": 1180, "height": 830}
PHONE = {"width": 390, "height": 830}
LARGEST = 300_000
SHOTS = (
    ("overview", "/", WIDE, "light"),
    ("patients", "/patients?card=score2", WIDE, "light"),
    ("patient", "patient", WIDE, "light"),
    ("findings", "/findings", WIDE, "dark"),
    ("phone", "patient", PHONE, "dark"),
)
"""Name, path (or the patient with the highest result), size and colour scheme."""


def main(url: str) -> None:
    """Save each picture; fail when one is too large for the repository."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"))
        for name, path, size, scheme in SHOTS:
            page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
            page.goto(url + (highest(page, url) if path == "patient" else path))
            place = IMAGES / f"console-{name}.png"
            page.screenshot(path=place)
            assert place.stat().st_size < LARGEST, place
            sys.stdout.write(f"{place.relative_to(IMAGES.parent.parent)}\n")
        browser.close()


def highest(page: Page, url: str) -> str:
    """Return the address of the patient with the highest result of SCORE2."""
    page.goto(f"{url}/patients?card=score2")
    link = page.locator("tbody th a").first.get_attribute("href")
    assert link
    return link


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")
