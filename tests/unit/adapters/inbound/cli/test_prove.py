"""The ``prove`` command over a state in memory: text, JSON, and a page for an auditor."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.cli.proof_words import EVENTS, pretty
from aegis_batch.domain import events, job_events
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.errors import BackendUnavailable, StateUnavailable
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState, Trigger
from aegis_batch.domain.run_record import TimelineEntry
from aegis_batch.domain.seal_link import SealLink
from aegis_batch.domain.verification import Verdict
from tests.sealed_chain import a_chain, record_of, sealed_link
from tests.unit.adapters.inbound.cli.ledger_services import NOW, PROBLEM, LedgerServices
from tests.unit.adapters.inbound.cli.page_outline import outline_of

CHAIN = a_chain(3)
LINK = CHAIN[1]
DAY = LINK.key.period.first_day.isoformat()
HOSTILE = {
    "<script>alert(1)</script>": Decimal(3),
    "</td><img src=http://example.com/x onerror=alert(1)>": Decimal(2),
    "a \u202eright to left\u202c & \"quoted\" 'name' \x1b[2J": Decimal(1),
    "{{ 7 * 7 }} {% raw %}": Decimal(1),
    "two\nlines": Decimal(1),
}


def _keep(ledger: LedgerServices, *links: SealLink, runs: bool = True) -> None:
    with ledger.state.turn() as turn:
        for link in links:
            turn.seals.add(link)
            if runs:
                turn.runs.add(record_of(link))


def _page(ledger: LedgerServices) -> str:
    told = ledger.tell("prove", DAY, "--output", "html")
    assert told.err == ""
    return told.out


def test_a_closed_day_is_proved_in_text(ledger: LedgerServices) -> None:
    _keep(ledger, *CHAIN)
    entry = TimelineEntry(LINK.run_id, LINK.sealed_at, "request.answered", "status=201")
    with ledger.state.turn() as turn:
        turn.timeline.add([entry])

    told = ledger.tell("prove", DAY)

    assert (told.status, told.err) == (0, "")
    assert told.out.startswith(f"{DAY} of default: Everything holds.\n")
    assert LINK.sealed.body in told.out
    assert f"({len(LINK.sealed.body.encode())} bytes)" in told.out
    for digest in (
        LINK.kept().digest,
        LINK.previous,
        LINK.sealed.seal.body_digest,
        LINK.sealed.seal.totals_digest,
    ):
        assert digest in told.out
    assert "12345678901234567890.5  Pão de queijo" in told.out
    assert "empty_order  2 orders without a line: 7, 8" in told.out
    assert "by the nightly schedule, asked for by scheduler" in told.out
    assert "2026-11-17 03:00:00 UTC to 2026-11-18 03:00:00 UTC, 24 hours" in told.out
    assert "2026-11-17 00:00:00 to 2026-11-18 00:00:00" in told.out
    assert "aegis-batch 1.2.3, tzdata 2026a, Unicode 14.0.0" in told.out
    assert "snapshot 00000003-1" in told.out
    assert "request.answered  status=201" in told.out
    assert "All 3 links of the chain hold" in told.out
    assert "verdict  equal" in told.out


def test_a_long_list_of_items_is_cut_in_text_and_whole_elsewhere(ledger: LedgerServices) -> None:
    items = {f"item {number:03}": Decimal(1) for number in range(25)}
    _keep(ledger, sealed_link(1, items=items))
    day = sealed_link(1).key.period.first_day.isoformat()

    told = ledger.tell("prove", day)
    page = ledger.tell("prove", day, "--output", "html").out
    listed = ledger.tell("prove", day, "--output", "json").json["link"]["totals"]["items"]

    assert "item 019" in told.out
    assert "item 020" not in told.out
    assert "5 more: --output html, or json" in told.out
    assert all(f"<td>{name}</td>" in page for name in items)
    assert [item["name"] for item in listed] == sorted(items)


def test_a_proof_as_json_has_the_text_that_its_digest_is_of(ledger: LedgerServices) -> None:
    _keep(ledger, *CHAIN)

    told = ledger.tell("prove", DAY, "--output", "json").json

    link = told["link"]
    assert told["holds"] is True
    assert link["digest"] == "sha256:" + hashlib.sha256(link["content"].encode()).hexdigest()
    assert json.loads(link["content"])["body"] == link["body"] == LINK.sealed.body
    assert link["seal"]["bodyDigest"] == LINK.sealed.seal.body_digest
    assert link["window"]["hours"] == 24
    assert link["totals"]["findings"] == [
        {"finding": "empty_order", "count": 2, "orders": ["7", "8"]}
    ]
    assert told["chain"] == {
        "linkHolds": True,
        "links": 3,
        "digest": CHAIN[-1].kept().digest,
        "runsCompared": 3,
        "broken": None,
    }
    assert [run["run"]["id"] for run in told["runs"]] == [LINK.run_id]
    assert told["verification"]["verdict"] == "equal"
    assert told["deadLetters"] == []


def test_a_page_is_whole_stands_alone_and_runs_nothing(ledger: LedgerServices) -> None:
    _keep(ledger, *CHAIN)

    page = outline_of(_page(ledger))

    assert set(page.addresses) == {"#words", "#check"}
    assert {"words", "check", "now"} <= set(page.by_id)
    assert page.handlers == []
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(page.elements)
    assert page.elements.count("h1") == 1
    assert "Everything holds." in page.text
    assert "12345678901234567890.5" in page.text
    assert LINK.sealed.body in page.text


def test_each_block_of_a_page_decodes_to_the_bytes_of_the_digest_beside_it(
    ledger: LedgerServices,
) -> None:
    _keep(ledger, *CHAIN)

    page = outline_of(_page(ledger))

    digests = {
        "body": LINK.sealed.seal.body_digest,
        "totals": LINK.sealed.seal.totals_digest,
        "link": LINK.kept().digest,
    }
    for name, digest in digests.items():
        decoded = base64.b64decode(page.by_id[f"{name}-base64"])
        assert "sha256:" + hashlib.sha256(decoded).hexdigest() == digest
        assert f"sha256:{page.by_id[f'{name}-digest']}" == digest
        assert page.by_id[f"{name}-command"] == f"base64 -d {name}.b64 | sha256sum"
    assert base64.b64decode(page.by_id["link-base64"]).decode() == LINK.kept().content


def test_names_that_mean_harm_are_only_text_on_a_page(ledger: LedgerServices) -> None:
    link = sealed_link(1, items=HOSTILE)
    record = replace(record_of(link), requested_by="<b>maria</b>", executor="<i>")
    with ledger.state.turn() as turn:
        turn.seals.add(link)
        turn.runs.add(record)
        turn.timeline.add([TimelineEntry(record.id, NOW, "<u>", "</table><script>")])

    told = ledger.tell("prove", link.key.period.first_day.isoformat(), "--output", "html")

    page = outline_of(told.out)
    assert not {"script", "img", "b", "i", "u"} & set(page.elements)
    assert page.handlers == []
    assert "<script>alert(1)</script>" in page.text
    assert "</td><img src=http://example.com/x onerror=alert(1)>" in page.text
    assert "{{ 7 * 7 }} {% raw %}" in page.text
    assert "a \\u202eright to left\\u202c & \"quoted\" 'name' \\x1b[2J" in page.text
    assert "<b>maria</b>" in page.text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", told.out)
    decoded = base64.b64decode(page.by_id["body-base64"]).decode()
    assert decoded == link.sealed.body


def test_text_has_nothing_in_it_that_moves_a_terminal(ledger: LedgerServices) -> None:
    link = sealed_link(1, items=HOSTILE)
    _keep(ledger, link)

    told = ledger.tell("prove", link.key.period.first_day.isoformat())

    assert "\x1b" not in told.out
    assert "\u202e" not in told.out


def test_a_link_too_long_for_a_page_is_had_by_json(ledger: LedgerServices) -> None:
    items = {f"{number:05}{'x' * 990}": Decimal(1) for number in range(2_100)}
    link = sealed_link(1, items=items)
    _keep(ledger, link)
    day = link.key.period.first_day.isoformat()

    page = outline_of(ledger.tell("prove", day, "--output", "html").out)

    assert "link-base64" not in page.by_id
    assert f"aegis-batch prove {day} --period day --output json | jq -j .link.content" in page.text
    assert "body-base64" in page.by_id


def test_a_run_past_its_retention_is_missed_aloud(ledger: LedgerServices) -> None:
    _keep(ledger, *CHAIN, runs=False)

    told = ledger.tell("prove", DAY)
    page = outline_of(_page(ledger))

    assert told.status == 0
    assert f"The run {LINK.run_id} is no longer in the ledger" in told.out
    assert "no longer in the ledger, so that its answers are gone" in page.text
    assert ledger.tell("prove", DAY, "--output", "json").json["runIsKept"] is False


def test_earlier_failures_replays_and_other_runs_stand_in_the_proof(
    ledger: LedgerServices,
) -> None:
    _keep(ledger, *CHAIN, runs=False)
    closed = record_of(LINK)
    failed = replace(
        closed,
        id="run-dead",
        state=RunState.FAILED,
        outcome=Outcome.CONFLICT,
        problem=PROBLEM,
        seal=None,
        attempt=3,
        requests=None,
        enqueued_at=closed.enqueued_at - timedelta(hours=1),
    )
    replay = replace(closed, trigger=Trigger.REPLAY, replay_of="run-dead", requests=None)
    letter = DeadLetter(
        run_id="run-dead",
        job=JobKind.CLOSE,
        key=LINK.key,
        outcome=Outcome.CONFLICT,
        problem=PROBLEM,
        attempts=3,
        died_at=LINK.sealed_at,
    )
    with ledger.state.turn() as turn:
        turn.runs.add(failed)
        turn.runs.add(replay)
        turn.dead_letters.save(letter)

    page = outline_of(_page(ledger)).text
    assert "an unknown number of requests" in page
    with ledger.state.turn() as turn:
        turn.dead_letters.save(
            replace(letter, decided_by="maria", decided_at=NOW, reason="mended", replayed_as="r-2")
        )
    told = ledger.tell("prove", DAY)
    page = outline_of(_page(ledger)).text

    assert "replay of  run-dead" in told.out
    assert "run run-dead: close, failed, conflict, 3 attempts" in told.out
    assert "maria: mended" in told.out
    assert "in the place of run run-dead" in page
    assert "by maria on 2026-11-22 15:00:00 UTC: mended" in page
    assert "replayed as run r-2" in page
    letters = ledger.tell("prove", DAY, "--output", "json").json["deadLetters"]
    assert [letter["runId"] for letter in letters] == ["run-dead"]


def test_of_many_runs_text_shows_the_newest_and_says_so(ledger: LedgerServices) -> None:
    _keep(ledger, *CHAIN)
    closed = record_of(LINK)
    with ledger.state.turn() as turn:
        for number in range(12):
            earlier = closed.enqueued_at - timedelta(hours=number + 1)
            turn.runs.add(
                replace(
                    closed,
                    id=f"run-{number:02}",
                    state=RunState.FAILED,
                    seal=None,
                    enqueued_at=earlier,
                )
            )

    told = ledger.tell("prove", DAY).out

    assert "3 earlier runs: --output html, or json" in told
    assert "run run-09" not in told
    assert "run run-08" in told


def test_a_day_that_was_never_closed_here_has_no_proof(ledger: LedgerServices) -> None:
    _keep(ledger, CHAIN[0])

    told = ledger.tell("prove", DAY)
    page = ledger.tell("prove", DAY, "--output", "html")

    assert (told.status, page.status) == (2, 2)
    assert f"No proof: {DAY} has no seal in this ledger" in told.out
    assert "No run about this period is in the ledger." in told.out
    assert f"aegis-batch verify --from {DAY} --to {DAY}" in told.err
    assert "holds no seal of" in outline_of(page.out).text
    as_json = ledger.tell("prove", DAY, "--output", "json")
    assert (as_json.status, as_json.json["link"], as_json.json["holds"]) == (2, None, False)


@pytest.mark.parametrize(
    ("verdict", "status", "said"),
    [
        (Verdict.EQUAL, 0, "Everything holds"),
        (Verdict.CHANGED, 1, "no longer as it was closed"),
        (Verdict.MISSING, 1, "no longer as it was closed"),
        (Verdict.CONFLICT, 1, "no longer as it was closed"),
        (Verdict.REJECTED, 1, "no longer as it was closed"),
        (Verdict.UNKNOWN, 0, "could not be compared"),
    ],
)
def test_what_verify_says_now_decides_too(
    ledger: LedgerServices, verdict: Verdict, status: int, said: str
) -> None:
    _keep(ledger, *CHAIN)
    ledger.verifier.verdict = verdict

    told = ledger.tell("prove", DAY)

    assert told.status == status
    assert said in told.out.splitlines()[0]


def test_a_proof_is_made_while_the_backend_is_away(ledger: LedgerServices) -> None:
    _keep(ledger, *CHAIN)
    ledger.verifier.fault = BackendUnavailable("timeout", "It is away.", "Try again later.")

    told = ledger.tell("prove", DAY)
    page = outline_of(_page(ledger)).text

    assert told.status == 0
    assert "verdict  unknown" in told.out
    assert "timeout: It is away." in told.out
    assert "Try again later." in told.out
    assert "timeout: It is away." in page
    assert "could not be compared with today's orders" in page


@pytest.mark.parametrize(("number", "holds"), [(2, False), (3, False), (4, True)])
@pytest.mark.parametrize("verdict", [Verdict.EQUAL, Verdict.CHANGED])
def test_a_broken_chain_is_found_wherever_it_breaks(
    ledger: LedgerServices, *, number: int, holds: bool, verdict: Verdict
) -> None:
    ledger.verifier.verdict = verdict
    links = a_chain(4)
    # Its run says something else than the link does.
    _keep(ledger, *links, runs=False)
    with ledger.state.turn() as turn:
        turn.runs.add(replace(record_of(links[number - 1]), orders=99))

    told = ledger.tell("prove", DAY)
    page = ledger.tell("prove", DAY, "--output", "html")
    as_json = ledger.tell("prove", DAY, "--output", "json")

    assert (told.status, page.status, as_json.status) == (1, 1, 1)
    assert f"link {number} of default" in told.out
    assert ("holds up to this link" in told.out) == holds
    assert f"Link {number}: the run in the ledger" in outline_of(page.out).text
    assert as_json.json["chain"]["broken"]["breach"] == "run"
    assert as_json.json["chain"]["linkHolds"] == holds
    assert as_json.json["holds"] is False


def test_a_period_without_a_seal_in_a_broken_chain_is_no_mere_mistake(
    ledger: LedgerServices,
) -> None:
    _keep(ledger, CHAIN[0], runs=False)
    with ledger.state.turn() as turn:
        turn.runs.add(replace(record_of(CHAIN[0]), orders=99))

    assert ledger.tell("prove", DAY).status == 1


def test_a_proof_is_put_whole_into_a_file(ledger: LedgerServices, tmp_path: Path) -> None:
    _keep(ledger, *CHAIN)
    target = tmp_path / "proof.html"
    target.write_text("before")

    told = ledger.tell("prove", DAY, "--output", "html", "--file", str(target))

    assert (told.status, told.out) == (0, "")
    assert f"the proof is in {target}" in told.err
    assert target.read_text(encoding="utf-8").endswith("</html>\n")
    assert [path.name for path in tmp_path.iterdir()] == ["proof.html"]


def test_a_file_that_cannot_be_written_is_named(ledger: LedgerServices, tmp_path: Path) -> None:
    _keep(ledger, *CHAIN)
    target = tmp_path / "nowhere" / "proof.html"

    told = ledger.tell("prove", DAY, "--file", str(target))

    assert (told.status, told.out) == (2, "")
    assert str(target) in told.err


def test_a_day_may_be_any_of_its_week(ledger: LedgerServices) -> None:
    told = ledger.tell("prove", DAY, "--period", "week", "--output", "json")

    assert told.status == 2
    assert (told.json["period"], told.json["date"]) == ("week", "2026-11-16")


def test_trouble_of_the_state_has_its_status_as_json_too(ledger: LedgerServices) -> None:
    ledger.fault = StateUnavailable("state_locked", "In use.", "Try later.")

    assert ledger.tell("prove", DAY).status == 7
    told = ledger.tell("prove", DAY, "--output", "json")
    assert (told.status, told.json["error"]["code"]) == (7, "state_locked")


def test_a_day_that_is_none_is_refused(ledger: LedgerServices) -> None:
    assert ledger.tell("prove", "2026-02-30").status == 2
    assert ledger.tell("prove").status == 2


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("{}", ["{}"]),
        ('{"a":[]}', ["{", '  "a": []', "}"]),
        ('{"a":1.50,"b":[{"c":"x,{\\"}:"}]}', None),
    ],
)
def test_a_body_is_set_out_without_a_change_of_its_parts(
    body: str, lines: list[str] | None
) -> None:
    told = pretty(body)

    if lines is not None:
        assert told.splitlines() == lines
    assert json.loads(told) == json.loads(body)
    assert '{"c": "x,{\\"}:"}' in told or "1.50" not in body
    assert ("1.50" in told) == ("1.50" in body)


def test_every_event_of_a_close_has_plain_words() -> None:
    kinds = (getattr(module, name) for module in (events, job_events) for name in module.__all__)
    of_runs = {
        kind.name
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, events.RunEvent) and hasattr(kind, "name")
    }

    # Those of nights and sweeps stand in no timeline of a close.
    assert set(EVENTS) == of_runs - {"day.overdue", "period.verified"}
