"""Versions: id and meta of this server around content that stays as it was sent."""

from __future__ import annotations

from gateway.fhir.json import decode, encode
from gateway.fhir.stamp import stamp

AT = "2024-01-02T03:04:05.678Z"


def test_id_version_and_time_are_ours_and_the_rest_the_callers() -> None:
    sent = decode(
        b'{"id":"theirs","x":5.20,"meta":{"versionId":"9","tag":[{"code":"t"}]},'
        b'"resourceType":"Basic"}'
    )
    assert stamp(sent, "b1")(3, AT) == (
        b'{"resourceType":"Basic","id":"b1","meta":{"versionId":"3","lastUpdated":"' + AT.encode()
        + b'","tag":[{"code":"t"}]},"x":5.20}'
    )  # fmt: skip


def test_a_resource_of_nothing_else() -> None:
    made = stamp({"resourceType": "Basic"}, "b1")(1, AT)
    assert decode(made)["id"] == "b1"


def test_the_digest_is_of_the_content_alone() -> None:
    def digest(**content: object) -> bytes:
        return stamp({"resourceType": "Basic", **content}, "b1").digest

    assert digest(x=1) == digest(x=1, id="other", meta={"versionId": "7", "lastUpdated": AT})
    assert digest(x=1) != digest(x=2)
    assert digest(x=1) != digest(x=1, meta={"tag": [{"code": "t"}]})


def test_the_resource_itself_is_left_alone() -> None:
    sent = {"resourceType": "Basic", "meta": {"versionId": "9"}}
    before = encode(sent)
    stamp(sent, "b1")(1, AT)
    assert encode(sent) == before
