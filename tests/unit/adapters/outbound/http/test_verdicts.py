"""What people and programs are told of a call that came to nothing."""

import pytest

from aegis_batch.adapters.outbound.http.errors import AttemptFailed, Failure
from aegis_batch.adapters.outbound.http.verdicts import answer_lost, refused, unavailable
from aegis_batch.domain.calendar import PeriodKind


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (204, "BACKEND_BASE_URL"),
        (301, "BACKEND_BASE_URL"),
        (400, "log"),
        (401, "X_SERVICE_TOKEN"),
        (403, "X_SERVICE_TOKEN"),
        (404, "BACKEND_BASE_URL"),
        (409, "Backend"),
        (413, "AEGIS_TOP_ITEMS"),
        (422, "validation"),
        (429, "too often"),
    ],
)
def test_a_refusal_names_its_status_and_what_to_do(status: int, word: str) -> None:
    error = refused(status, attempts=2)

    assert (error.code, error.status, error.attempts) == ("backend_refused", status, 2)
    assert f"(HTTP {status})." in error.message
    assert word in str(error)
    assert not error.retryable


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize(
    ("kind", "word"), [(PeriodKind.WEEK, "weekly"), (PeriodKind.MONTH, "monthly")]
)
def test_a_backend_without_a_path_for_weeks_or_months_takes_none_of_their_reports(
    status: int, kind: PeriodKind, word: str
) -> None:
    error = refused(status, attempts=1, kind=kind)

    assert (error.code, error.status, error.attempts) == ("backend_refused", status, 1)
    assert error.message == f"This Backend takes no {word} reports (HTTP {status})."
    assert f"/internal/reports/{word}" in error.remedy
    assert f"Close the days of the {kind}" in error.remedy


def test_whatever_else_refuses_a_week_is_told_as_for_a_day() -> None:
    for status in (400, 401, 409, 422):
        of_week = refused(status, attempts=1, kind=PeriodKind.WEEK)
        assert str(of_week) == str(refused(status, attempts=1))
    assert "weekly" not in str(refused(405, attempts=1))


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_has_words_of_its_own(failure: Failure) -> None:
    error = unavailable([AttemptFailed(failure, 503)], attempts=1)

    assert error.code == failure.value
    assert error.message.endswith(".")
    assert error.remedy.endswith(".")
    assert error.retryable


def test_the_last_failure_is_the_reason_and_the_last_status_is_kept() -> None:
    failures = [
        AttemptFailed(Failure.SERVER_ERROR, 500),
        AttemptFailed(Failure.SERVER_ERROR, 503),
        AttemptFailed(Failure.NOT_REACHED),
    ]

    error = unavailable(failures, attempts=3)

    assert (error.code, error.status, error.attempts) == ("backend_unreachable", 503, 3)


def test_a_failing_backend_is_told_with_its_status() -> None:
    error = unavailable([AttemptFailed(Failure.SERVER_ERROR, 502)], attempts=1)

    assert error.message == "The Backend failed on its side (HTTP 502)."


def test_a_page_in_place_of_a_report_points_to_the_address() -> None:
    error = unavailable([AttemptFailed(Failure.MALFORMED, 200)], attempts=0)

    assert error.code == "malformed_answer"
    assert "BACKEND_BASE_URL" in error.remedy
    assert "page" in error.remedy


def test_a_lost_answer_has_no_status() -> None:
    error = answer_lost(attempts=3)

    assert (error.code, error.status, error.attempts) == ("answer_lost", None, 3)
    assert error.retryable
