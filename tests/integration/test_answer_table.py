"""Every line of the Backend's answer table, by a real WireMock that counts."""

import tracemalloc

import pytest

from aegis_batch.domain.events import RequestFailed
from tests.integration.answer_table import ABSENT, BIG, CREATED, ELSEWHERE_PATH, LINES, Line
from tests.integration.closing import BODY, TOKEN, TRACE_ID, closing_over, connect
from tests.servers.wiremock import WireMockServer

_BIG_LINES = [line for line in LINES if any(a.get("bodyFileName") for a in line.find + line.submit)]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_an_answer_leads_to_what_the_table_says(wiremock: WireMockServer, line: Line) -> None:
    line.arm(wiremock)

    with closing_over(connect(wiremock.url, timeout_seconds=line.timeout_seconds)) as closing:
        result = closing.close()

    assert result.outcome == line.outcome
    submission = result.submission
    assert line.submission == (submission and (submission.attempts, submission.status))
    problem = result.problem
    assert (line.code, line.retryable) == (problem and problem.code, problem and problem.retryable)
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
    Line(
        "", "unavailable", submit=({"status": 500}, {"fault": "EMPTY_RESPONSE"}, {"status": 502})
    ).arm(wiremock)

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
    busy = {"status": 503, "headers": {"Retry-After": "1"}}
    Line("", "created", submit=(busy, CREATED)).arm(wiremock)

    with closing_over(connect(wiremock.url)) as closing:
        result = closing.close()

    assert result.outcome == "created"
    told = [event for event in closing.metrics.events if isinstance(event, RequestFailed)]
    assert [event.wait_seconds for event in told] == [1.0]
    first, second = (r for r in wiremock.requests() if r.method == "POST")
    assert first.body == second.body == BODY.encode()


def test_retry_after_on_another_status_is_not_waited_for(wiremock: WireMockServer) -> None:
    failing = {"status": 500, "headers": {"Retry-After": "60"}}
    Line("", "created", submit=(failing, CREATED)).arm(wiremock)

    with closing_over(connect(wiremock.url)) as closing:
        assert closing.close().outcome == "created"
