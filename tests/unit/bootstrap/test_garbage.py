"""Garbage is left alone while modules are imported, and only then."""

import gc
from collections.abc import Iterator

import pytest

from aegis_batch.bootstrap.garbage import garbage_left_alone


@pytest.fixture(autouse=True)
def _nothing_set_aside() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_the_collector_rests_and_then_works_again() -> None:
    with garbage_left_alone():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with garbage_left_alone():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_error_leaves_the_collector_at_work() -> None:
    with pytest.raises(ValueError, match="inside"), garbage_left_alone():
        raise ValueError("inside")
    assert gc.isenabled()


def test_what_is_garbage_later_is_not_kept_for_good() -> None:
    with garbage_left_alone():
        pass
    set_aside = gc.get_freeze_count()
    kept: list[list[object]] = [[] for _ in range(1_000)]
    with garbage_left_alone():
        pass
    assert len(kept) == 1_000
    assert gc.get_freeze_count() <= set_aside
