"""What the requests to the Backend carry, and what they don't."""

import logging
import re

import pytest

from aegis_batch.adapters.outbound.http.backend import HttpBackend
from aegis_batch.adapters.outbound.http.connection import BackendConnection
from aegis_batch.adapters.outbound.http.report_gateway import HttpReportGateway
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.system.identifiers import new_traceparent
from aegis_batch.domain.errors import BackendUnavailable, InvalidRequest
from tests.integration.answer_line import FIND_PATH, SUBMIT_PATH, play
from tests.integration.backend_answers import ABSENT, BUSY, CREATED, RESET, status
from tests.integration.closing import (
    BODY,
    NOW,
    REPORT,
    TOKEN,
    TRACE_ID,
    closing_over,
    connect,
    run_of,
)
from tests.servers.ground import free_port
from tests.servers.wiremock import WireMockServer


def test_a_find_carries_the_token_and_the_trace(wiremock: WireMockServer) -> None:
    play(wiremock, "GET", FIND_PATH, ABSENT)

    with closing_over(connect(wiremock.url)) as closing:
        closing.gateway.find(run_of())

    (request,) = wiremock.requests()
    assert (request.method, request.url, request.body) == ("GET", FIND_PATH, b"")
    assert request.headers["x-service-token"] == TOKEN
    assert re.fullmatch(f"00-{TRACE_ID}-[0-9a-f]{{16}}-01", request.headers["traceparent"])
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"] == "aegis-batch/0.1.0"
    assert "x-tenant-id" not in request.headers
    assert "idempotency-key" not in request.headers


def test_a_submit_carries_the_bytes_and_the_key_of_the_report(wiremock: WireMockServer) -> None:
    play(wiremock, "POST", SUBMIT_PATH, CREATED)

    with closing_over(connect(wiremock.url)) as closing:
        closing.gateway.submit(run_of("loja à beira: 1\n"), REPORT)

    (request,) = wiremock.requests()
    assert (request.method, request.url) == ("POST", SUBMIT_PATH)
    assert request.body == BODY.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == ("loja%20%C3%A0%20beira%3A%201%0A:day:2026-11-21")
    assert "x-tenant-id" not in request.headers


def test_attempts_share_the_key_and_the_trace_and_differ_in_the_span(
    wiremock: WireMockServer,
) -> None:
    play(wiremock, "POST", SUBMIT_PATH, BUSY, RESET, CREATED)

    with closing_over(connect(wiremock.url)) as closing:
        closing.gateway.submit(run_of(), REPORT)

    requests = wiremock.requests()
    assert len({request.body for request in requests}) == 1
    assert len({request.headers["idempotency-key"] for request in requests}) == 1
    traces = [request.headers["traceparent"].split("-") for request in requests]
    assert {trace for _, trace, _, _ in traces} == {TRACE_ID}
    assert len({span for _, _, span, _ in traces}) == 3


def test_several_tenants_are_told_apart_by_a_header(wiremock: WireMockServer) -> None:
    play(wiremock, "GET", FIND_PATH, ABSENT)
    play(wiremock, "POST", SUBMIT_PATH, CREATED)

    with closing_over(connect(wiremock.url, several_tenants=True)) as closing:
        closing.gateway.find(run_of("shop 1"))
        closing.gateway.submit(run_of("shop 2"), REPORT)

    assert [request.headers["x-tenant-id"] for request in wiremock.requests()] == [
        "shop 1",
        "shop 2",
    ]


@pytest.mark.parametrize("tenant", ["", " ", "a\r\nb", "à", "\x00", " a", "a "])
def test_a_tenant_that_no_header_carries_is_refused_before_anything_is_sent(
    wiremock: WireMockServer, tenant: str
) -> None:
    with (
        closing_over(connect(wiremock.url, several_tenants=True)) as closing,
        pytest.raises(InvalidRequest),
    ):
        closing.gateway.find(run_of(tenant))

    assert wiremock.count() == 0


