"""What every keeper of the tenants in plans promises."""

from datetime import date

import pytest

from aegis_batch.application.ports.backfill_tenants import GivenBack
from aegis_batch.application.ports.state import State
from aegis_batch.domain.backfill import PeriodStanding, PlannedTenant
from aegis_batch.domain.run import JobKind

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
STRETCHES = ((None, 2), *((standing, 3) for standing in PeriodStanding), (None, 300))


def a_tenant(number: int, **changes: object) -> PlannedTenant:
    fields = {"tenant": f"t-{number}", "zone_name": None, "to_do": number % 2}
    return PlannedTenant(number=number, stretches=STRETCHES, **{**fields, **changes})  # type: ignore[arg-type]


def given(day: date, tenant: str, job: JobKind = JobKind.CLOSE) -> GivenBack:
    return GivenBack(day, tenant, job, "Asia/Tokyo" if tenant == "b" else None)


def test_tenants_come_back_as_they_were_kept_by_their_numbers(state: State) -> None:
    kept = [a_tenant(number, zone_name="Asia/Tokyo") for number in (4, 2, 0)]
    with state.turn() as turn:
        turn.backfill_tenants.add("b-1", kept)
        turn.backfill_tenants.add("b-1", [a_tenant(3), a_tenant(1)])
        turn.backfill_tenants.add("b-2", [a_tenant(7)])
        turn.backfill_tenants.add("b-2", [])

    with state.look() as turn:
        found = turn.backfill_tenants.page("b-1", 0, 9)
        assert [each.number for each in found] == [0, 1, 2, 3, 4]
        assert list(found[::2]) == kept[::-1]
        assert [each.number for each in turn.backfill_tenants.page("b-1", 1, 2)] == [1, 2]
        assert [each.number for each in turn.backfill_tenants.page("b-2", 0, 9)] == [7]
        assert not turn.backfill_tenants.page("b-3", 0, 9)
        to_do = turn.backfill_tenants.page("b-1", 0, 9, to_do_alone=True)
        assert [each.number for each in to_do] == [1, 3]


def test_a_number_is_taken_once(state: State) -> None:
    with state.turn() as turn:
        turn.backfill_tenants.add("b", [a_tenant(1)])

    with state.turn() as turn, pytest.raises(ValueError, match="taken"):
        turn.backfill_tenants.add("b", [a_tenant(1)])


def test_what_was_given_back_comes_by_its_days_until_it_is_taken(state: State) -> None:
    with state.turn() as turn:
        turn.backfill_tenants.give_back("b", [given(TUESDAY, "b"), given(TUESDAY, "a")])
        turn.backfill_tenants.give_back("b", [given(MONDAY, "c", JobKind.REBUILD)])
        turn.backfill_tenants.give_back("b", [given(TUESDAY, "a", JobKind.REBUILD)])
        turn.backfill_tenants.give_back("another", [given(MONDAY, "x")])
        turn.backfill_tenants.give_back("b", [])

    first = given(MONDAY, "c", JobKind.REBUILD)
    then = [given(TUESDAY, "a", JobKind.REBUILD), given(TUESDAY, "b")]
    with state.turn() as turn:
        assert list(turn.backfill_tenants.given_back("b", 9)) == [first, *then]
        assert list(turn.backfill_tenants.given_back("b", 1)) == [first]
        newest = turn.backfill_tenants.given_back("b", 9, newest_first=True)
        assert list(newest) == [*then, first]
        turn.backfill_tenants.take_back("b", then)
        turn.backfill_tenants.take_back("b", [])
    with state.look() as turn:
        assert list(turn.backfill_tenants.given_back("b", 9)) == [first]
        assert len(turn.backfill_tenants.given_back("another", 9)) == 1


def test_what_is_undone_was_never_kept(state: State) -> None:
    def keep_and_fail() -> None:
        with state.turn() as turn:
            turn.backfill_tenants.add("b", [a_tenant(1)])
            turn.backfill_tenants.give_back("b", [given(MONDAY, "a")])
            raise KeyError

    with pytest.raises(KeyError):
        keep_and_fail()

    with state.look() as turn:
        assert not turn.backfill_tenants.page("b", 0, 9)
        assert not turn.backfill_tenants.given_back("b", 9)
