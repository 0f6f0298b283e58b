"""A partner's FHIR server: read, search page by page, write; believed only as far as checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from gateway.errors import MalformedError, RefusedError, UntruthfulError
from gateway.fhir.json import decode
from gateway.fhir.pages import Page, read_page
from gateway.fhir.quirks import Manner
from gateway.fhir.transport import Answer, Limits, Request, Transport, rebased

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests.auth import AuthBase

    from gateway.fhir.patience import Patience
    from terminology.records import Resource

ABSENT = (404, 410)
FORBIDDEN = (401, 403)


class Client:
    """A session with the server at `base_url`; use it in a ``with`` block, in one thread."""

    def __init__(
        self,
        base_url: str,
        auth: AuthBase | None = None,
        *,
        manner: Manner | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.manner = manner or Manner()
        self._wire = Transport(
            base_url, auth, limits=limits, patience=patience, media_type=self.manner.media_type
        )
        self.base_url = self._wire.base_url
        self.patience = self._wire.patience

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()

    def capability(self) -> Resource:
        """Return the server's CapabilityStatement."""
        statement = self._decoded(self._wire.ask(self._request("GET", "metadata")))
        if statement.get("resourceType") != "CapabilityStatement":
            raise UntruthfulError(f"{self._wire.host}: metadata is no CapabilityStatement")
        return statement

    def read(self, type_: str, id_: str) -> Resource | None:
        """Return a resource; None when there is none, or none any more.

        Raises:
            UntruthfulError: the answer is another resource.
        """
        answer = self._wire.ask(self._request("GET", f"{type_}/{id_}"), accept=ABSENT)
        if answer.status in ABSENT:
            return None
        found = self._decoded(answer)
        if (found["resourceType"], found.get("id")) != (type_, id_):
            raise UntruthfulError(f"{self._wire.host}: GET {type_}: another resource came")
        return found

    def put(self, type_: str, id_: str, body: bytes, *, match: str | None = None) -> Answer:
        """Update the resource, or create it under this id; `match` is the ETag it must have."""
        headers = {"If-Match": match} if match else {}
        return self._wire.ask(self._writing("PUT", f"{type_}/{id_}", body, headers))

    def create(self, type_: str, body: bytes, *, unless: str | None = None) -> Answer:
        """Create the resource, `unless` a search with these parameters finds it already."""
        headers = {"If-None-Exist": unless} if unless else {}
        return self._wire.ask(self._writing("POST", type_, body, headers))

    def bundle(self, body: bytes) -> Resource:
        """Send a batch or transaction."""
        result = self._decoded(self._wire.ask(self._writing("POST", "", body, {})))
        if result.get("resourceType") != "Bundle":
            raise UntruthfulError(f"{self._wire.host}: a Bundle was answered by something else")
        return result

    def search_url(self, type_: str, parameters: Mapping[str, str]) -> str:
        """Return the URL of a search's first page."""
        return f"{self.base_url}/{type_}?{urlencode(parameters)}"

    def search(self, type_: str, parameters: Mapping[str, str]) -> Iterator[Page]:
        """Yield the pages of a search, as their ``next`` links lead."""
        return self.follow(self.search_url(type_, parameters))

    def follow(self, url: str) -> Iterator[Page]:
        """Yield the page at `url` and those behind it.

        A page whose next link is no good is asked for, and yielded, once more: the fault may pass.

        Raises:
            UntruthfulError: the next link leads back, to another host, or on without end.
        """
        seen: set[str] = set()
        page = self.page(url)
        yield page
        while page.next:
            seen.add(page.url)
            onward = self._turn(page, seen)
            if onward is None:
                page = self.page(page.url)
                yield page
                onward = self._turn(page, seen)
            if page.next and onward is None:
                raise UntruthfulError(f"{self._wire.host}: a next link leads nowhere new")
            if onward is None:
                return
            page = onward
            yield page

    def _turn(self, page: Page, seen: set[str]) -> Page | None:
        """Return the page behind this one; None when its link is no good."""
        url = page.next
        if not url or not self._wire.own(url) or url in seen:
            return None
        if len(seen) >= self._wire.limits.pages:
            return None
        try:
            return self.page(url)
        except RefusedError as error:
            if error.answered in FORBIDDEN:
                raise
            return None

    def page(self, url: str) -> Page:
        """Return one page of a search or history, asked for twice if it cannot be read."""
        try:
            page = self._page(url)
        except UntruthfulError:
            page = self._page(url)
        if page.next and self.manner.rebase_links:
            return replace(page, next=rebased(page.next, self.base_url))
        return page

    def _page(self, url: str) -> Page:
        answer = self._wire.ask(Request("GET", url))
        try:
            return read_page(answer.body, url, answer.headers.get("Date"))
        except UntruthfulError as error:
            raise UntruthfulError(f"{self._wire.host}: {error.text}") from None

    def total(self, type_: str, parameters: Mapping[str, str] | None = None) -> int | None:
        """Return how many there are as the server says: a hint, not a truth."""
        return self.page(self.search_url(type_, {**(parameters or {}), "_summary": "count"})).total

    def _request(self, method: str, path: str) -> Request:
        """Return a request to a path below the base URL."""
        return Request(method, f"{self.base_url}/{path}")

    def _writing(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Request:
        """Return a request that changes something: after a lost answer it is not sent again."""
        url = f"{self.base_url}/{path}" if path else self.base_url
        return Request(method, url, body, headers, repeatable=False)

    def _decoded(self, answer: Answer) -> Resource:
        """Return the resource in an answer."""
        try:
            return decode(answer.body)
        except MalformedError:
            raise UntruthfulError(f"{self._wire.host}: an answer that is no resource") from None
