"""Checking the chains of seals: whatever was changed is found, and the first link is named."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.application.chain_check import ChainCheckUseCase, CheckedChain
from aegis_batch.domain.broken_link import Breach
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import StateMisfit
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.seal_chain import (
    Footing,
)
from aegis_batch.domain.seal_link import KeptLink, SealLink, digest_of
from tests.sealed_chain import FIRST_DAY, a_chain, record_of, sealed_link
from tests.unit.application.altered_state import AlteredState

if TYPE_CHECKING:
    from aegis_batch.domain.run_record import RunRecord

LENGTH = 4
CHAIN = tuple(a_chain(LENGTH))
OTHERS = tuple(a_chain(2, "shop-2"))
PLACES = st.integers(0, LENGTH - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)


def _altered() -> AlteredState:
    return AlteredState([*CHAIN, *OTHERS])


def _check(state: AlteredState, tenant: str = "default") -> CheckedChain:
    found = ChainCheckUseCase(state).check()
    (chain,) = [chain for chain in found.chains if chain.tenant == tenant]
    if tenant == "default":
        assert chain == ChainCheckUseCase(state).check_of(tenant)
    return chain


def _forge(row: KeptLink, **changes: object) -> KeptLink:
    """Change a link's text as somebody would who knows how its digest is made."""
    fields: dict[str, Any] = json.loads(row.content)
    for path, value in changes.items():
        *inner, last = path.split("__")
        part = fields
        for name in inner:
            part = part[name]
        part[last] = value
    content = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return replace(row, content=content, digest=digest_of(content))


def test_chains_that_were_left_alone_hold_with_all_their_links_and_runs() -> None:
    found = ChainCheckUseCase(_altered()).check()

    assert found.broken == ()
    assert [(chain.tenant, chain.holds.number) for chain in found.chains] == [
        ("default", LENGTH),
        ("shop-2", 2),
    ]
    assert (found.links, found.runs) == (LENGTH + 2, LENGTH + 2)
    assert found.chains[0].holds.digest == CHAIN[-1].kept().digest


def test_no_chain_at_all_is_nothing_to_complain_of() -> None:
    assert ChainCheckUseCase(AlteredState([])).check().chains == ()
    assert ChainCheckUseCase(AlteredState([])).check_of("default").holds == Footing()


def test_long_chains_and_many_tenants_are_walked_to_their_ends() -> None:
    links = a_chain(401)
    tenants = [sealed_link(1, tenant=f"shop-{number:04}") for number in range(201)]
    state = AlteredState([*links, *tenants], with_runs=False)

    found = ChainCheckUseCase(state).check()

    assert (len(found.chains), found.links, found.runs) == (202, 401 + 201, 0)
    assert found.broken == ()
    state.rows[400] = replace(state.rows[400], digest="sha256:00")
    state.rows[-1] = replace(state.rows[-1], run_id="another")
    assert [(link.tenant, link.number) for link in ChainCheckUseCase(state).check().broken] == [
        ("default", 401),
        ("shop-0200", 1),
    ]


@given(
    place=PLACES, at=st.integers(0, 10_000), put=TEXT, field=st.sampled_from(["content", "digest"])
)
def test_any_change_of_a_text_is_found_and_its_link_named(
    place: int, at: int, put: str, field: str
) -> None:
    state = _altered()
    row = state.rows[place]
    text = row.content if field == "content" else row.digest
    at %= len(text)
    changed = text[:at] + put + text[at + 1 :]
    state.rows[place] = (
        replace(row, content=changed) if field == "content" else replace(row, digest=changed)
    )

    chain = _check(state)

    if changed == text:
        assert chain.broken is None
    else:
        assert chain.broken is not None
        assert (chain.broken.number, chain.broken.breach) == (place + 1, Breach.DIGEST)
        assert chain.broken.run_id == CHAIN[place].run_id
        assert chain.holds.number == chain.runs == place
        assert _check(state, "shop-2").broken is None


@given(
    place=PLACES,
    change=st.one_of(
        st.tuples(st.just("period_kind"), st.one_of(TEXT, st.sampled_from(["week", "month"]))),
        st.tuples(st.just("first_day"), st.one_of(TEXT, st.dates().map(str))),
        st.tuples(st.just("run_id"), st.one_of(TEXT, st.just("run-default-1"))),
    ),
)
def test_any_change_of_a_column_is_found_and_its_link_named(
    place: int, change: tuple[str, str]
) -> None:
    state = _altered()
    before = state.rows[place]
    state.rows[place] = replace(before, **{change[0]: change[1]})  # type: ignore[arg-type]

    broken = _check(state).broken

    if state.rows[place] == before:
        assert broken is None
    else:
        assert broken is not None
        assert (broken.number, broken.breach) == (place + 1, Breach.PLACE)


