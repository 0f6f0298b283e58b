"""Four gateways train together; one is killed between rounds, and comes back where it was."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gateway.cli.demo import Gateway
from gateway.config import Settings, Study
from gateway.fhir.patience import Patience
from gateway.flow.federating_panel import Panel
from gateway.flow.federating_run import Run
from gateway.flow.federating_sites import Site
from gateway.sandbox.serving import serve
from gateway.store import federation
from gateway.store.engine import open_store, reading
from scoring.federated.newton import newton
from scoring.training.fit import fit
from scoring.training.recipe import load
from scoring.training.table import read_table
from tests.scoring.federated.centres import written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection


FORK = multiprocessing.get_context("fork")
QUICK = Patience(first_s=0.01, longest_s=0.05)
RECIPE = load("heart")


def live(pipe: Connection, settings: Settings, port: int) -> None:
    """Serve one site until killed."""
    running = serve(Gateway(settings, open_store(settings.store_url)), port)
    pipe.send(running.url.removesuffix("/fhir"))
    pipe.recv()
    os._exit(0)


@dataclass
class Hospital:
    """A gateway in a process of its own."""

    name: str
    settings: Settings
    url: str = ""

    def start(self) -> None:
        """Start it, again where it was."""
        self.pipe, theirs = FORK.Pipe()
        port = int(self.url.rpartition(":")[2]) if self.url else 0
        self.process = FORK.Process(target=live, args=(theirs, self.settings, port), daemon=True)
        self.process.start()
        theirs.close()
        self.url = self.pipe.recv()

    def kill(self) -> None:
        """Kill it on the spot."""
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()

    def site(self) -> Site:
        """Return it as the coordinator knows it."""
        return Site(self.name, self.url, "heart", self.settings.studies[0].token)

    def left(self) -> list[federation.Message]:
        """Return what left it, oldest first."""
        engine = open_store(self.settings.store_url)
        with reading(engine) as connection:
            found = federation.left(connection)[::-1]
        engine.dispose()
        return found


def centres(shared: Path | None, folder: Path) -> dict[str, Path]:
    """The files of the four heart centres, else invented ones."""
    if shared is None:
        return written(folder)
    return {
        name: shared / "data" / "heart-disease" / file for name, file in RECIPE.data.sites.items()
    }


@pytest.fixture(params=["invented", "heart"])
def hospitals(
    request: pytest.FixtureRequest, empty_store: Path, tmp_path: Path
) -> Iterator[list[Hospital]]:
    shared = request.getfixturevalue("shared") if request.param == "heart" else None
    (tmp_path / "token").write_text("geheim")
    found = []
    for name, data in centres(shared, tmp_path).items():
        study = Study("heart", "heart", str(data), f"file:{tmp_path}/token")
        shutil.copyfile(empty_store, tmp_path / f"{name}.db")
        settings = Settings(store_url=f"sqlite:///{tmp_path}/{name}.db", studies=(study,))
        found.append(Hospital(name, settings))
        found[-1].start()
    yield found
    for hospital in found:
        hospital.kill()


def test_a_site_that_is_killed_comes_back_and_nothing_is_lost(hospitals: list[Hospital]) -> None:
    victim = hospitals[1]
    told: list[str] = []

    def after(done: int) -> None:
        if done in (1, 4):
            victim.kill()

    def hear(text: str) -> None:
        told.append(text)
        victim.start()

    panel = Panel([one.site() for one in hospitals], tell=hear, patience=QUICK)
    found = Run(RECIPE, lambda: newton(RECIPE), "newton", panel, progress=after).outcome()
    for site in panel.sites:
        site.close()

    assert told == [f"{victim.name}: no answer, asked again (attempt 1)"] * 2
    files = {one.name: one.settings.studies[0].data for one in hospitals}
    pooled = read_table(RECIPE, {name: Path(file) for name, file in files.items()})
    fitted = fit(RECIPE, pooled, by_site=False)
    assert found.rounds <= 10
    assert found.left_out == {}
    apart = np.append(
        found.model.coefficients - fitted.estimator.coef_[0],
        found.model.intercept - fitted.estimator.intercept_,
    )
    assert np.abs(apart).max() <= 1e-6

    for hospital in hospitals:
        left = hospital.left()
        assert [one.kind for one in left] == [
            "join",
            "impute",
            "moments",
            *["newton"] * (found.rounds - 2),
        ]
        assert found.bytes_out[hospital.name] == sum(len(one.body) for one in left)
        bodies = b"\n".join(one.body for one in left)
        for row in Path(files[hospital.name]).read_text().splitlines():
            assert row.encode() not in bodies
            assert ",".join(row.split(",")[:5]).encode() not in bodies
