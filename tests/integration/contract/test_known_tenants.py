"""What every keeper of tenants' first days promises."""

from datetime import UTC, date, datetime

import pytest

from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
SEEN_AT = datetime(2026, 11, 17, 5, tzinfo=UTC)


def test_a_tenant_keeps_the_day_it_was_seen_with_first(state: State) -> None:
    with state.turn() as turn:
        assert turn.known_tenants.first_days({"north": MONDAY}, SEEN_AT) == {"north": MONDAY}

    with state.turn() as turn:
        days = turn.known_tenants.first_days({"north": TUESDAY, "south": TUESDAY}, SEEN_AT)
        assert days == {"north": MONDAY, "south": TUESDAY}
    with state.turn() as turn:
        days = turn.known_tenants.first_days({"south": MONDAY, "north": TUESDAY}, SEEN_AT)
        assert days == {"north": MONDAY, "south": TUESDAY}


def test_tenants_that_nobody_asks_about_are_left_out(state: State) -> None:
    with state.turn() as turn:
        turn.known_tenants.first_days({"north": MONDAY, "south": MONDAY}, SEEN_AT)
        assert turn.known_tenants.first_days({"South": TUESDAY}, SEEN_AT) == {"South": TUESDAY}
        assert turn.known_tenants.first_days({}, SEEN_AT) == {}


def test_a_thousand_tenants_are_kept_at_once(state: State) -> None:
    days = {f"shop-{number:04}": MONDAY for number in range(1_000)}
    with state.turn() as turn:
        assert turn.known_tenants.first_days(days, SEEN_AT) == days

    with state.turn() as turn:
        asked = dict.fromkeys(days, TUESDAY)
        assert turn.known_tenants.first_days(asked, SEEN_AT) == days


def test_what_a_turn_that_fails_has_seen_is_forgotten(state: State) -> None:
    def fail(turn: Turn) -> None:
        turn.known_tenants.first_days({"north": MONDAY}, SEEN_AT)
        raise RuntimeError

    with pytest.raises(RuntimeError), state.turn() as turn:
        fail(turn)

    with state.turn() as turn:
        assert turn.known_tenants.first_days({"north": TUESDAY}, SEEN_AT) == {"north": TUESDAY}
