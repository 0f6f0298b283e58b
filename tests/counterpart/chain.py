"""The whole chain against a server that others wrote, through the command line as people use it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from gateway.fhir.json import encode
from gateway.sandbox.dialects import load
from gateway.sandbox.people import cohort

JSON = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}
AT_ONCE = 100
"""Entries of one transaction."""
FIRST = ("Organization", "Practitioner", "Patient")
"""Types that others refer to, and that must be there before them."""


def people(country: str, number: int, version: str = "R4") -> list[dict[str, Any]]:
    """Return a country's people with all that is recorded of them, those referred to first."""
    found = cohort(load(country, version), number, 7, datetime.now(UTC)).resources
    return sorted(found, key=lambda resource: resource["resourceType"] not in FIRST)


def fill(url: str, resources: list[dict[str, Any]]) -> None:
    """Put resources on a server, each under its id, by transactions."""
    with requests.Session() as session:
        for start in range(0, len(resources), AT_ONCE):
            entries = [
                {
                    "fullUrl": f"{url}/{resource['resourceType']}/{resource['id']}",
                    "resource": {key: value for key, value in resource.items() if key != "meta"},
                    "request": {
                        "method": "PUT",
                        "url": f"{resource['resourceType']}/{resource['id']}",
                    },
                }
                for resource in resources[start : start + AT_ONCE]
            ]
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            answer = session.post(url, data=encode(bundle), headers=JSON, timeout=180)
            assert answer.status_code == 200, answer.text[:500]


def all_of(url: str, kind: str) -> list[dict[str, Any]]:
    """Return every resource of a type on a server, page by page."""
    found: list[dict[str, Any]] = []
    following: str | None = f"{url}/{kind}?_count=50"
    with requests.Session() as session:
        while following:
            page = session.get(following, headers=JSON, timeout=60).json()
            found += [entry["resource"] for entry in page.get("entry", [])]
            links = {link["relation"]: link["url"] for link in page.get("link", [])}
            following = links.get("next")
    return found


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway in a folder, with one source."""

    folder: Path
    name: str

    @classmethod
    def of(cls, folder: Path, name: str, url: str, country: str, **settings: str) -> Gateway:
        """Configure a gateway whose one source is a server."""
        lines = [
            f'[store]\nurl = "sqlite:///{folder / "gateway.db"}"\n[[source]]',
            *(
                f'{key} = "{value}"'
                for key, value in {
                    "name": name,
                    "base_url": url,
                    "country": country,
                    "write_back": "auto",
                    **settings,
                }.items()
            ),
        ]
        (folder / "riskbridge.toml").write_text("\n".join(lines) + "\n")
        return cls(folder, name)

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run a command on the source and return the JSON it prints."""
        command = Path(sys.executable).parent / "riskbridge"
        done = subprocess.run(
            [command, *arguments, self.name, "--json"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stdout[-500:], done.stderr[-2000:])
        plain: dict[str, Any] = json.loads(done.stdout)
        return plain


def by_identifier(resources: list[dict[str, Any]]) -> Counter[str]:
    """Count resources by the value of their first identifier."""
    return Counter(resource["identifier"][0]["value"] for resource in resources)
