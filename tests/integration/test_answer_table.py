"""Every line of the Backend's answer table, by a real WireMock that counts."""

import tracemalloc

import pytest

from aegis_batch.domain.events import RequestFailed
from tests.integration.answer_line import FIND_PATH, SUBMIT_PATH, Line, play
from tests.integration.answer_table import LINES
from tests.integration.backend_answers import (
    ABSENT,
    BIG_FILE,
    CREATED,
    ELSEWHERE_PATH,
    EMPTY,
    FAILING,
    status,
)
from tests.integration.closing import TOKEN, closing_over, connect
from tests.servers.wiremock import WireMockServer

_BIG_LINES = tuple(
    line
    for line in LINES
    if any(answer.get("bodyFileName") == BIG_FILE for answer in line.find + line.submit)
)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_an_answer_leads_to_what_the_table_says(wiremock: WireMockServer, line: Line) -> None:
    line.arm(wiremock)

    with closing_over(connect(wiremock.url, timeout_seconds=line.timeout_seconds)) as closing:
        result = closing.close()

    assert result.outcome == line.outcome
    submission = result.submission
    assert line.submission == (submission and (submission.attempts, submission.status))
    problem, error = result.problem, line.error
    assert (error and error.code) == (problem and problem.code)
    assert (error and error.retryable) == (problem and problem.retryable)
    line.check_requests(wiremock)
    assert wiremock.count("ANY", ELSEWHERE_PATH) == 0
    assert TOKEN not in f"{result!r}{closing.metrics.events!r}"


@pytest.mark.parametrize("line", _BIG_LINES, ids=lambda line: line.name)
def test_a_body_of_100_mb_takes_no_memory(wiremock: WireMockServer, line: Line) -> None:
    line.arm(wiremock)

    with closing_over(connect(wiremock.url)) as closing:
        tracemalloc.start()
        closing.close()
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak_bytes < 8 * 1024 * 1024


def test_each_failed_attempt_is_told_with_the_wait_that_follows(wiremock: WireMockServer) -> None:
    play(wiremock, "GET", FIND_PATH, ABSENT)
    play(wiremock, "POST", SUBMIT_PATH, FAILING, EMPTY, status(502))

    with closing_over(connect(wiremock.url)) as closing:
        closing.close()

    told = [event for event in closing.metrics.events if isinstance(event, RequestFailed)]
    assert [
        (event.operation, event.attempt, event.reason, event.status, event.wait_seconds)
        for event in told
    ] == [
        ("submit", 1, "backend_failing", 500, 0.01),
        ("submit", 2, "backend_broke_off", None, 0.02),
        ("submit", 3, "backend_failing", 502, None),
    ]


def test_retry_after_on_a_503_is_waited_for(wiremock: WireMockServer) -> None:
    play(wiremock, "GET", FIND_PATH, ABSENT)
    play(wiremock, "POST", SUBMIT_PATH, status(503, **{"Retry-After": "1"}), CREATED)

    with closing_over(connect(wiremock.url)) as closing:
        started_seconds = closing.real_seconds()
        result = closing.close()
        took_seconds = closing.real_seconds() - started_seconds

    assert result.outcome == "created"
    told = [event for event in closing.metrics.events if isinstance(event, RequestFailed)]
    assert [event.wait_seconds for event in told] == [1.0]
    assert took_seconds >= 1.0


def test_retry_after_on_another_status_is_not_waited_for(wiremock: WireMockServer) -> None:
    play(wiremock, "GET", FIND_PATH, ABSENT)
    play(wiremock, "POST", SUBMIT_PATH, status(500, **{"Retry-After": "60"}), CREATED)

    with closing_over(connect(wiremock.url)) as closing:
        result = closing.close()

    assert result.outcome == "created"
    told = [event for event in closing.metrics.events if isinstance(event, RequestFailed)]
    assert [event.wait_seconds for event in told] == [0.01]
