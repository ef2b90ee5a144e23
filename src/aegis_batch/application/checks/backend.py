"""Checks of the Backend: does it answer as the contract says, and does it know the token."""

from collections.abc import Iterator
from datetime import date

from aegis_batch.application.checks.clocks import clock_check
from aegis_batch.application.ports.backend_probe import BackendAnswer
from aegis_batch.domain.checkup import Check
from aegis_batch.domain.errors import AegisError, BackendRefused

__all__ = ["answer_checks", "refusal_check"]

_NAME = "backend.answer"
_UNAUTHORIZED = (401, 403)
_UNASKED = "closes don't ask it for reports, since AEGIS_REPORT_STATUS is not backend"
_SEE_ADDRESS = (
    "See that BACKEND_BASE_URL is the address to which /reports/... and /internal/reports/daily"
    " are added."
)


def answer_checks(answer: BackendAnswer, day: date, *, is_asked: bool) -> Iterator[Check]:
    """Tell how the Backend answered to the question whether a day is closed.

    ``is_asked`` says that closes ask it too.
    """
    yield _answer_check(answer, day, is_asked=is_asked)
    if answer.clock is not None:
        yield clock_check("backend.clock", "the Backend's", answer.clock)


def _answer_check(answer: BackendAnswer, day: date, *, is_asked: bool) -> Check:
    if not answer.is_closed and not answer.heeds_token and not is_asked:
        return Check.ok(_NAME, f"It can be reached (HTTP 404); {_UNASKED}.")
    if answer.is_page and not answer.is_closed:
        return Check.warn(
            _NAME,
            f"It answers that it has no report of {day} (HTTP 404), but with a page for people:"
            " perhaps it is another server, or the path is wrong.",
            _SEE_ADDRESS,
        )
    has = "has" if answer.is_closed else "doesn't have"
    if answer.heeds_token is False:
        return Check.warn(
            _NAME,
            f"It answers that it {has} a report of {day}, and the same to a token that nobody has:"
            " nothing shows that it takes yours, or that it is the Backend at all.",
            f"{_SEE_ADDRESS} If it is: have the Backend refuse unknown tokens with 401.",
        )
    if answer.lacking:
        return Check.warn(
            _NAME,
            f"Its report of {day} has no {', '.join(answer.lacking)} that can be read, so a close"
            " can't compare the day with it.",
            "Have the Backend answer with all the fields that it was sent, in their spelling.",
        )
    takes = ", and takes the token" if answer.heeds_token else ""
    return Check.ok(_NAME, f"It answers as the contract says{takes}: it {has} a report of {day}.")


def refusal_check(error: AegisError, *, is_asked: bool) -> Check:
    """Tell why it gave no answer that counts; ``is_asked`` says that closes ask it too."""
    if isinstance(error, BackendRefused) and not is_asked and error.status not in _UNAUTHORIZED:
        return Check.ok(_NAME, f"It can be reached (HTTP {error.status}); {_UNASKED}.")
    return Check.of(_NAME, error)