@given(place=PLACES, number=st.integers(-5, 50))
def test_any_other_number_of_a_link_is_found(place: int, number: int) -> None:
    if 0 < number <= LENGTH:
        # The table holds no number twice.
        number += LENGTH
    state = _altered()
    state.rows[place] = replace(state.rows[place], number=number)

    broken = _check(state).broken

    assert broken is not None
    assert (broken.number, broken.breach) in {
        (place + 1, Breach.MISSING),
        (place + 1, Breach.PLACE),
    }


@given(place=PLACES, tenant=TEXT.filter(lambda name: name not in ("", "default", "shop-2")))
def test_a_link_moved_to_another_tenant_is_found_in_both_chains(place: int, tenant: str) -> None:
    state = _altered()
    state.rows[place] = replace(state.rows[place], tenant=tenant)

    broken = {link.tenant: link for link in ChainCheckUseCase(state).check().broken}

    assert set(broken) == {"default", tenant}
    assert (broken["default"].number, broken["default"].breach) == (place + 1, Breach.MISSING)
    assert broken[tenant].number == 1


@given(first=PLACES, second=PLACES)
def test_two_links_in_each_others_place_are_found(first: int, second: int) -> None:
    state = _altered()
    rows = state.rows
    rows[first], rows[second] = (
        replace(rows[first], number=second + 1),
        replace(rows[second], number=first + 1),
    )

    broken = _check(state).broken

    if first == second:
        assert broken is None
    else:
        assert broken is not None
        assert (broken.number, broken.breach) == (min(first, second) + 1, Breach.PLACE)


@given(place=PLACES)
def test_a_link_taken_away_is_found_and_named_by_its_run(place: int) -> None:
    state = _altered()
    del state.rows[place]

    broken = _check(state).broken

    assert broken is not None
    assert (broken.number, broken.breach) == (place + 1, Breach.MISSING)
    assert (broken.run_id, broken.period) == (CHAIN[place].run_id, str(CHAIN[place].key.period))


def test_a_chain_taken_away_whole_is_found_by_its_first_run() -> None:
    state = AlteredState(CHAIN)
    state.rows.clear()

    (broken,) = ChainCheckUseCase(state).check().broken

    assert (broken.tenant, broken.number, broken.run_id) == ("default", 1, CHAIN[0].run_id)
    assert _check(state).broken == broken


def test_without_its_run_only_a_link_taken_from_the_end_is_not_missed() -> None:
    for place in range(LENGTH):
        state = AlteredState(CHAIN, with_runs=False)
        del state.rows[place]
        broken = ChainCheckUseCase(state).check_of("default").broken
        assert (broken is None) == (place == LENGTH - 1)
        assert broken is None or (broken.number, broken.run_id) == (place + 1, None)


@given(
    taken=st.sets(PLACES, min_size=1),
    forgotten_before=st.one_of(
        st.none(),
        st.builds(
            lambda place, apart: CHAIN[place].sealed_at + apart * timedelta(microseconds=1),
            PLACES,
            st.integers(-1, 1),
        ),
    ),
)
def test_a_run_that_is_gone_is_named_unless_retention_may_have_deleted_it(
    taken: set[int], forgotten_before: datetime | None
) -> None:
    state = _altered()
    state.forgotten_before = forgotten_before
    state.take_away(*(CHAIN[place].run_id for place in taken))

    broken = _check(state).broken

    missed = [
        CHAIN[place]
        for place in sorted(taken)
        if forgotten_before is None or CHAIN[place].sealed_at >= forgotten_before
    ]
    if not missed:
        assert broken is None
    else:
        assert broken is not None
        assert (broken.number, broken.breach) == (missed[0].number, Breach.RUN_MISSING)
        assert (broken.tenant, broken.run_id) == ("default", missed[0].run_id)
        assert broken.period == str(missed[0].key.period)
        assert f"runs show {missed[0].run_id}" in broken.remedy
    assert ChainCheckUseCase(state).check().forgotten_before == forgotten_before


def test_a_run_that_is_gone_is_told_with_what_may_be_gone() -> None:
    state = _altered()
    state.take_away(CHAIN[1].run_id)
    never = _check(state).broken
    state.forgotten_before = CHAIN[1].sealed_at
    to_then = _check(state).broken

    assert never is not None
    assert never.detail == (
        "Its run ended on 2026-11-18 05:00 UTC and is not in the ledger, though no run was ever"
        " deleted for its age."
    )
    assert to_then is not None
    assert to_then.detail.endswith(
        "though only runs from before 2026-11-18 05:00 UTC may be deleted."
    )


