"""What every template finds at hand: words, filters, the addresses of assets, the time."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, fields
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from flask import url_for

from gateway.store.views import DIRECT
from gateway.web import ui_cards, ui_text, words
from gateway.web.ui_findings import country
from mappers import countries
from terminology import reasons

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from flask.blueprints import BlueprintSetupState

    from terminology.reasons import Advice

WORDING: dict[str, Callable[[str], str]] = {
    "card": ui_cards.title,
    "category": partial(words.label, "category"),
    "country": country,
    "feature": ui_text.concept,
    "reason": ui_text.reason,
    "source": lambda name: name or words.say("overview.direct"),
}

FILTERS = (
    ui_text.clean,
    ui_text.clock,
    ui_text.concept,
    ui_text.instant,
    ui_text.percent,
    ui_text.reason,
    ui_text.system,
    ui_text.unit,
    words.count,
    country,
)


def furnish(state: BlueprintSetupState, now: Callable[[], datetime]) -> None:
    """Give the application's templates our words and filters."""
    environment = state.app.jinja_env
    environment.filters.update({function.__name__: function for function in FILTERS})
    environment.filters["ago"] = lambda moment: ui_text.age(moment, now())
    environment.filters["dated"] = lambda text: ui_text.dated(text, now())
    environment.globals.update(
        say=words.say,
        label=words.label,
        asset=asset,
        advice=advice,
        country_files=countries.load,
        this_moment=now,
    )
    ui_cards.warm()


def options(choices: Any) -> dict[str, list[tuple[str, str]]]:  # noqa: ANN401
    """Return what there is to filter by, value and words, each list in the order of its words."""
    return {
        item.name: sorted(
            ((value or DIRECT, WORDING[item.name](value)) for value in getattr(choices, item.name)),
            key=lambda pair: pair[1].casefold(),
        )
        for item in fields(choices)
    }


def narrowed(wanted: Any) -> bool:  # noqa: ANN401
    """Return whether a filter is set."""
    return any(value for name, value in asdict(wanted).items() if name != "page")


def advice(reason: str) -> Advice | None:
    """Return what a reason means and what to do; nothing for one without advice."""
    found = reasons.find(reason)
    return found[0] if found else None


def asset(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    return url_for("ui.static", filename=name, v=fingerprint(name))


@cache
def fingerprint(name: str) -> str:
    """Return a short digest of a static file."""
    content = files("gateway.web").joinpath("static", name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]
