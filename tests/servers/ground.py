"""What every test server stands on: a port, a deadline, a Docker engine or none."""

import gc
import os
import random
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from functools import cache

import docker
import docker.errors

POLL_SECONDS = 0.02
# Below the range from which systems take the ports of outgoing connections, so that a server
# that was killed finds its port free when it starts again.
_PORTS = range(20_000, 30_000)
_MAX_PORTS_TRIED = 100
_DOCKER_TIMEOUT_SECONDS = 5


class ServerError(Exception):
    """A test server is missing, or doesn't do what it was told."""


@cache
def docker_answers() -> bool:
    """Say whether a Docker engine answers; AEGIS_TESTS_WITHOUT_DOCKER=1 says that none does."""
    if os.environ.get("AEGIS_TESTS_WITHOUT_DOCKER") == "1":
        return False
    with warnings.catch_warnings():
        # Where nothing answers, docker's client leaves a socket open: let it be closed in here.
        warnings.simplefilter("ignore", ResourceWarning)
        client = _docker_client()
        gc.collect()
    if client is None:
        return False
    try:
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False
    finally:
        client.close()


def _docker_client() -> docker.DockerClient | None:
    try:
        return docker.from_env(timeout=_DOCKER_TIMEOUT_SECONDS)
    except docker.errors.DockerException:
        return None


def free_port() -> int:
    """Find a TCP port of 127.0.0.1 on which nothing listens now."""
    chance = random.Random()
    for _ in range(_MAX_PORTS_TRIED):
        port = chance.choice(_PORTS)
        with socket.socket() as probe:
            # As servers do: what a dead server's connections left behind is no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerError(f"No port was free in {_MAX_PORTS_TRIED} tries.")


def polls(timeout_seconds: float) -> Iterator[None]:
    """Yield at once, and again every few milliseconds, until the time is up."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        yield
        if time.monotonic() >= deadline:
            return
        time.sleep(POLL_SECONDS)


def wait_until(condition: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
    """Poll until the condition holds.

    Raises:
        ServerError: it didn't hold in time; the message says what was waited for.
    """
    for _ in polls(timeout_seconds):
        if condition():
            return
    raise ServerError(f"Waited {timeout_seconds:g} s in vain: {what}.")