@pytest.mark.parametrize(
    ("changes", "breach"),
    [
        ({"number": 9}, Breach.PLACE),
        ({"tenant": "another"}, Breach.PLACE),
        ({"firstDay": "2026-01-01"}, Breach.PLACE),
        ({"run": "another"}, Breach.PLACE),
        ({"previous": "sha256:" + "1" * 64}, Breach.PREVIOUS),
        ({"body": "{}"}, Breach.BODY),
        ({"seal__bodyDigest": "sha256:00"}, Breach.BODY),
        ({"totals__orders": 3}, Breach.TOTALS),
        ({"totals__items": [["Chá", "3"]]}, Breach.TOTALS),
        ({"seal__totalsDigest": "sha256:00"}, Breach.TOTALS),
        ({"seal__orders": 5}, Breach.RUN),
        ({"outcome": "already_closed"}, Breach.RUN),
        # What another spelling says the same in was not written by this program.
        ({"totals__revenue": "10.500"}, Breach.CONTENT),
        ({"sealedAt": "2026-11-18T05:00:02"}, Breach.CONTENT),
        ({"more": 1}, Breach.CONTENT),
        ({"number": 2.0}, Breach.CONTENT),
        ({"number": True}, Breach.CONTENT),
        ({"body": 5}, Breach.CONTENT),
        ({"run": None}, Breach.CONTENT),
        ({"outcome": "lost"}, Breach.CONTENT),
        ({"totals__items": [["a"]]}, Breach.CONTENT),
        ({"totals__revenue": "much"}, Breach.CONTENT),
        ({"seal": []}, Breach.CONTENT),
        ({"made__requestedBy": "nobody"}, Breach.RUN),
        ({"made__executor": None}, Breach.RUN),
        ({"made__startedAt": None}, Breach.RUN),
        ({"made__job": "rebuild"}, Breach.RUN),
        ({"made__job": "lunch"}, Breach.CONTENT),
        ({"made__job": None}, Breach.CONTENT),
        ({"made__attempt": True}, Breach.CONTENT),
        ({"made__trigger": "chance"}, Breach.CONTENT),
        ({"made__startedAt": "soon"}, Breach.CONTENT),
        ({"made__more": 1}, Breach.CONTENT),
        ({"made": None}, Breach.CONTENT),
    ],
)
@pytest.mark.parametrize("place", [1, LENGTH - 1])
def test_a_forged_link_with_a_digest_of_its_own_is_found(
    place: int, changes: dict[str, object], breach: Breach
) -> None:
    state = _altered()
    state.rows[place] = _forge(state.rows[place], **changes)

    broken = _check(state).broken

    assert broken is not None
    assert (broken.number, broken.breach) == (place + 1, breach)


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, '{"a":"\\ud800"}', "b'\\xff'"])
def test_a_text_that_is_no_link_is_found_even_with_its_digest(content: str) -> None:
    state = _altered()
    state.rows[0] = replace(state.rows[0], content=content, digest=digest_of(content))

    broken = _check(state).broken

    assert broken is not None
    assert (broken.number, broken.breach) == (1, Breach.CONTENT)


def test_a_lone_surrogate_in_a_forged_link_is_no_text() -> None:
    state = _altered()
    row = state.rows[0]
    content = row.content.replace("run-default-1", "\\ud800")
    state.rows[0] = replace(row, content=content, digest=digest_of(content))

    broken = _check(state).broken

    assert broken is not None
    assert broken.breach is Breach.CONTENT


def test_a_chain_forged_from_a_link_on_is_found_by_the_runs() -> None:
    state = _altered()
    previous = state.rows[0].digest
    for place in range(1, LENGTH):
        state.rows[place] = _forge(state.rows[place], seal__lines=1, previous=previous)
        previous = state.rows[place].digest

    broken = _check(state).broken

    assert broken is not None
    assert (broken.number, broken.breach) == (2, Breach.RUN)
    assert "seal" in broken.detail


@pytest.mark.parametrize(
    "changes",
    [
        {"state": RunState.FAILED},
        {"outcome": Outcome.ALREADY_CLOSED},
        {"outcome": None},
        {"orders": 99},
        {"seal": None},
        {"trigger": Trigger.HAND},
        {"requested_by": "somebody else"},
        {"schedule": None},
        {"replay_of": "run-before"},
        {"attempt": 2},
        {"started_at": CHAIN[0].sealed_at},
        {"started_at": None},
        {"ended_at": CHAIN[1].sealed_at + timedelta(microseconds=1)},
        {"executor": "machine-2"},
        {"backend": None},
        {"job": JobKind.REBUILD},
        {"key": CloseKey("another", record_of(CHAIN[1]).key.period)},
        {"key": CloseKey("default", Period(PeriodKind.DAY, FIRST_DAY + timedelta(days=90)))},
    ],
    ids=str,
)
def test_a_run_that_was_changed_no_longer_says_what_its_link_says(
    changes: dict[str, object],
) -> None:
    state = _altered()
    changed: RunRecord = replace(record_of(CHAIN[1]), **changes)  # type: ignore[arg-type]
    state.change(changed)

    broken = _check(state).broken

    assert broken is not None
    assert (broken.number, broken.breach) == (2, Breach.RUN)
    assert broken.run_id == CHAIN[1].run_id
    assert "runs show run-default-2" in broken.remedy


