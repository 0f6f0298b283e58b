"""One keep-alive HTTP session with one server, and nothing with any other.

Time-outs on connecting and reading, a cap on what is taken in (after decompression), repeats with
jitter that honour ``Retry-After``, no redirect to another host, and every failure a `RemoteError`.
Texts of errors name the host, the method and the type that was asked for; never ids, queries or
bodies.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import msgspec
import requests
import urllib3

from gateway.auth.outbound import Anonymous
from gateway.errors import RefusedError, ThrottledError, UnreachableError, UntruthfulError
from gateway.fhir.patience import BROKEN, THROTTLED, Patience, asked_wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests.auth import AuthBase

    from gateway.errors import GatewayError

REDIRECTS = frozenset({301, 302, 303, 307, 308})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PORTS = {"http": 80, "https": 443}
CHUNK = 2**16


@dataclass(frozen=True, slots=True)
class Limits:
    """What is not waited for and not taken in, whatever the server does."""

    connect_s: float = 5.0
    read_s: float = 30.0
    body_bytes: int = 64 * 2**20
    pages: int = 20_000
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, wholly read; headers are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def etag(self) -> str | None:
        """Return the ``ETag``: opaque, to be sent back as it came."""
        return self.headers.get("ETag")


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask; `repeatable` when asking twice has the effect of asking once."""

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] | None = None
    repeatable: bool = True

    @property
    def what(self) -> str:
        """Return the method and the resource type, for an error text."""
        parts = urlsplit(self.url).path.split("/")
        told = [part for part in parts if part[:1].isupper() or part == "metadata"]
        return " ".join([self.method, *told[:1]])


class Transport:
    """A session with the server at `base_url`, for one thread."""

    def __init__(
        self,
        base_url: str,
        auth: AuthBase | None = None,
        *,
        limits: Limits | None = None,
        patience: Patience | None = None,
        media_type: str = "application/fhir+json",
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = urlsplit(base_url).netloc.rpartition("@")[2]
        self.limits = limits or Limits()
        self.patience = patience or Patience()
        self._session = requests.Session()
        self._session.auth = auth or Anonymous()
        # A proxy of the environment is honoured, but never between processes of one machine.
        self._session.trust_env = urlsplit(base_url).hostname not in LOOPBACK
        self._session.headers.update({"User-Agent": "riskbridge", "Accept": media_type})
        self._type = {"Content-Type": media_type}

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def ask(self, request: Request, accept: tuple[int, ...] = ()) -> Answer:
        """Return the answer, if it is a success or one of the statuses to `accept`.

        Raises:
            UnreachableError: no answer, or a broken one, as often as patience allows.
            ThrottledError: told to wait, too often or too long.
            RefusedError: any other status.
            UntruthfulError: it leads to another host, or is larger than the limit.
        """
        if not self.own(request.url):
            raise UntruthfulError(f"{self.host}: {request.what} leads to another host")
        for attempt in count(1):
            try:
                answer = self._follow_redirects(request)
            except UnreachableError:
                if not request.repeatable or self.patience.spent(attempt):
                    raise
                self.patience.sleep(self.patience.pause(attempt))
                continue
            if answer.status in accept or answer.status < HTTPStatus.MULTIPLE_CHOICES:
                return answer
            asked = asked_wait(answer.headers)
            if not self._again(request, answer) or self.patience.spent(attempt, asked):
                raise self._failure(request, answer)
            self.patience.sleep(self.patience.pause(attempt, asked))
        raise AssertionError("count() does not end")

    def own(self, url: str) -> bool:
        """Tell whether the URL is on this server: same scheme, host and port."""
        return origin(url) == origin(self.base_url)

    def _again(self, request: Request, answer: Answer) -> bool:
        """Tell whether this answer may be another one next time."""
        return answer.status in THROTTLED or (request.repeatable and answer.status in BROKEN)

    def _failure(self, request: Request, answer: Answer) -> GatewayError:
        """Return the error for an answer that is no success."""
        text = f"{self.host}: {request.what} answered {answer.status}{outcome_codes(answer.body)}"
        if answer.status in THROTTLED:
            return ThrottledError(text, retry_after=asked_wait(answer.headers))
        if answer.status in BROKEN:
            return UnreachableError(text)
        return RefusedError(text, answered=answer.status)

    def _follow_redirects(self, request: Request) -> Answer:
        """Return the answer behind redirects on this server; only reading is led elsewhere."""
        url = request.url
        for _ in range(self.limits.redirects + 1):
            answer = self._send(request, url)
            location = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not location or request.method != "GET":
                return answer
            url = urljoin(url, location)
            if not self.own(url):
                raise UntruthfulError(f"{self.host}: {request.what} leads to another host")
        raise UntruthfulError(f"{self.host}: {request.what} leads from redirect to redirect")

    def _send(self, request: Request, url: str) -> Answer:
        """Return the answer to one request on the wire."""
        try:
            with self._session.request(
                request.method,
                url,
                data=request.body,
                headers={**(self._type if request.body else {}), **(request.headers or {})},
                timeout=(self.limits.connect_s, self.limits.read_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._read(response, request)
                return Answer(response.status_code, response.headers, body)
        except requests.exceptions.ContentDecodingError:
            raise UntruthfulError(f"{self.host}: {request.what}: a body that is not gzip") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            name = type(error).__name__
            raise UnreachableError(f"{self.host}: {request.what}: no answer ({name})") from None

    def _read(self, response: requests.Response, request: Request) -> bytes:
        """Return the body, decompressed, up to the limit."""
        parts: list[bytes] = []
        size = 0
        for chunk in response.iter_content(CHUNK):
            size += len(chunk)
            if size > self.limits.body_bytes:
                raise UntruthfulError(f"{self.host}: {request.what}: an answer over the limit")
            parts.append(chunk)
        return b"".join(parts)


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port (RFC 6454), by which two URLs are on one server or not."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname or "", PORTS.get(parts.scheme) if port is None else port


def rebased(url: str, base_url: str) -> str:
    """Return the URL moved to the host of `base_url`, its path and query kept."""
    base = urlsplit(base_url)
    return urlsplit(url)._replace(scheme=base.scheme, netloc=base.netloc).geturl()


class _Issue(msgspec.Struct):
    code: str = ""
    expression: list[str] = []
    location: list[str] = []


class _Outcome(msgspec.Struct):
    issue: list[_Issue] = []


_outcomes = msgspec.json.Decoder(_Outcome)


def outcome_codes(body: bytes) -> str:
    """Return the codes and places of an OperationOutcome, without its free texts.

    Diagnostics may quote a patient's data; codes and FHIRPath places do not.

    >>> outcome_codes(b'{"issue":[{"code":"required","expression":["RiskAssessment.status"]}]}')
    ' (required RiskAssessment.status)'
    """
    try:
        issues = _outcomes.decode(body).issue
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    told = [" ".join([issue.code, *(issue.expression or issue.location)[:1]]) for issue in issues]
    return f" ({', '.join(told[:3])})"[:200] if told else ""
