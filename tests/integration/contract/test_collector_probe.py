"""What every knock at a collector's door promises, in memory and over TCP."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from aegis_batch.adapters.outbound.memory.collector_probe import InMemoryCollectorProbe
from aegis_batch.adapters.outbound.system.collector_probe import TcpCollectorProbe
from aegis_batch.application.ports.collector_probe import CollectorProbe
from tests.servers.ground import free_port

# Makes a probe for a world in which something listens at an address.
Open = Callable[[tuple[str, int]], CollectorProbe]


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield "127.0.0.1", listener.getsockname()[1]


@pytest.fixture(params=["memory", "tcp"])
def open_probe(request: pytest.FixtureRequest) -> Open:
    if request.param == "memory":
        return lambda address: InMemoryCollectorProbe([address])
    return lambda _: TcpCollectorProbe()


def test_what_listens_accepts_even_if_it_says_nothing(
    open_probe: Open, address: tuple[str, int]
) -> None:
    assert open_probe(address).accepts(*address)


def test_where_nothing_listens_nothing_accepts(open_probe: Open, address: tuple[str, int]) -> None:
    assert not open_probe(address).accepts("127.0.0.1", free_port())


@pytest.mark.parametrize(
    ("host", "port"),
    [("no-such-host.invalid", 4317), ("a..b", 4317), ("x" * 300, 4317), ("127.0.0.1", 99_999)],
)
def test_what_is_no_address_accepts_nothing(
    open_probe: Open, address: tuple[str, int], host: str, port: int
) -> None:
    assert not open_probe(address).accepts(host, port)


def test_knocking_takes_no_longer_than_its_time() -> None:
    # A full queue of connections: the server's kernel leaves further ones without an answer.
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as listener:
        address = listener.getsockname()
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)  # noqa: FBT003 - its only parameter
            client.connect_ex(address)
            waiting.append(client)
        started = time.monotonic()
        accepted = TcpCollectorProbe(seconds=0.3).accepts(*address)
        took_seconds = time.monotonic() - started
        for client in waiting:
            client.close()

    assert not accepted
    assert took_seconds < 2