def test_what_an_old_link_does_not_hold_of_its_run_is_not_compared() -> None:
    state = _altered()
    state.change(replace(record_of(CHAIN[0]), requested_by="somebody else", attempt=9))

    assert CHAIN[0].made is None
    assert _check(state).broken is None


def test_the_last_links_taken_away_with_their_runs_leave_a_shorter_chain_that_holds() -> None:
    # What the documentation says that a chain can't show.
    state = _altered()
    state.rows[:] = [row for row in state.rows if row.run_id != CHAIN[-1].run_id]
    state.take_away(CHAIN[-1].run_id)

    chain = _check(state)

    assert (chain.holds.number, chain.broken) == (LENGTH - 1, None)


def test_a_link_from_before_the_job_was_kept_holds_and_says_nothing_of_it() -> None:
    made = CHAIN[1].made
    assert made is not None
    state = _altered()
    older = replace(CHAIN[-1], made=replace(made, job=None, started_at=None))
    state.rows[LENGTH - 1] = older.kept()
    state.change(replace(record_of(older), job=JobKind.REBUILD, started_at=None))

    assert '"job"' not in older.kept().content
    assert SealLink.of(older.kept().content) == older
    assert _check(state).broken is None


def test_all_that_differs_is_named() -> None:
    state = _altered()
    state.change(replace(record_of(CHAIN[1]), orders=7, requested_by="ana", executor=None))

    broken = _check(state).broken

    assert broken is not None
    assert broken.detail == (
        "Its run says something else: orders is 7 in the run and 2 in the link; requested by is ana"
        " in the run and scheduler in the link; executor is none in the run and machine-1 in the"
        " link."
    )


def test_of_a_seal_that_differs_only_what_differs_is_told() -> None:
    record = record_of(CHAIN[1])
    assert record.seal is not None
    state, without = _altered(), _altered()
    state.change(replace(record, seal=replace(record.seal, snapshot="another")))
    without.change(replace(record, seal=None))

    told, told_without = _check(state).broken, _check(without).broken

    assert told is not None
    assert told.detail == (
        "Its run says something else: seal (snapshot) is another in the run and 00000003-1 in the"
        " link."
    )
    assert told_without is not None
    assert "seal is none in the run" in told_without.detail


def test_a_run_that_cannot_be_read_is_named_by_its_link() -> None:
    state = _altered()
    state.runs.unreadable = StateMisfit("state_unreadable_row", "A row.", "Mend it.")

    broken = _check(state).broken

    assert broken is not None
    assert (broken.number, broken.breach) == (1, Breach.RUN)


def test_other_trouble_of_the_state_is_not_taken_for_a_broken_link() -> None:
    state = _altered()
    state.runs.unreadable = StateMisfit("state_damaged", "The file.", "Mend it.")

    with pytest.raises(StateMisfit, match="The file"):
        ChainCheckUseCase(state).check()


def test_runs_from_before_there_were_chains_are_not_missed_in_them() -> None:
    state = _altered()
    before = replace(record_of(CHAIN[0]), id="run-before", requests=None)
    state.keep(before)
    failed = replace(record_of(CHAIN[0]), id="run-failed", state=RunState.FAILED)
    unsealed = replace(record_of(CHAIN[0]), id="run-unsealed", seal=None)
    state.keep(failed, unsealed)

    assert ChainCheckUseCase(state).check().broken == ()


def test_a_run_without_its_link_in_another_chain_is_not_this_ones() -> None:
    state = _altered()
    del state.rows[-1]

    assert _check(state).broken is None
    assert [link.tenant for link in ChainCheckUseCase(state).check().broken] == ["shop-2"]


def test_each_breach_says_what_it_means_and_what_to_do() -> None:
    state = _altered()
    del state.rows[0]
    broken = _check(state).broken

    assert broken is not None
    assert "aegis-batch audit --check" in broken.remedy
    assert len({breach.meaning for breach in Breach}) == len(Breach)


@pytest.mark.parametrize("number", [0, -3])
def test_a_row_below_the_first_link_is_found_even_where_no_run_is_left(number: int) -> None:
    state = AlteredState(CHAIN, with_runs=False)
    state.rows[-1] = replace(state.rows[-1], number=number)

    broken = ChainCheckUseCase(state).check_of("default").broken

    assert broken is not None
    assert (broken.number, broken.breach) == (LENGTH, Breach.PLACE)
    assert broken.run_id == CHAIN[-1].run_id
