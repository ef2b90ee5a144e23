"""What every keeper of verifications promises."""

from datetime import date
from decimal import Decimal

import pytest

from aegis_batch.application.ports.state import State
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.consistency import Finding
from aegis_batch.domain.report import Difference
from aegis_batch.domain.run import CloseKey
from aegis_batch.domain.verification import Change, FindingChange, ItemChange, Verdict
from tests.integration.state_records import NOON, PROBLEM, SECOND, a_key, a_verification

TUESDAY = date(2026, 11, 17)
TINY = Decimal("0.000000000000000000000000000001")
CHANGE = Change(
    orders_sealed=2**40,
    orders_present=3,
    lines_sealed=5,
    lines_present=4,
    revenue_sealed=Decimal("12345678901234567890.10"),
    revenue_present=TINY,
    items=(ItemChange("Chá", Decimal("1.50"), TINY), ItemChange('"b"', Decimal(0), Decimal(-2))),
    items_left_out=7,
    findings=(FindingChange(Finding.EMPTY_ORDER, 2, 1, (), ("é", "7")),),
)


def test_a_verification_comes_back_with_all_that_was_found(state: State) -> None:
    kept = a_verification(
        verdict=Verdict.CONFLICT,
        seal_digest=None,
        change=CHANGE,
        differences=(Difference("totalOrders", "1", "2"), Difference("topItems", "[]", "[ç x 1]")),
        problem=PROBLEM,
    )
    with state.turn() as turn:
        assert turn.verifications.get(a_key()) is None
        turn.verifications.save(kept)

    with state.turn() as turn:
        found = turn.verifications.get(a_key())

    assert found == kept
    assert found is not None
    assert found.change is not None
    # Equal as numbers is not enough: 1.50 and 1.5 are told apart by whoever reads them.
    assert str(found.change.items[0].sealed) == "1.50"


def test_the_last_word_on_a_period_stands_alone(state: State) -> None:
    later = a_verification(verdict=Verdict.MISSING, verified_at=NOON + SECOND)
    with state.turn() as turn:
        turn.verifications.save(a_verification(change=CHANGE))
        turn.verifications.save(later)

    with state.turn() as turn:
        assert turn.verifications.get(a_key()) == later
        assert list(turn.verifications.newest(9)) == [later]


def test_a_day_a_week_and_another_tenant_are_kept_apart(state: State) -> None:
    monday = date(2026, 11, 16)
    kept = [
        a_verification(CloseKey("default", Period(PeriodKind.DAY, monday))),
        a_verification(CloseKey("default", Period(PeriodKind.WEEK, monday)), seal_digest="a"),
        a_verification(CloseKey("other", Period(PeriodKind.DAY, monday)), seal_digest="b"),
    ]
    with state.turn() as turn:
        for verification in kept:
            turn.verifications.save(verification)

    with state.turn() as turn:
        assert [turn.verifications.get(verification.key) for verification in kept] == kept


def test_the_newest_come_first_and_no_more_than_asked_for(state: State) -> None:
    kept = [
        a_verification(a_key(TUESDAY), verified_at=NOON + SECOND),
        a_verification(a_key(TUESDAY, "Z")),
        a_verification(a_key(TUESDAY, "a")),
        a_verification(a_key(date(2026, 11, 18), "a")),
        a_verification(a_key(TUESDAY, "é")),
    ]
    with state.turn() as turn:
        for verification in reversed(kept):
            turn.verifications.save(verification)

    with state.turn() as turn:
        assert list(turn.verifications.newest(9)) == kept
        assert list(turn.verifications.newest(2)) == kept[:2]


def save_and_fail(state: State) -> None:
    with state.turn() as turn:
        turn.verifications.save(a_verification())
        raise ZeroDivisionError


def test_a_verification_of_a_turn_that_fails_is_not_kept(state: State) -> None:
    with pytest.raises(ZeroDivisionError):
        save_and_fail(state)

    with state.turn() as turn:
        assert turn.verifications.get(a_key()) is None
