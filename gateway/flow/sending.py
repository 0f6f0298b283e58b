"""Writes on their way to a server: many in one Bundle, or one by one, each with its own answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.errors import RefusedError, UntruthfulError
from gateway.fhir.json import encode
from gateway.fhir.transport import outcome_codes
from gateway.store.outbox import Parcel, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.fhir.client import Client
    from terminology.records import Resource

AT_ONCE = 100
"""Entries of one Bundle: the client's cost per entry is then about one hundredth of a request."""

CONFLICT = frozenset({409, 412, 429})
"""Somebody else writes there: look again, later."""

OK, CREATED, UNAUTHORIZED = 200, 201, 401
UNTAKEN = frozenset({403, 404, 405, 501})
"""Statuses by which a server says that it takes no resources of this type."""

DOUBTFUL = frozenset({400, 422})
"""Statuses that say so only with the code ``not-supported``."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One write: PUT under an id, or POST unless a search finds it."""

    parcel: Parcel
    id: str | None = None
    """The id to put it under; None to create it."""
    body: bytes = b""
    match: str | None = None
    unless: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server answered to one write."""

    status: int
    etag: str | None = None
    location: str | None = None
    told: str = ""

    @property
    def done(self) -> bool:
        """Tell whether it is there now."""
        return self.status in (OK, CREATED)

    def receipt(self, sending: Sending) -> Receipt:
        """Return what is noted of the parcel: a refusal is final, a conflict is not."""
        parcel = sending.parcel
        if self.done:
            found = sending.unless is not None and self.status == OK
            state = "unchanged" if found else "written"
            return Receipt(parcel.kind, parcel.target_id, state, self.etag)
        again = self.status in CONFLICT or self.status >= 500
        text = f"{parcel.kind} answered {self.status}{self.told}"
        state = "failed" if again and not self.unsupported else "refused"
        return Receipt(
            parcel.kind, parcel.target_id, state, error=text, unsupported=self.unsupported
        )

    @property
    def unsupported(self) -> bool:
        """Tell whether the type is not taken, rather than this one resource."""
        said = "not-supported" in self.told
        return self.status in UNTAKEN or (self.status in DOUBTFUL and said)


def one_by_one(client: Client, sendings: Sequence[Sending]) -> list[Sent]:
    """Send each by itself.

    Raises:
        RemoteError: the server is away, or does not know us any more.
    """
    return [alone(client, one) for one in sendings]


def alone(client: Client, one: Sending) -> Sent:
    """Send one write by itself."""
    try:
        if one.id is not None:
            answer = client.put(one.parcel.kind, one.id, one.body, match=one.match)
        else:
            answer = client.create(one.parcel.kind, one.body, unless=one.unless)
    except RefusedError as error:
        if error.answered == UNAUTHORIZED:
            raise
        return Sent(error.answered, told=error.text.partition(str(error.answered))[2])
    return Sent(answer.status, answer.etag, answer.headers.get("Location"))


def together(client: Client, kind: str, sendings: Sequence[Sending]) -> list[Sent]:
    """Send all in one Bundle of type `kind`, ``transaction`` or ``batch``.

    Raises:
        RefusedError: the Bundle as a whole was refused, and (unless the server is a bad one)
            nothing was written.
        UntruthfulError: the answers cannot be told apart.
        RemoteError: the server is away, or does not know us any more.
    """
    entries = b",".join(entry(client.base_url, one) for one in sendings)
    body = b'{"resourceType":"Bundle","type":"%b","entry":[%b]}' % (kind.encode(), entries)
    answered = client.bundle(body).get("entry")
    if not isinstance(answered, list) or len(answered) != len(sendings):
        raise UntruthfulError("a Bundle was answered by another number of entries")
    return [answer_of(one) for one in answered]


def entry(base_url: str, one: Sending) -> bytes:
    """Return one entry of a Bundle; its resource is spliced in as it is."""
    kind = one.parcel.kind
    asked: Resource = {"method": "POST", "url": kind}
    full_url = f"urn:uuid:{one.parcel.target_id}"
    if one.id is not None:
        asked = {"method": "PUT", "url": f"{kind}/{one.id}"}
        full_url = f"{base_url}/{kind}/{one.id}"
    if one.match:
        asked["ifMatch"] = one.match
    if one.unless:
        asked["ifNoneExist"] = one.unless
    return b'{"fullUrl":"%b","resource":%b,"request":%b}' % (
        full_url.encode(),
        one.body,
        encode(asked),
    )


def answer_of(answered: Any) -> Sent:  # noqa: ANN401 - JSON of a server
    """Return what an entry of the answer says; ``201 Created`` and ``201`` are the same."""
    response = answered.get("response") if isinstance(answered, dict) else None
    response = response if isinstance(response, dict) else {}
    status = str(response.get("status", ""))[:3]
    told = outcome_codes(encode(response["outcome"])) if "outcome" in response else ""
    return Sent(
        int(status) if status.isdecimal() else 500,
        response.get("etag"),
        response.get("location"),
        told,
    )
