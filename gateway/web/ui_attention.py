"""What needs a person: each with since when and what to do, the most pressing first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.web.ui_text import clean, instant
from gateway.web.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.store.views.overview import Line, Overview
    from scoring.drift import Drifted

STALE = timedelta(hours=24)
"""A source pulled longer ago than this is told as stale: partners' data change every day."""

LATE = timedelta(minutes=10)
"""A job due for longer than this tells that no worker is running."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do."""

    level: str
    text: str
    todo: str
    since: datetime | None = None
    since_words: str = "state.since"


def stale(line: Line, now: datetime) -> bool:
    """Return whether the last pull of a source is too long ago."""
    return bool(line.last_pull_at) and now - instant(line.last_pull_at or 0) > STALE


def tasks(
    overview: Overview,
    now: datetime,
    drifts: Mapping[str, Sequence[Drifted]] = MappingProxyType({}),
) -> list[Task]:
    """Return what needs a person; `drifts` are cards with how far their inputs have moved."""
    found = [task for line in overview.lines if line.base_url for task in _of_source(line, now)]
    if overview.dead_jobs:
        text = say("attention.dead_jobs", n=overview.dead_jobs)
        found.append(Task("high", text, say("attention.dead_jobs_do")))
    if overview.late_jobs:
        text = say("attention.old_jobs", n=overview.late_jobs)
        found.append(Task("mid", text, say("attention.old_jobs_do")))
    found += [task for card, inputs in drifts.items() for task in _of_card(card, inputs)]
    return sorted(found, key=lambda task: task.level != "high")


def _of_card(card: str, inputs: Sequence[Drifted]) -> Iterator[Task]:
    """Yield that those scored lately are other people than a card was trained on."""
    moved = ", ".join(one.input for one in inputs if one.level == "much")
    if moved:
        text = say("attention.drift", card=card, inputs=moved)
        yield Task("mid", text, say("attention.drift_do", card=card))


def _of_source(line: Line, now: datetime) -> Iterator[Task]:
    """Yield what is to be done about one source."""
    if line.reachable is False:
        since = instant(line.answered_at) if line.answered_at else None
        yield _task("unreachable", "high", line, since)
    elif line.last_error:
        text = say("attention.error", source=line.name, error=clean(line.last_error)[:200])
        yield Task("mid", text, say("attention.error_do"))
    if line.counts.dead:
        text = say("attention.failed", n=line.counts.dead, source=line.name)
        yield Task("high", text, say("attention.failed_do", source=line.name))
    if not line.last_pull_at:
        yield _task("unpulled", "mid", line)
    elif stale(line, now):
        task = _task("stale", "mid", line, instant(line.last_pull_at))
        yield replace(task, since_words="overview.last_pull")


def _task(kind: str, level: str, line: Line, since: datetime | None = None) -> Task:
    """Return a task whose texts need the source's name alone."""
    return Task(
        level,
        say(f"attention.{kind}", source=line.name),
        say(f"attention.{kind}_do", source=line.name),
        since,
    )
