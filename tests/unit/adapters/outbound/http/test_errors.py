"""Every error that httpx has is placed."""

from collections.abc import Iterator

import httpx
import pytest

from aegis_batch.adapters.outbound.http.errors import (
    DEFECTS,
    FAILURES,
    HTTPX_ERRORS,
    Failure,
    failure_of,
)


def _kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _exported() -> set[type[Exception]]:
    values: list[object] = [getattr(httpx, name) for name in httpx.__all__]
    return {value for value in values if isinstance(value, type) and issubclass(value, Exception)}


def _name(kind: type[Exception]) -> str:
    return kind.__name__


def test_every_error_of_httpx_is_placed_once() -> None:
    walked = {kind for root in HTTPX_ERRORS for kind in _kinds(root)}

    assert {kind for kind in walked if kind.__module__.startswith("httpx")} == _exported()
    assert set(FAILURES) | DEFECTS == _exported()
    assert set(FAILURES) & DEFECTS == set()


_KINDS: list[type[Exception]] = sorted(_exported(), key=_name)


@pytest.mark.parametrize("kind", _KINDS)
def test_a_placed_error_means_what_its_place_says(kind: type[Exception]) -> None:
    error = kind.__new__(kind)

    assert failure_of(error) == FAILURES.get(kind)


def test_an_error_that_is_new_means_what_its_ancestor_means() -> None:
    class NewTimeout(httpx.ReadTimeout):
        """One that a later httpx may have."""

    class NewMisuse(httpx.StreamError):
        """Another one."""

    assert failure_of(NewTimeout("")) is Failure.TIMED_OUT
    assert failure_of(NewMisuse("")) is None
    assert failure_of(ValueError()) is None


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_what_was_never_sent_loses_no_answer(kind: type[Exception]) -> None:
    failure = failure_of(kind(""))

    assert failure is Failure.NOT_REACHED
    assert not failure.loses_answer


@pytest.mark.parametrize(
    "kind",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.RemoteProtocolError,
        httpx.LocalProtocolError,
        httpx.DecodingError,
    ],
)
def test_what_may_have_arrived_loses_its_answer(kind: type[Exception]) -> None:
    failure = failure_of(kind(""))

    assert failure is not None
    assert failure.loses_answer