def test_the_path_of_the_base_url_is_kept(wiremock: WireMockServer) -> None:
    play(wiremock, "GET", f"/v1/core{FIND_PATH}", ABSENT)
    play(wiremock, "POST", f"/v1/core{SUBMIT_PATH}", CREATED)

    with closing_over(connect(f"{wiremock.url}/v1/core/")) as closing:
        assert closing.close().outcome == "created"

    assert wiremock.count("ANY", f"/v1/core{FIND_PATH}") == 1
    assert wiremock.count("ANY", f"/v1/core{SUBMIT_PATH}") == 1


def test_cookies_are_not_kept(wiremock: WireMockServer) -> None:
    play(wiremock, "GET", FIND_PATH, status(404, **{"Set-Cookie": "session=1; Path=/"}))
    play(wiremock, "POST", SUBMIT_PATH, CREATED)

    with closing_over(connect(wiremock.url)) as closing:
        closing.close()

    assert all("cookie" not in request.headers for request in wiremock.requests())


def test_proxies_of_the_environment_are_not_used(
    wiremock: WireMockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    play(wiremock, "GET", FIND_PATH, ABSENT)
    play(wiremock, "POST", SUBMIT_PATH, CREATED)

    with closing_over(connect(wiremock.url)) as closing:
        assert closing.close().outcome == "created"


def test_libraries_write_no_log(wiremock: WireMockServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    play(wiremock, "GET", FIND_PATH, BUSY, ABSENT)
    play(wiremock, "POST", SUBMIT_PATH, RESET, CREATED)

    with closing_over(connect(wiremock.url)) as closing:
        closing.close()

    names = ("httpx", "httpcore", "stamina")
    assert [record for record in caplog.records if record.name.startswith(names)] == []


def test_a_backend_that_is_not_there_is_unavailable_and_no_answer_was_lost() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with closing_over(connect(url), can_find=False) as closing:
        result = closing.close()

    assert result.outcome == "unavailable"
    assert result.problem is not None
    assert result.problem.code == "backend_unreachable"
    assert result.submission is not None
    assert (result.submission.attempts, result.submission.status) == (3, None)


def test_without_a_source_nothing_is_asked_and_nothing_is_settled(
    wiremock: WireMockServer,
) -> None:
    play(wiremock, "POST", SUBMIT_PATH, RESET)

    with closing_over(connect(wiremock.url), can_find=False) as closing:
        result = closing.close()

    assert (wiremock.count("GET"), wiremock.count("POST")) == (0, 3)
    assert result.outcome == "unavailable"
    assert result.problem is not None
    assert result.problem.code == "answer_lost"


def test_a_find_asked_once_makes_one_request(wiremock: WireMockServer) -> None:
    play(wiremock, "GET", FIND_PATH, BUSY)

    with (
        closing_over(connect(wiremock.url)) as closing,
        pytest.raises(BackendUnavailable) as caught,
    ):
        closing.gateway.find(run_of(), once=True)

    assert wiremock.count() == 1
    assert (caught.value.status, caught.value.attempts) == (503, 0)


def test_the_number_of_attempts_is_a_setting(wiremock: WireMockServer) -> None:
    play(wiremock, "POST", SUBMIT_PATH, BUSY)

    with (
        closing_over(connect(wiremock.url, max_attempts=5)) as closing,
        pytest.raises(BackendUnavailable) as caught,
    ):
        closing.gateway.submit(run_of(), REPORT)

    assert wiremock.count() == caught.value.attempts == 5


def test_a_gateway_that_was_closed_opens_again(wiremock: WireMockServer) -> None:
    play(wiremock, "GET", FIND_PATH, ABSENT)
    connection = BackendConnection(wiremock.url, TOKEN)
    backend = HttpBackend(
        connection, InMemoryClock(NOW), InMemoryMetricsSink(), new_traceparent, "0.1.0"
    )
    gateway = HttpReportGateway(backend, None)
    play(wiremock, "POST", SUBMIT_PATH, CREATED)

    gateway.close()
    gateway.submit(run_of(), REPORT)
    gateway.close()
    gateway.submit(run_of(), REPORT)
    gateway.close()

    assert wiremock.count("POST") == 2
