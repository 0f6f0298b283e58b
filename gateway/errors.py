"""The one error tree: what the outside world does to us, and what callers get wrong.

    GatewayError
    +-- UsageError                wrong command, option or configuration (exit status 2)
    |   +-- ConfigurationError
    +-- RequestError              a caller sent something that cannot be accepted (4xx)
    |   +-- MalformedError        400 structure   bytes that are no JSON, XML or resource
    |   +-- InvalidError          422 invalid     a resource that breaks the specification
    |   +-- UnauthorizedError     401 login
    |   +-- ForbiddenError        403 forbidden
    |   +-- NotFoundError         404 not-found
    |   +-- NotAllowedError       405 not-supported
    |   +-- NotAcceptableError    406 not-supported
    |   +-- ConflictError         409 conflict
    |   +-- GoneError             410 deleted
    |   +-- PreconditionError     412 conflict
    |   +-- TooLargeError         413 too-long
    |   +-- MediaTypeError        415 not-supported
    +-- RemoteError               a partner's server failed or lied (retryable or not)
        +-- UnreachableError      no answer, time-out, broken off: retryable
        +-- ThrottledError        429 or 503 with its Retry-After: retryable
        +-- RefusedError          it said no (4xx): not retryable
        +-- UntruthfulError       the answer does not fit the question: not retryable

Texts never carry patient data: they name places (``Observation.status``), not values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Issue:
    """One line of an OperationOutcome: FHIR issue code, text, and the place it is about."""

    code: str
    text: str
    at: str | None = None
    severity: str = "error"
    reason: str | None = None
    """Machine reason for ``issue.details.text``, when there is one."""


class GatewayError(Exception):
    """Base of all errors that a caller may see; ``issues`` render as an OperationOutcome."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "exception"
    retryable: ClassVar[bool] = False

    def __init__(self, text: str, *, at: str | None = None, issues: tuple[Issue, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.issues = issues or (Issue(self.code, text, at),)


class UsageError(GatewayError):
    """Wrong command line, file or option."""

    code = "invalid"


class ConfigurationError(UsageError):
    """A configuration value that cannot be: the text names file and key."""


class RequestError(GatewayError):
    """A caller's request that cannot be accepted."""

    status = 400
    code = "invalid"


class MalformedError(RequestError):
    """Bytes that are no JSON or XML, or JSON that is no resource."""

    code = "structure"


class InvalidError(RequestError):
    """A resource that breaks the FHIR specification; each issue names its place."""

    status = 422


class UnauthorizedError(RequestError):
    """No token, or one that does not hold."""

    status = 401
    code = "login"


class ForbiddenError(RequestError):
    """A valid caller without the right."""

    status = 403
    code = "forbidden"


class NotFoundError(RequestError):
    """There is no such thing here."""

    status = 404
    code = "not-found"


class NotAllowedError(RequestError):
    """The method or interaction is not supported on this."""

    status = 405
    code = "not-supported"


class NotAcceptableError(RequestError):
    """The caller wants a format or FHIR version that is not served."""

    status = 406
    code = "not-supported"


class ConflictError(RequestError):
    """The request does not fit the present state."""

    status = 409
    code = "conflict"


class GoneError(RequestError):
    """It was here and has been deleted."""

    status = 410
    code = "deleted"


class PreconditionError(RequestError):
    """If-Match or a conditional interaction did not hold."""

    status = 412
    code = "conflict"


class TooLargeError(RequestError):
    """The body, or the number of entries, is over the limit."""

    status = 413
    code = "too-long"


class MediaTypeError(RequestError):
    """The body is in a format that is not read."""

    status = 415
    code = "not-supported"


class RemoteError(GatewayError):
    """A partner's server failed or lied."""

    status = 502
    code = "transient"


class UnreachableError(RemoteError):
    """No answer, a time-out, or an answer broken off."""

    retryable = True


class ThrottledError(RemoteError):
    """The server asked to wait; ``retry_after`` in seconds, when it said how long."""

    retryable = True
    code = "throttled"

    def __init__(self, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class RefusedError(RemoteError):
    """The server said no; ``answered`` is its HTTP status."""

    code = "processing"

    def __init__(self, text: str, *, answered: int) -> None:
        super().__init__(text)
        self.answered = answered


class UntruthfulError(RemoteError):
    """The answer does not fit the question (another host, another patient, a loop)."""

    code = "business-rule"
