"""``audit --check`` over a state in memory."""

from dataclasses import replace

from aegis_batch.domain.errors import StateUnavailable
from tests.sealed_chain import a_chain, record_of, sealed_link
from tests.unit.adapters.inbound.cli.ledger_services import LedgerServices


def _close(ledger: LedgerServices, tenant: str = "default", **changes: object) -> None:
    link = sealed_link(1, tenant=tenant)
    with ledger.state.turn() as turn:
        turn.seals.add(link)
        turn.runs.add(replace(record_of(link), **changes))  # type: ignore[arg-type]


def test_a_ledger_without_seals_has_nothing_to_check(ledger: LedgerServices) -> None:
    told = ledger.tell("audit", "--check")

    assert (told.status, told.err) == (0, "")
    assert told.out == "No close has been sealed yet, so there is no chain to check.\n"
    assert ledger.tell("audit", "--check", "--output", "json").json == {
        "holds": True,
        "links": 0,
        "runsCompared": 0,
        "brokenChains": 0,
        "chains": [],
        "chainsLeftOut": 0,
        "runsForgottenBefore": None,
    }


def test_a_chain_that_holds_is_told_with_its_counts_and_its_last_digest(
    ledger: LedgerServices,
) -> None:
    links = a_chain(3)
    with ledger.state.turn() as turn:
        for link in links:
            turn.seals.add(link)
            turn.runs.add(record_of(link))

    told = ledger.tell("audit", "--check")
    as_json = ledger.tell("audit", "--check", "--output", "json").json

    assert told.status == 0
    assert "Every link holds: 3 links in 1 chain, 3 runs compared with their links." in told.out
    assert links[-1].kept().digest in told.out
    assert as_json["chains"] == [
        {
            "tenant": "default",
            "links": 3,
            "digest": links[-1].kept().digest,
            "runsCompared": 3,
            "broken": None,
        }
    ]


def test_a_broken_link_is_told_with_what_is_wrong_and_what_to_do(ledger: LedgerServices) -> None:
    _close(ledger, orders=99)
    _close(ledger, "shop-2")

    told = ledger.tell("audit", "--check")
    as_json = ledger.tell("audit", "--check", "--output", "json")

    assert (told.status, as_json.status) == (1, 1)
    assert "Broken: 1 chain. Holds: 1 link in 2 chains" in told.out
    assert "broken  link 1 of default\n" in told.out
    assert "period  2026-11-16\n" in told.out
    assert "run     run-default-1\n" in told.out
    assert "orders" in told.out
    assert "aegis-batch runs show run-default-1" in told.out
    broken = as_json.json["chains"][0]["broken"]
    assert (broken["number"], broken["breach"]) == (1, "run")
    assert (as_json.json["holds"], as_json.json["brokenChains"]) == (False, 1)


def test_of_many_chains_only_so_many_are_shown_the_broken_first_in_json(
    ledger: LedgerServices,
) -> None:
    for number in range(1_001):
        _close(ledger, f"shop-{number:04}", orders=1 if number < 978 else 99)

    told = ledger.tell("audit", "--check")
    as_json = ledger.tell("audit", "--check", "--output", "json").json

    assert told.out.count("broken  link 1") == 20
    assert "3 more broken chains: --output json" in told.out
    assert "981 more chains: --output json" in told.out
    assert len(as_json["chains"]) == 1_000
    assert as_json["chainsLeftOut"] == 1
    assert as_json["chains"][0]["tenant"] == "shop-0978"


def test_a_limit_says_nothing_to_a_check(ledger: LedgerServices) -> None:
    told = ledger.tell("audit", "--check", "--limit", "5")

    assert told.status == 2
    assert "--limit" in told.err


def test_trouble_of_the_state_is_no_broken_link(ledger: LedgerServices) -> None:
    ledger.fault = StateUnavailable("state_locked", "In use.", "Try later.")

    assert ledger.tell("audit", "--check").status == 7
