"""Links: found, replaced where FHIR lets them stand, left alone where a text only looks alike."""

from __future__ import annotations

from gateway.fhir.references import references, relinked, rewritten

ADA = "urn:uuid:11111111-1111-4111-8111-111111111111"
RESOURCE = {
    "subject": {"reference": ADA},
    "performer": [{"reference": f"{ADA}/_history/2"}, {"display": ADA}],
    "contained": [{"basedOn": [{"reference": "Basic/1"}]}],
    "identifier": [{"system": "urn:ietf:rfc:3986", "value": ADA}],
    "instantiatesUri": [ADA, "urn:other"],
    "presentedForm": [{"url": ADA}],
    "text": {"div": f'<div><a href="{ADA}">{ADA}</a><img src="{ADA}#x"/><b>urn:uuid:</b></div>'},
    "note": [{"text": ADA}],
    "value": 1,
}


def test_references_are_found_everywhere() -> None:
    assert list(references(RESOURCE)) == [ADA, f"{ADA}/_history/2", "Basic/1"]


def test_links_are_replaced_where_they_are_links() -> None:
    made = relinked(RESOURCE, {ADA: "Patient/p1", "Basic/1": "Basic/2"})
    assert made == {
        "subject": {"reference": "Patient/p1"},
        "performer": [{"reference": "Patient/p1"}, {"display": ADA}],
        "contained": [{"basedOn": [{"reference": "Basic/2"}]}],
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": ADA}],
        "instantiatesUri": ["Patient/p1", "urn:other"],
        "presentedForm": [{"url": "Patient/p1"}],
        "text": {
            "div": f'<div><a href="Patient/p1">{ADA}</a><img src="Patient/p1#x"/>'
            "<b>urn:uuid:</b></div>"
        },
        "note": [{"text": ADA}],
        "value": 1,
    }  # fmt: skip


def test_nothing_to_replace_changes_nothing() -> None:
    assert relinked(RESOURCE, {}) is RESOURCE
    assert rewritten(RESOURCE, lambda text: text) == RESOURCE


def test_parts_without_references_are_shared() -> None:
    made = rewritten(RESOURCE, lambda text: f"{text}!")
    assert made["subject"]["reference"] == f"{ADA}!"
    assert made["text"] is RESOURCE["text"]
