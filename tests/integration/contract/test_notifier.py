"""What every notifier promises, in memory and over HTTP."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from aegis_batch.adapters.outbound.http.notifier import HttpNotifier
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.application.ports.notifier import Notifier
from aegis_batch.domain.errors import NoticeUndelivered
from aegis_batch.domain.notice import Notice, NoticeKind
from tests.integration.patience import in_time
from tests.integration.raw_tcp import Peer, raw_server
from tests.servers.wiremock import WireMockServer

SECRET = "s3cret-path"
HOOK = f"/hooks/{SECRET}"
PING = f"/ping/{SECRET}"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ALL = tuple(NoticeKind)
HEARTBEATS = (NoticeKind.NIGHT_COMPLETE, NoticeKind.NIGHT_FAILED)


def notice_of(kind: NoticeKind) -> Notice:
    return Notice(
        key="overdue:default:2026-11-21",
        kind=kind,
        event="day.overdue",
        text="The day 2026-11-21 is not closed: não há ☎.",
        created_at=NOW,
        due_at=NOW,
    )


@dataclass(frozen=True)
class Place:
    """Opens notifiers, makes their receivers fail, and tells what arrived: keys or requests."""

    open: Callable[[Collection[NoticeKind]], Notifier]
    fail: Callable[[Notifier], None]
    arrived: Callable[[Notifier], int]


def _in_memory() -> Place:
    def fail(notifier: Notifier) -> None:
        assert isinstance(notifier, InMemoryNotifier)
        notifier.faults.append(NoticeUndelivered("receiver_refused", "It refused.", "Wait."))

    def arrived(notifier: Notifier) -> int:
        assert isinstance(notifier, InMemoryNotifier)
        return len(notifier.delivered)

    return Place(InMemoryNotifier, fail, arrived)


def over(url: str, kinds: Collection[NoticeKind], timeout_seconds: float = 5.0) -> HttpNotifier:
    return HttpNotifier(
        notify_url=url + HOOK if NoticeKind.MESSAGE in kinds else None,
        heartbeat_url=f"{url}{PING}?source=shop" if set(HEARTBEATS) & set(kinds) else None,
        user_agent="aegis-batch/0.1.0",
        timeout_seconds=timeout_seconds,
    )


def _over_http(wiremock: WireMockServer) -> Place:
    for method, path in (("POST", HOOK), ("GET", PING), ("GET", f"{PING}/fail")):
        wiremock.stub(method, path, {"status": 204}, priority=5)

    def fail(_: Notifier) -> None:
        for path in (HOOK, PING, f"{PING}/fail"):
            wiremock.stub("ANY", path, {"status": 503}, priority=1)

    def arrived(_: Notifier) -> int:
        return wiremock.count()

    return Place(lambda kinds: over(wiremock.url, kinds), fail, arrived)


@pytest.fixture(params=["memory", "http"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "memory":
        return _in_memory()
    return _over_http(request.getfixturevalue("wiremock"))


@pytest.mark.parametrize("kinds", [ALL, HEARTBEATS, (NoticeKind.MESSAGE,), ()])
def test_a_notifier_takes_what_it_has_somewhere_to_send(
    place: Place, kinds: Collection[NoticeKind]
) -> None:
    notifier = place.open(kinds)

    assert {kind for kind in NoticeKind if notifier.takes(kind)} == set(kinds)


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_is_sent_once(place: Place, kind: NoticeKind) -> None:
    notifier = place.open(ALL)

    notifier.deliver(notice_of(kind))

    assert place.arrived(notifier) == 1


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_that_is_not_taken_is_an_error(place: Place, kind: NoticeKind) -> None:
    notifier = place.open(ALL)
    place.fail(notifier)

    with pytest.raises(NoticeUndelivered) as caught:
        notifier.deliver(notice_of(kind))

    assert caught.value.code == "receiver_refused"


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_for_which_there_is_no_place_is_a_defect(place: Place, kind: NoticeKind) -> None:
    with pytest.raises(ValueError, match=kind):
        place.open(()).deliver(notice_of(kind))


def test_a_message_is_json_with_a_text_as_chats_take_it(wiremock: WireMockServer) -> None:
    place = _over_http(wiremock)
    lisbon = timezone(timedelta(hours=1))

    sent = replace(notice_of(NoticeKind.MESSAGE), created_at=NOW.astimezone(lisbon))
    place.open(ALL).deliver(sent)

    [request] = wiremock.requests()
    assert (request.method, request.path) == ("POST", HOOK)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "aegis-batch/0.1.0"
    assert json.loads(request.body) == {
        "text": "The day 2026-11-21 is not closed: não há ☎.",
        "event": "day.overdue",
        "key": "overdue:default:2026-11-21",
        "at": "2026-11-22T09:00:00+00:00",
    }
    place.open(ALL).deliver(replace(sent, tenant="north"))
    assert json.loads(wiremock.requests()[-1].body)["tenant"] == "north"


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        (NoticeKind.NIGHT_COMPLETE, f"{PING}?source=shop"),
        (NoticeKind.NIGHT_FAILED, f"{PING}/fail?source=shop"),
    ],
)
def test_a_heartbeat_asks_for_its_address_or_for_the_one_of_failure(
    wiremock: WireMockServer, kind: NoticeKind, url: str
) -> None:
    _over_http(wiremock).open(ALL).deliver(notice_of(kind))

    [request] = wiremock.requests()
    assert (request.method, request.url, request.body) == ("GET", url, b"")


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 410, 429, 500])
def test_no_other_status_counts_and_no_redirect_is_followed(
    wiremock: WireMockServer, status: int
) -> None:
    wiremock.stub(
        "POST", HOOK, {"status": status, "headers": {"Location": f"{wiremock.url}/elsewhere"}}
    )
    wiremock.stub("ANY", "/elsewhere", {"status": 200})

    with pytest.raises(NoticeUndelivered) as caught:
        over(wiremock.url, ALL).deliver(notice_of(NoticeKind.MESSAGE))

    assert caught.value.code == "receiver_refused"
    assert f"answered with {status}" in caught.value.message
    assert wiremock.count(path="/elsewhere") == 0


def _break_off(peer: Peer) -> None:
    peer.read_head()


def _babble(peer: Peer) -> None:
    peer.read_head()
    peer.connection.sendall(b"SSH-2.0-none\r\n\r\n")


def _dribble(peer: Peer) -> None:
    peer.read_head()
    peer.dribble(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000, 0.05)


@pytest.mark.parametrize(
    ("serve", "code"),
    [
        (Peer.hang, "receiver_timed_out"),
        (_dribble, "receiver_timed_out"),
        (_break_off, "receiver_broke_off"),
        (_babble, "receiver_broke_off"),
    ],
)
@pytest.mark.parametrize("kind", NoticeKind)
def test_trouble_ends_in_time_and_without_a_word_of_the_address(
    serve: Callable[[Peer], None], code: str, kind: NoticeKind
) -> None:
    with raw_server(serve) as port:
        notifier = over(f"http://127.0.0.1:{port}", ALL, timeout_seconds=0.5)
        with pytest.raises(NoticeUndelivered) as caught, in_time():
            notifier.deliver(notice_of(kind))

    assert caught.value.code == code
    assert caught.value.__suppress_context__
    assert SECRET not in str(caught.value)
    assert str(port) not in str(caught.value)


def test_a_receiver_that_is_not_there_is_told_as_such() -> None:
    with raw_server(Peer.hang) as port:
        notifier = over(f"http://127.0.0.1:{port}", ALL)

    with pytest.raises(NoticeUndelivered) as caught, in_time():
        notifier.deliver(notice_of(NoticeKind.MESSAGE))

    assert caught.value.code == "receiver_unreachable"


def test_a_receiver_that_speaks_no_tls_is_told_as_such() -> None:
    def greet(peer: Peer) -> None:
        peer.connection.sendall(b"220 ready\r\n" * 10)
        peer.hang()

    with raw_server(greet) as port, pytest.raises(NoticeUndelivered) as caught, in_time():
        over(f"https://127.0.0.1:{port}", ALL).deliver(notice_of(NoticeKind.MESSAGE))

    assert caught.value.code == "receiver_without_tls"


def test_the_proxies_of_the_environment_are_not_asked(
    wiremock: WireMockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = _over_http(wiremock)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    place.open(ALL).deliver(notice_of(NoticeKind.MESSAGE))

    assert wiremock.count("POST", HOOK) == 1


def test_a_body_that_never_comes_is_not_waited_for() -> None:
    def endless(peer: Peer) -> None:
        peer.read_head()
        peer.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        peer.hang()

    with raw_server(endless) as port, in_time():
        over(f"http://127.0.0.1:{port}", ALL).deliver(notice_of(NoticeKind.MESSAGE))
