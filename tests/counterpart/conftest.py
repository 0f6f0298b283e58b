"""Servers and a validator that others wrote, started once for all tests of this folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from gateway.fhir.json import encode
from tests.counterpart.processes import Server, announced, answering, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"STU3": "DSTU3"}
"""What HAPI calls a version of FHIR."""


class Validator:
    """The HL7 validator of HAPI behind HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def errors(self, resource: Any, version: str = "R4") -> list[str]:
        """Return each error as ``place: message``; empty when the resource is valid."""
        raw = resource if isinstance(resource, bytes) else encode(resource)
        form = "xml" if raw.startswith(b"<") else "json"
        answer = self.session.post(
            f"{self.url}/{NAMES.get(version, version)}",
            data=raw,
            headers={"Content-Type": f"application/fhir+{form}"},
            timeout=300,
        )
        report = json.loads(answer.content)
        return [f"{issue['location']}: {issue['message']}" for issue in report["errors"]]


@pytest.fixture(scope="session")
def hapi_run(shared: Path) -> Path:
    """The command that runs HAPI's server and validator."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program} to run the reference server and validator")
    return shared / "servers" / "hapi" / "run"


@pytest.fixture(scope="session")
def validator(hapi_run: Path) -> Iterator[Validator]:
    """The validator, for every version of FHIR."""
    command = [hapi_run, "validate", "--serve", str(free_port())]
    server = announced(command, {"HAPI_HEAP": "3g"})  # four versions of FHIR; one fits in 1g
    found = Validator(server.url)
    yield found
    found.session.close()
    server.close()


@pytest.fixture(scope="session")
def hapi(hapi_run: Path) -> Iterator[Server]:
    """HAPI's JPA server for FHIR R4, empty."""
    server = announced([hapi_run, "server", "--port", "0"])
    yield server
    server.close()


@pytest.fixture(scope="session")
def sekmet_command() -> Path:
    """The command of sekmet-fhir in an environment of its own."""
    if not (ROOT / ".venv" / "bin" / "uv").exists():
        pytest.skip("needs the environment that `make env` makes")
    made = subprocess.run(
        [ROOT / "scripts" / "sekmet-env"], capture_output=True, text=True, timeout=300, check=False
    )
    if made.returncode:
        pytest.skip("the environment of sekmet-fhir cannot be made (no package registry?)")
    return Path(made.stdout.strip()) / "bin" / "sekmet"


def sekmet_settings(folder: Path, port: int, peers: str = "{}") -> Path:
    """Write settings for sekmet that keep it on loopback and its data in `folder`."""
    path = folder / "settings.yaml"
    path.write_text(
        f"host: 127.0.0.1\nport: {port}\nbase_url: http://127.0.0.1:{port}/fhir\n"
        f"data_dir: {folder / 'data'}\nown_private_key_path: {folder / 'own.pem'}\n"
        f"simulator: {{enabled: false}}\npeers: {peers}\n"
    )
    return path


@pytest.fixture(scope="session")
def sekmet(sekmet_command: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """sekmet-fhir as a FHIR R4 server, empty."""
    port = free_port()
    settings = sekmet_settings(tmp_path_factory.mktemp("sekmet"), port)
    base = f"http://127.0.0.1:{port}/fhir"
    server = answering([sekmet_command, "serve", "--config", settings], f"{base}/metadata")
    server.url = base
    yield server
    server.close()
