"""The model card of a trained model as a DocumentReference: Markdown, in plain words.

"AI Transparency on FHIR" (https://hl7.org/fhir/uv/aitransparency/2026Jan/) keeps a model card as it
is written elsewhere, as Markdown with a YAML head; type and category say that it is one. Mitchell M
et al., Model Cards for Model Reporting (2019), https://doi.org/10.1145/3287560.3287596, says what
belongs into it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mappers.fallback.elements import attachment
from mappers.riskassessment_elements import CARDS, without_empty
from mappers.riskassessment_identity import modelcard_identity
from mappers.riskassessment_transparency import BASE

if TYPE_CHECKING:
    from terminology.records import CardFacts, Resource, TrainingFacts

CODES = f"{BASE}/CodeSystem/AImodelCardCS"
TYPE = {"system": CODES, "code": "AIModelCard", "display": "AI Model-Card"}
MARKDOWN = {"system": CODES, "code": "AImodelCardMarkdownFormat", "display": "Markdown Format"}
UNDATED = "1970-01-01T00:00:00Z"
"""STU3 wants a moment; a card has none, and the same card must give the same bytes."""


def model_card(facts: CardFacts, fhir_version: str = "R4") -> Resource | None:
    """Return the model card; None for a published score."""
    if facts.training is None:
        return None
    own = str(modelcard_identity(facts.id, facts.version))
    name = f"{facts.id}.md"
    stu3 = fhir_version == "STU3"
    return without_empty(
        {
            "resourceType": "DocumentReference",
            "id": own,
            "identifier": [
                {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{own}"},
                {"system": CARDS, "value": f"{facts.id}@{facts.version}"},
            ],
            "status": "current",
            "docStatus": "final",
            "type": {"coding": [TYPE]},
            ("class" if stu3 else "category"): (
                {"coding": [MARKDOWN]} if stu3 else [{"coding": [MARKDOWN]}]
            ),
            "indexed": UNDATED if stu3 else None,
            "description": f"Model card of {facts.title}, version {facts.version}",
            "content": [
                {
                    "attachment": attachment(
                        markdown(facts, facts.training).encode(), "text/markdown", name
                    )
                }
            ],
        }
    )


def markdown(facts: CardFacts, training: TrainingFacts) -> str:
    """Return the model card as text."""
    head = {"model_name": f"{facts.id} {facts.version}", "language": "en", "license": facts.licence}
    lines = [
        "---",
        *(f"{key}: {json.dumps(text, ensure_ascii=False)}" for key, text in head.items()),
        "---",
        "",
        f"# {facts.title}",
        "",
        f"Card `{facts.id}`, version {facts.version}: {training.algorithm}.",
        *section("Intended use", intended(facts, training)),
        *section("Training", trained(training)),
        *section("Evaluation", measured(training)),
        *section("Limits", [facts.disclaimer, *training.notes]),
        *section("Sources", [*facts.citation, facts.licence]),
    ]
    return "\n".join(lines) + "\n"


def section(title: str, items: list[str]) -> list[str]:
    """Return a section with a list; nothing of an empty one."""
    told = [f"- {item}" for item in items if item]
    return ["", f"## {title}", "", *told] if told else []


def intended(facts: CardFacts, training: TrainingFacts) -> list[str]:
    """Return whom it is for, and what it says."""
    ages = f"Ages {training.ages[0]} to {training.ages[1]}." if training.ages else ""
    outputs = [f"{one.label}: {one.kind}." for one in facts.outputs]
    return [training.setting, ages, *outputs]


def trained(training: TrainingFacts) -> list[str]:
    """Return what it learned from."""
    cleaned = [f"{what}: {number}" for what, number in training.told]
    data = f"Data: {training.data} (SHA-256 {training.sha256}), {training.rows} rows."
    return [data, *cleaned]


def measured(training: TrainingFacts) -> list[str]:
    """Return how good it is, as it was measured in training."""
    return [f"{name.replace('_', ' ')}: {value:g}" for name, value in training.metrics]
