"""For those who run it: alive, ready, metrics. Nothing here names a patient or an id."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from flask import Blueprint, Flask, Response, g, jsonify, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily

from gateway.config import metrics_folder
from gateway.store.engine import reading
from gateway.store.migrations import present
from gateway.store.tables import REVISION, job, outbox
from gateway.store.views.drift import drifts
from gateway.watch.logs import log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.typing import ResponseReturnValue

REQUESTS = Counter(
    "riskbridge_requests", "Requests answered.", ("method", "route", "status"), registry=None
)
SECONDS = Histogram(
    "riskbridge_request_seconds", "Time to answer, in seconds.", ("method", "route"), registry=None
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Depths:
    """What waits in the store, counted when asked: jobs, and writes to partners."""

    engine: sa.Engine

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        with reading(self.engine) as conn:
            jobs = GaugeMetricFamily("riskbridge_jobs", "Jobs by state.", labels=("kind", "state"))
            query = sa.select(job.c.kind, job.c.state, sa.func.count()).group_by(
                job.c.kind, job.c.state
            )
            for kind, state, count in conn.execute(query):
                jobs.add_metric((kind, state), count)
            writes = GaugeMetricFamily(
                "riskbridge_outbox", "Writes to partners by state.", labels=("source", "state")
            )
            query = sa.select(outbox.c.source, outbox.c.state, sa.func.count()).group_by(
                outbox.c.source, outbox.c.state
            )
            for source, state, count in conn.execute(query):
                writes.add_metric((source, state), count)
        yield jobs
        yield writes


@dataclass(frozen=True)
class Drifts:
    """How far those scored lately are from those the cards were trained on."""

    engine: sa.Engine

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the population stability index, and whether index or units are an alarm."""
        labels = ("card", "input")
        moved = GaugeMetricFamily(
            "riskbridge_model_drift", "Population stability index.", labels=labels
        )
        alarm = GaugeMetricFamily(
            "riskbridge_model_drift_alarm", "Other values or units than in training.", labels=labels
        )
        for card, inputs in drifts(self.engine).items():
            for one in inputs:
                if one.psi is not None:
                    moved.add_metric((card, one.input), one.psi)
                alarm.add_metric((card, one.input), one.level == "much")
        yield moved
        yield alarm


@dataclass(frozen=True)
class Health:
    """The views over one store."""

    engine: sa.Engine

    def live(self) -> ResponseReturnValue:
        """Say that the process answers."""
        return jsonify(status="live")

    def ready(self) -> ResponseReturnValue:
        """Say whether requests can be served: the store answers, and is of this version."""
        try:
            revision = present(self.engine)
        except sa.exc.SQLAlchemyError:
            return jsonify(status="not ready", reason="the store does not answer"), 503
        if revision != REVISION:
            return jsonify(status="not ready", reason="the store is of another version"), 503
        return jsonify(status="ready")

    def metrics(self) -> ResponseReturnValue:
        """Return all metrics, of all worker processes, in the text format of Prometheus."""
        registry = CollectorRegistry()
        if metrics_folder():
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        else:
            registry.register(REQUESTS)
            registry.register(SECONDS)
        registry.register(Depths(self.engine))
        registry.register(Drifts(self.engine))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def blueprint(engine: sa.Engine) -> Blueprint:
    """Return the operations endpoints over a store."""
    site = Blueprint("health", __name__)
    health = Health(engine)
    site.add_url_rule("/health/live", view_func=health.live, endpoint="live")
    site.add_url_rule("/health/ready", view_func=health.ready, endpoint="ready")
    site.add_url_rule("/metrics", view_func=health.metrics, endpoint="metrics")
    return site


def watch(app: Flask) -> None:
    """Count and time every request of the application by its route, and log it."""
    app.before_request(started)
    app.after_request(ended)


def started() -> None:
    """Note when the request came."""
    g.started = perf_counter()


def ended(response: Response) -> Response:
    """Count, time and log the request; the route stands for the address, which may hold ids."""
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.method in METHODS else "other"
    seconds = perf_counter() - g.get("started", perf_counter())
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    SECONDS.labels(method, route).observe(seconds)
    if structlog.is_configured():  # else the application is embedded, its output somebody else's
        log().info(
            "request",
            method=method,
            route=route,
            status=response.status_code,
            seconds=round(seconds, 4),
            request=g.get("request_id"),
        )
    return response
