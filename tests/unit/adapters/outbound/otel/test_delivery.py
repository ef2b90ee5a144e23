"""Jobs at the end get a bounded time, and nobody hears what they raise."""

import threading
import time

import pytest

from aegis_batch.adapters.outbound.otel.delivery import ended_within


def test_jobs_run_at_once_and_each_says_whether_it_ended() -> None:
    both_here = threading.Barrier(2)
    never = threading.Event()

    try:
        ended = ended_within(
            0.2,
            time.monotonic,
            lambda: both_here.wait(10),
            lambda: both_here.wait(10),
            never.wait,
        )
    finally:
        never.set()

    assert ended == [True, True, False]


def test_a_job_that_never_ends_keeps_no_process_alive() -> None:
    never = threading.Event()
    before = set(threading.enumerate())

    ended_within(0.0, time.monotonic, never.wait)

    (left,) = set(threading.enumerate()) - before
    assert left.daemon
    never.set()
    left.join(10)


def test_what_a_job_raises_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError("canary")

    assert ended_within(10, time.monotonic, fail) == [True]
    assert capfd.readouterr().err == ""


def test_no_jobs_end_at_once() -> None:
    assert ended_within(10, time.monotonic) == []
