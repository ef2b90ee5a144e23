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


def answer_checks(answer: BackendAnswer, day: date) -> Iterator[Check]:
    """Tell how the Backend answered to the question whether a day is closed."""
    has = "has" if answer.is_closed else "doesn't have"
    if answer.is_page and not answer.is_closed:
        yield Check.warn(
            _NAME,
            f"It answers that it has no report of {day} (HTTP 404), but with a page for people:"
            " perhaps it is another server, or the path is wrong.",
            "See that BACKEND_BASE_URL is the address to which /reports/... and"
            " /internal/reports/daily are added.",
        )
    else:
        yield Check.ok(
            _NAME,
            f"It answers as the contract says, and takes the token: it {has} a report of {day}.",
        )
    if answer.clock is not None:
        yield clock_check("backend.clock", "the Backend's", answer.clock)


def refusal_check(error: AegisError, *, is_asked: bool) -> Check:
    """Tell why it gave no answer that counts; ``is_asked`` says that closes ask it too."""
    if isinstance(error, BackendRefused) and not is_asked and error.status not in _UNAUTHORIZED:
        return Check.ok(
            _NAME,
            f"It can be reached (HTTP {error.status}); closes don't ask it for reports, since"
            " AEGIS_REPORT_STATUS is not backend.",
        )
    if error.code == "malformed_answer":
        return Check.fail(
            _NAME,
            "What answers at BACKEND_BASE_URL sends something other than a report, such as a page.",
            "Set BACKEND_BASE_URL to the Backend's own address: /reports/... and"
            " /internal/reports/daily are added to it.",
        )
    return Check.of(_NAME, error)
