"""The one translation of what httpx raises, and how an attempt can end badly.

::

    httpx raises                          the attempt's failure     may the report have arrived?
    ConnectError, ConnectTimeout, ...     NOT_REACHED               no
    the same, for a host without address  NO_HOST                   no
    the same, for a certificate           UNTRUSTED                 no
    the same, for TLS that fails          NO_TLS                    no
    ReadTimeout, WriteTimeout             TIMED_OUT                 yes
    ReadError, RemoteProtocolError, ...   BROKEN                    yes
    DecodingError                         MALFORMED                 yes
    StreamConsumed, InvalidURL, ...       none: a defect of ours, raised as it is
"""

import ssl
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import httpx

from aegis_batch.adapters.outbound.http.deadline import UnknownHost

__all__ = [
    "DEFECTS",
    "FAILURES",
    "HTTPX_ERRORS",
    "AttemptFailed",
    "AttemptRefused",
    "Failure",
    "failure_of",
]


class Failure(StrEnum):
    """Why an attempt failed in a way that passes; the values are codes for programs."""

    NOT_REACHED = "backend_unreachable"
    NO_HOST = "backend_host_unknown"
    UNTRUSTED = "backend_untrusted"
    NO_TLS = "backend_without_tls"
    TIMED_OUT = "backend_timed_out"
    BROKEN = "backend_broke_off"
    MALFORMED = "malformed_answer"
    SERVER_ERROR = "backend_failing"

    @property
    def loses_answer(self) -> bool:
        """Whether the request may have arrived although no whole answer came back."""
        return self in (Failure.TIMED_OUT, Failure.BROKEN, Failure.MALFORMED)


FAILURES: Mapping[type[Exception], Failure] = MappingProxyType(
    {
        httpx.ConnectError: Failure.NOT_REACHED,
        httpx.ConnectTimeout: Failure.NOT_REACHED,
        httpx.PoolTimeout: Failure.NOT_REACHED,
        httpx.ProxyError: Failure.NOT_REACHED,
        httpx.ReadTimeout: Failure.TIMED_OUT,
        httpx.WriteTimeout: Failure.TIMED_OUT,
        httpx.TimeoutException: Failure.TIMED_OUT,
        httpx.ReadError: Failure.BROKEN,
        httpx.WriteError: Failure.BROKEN,
        httpx.CloseError: Failure.BROKEN,
        httpx.RemoteProtocolError: Failure.BROKEN,
        # It is raised about our side of a connection that the other side has spoilt.
        httpx.LocalProtocolError: Failure.BROKEN,
        # The classes above these are not raised today. Should they be: the worst is assumed.
        httpx.NetworkError: Failure.BROKEN,
        httpx.ProtocolError: Failure.BROKEN,
        httpx.TransportError: Failure.BROKEN,
        httpx.RequestError: Failure.BROKEN,
        httpx.HTTPError: Failure.BROKEN,
        httpx.DecodingError: Failure.MALFORMED,
    }
)

# What stands behind an error of connecting; the first that fits, so the narrower classes first.
_BEHIND: tuple[tuple[type[Exception], Failure], ...] = (
    (ssl.SSLCertVerificationError, Failure.UNTRUSTED),
    (ssl.SSLError, Failure.NO_TLS),
    (UnknownHost, Failure.NO_HOST),
)

# Raised only where this program misuses httpx: addresses are checked before, redirects are not
# followed, cookies are not kept, and no status is raised.
DEFECTS: frozenset[type[Exception]] = frozenset(
    {
        httpx.UnsupportedProtocol,
        httpx.TooManyRedirects,
        httpx.HTTPStatusError,
        httpx.InvalidURL,
        httpx.CookieConflict,
        httpx.StreamError,
        httpx.StreamConsumed,
        httpx.StreamClosed,
        httpx.ResponseNotRead,
        httpx.RequestNotRead,
    }
)

HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)


def failure_of(error: Exception) -> Failure | None:
    """Return what an error of httpx means for an attempt; ``None`` where it is a defect.

    A class that a newer httpx adds means what its nearest known ancestor means.
    """
    for kind in type(error).__mro__:
        if kind in DEFECTS:
            return None
        if kind in FAILURES:
            failure = FAILURES[kind]
            return _why_not_reached(error) if failure is Failure.NOT_REACHED else failure
    return None


def _why_not_reached(error: Exception) -> Failure:
    cause: BaseException | None = error
    while cause is not None:
        for kind, failure in _BEHIND:
            if isinstance(cause, kind):
                return failure
        # httpcore raises some of its errors from None, which hides the context and keeps it.
        cause = cause.__cause__ or cause.__context__
    return Failure.NOT_REACHED


class AttemptFailed(Exception):  # noqa: N818 - it never leaves this package
    """One request failed in a way that passes.

    ``status`` is the HTTP status where one came; ``retry_after_seconds`` is what the Backend
    asked for; ``wait_seconds``, once set, is how long to wait in place of the usual.
    """

    def __init__(
        self,
        failure: Failure,
        status: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Take what failed, and what the answer said where there was one."""
        super().__init__(failure, status, retry_after_seconds)
        self.failure = failure
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.wait_seconds: float | None = None


class AttemptRefused(Exception):  # noqa: N818 - it never leaves this package
    """One request was answered with a status that is final."""

    def __init__(self, status: int) -> None:
        """Take the HTTP status."""
        super().__init__(status)
        self.status = status
