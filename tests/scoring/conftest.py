from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from terminology.records import FeatureRow, Measurement, Value

if TYPE_CHECKING:
    from collections.abc import Callable


def measured(feature: str, value: Value, unit: str | None = None, **more: Any) -> Measurement:
    """A usable measurement of 2026 with a resource of its own."""
    told: dict[str, Any] = {
        "at": "Observation",
        "resource": f"Observation/{feature.replace('_', '-')}",
        "version": "1",
        "subject": "Patient/p1",
        "effective": "2026-03-01T10:00:00+02:00",
        **more,
    }
    return Measurement(feature=feature, value=value, unit=unit, **told)


BASE = (
    measured("systolic_bp", 140.0, "mm[Hg]"),
    measured("total_cholesterol", 5.5, "mmol/L"),
    measured("hdl_cholesterol", 1.3, "mmol/L"),
    measured("smoking_status", "current"),
)


@pytest.fixture
def a_row() -> Callable[..., FeatureRow]:
    """A man of 55 in Finland with blood pressure, cholesterol and smoking; more on demand."""

    def make(*more: Measurement, without: tuple[str, ...] = (), **told: Any) -> FeatureRow:
        features = {
            given.feature: given for given in (*BASE, *more) if given.feature not in without
        }
        person: dict[str, Any] = {
            "patient": "Patient/p1", "country": "FI", "sex": "male", "birth": "1971-02-03", **told,
        }  # fmt: skip
        return FeatureRow(features=features, **person)

    return make


@pytest.fixture
def a_measurement() -> Callable[..., Measurement]:
    return measured
