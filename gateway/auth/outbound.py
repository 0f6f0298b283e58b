"""How the gateway shows itself to a partner's server: scheme name -> `requests` authentication.

A scheme is a callable on the prepared request. Secrets are references that are resolved for each
request, so that a rotated file or variable is used at once and nothing lingers in memory, in a
`repr` or in a log.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from requests.auth import AuthBase

from gateway.config import secret
from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest

    from gateway.config import Source


class Anonymous(AuthBase):
    """No credentials at all, not even those of a `.netrc` file."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request untouched."""
        return request


class Basic(AuthBase):
    """User name and password (RFC 7617, UTF-8)."""

    def __init__(self, username: str, password: str) -> None:
        self.username = username
        self.password = password

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request with the credentials of this moment."""
        pair = f"{self.username}:{secret(self.password)}".encode()
        request.headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        return request


class Bearer(AuthBase):
    """A fixed token (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request with the token of this moment."""
        request.headers["Authorization"] = f"Bearer {printable(secret(self.token), self.token)}"
        return request


def printable(value: str, reference: str) -> str:
    """Return `value`, which must fit into one header line; the error names the reference alone."""
    if not (value and value.isascii() and value.isprintable()):
        raise ConfigurationError(f"the secret {reference} is empty or not one printable line")
    return value


def authentication(source: Source) -> AuthBase:
    """Return how to authenticate at the source's server.

    Raises:
        ConfigurationError: the scheme is unknown or lacks one of its settings.
    """
    scheme = SCHEMES.get(source.auth)
    if scheme is None:
        raise ConfigurationError(f"source {source.name}: unknown auth {source.auth!r}")
    return scheme(source)


def basic(source: Source) -> AuthBase:
    """Return the basic scheme; it needs ``username`` and ``password``."""
    return Basic(needed(source, "username"), needed(source, "password"))


def bearer(source: Source) -> AuthBase:
    """Return the bearer scheme; it needs ``token``."""
    return Bearer(needed(source, "token"))


def needed(source: Source, key: str) -> str:
    """Return a setting that the source's scheme cannot do without."""
    value: str | None = getattr(source, key)
    if not value:
        raise ConfigurationError(f"source {source.name}: auth = {source.auth!r} needs {key}")
    return value


SCHEMES: Mapping[str, Callable[[Source], AuthBase]] = {
    "none": lambda _: Anonymous(),
    "basic": basic,
    "bearer": bearer,
}
