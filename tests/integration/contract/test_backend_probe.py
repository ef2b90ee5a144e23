"""What every question to a Backend promises, in memory and over HTTP."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from aegis_batch.adapters.outbound.http.backend_probe import HttpBackendProbe
from aegis_batch.adapters.outbound.memory.backend_probe import InMemoryBackendProbe
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.identifiers import new_span_id, new_trace_id
from aegis_batch.application.ports.backend_probe import BackendProbe
from aegis_batch.application.ports.clock import Clock
from aegis_batch.domain.errors import BackendRefused, BackendUnavailable
from tests.integration.closing import DAY, NOW, REPORT, closing_over, connect, run_of
from tests.servers.wiremock import WireMockServer

# Makes a probe of a Backend in which the day is closed or not.
Open = Callable[[bool], BackendProbe]


def probe_of(url: str, clock: Clock | None = None, **changes: float) -> HttpBackendProbe:
    connection = connect(url, **changes)
    return HttpBackendProbe(connection, clock or SystemClock(), new_trace_id, new_span_id, "0.1.0")


@pytest.fixture(params=["memory", "http"])
def open_probe(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    if request.param == "memory":

        def in_memory(is_closed: bool) -> BackendProbe:  # noqa: FBT001 - see Open
            probe = InMemoryBackendProbe(InMemoryClock(NOW))
            probe.closed.update([DAY] * is_closed)
            return probe

        yield in_memory
        return
    server = SandboxServer(tmp_path / "sandbox.db", connect("http://127.0.0.1").token)
    server.start()

    def over_http(is_closed: bool) -> BackendProbe:  # noqa: FBT001 - see Open
        if is_closed:
            with closing_over(connect(server.url)) as closing:
                closing.gateway.submit(run_of(), REPORT)
        return probe_of(server.url)

    try:
        yield over_http
    finally:
        server.stop()


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_day_is_closed_or_not(
    open_probe: Open,
    is_closed: bool,  # noqa: FBT001 - a table's row
) -> None:
    answer = open_probe(is_closed).ask(DAY)

    assert (answer.is_closed, answer.is_page) == (is_closed, False)


def test_a_backend_that_heeds_the_token_is_known_by_refusing_another(open_probe: Open) -> None:
    assert open_probe(False).ask(DAY).heeds_token is True  # noqa: FBT003 - see Open


def test_asking_changes_nothing_and_tells_the_time(open_probe: Open) -> None:
    probe = open_probe(False)  # noqa: FBT003 - see Open

    first, second = probe.ask(DAY), probe.ask(DAY)

    assert (first.is_closed, second.is_closed) == (False, False)
    assert first.clock is not None
    assert first.clock.skew_seconds == 0


PATH = f"/reports/{DAY}"
PAGE = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (200, "<html>", "malformed_answer", "not a report as the contract has it"),
        (200, "[1]", "malformed_answer", "not a report as the contract has it"),
        (200, '{"reportDate":"2026-11-20"}', "malformed_answer", "with that of 2026-11-20"),
        (200, '{"report_date":"2026-11-21"}', "malformed_answer", "spell the fields as"),
        (500, "", "backend_failing", "failed on its side"),
    ],
)
def test_an_answer_that_the_contract_does_not_have_is_unavailable_after_one_request(
    wiremock: WireMockServer, status: int, body: str, code: str, words: str
) -> None:
    wiremock.stub("GET", PATH, {"status": status, "body": body})

    with pytest.raises(BackendUnavailable) as caught:
        probe_of(wiremock.url).ask(DAY)

    assert caught.value.code == code
    assert words in str(caught.value)
    assert wiremock.count() == 1


@pytest.mark.parametrize("status", [301, 401, 403, 405])
def test_a_refusal_has_its_status(wiremock: WireMockServer, status: int) -> None:
    wiremock.stub("GET", PATH, {"status": status, "headers": {"Location": "/login"}})

    with pytest.raises(BackendRefused) as caught:
        probe_of(wiremock.url).ask(DAY)

    assert caught.value.status == status
    assert wiremock.count() == 1


def test_a_server_that_is_away_or_hangs_or_breaks_off_is_unavailable(
    wiremock: WireMockServer,
) -> None:
    with pytest.raises(BackendUnavailable, match="can't be reached"):
        probe_of("http://127.0.0.1:1").ask(DAY)
    wiremock.stub("GET", PATH, {"status": 404, "fixedDelayMilliseconds": 5_000})
    with pytest.raises(BackendUnavailable, match="in time"):
        probe_of(wiremock.url, timeout_seconds=0.2).ask(DAY)
    wiremock.reset()
    wiremock.stub("GET", PATH, {"fault": "CONNECTION_RESET_BY_PEER"})
    with pytest.raises(BackendUnavailable, match="broke off"):
        probe_of(wiremock.url).ask(DAY)


def test_a_404_that_comes_with_a_page_is_told_as_one(wiremock: WireMockServer) -> None:
    wiremock.stub("GET", PATH, {"status": 404, "body": "<html>", "headers": PAGE})

    answer = probe_of(wiremock.url).ask(DAY)

    assert (answer.is_closed, answer.is_page) == (False, True)


@pytest.mark.parametrize(
    ("date_text", "skew_seconds"),
    [
        (format_datetime(NOW + timedelta(minutes=10), usegmt=True), 600),
        (format_datetime(NOW - timedelta(minutes=10), usegmt=True), -599),
        (format_datetime(NOW, usegmt=True).replace("GMT", "-0000"), 0),
        ("yesterday", None),
    ],
)
def test_the_date_of_an_answer_is_read_where_it_can_be(
    wiremock: WireMockServer, date_text: str, skew_seconds: float | None
) -> None:
    wiremock.stub("GET", PATH, {"status": 404, "headers": {"Date": date_text}})

    clock = probe_of(wiremock.url, InMemoryClock(NOW)).ask(DAY).clock

    assert (clock and clock.skew_seconds) == skew_seconds


def test_the_probe_sends_the_token_and_then_one_that_nobody_has(wiremock: WireMockServer) -> None:
    wiremock.stub("GET", PATH, {"status": 404})

    probe_of(wiremock.url).ask(DAY)

    first, second = wiremock.requests()
    assert first.headers["x-service-token"] == connect(wiremock.url).token
    assert second.headers["x-service-token"] != connect(wiremock.url).token
    assert first.headers["traceparent"].startswith("00-")


@pytest.mark.parametrize(
    ("to_a_stranger", "heeds_token"),
    [
        ({"status": 401}, True),
        ({"status": 403}, True),
        ({"status": 404}, False),
        ({"status": 200}, False),
        ({"status": 500}, None),
        ({"fault": "CONNECTION_RESET_BY_PEER"}, None),
    ],
)
def test_the_answer_to_a_token_that_nobody_has_tells_whether_tokens_count(
    wiremock: WireMockServer,
    to_a_stranger: dict[str, object],
    heeds_token: bool | None,  # noqa: FBT001 - a table's row
) -> None:
    ours = {"headers": {"X-SERVICE-TOKEN": {"equalTo": connect(wiremock.url).token}}}
    wiremock.stub("GET", PATH, to_a_stranger)
    wiremock.stub("GET", PATH, {"status": 404}, request=ours)

    assert probe_of(wiremock.url).ask(DAY).heeds_token is heeds_token


def test_a_report_without_figures_is_told_with_what_it_lacks(wiremock: WireMockServer) -> None:
    body = f'{{"reportDate":"{DAY}","totalOrders":1}}'
    wiremock.stub("GET", PATH, {"status": 200, "body": body})

    answer = probe_of(wiremock.url).ask(DAY)

    assert (answer.is_closed, answer.lacking) == (True, ("totalRevenue", "topItems"))


def test_of_several_tenants_it_is_asked_about_one(wiremock: WireMockServer) -> None:
    wiremock.stub("GET", f"/reports/{DAY}", {"status": 404})

    probe_of(wiremock.url).ask(DAY, "north")

    assert [request.headers["x-tenant-id"] for request in wiremock.requests()] == ["north"] * 2
