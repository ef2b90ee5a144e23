"""What everybody promises who makes ids, for the machine's chance and the one that counts."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from aegis_batch.adapters.outbound.memory.identifiers import InMemoryIdentifiers
from aegis_batch.adapters.outbound.system import identifiers as system_identifiers
from aegis_batch.application.ports.identifiers import Identifiers

_RUN_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TRACE_ID = re.compile("[0-9a-f]{32}")


def made(kind: str, seed: int) -> Identifiers:
    return system_identifiers if kind == "system" else InMemoryIdentifiers(seed)


@pytest.fixture(params=["system", "memory"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def identifiers(kind: str) -> Identifiers:
    return made(kind, 0)


def test_a_run_id_has_the_form_of_a_random_uuid(identifiers: Identifiers) -> None:
    for _ in range(300):
        assert _RUN_ID.fullmatch(identifiers.new_run_id())


def test_a_trace_id_is_32_hexadecimal_digits_that_are_not_all_zero(
    identifiers: Identifiers,
) -> None:
    for _ in range(300):
        trace_id = identifiers.new_trace_id()

        assert _TRACE_ID.fullmatch(trace_id)
        assert int(trace_id, 16) > 0


def test_no_id_comes_twice(identifiers: Identifiers) -> None:
    ids = [identifiers.new_run_id() for _ in range(1_000)]
    ids += [identifiers.new_trace_id() for _ in range(1_000)]

    assert len(set(ids)) == 2_000


def test_no_id_comes_twice_to_threads_that_share_them(identifiers: Identifiers) -> None:
    def some(_: int) -> list[str]:
        return [new() for new in (identifiers.new_run_id, identifiers.new_trace_id) * 200]

    with ThreadPoolExecutor(4) as pool:
        ids = [made_id for batch in pool.map(some, range(8)) for made_id in batch]

    assert len(set(ids)) == 8 * 400


def test_whoever_else_makes_ids_makes_other_ones(kind: str) -> None:
    mine, yours = made(kind, 1), made(kind, 2)

    assert mine.new_run_id() != yours.new_run_id()
    assert mine.new_trace_id() != yours.new_trace_id()


def test_a_seed_gives_the_same_ids_again_and_no_other_seed_does() -> None:
    first, again, other = (InMemoryIdentifiers(seed) for seed in (7, 7, 8))
    ids = [first.new_run_id(), first.new_trace_id()]

    assert [again.new_run_id(), again.new_trace_id()] == ids
    assert other.new_run_id() != ids[0]
    with pytest.raises(ValueError, match="4294967296"):
        InMemoryIdentifiers(2**32)
