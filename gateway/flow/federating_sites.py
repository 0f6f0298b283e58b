"""The sites of a joint training as the coordinator reaches them: gateways, asked over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

import msgspec

from gateway.auth.outbound import Anonymous, Bearer
from gateway.errors import GatewayError, RefusedError, UntruthfulError
from gateway.fhir.patience import Patience
from gateway.fhir.transport import Limits, Request, Transport
from scoring.federated.questions import Joined, Joining, Round, Sums
from scoring.federated.sums import FederatedError, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.fhir.transport import Answer

LIMITS = Limits(read_s=300.0, body_bytes=16 * 2**20)
TOLD = range(400, 500)
A = TypeVar("A")


class NotJoinedError(GatewayError):
    """The site does not know the run, or has lost its key of it: it must join again."""


class _Problem(msgspec.Struct):
    detail: str = ""


def nothing() -> None:
    """Do nothing: a gateway of elsewhere is not ours to start again."""


@dataclass(slots=True)
class Site:
    """One site: where it is asked, and what has come from there."""

    name: str
    base_url: str
    study: str
    token: str | None = None
    """Reference to the bearer token."""
    revive: Callable[[], None] = nothing
    """Starts the site's gateway again, if it is ours and is gone."""
    bytes_out: int = 0
    wire: Transport | None = field(default=None, repr=False)

    def join(self, asked: Joining) -> Joined:
        """Return the site's key and number of rows.

        Raises:
            RefusedError: it does not take part; the text says why.
            UnreachableError: it does not answer.
        """
        return self._decoded(self._asked("join", msgspec.json.encode(asked)), Joined)

    def sums(self, asked: Round, size: int) -> list[int]:
        """Return the site's masked numbers, as many as `size`.

        Raises:
            RefusedError: it does not answer this; the text says why.
            NotJoinedError: it does not know the run.
            UnreachableError: it does not answer.
            UntruthfulError: the answer is no answer to the question.
        """
        answer = self._decoded(self._asked("round", asked.canonical()), Sums)
        try:
            numbers = unpacked(answer.sums)
        except FederatedError as error:
            raise UntruthfulError(str(error)) from None
        if (answer.run, answer.number, len(numbers)) != (asked.run, asked.number, size):
            raise UntruthfulError("an answer to another question came")
        return numbers

    def close(self) -> None:
        """Close the connection."""
        if self.wire:
            self.wire.close()
            self.wire = None

    def _asked(self, what: str, body: bytes) -> bytes:
        """Return the body of the answer to one request."""
        if self.wire is None:
            auth = Bearer(self.token) if self.token else Anonymous()
            self.wire = Transport(
                self.base_url,
                auth,
                limits=LIMITS,
                patience=Patience(attempts=1),
                media_type="application/json",
            )
        url = f"{self.wire.base_url}/federation/{self.study}/{what}"
        answer = self.wire.ask(Request("POST", url, body), accept=tuple(TOLD))
        self.bytes_out += len(answer.body)
        if answer.status == HTTPStatus.CONFLICT and what == "round":
            raise NotJoinedError(told(answer))
        if answer.status in TOLD:
            raise RefusedError(told(answer), answered=answer.status)
        return answer.body

    def _decoded(self, body: bytes, kind: type[A]) -> A:
        """Return an answer as what it should be."""
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise UntruthfulError("the answer cannot be read") from None


def told(answer: Answer) -> str:
    """Return what the site says of why it does not answer."""
    try:
        detail = msgspec.json.decode(answer.body, type=_Problem).detail
    except (msgspec.DecodeError, UnicodeDecodeError):
        detail = ""
    return detail or f"answered {answer.status}"
