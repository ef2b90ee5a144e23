"""What every keeper of chains promises where those of many tenants go on at a time."""

from datetime import date

import pytest

from aegis_batch.application.ports.state import State
from tests.integration.state_records import a_key, a_seal_link

TUESDAY = date(2026, 11, 17)


def test_the_newest_links_of_many_tenants_come_at_once(state: State) -> None:
    links = [a_seal_link(1, a_key(tenant=tenant)) for tenant in ("a", "b", "c")]
    second = a_seal_link(2, a_key(TUESDAY, tenant="b"))
    with state.turn() as turn:
        turn.many_seals.add(links)
        turn.many_seals.add([second])
        turn.many_seals.add([])

    with state.turn() as turn:
        last = turn.many_seals.last(["b", "nobody", "a"])
        assert last == {"a": links[0].kept(), "b": second.kept()}
        assert not turn.many_seals.last([])


def test_of_many_links_none_may_have_a_number_that_is_taken(state: State) -> None:
    with state.turn() as turn:
        turn.seals.add(a_seal_link(1, a_key(tenant="b")))
    with pytest.raises(ValueError, match="taken"), state.turn() as turn:
        turn.many_seals.add([a_seal_link(1, a_key(tenant=tenant)) for tenant in ("a", "b")])

    with state.turn() as turn:
        assert turn.seals.last("a") is None
