"""How a call to the Backend that came to nothing is told to people and programs."""

from collections.abc import Sequence

from aegis_batch.adapters.outbound.http.errors import AttemptFailed, Failure
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.errors import AnswerLost, BackendRefused, BackendUnavailable

__all__ = ["answer_lost", "refused", "unavailable"]

_LATER = "Try again later; closing twice is harmless."
_UNAVAILABLE: dict[Failure, tuple[str, str]] = {
    Failure.NOT_REACHED: (
        "The Backend can't be reached: nothing takes a connection at its address.",
        (
            "Check the host and the port in BACKEND_BASE_URL and that the Backend runs, then try"
            " again."
        ),
    ),
    Failure.NO_HOST: (
        "The Backend can't be reached: the host's name leads to no address.",
        "Check the host in BACKEND_BASE_URL, and that this machine's name server knows it.",
    ),
    Failure.UNTRUSTED: (
        (
            "The Backend's TLS certificate can't be trusted: it has run out, is for another"
            " host, or nobody that this program knows has signed it."
        ),
        (
            "Give the Backend a certificate that a public authority signed for the host in"
            " BACKEND_BASE_URL; in a private network use http:// to loopback, *.internal or"
            " *.flycast."
        ),
    ),
    Failure.NO_TLS: (
        (
            "The Backend can't be reached over TLS: what listens there speaks plain HTTP, or no TLS"
            " that this program speaks."
        ),
        (
            "Check the port in BACKEND_BASE_URL. Plain http:// is for loopback, *.internal and"
            " *.flycast only."
        ),
    ),
    Failure.TIMED_OUT: (
        "The Backend did not answer in time.",
        "Try again later, or give it more time with AEGIS_HTTP_TIMEOUT_SECONDS.",
    ),
    Failure.BROKEN: (
        "The connection to the Backend broke off, or what came over it was not HTTP.",
        (
            _LATER + " If it stays so: check the port in BACKEND_BASE_URL, and that it starts with"
            " https:// where the Backend speaks TLS."
        ),
    ),
    Failure.MALFORMED: (
        "The Backend's answer is not a report as the contract has it.",
        (
            "Check BACKEND_BASE_URL, to which /reports/... is added, for a wrong one often answers"
            " with a page; or try again later."
        ),
    ),
    Failure.SERVER_ERROR: ("The Backend failed on its side.", _LATER),
}
_REFUSED: dict[int, tuple[str, str]] = {
    401: (
        "The Backend does not accept the token",
        "Check X_SERVICE_TOKEN.",
    ),
    403: (
        "The Backend does not let this token close reports",
        "Check X_SERVICE_TOKEN and what it is allowed to do.",
    ),
    404: (
        "The Backend knows no place to hand reports to",
        "Check BACKEND_BASE_URL: paths such as /internal/reports/daily are added to it.",
    ),
    408: (
        "The Backend says that the request came too slowly",
        "Find out at the Backend why, then close it again.",
    ),
    409: (
        "The Backend says that the report clashes with what it has",
        "Find out at the Backend what it has already, then close it again.",
    ),
    413: (
        "The report is too large for the Backend",
        "Lower AEGIS_TOP_ITEMS, or raise the Backend's limit.",
    ),
    422: (
        "The report fails the Backend's validation",
        "Look the reason up in the Backend's log; a dry run shows what is sent.",
    ),
    429: (
        "The Backend says that it was asked too often, which counts as final",
        "Close it again later, with fewer requests at the same time.",
    ),
}

# Of a week or a month; a path for them is an extension of the contract.
_NO_SUCH_PATH = frozenset({404, 405})
_LACKED = {
    kind: (
        f"This Backend takes no {word} reports",
        (
            f"Close the days of the {kind}, or have the Backend offer"
            f" POST /internal/reports/{word}. Where it refuses daily reports too, check"
            " BACKEND_BASE_URL."
        ),
    )
    for kind, word in ((PeriodKind.WEEK, "weekly"), (PeriodKind.MONTH, "monthly"))
}


def refused(status: int, *, attempts: int, kind: PeriodKind = PeriodKind.DAY) -> BackendRefused:
    """Return the error for a final status; ``attempts`` counts the POST requests.

    ``kind`` is what the call was about: weeks and months are an extension that a Backend may lack.
    """
    lacked = _LACKED.get(kind) if status in _NO_SUCH_PATH else None
    message, remedy = lacked or _REFUSED.get(status) or _refused_by_class(status)
    return BackendRefused(
        "backend_refused", f"{message} (HTTP {status}).", remedy, status, attempts
    )


def unavailable(failures: Sequence[AttemptFailed], *, attempts: int) -> BackendUnavailable:
    """Return the error for attempts that are spent, the last of them as its reason."""
    failure = failures[-1].failure
    message, remedy = _UNAVAILABLE[failure]
    status = _last_status(failures)
    if failure is Failure.SERVER_ERROR:
        message = message.replace(".", f" (HTTP {status}).")
    return BackendUnavailable(failure.value, message, remedy, status, attempts)


def answer_lost(*, attempts: int) -> AnswerLost:
    """Return the error for a report that was sent and of which nothing is known."""
    return AnswerLost(
        "answer_lost",
        "The report was sent, but no readable answer came: whether the Backend has it is unknown.",
        _LATER + " The next close asks the Backend first.",
        None,
        attempts,
    )


def _last_status(failures: Sequence[AttemptFailed]) -> int | None:
    return next((f.status for f in reversed(failures) if f.status is not None), None)


def _refused_by_class(status: int) -> tuple[str, str]:
    if status < 300:  # noqa: PLR2004 - the end of the class of success
        return (
            "The Backend answered with a success that the contract does not have",
            "Check BACKEND_BASE_URL: something other than the Backend may have answered.",
        )
    if status < 400:  # noqa: PLR2004 - the end of the class of redirects
        return (
            "The Backend answered with a redirect, and redirects are never followed",
            "Set BACKEND_BASE_URL to the address that it redirects to, if you trust that one.",
        )
    return (
        "The Backend refused the request",
        "Look the reason up in the Backend's log.",
    )
