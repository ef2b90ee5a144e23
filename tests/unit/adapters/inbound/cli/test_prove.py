"""The ``prove`` command over a state in memory: text, JSON, and a page for an auditor."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from aegis_batch.adapters.inbound.cli.proof_words import EVENTS, pretty
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain import events, job_events
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.dead_letter import DeadLetter
from aegis_batch.domain.errors import BackendUnavailable, InvalidRequest, StateUnavailable
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import TimelineEntry
from aegis_batch.domain.seal_link import SealLink, digest_of
from aegis_batch.domain.verification import Verdict
from tests.sealed_chain import (
    OTHER_ITEMS,
    a_chain,
    altered_by_hand,
    derived_again,
    record_of,
    sealed_link,
)
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
    """Keep links, and their runs, which are past their retention and deleted unless wanted."""
    with ledger.state.turn() as turn:
        for link in links:
            turn.seals.add(link)
            turn.runs.add(record_of(link))
        if not runs:
            turn.retention.forget_runs(links[-1].sealed_at + timedelta(days=1), 99)


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
    assert "request.answered  answer: 201" in told.out
    assert "All 3 links of the chain hold" in told.out
    assert "verdict  equal" in told.out


def test_a_changed_seal_is_not_told_as_a_change_of_the_period(ledger: LedgerServices) -> None:
    by_hand = LINK.kept().content.replace('"totals":{"orders":2', '"totals":{"orders":955')
    assert by_hand != LINK.kept().content
    _keep(ledger, CHAIN[0], altered_by_hand(LINK, content=by_hand), CHAIN[2])
    ledger.verifier.verdict = Verdict.SEAL_CHANGED

    told = ledger.tell("prove", DAY)

    assert told.status == 1
    assert told.out.startswith(f"{DAY} of default: The evidence in this ledger was changed.\n")
    assert "no longer as it was closed" not in told.out
    assert "The seal is not as it was kept" in told.out


def test_what_was_changed_by_hand_is_nowhere_shown_as_what_was_sent(
    ledger: LedgerServices,
) -> None:
    altered = LINK.kept().content.replace("Pão", "Pau")
    now = digest_of(altered)
    _keep(ledger, CHAIN[0], altered_by_hand(LINK, content=altered), CHAIN[2])
    ledger.verifier.verdict = Verdict.SEAL_CHANGED

    text = ledger.tell("prove", DAY).out
    page = outline_of(_page(ledger))
    link = ledger.tell("prove", DAY, "--output", "json").json["link"]

    said = " ".join(page.text.split())
    for told in (text, said):
        assert "what was sent" not in told.lower()
        assert "what the ledger now says was sent" in told.lower()
        assert "This is what the ledger says now, and it does not fit what was kept" in told
        assert LINK.kept().digest in told
        assert now in told
    assert "as it was sent, to the byte" not in said
    assert "as it stands in the ledger now, to the byte" in said
    assert "by what the ledger says now, which does not fit what was kept, 2 orders came" in said
    assert "this is what the ledger now says was sent; DOES NOT FIT what was kept" in said
    assert "The report that was sent" not in said
    assert f"The digest that was kept: {LINK.kept().digest}" in said
    assert f"The digest of its text as it is now, which does not fit: {now}" in said
    # Whoever checks the block by hand finds it.
    block = base64.b64decode(page.by_id["link-base64"])
    assert block.decode() == altered
    assert f"sha256:{page.by_id['link-digest']}" == LINK.kept().digest
    assert f"It prints {now.removeprefix('sha256:')} now, which does not fit" in said
    assert (link["digest"], link["digestNow"]) == (LINK.kept().digest, now)
    assert link["content"] == altered


def test_a_blank_behind_a_link_is_no_less_a_change(ledger: LedgerServices) -> None:
    altered = LINK.kept().content + " "
    _keep(ledger, CHAIN[0], altered_by_hand(LINK, content=altered), CHAIN[2])

    page = outline_of(_page(ledger))

    assert base64.b64decode(page.by_id["link-base64"]).decode() == altered
    assert digest_of(altered) in page.text
    assert "What was sent" not in page.text


def test_a_link_that_was_changed_with_its_digest_is_doubted_by_what_the_next_one_says(
    ledger: LedgerServices,
) -> None:
    altered = replace(LINK, sealed_at=LINK.sealed_at - timedelta(days=1))
    _keep(ledger, CHAIN[0], altered, CHAIN[2])
    with ledger.state.turn() as turn:
        turn.runs.save(record_of(altered))

    text = ledger.tell("prove", DAY).out
    page = outline_of(_page(ledger)).text
    chain = ledger.tell("prove", DAY, "--output", "json").json["chain"]

    for told in (text, " ".join(page.split())):
        assert "what was sent" not in told.lower()
        assert f"It carries {LINK.kept().digest}, and the link before it has" in told
        assert altered.kept().digest in told
    assert "That these agree shows nothing" in page
    assert (chain["broken"]["breach"], chain["linkFits"]) == ("previous", False)


def test_a_later_link_that_was_changed_by_hand_is_marked_among_all(
    ledger: LedgerServices,
) -> None:
    chain = derived_again(CHAIN, LINK)
    altered = chain[-1].kept().content.replace("Pão", "Pau")
    _keep(ledger, *chain[:-1], altered_by_hand(chain[-1], content=altered))

    told = ledger.tell("prove", DAY)

    assert "this is what was sent\n" in told.out
    assert "looked again, and sent nothing; the same figures; DOES NOT FIT what was" in told.out
    links = ledger.tell("prove", DAY, "--output", "json").json["links"]
    assert [link["breach"] for link in links] == ["digest", None]


def test_a_seal_that_cant_be_read_is_told_apart_from_none(ledger: LedgerServices) -> None:
    _keep(ledger, CHAIN[0], altered_by_hand(LINK, content="hello"), CHAIN[2])

    told = ledger.tell("prove", DAY)

    assert told.status == 1
    assert "The evidence in this ledger was changed." in told.out
    assert f"a seal of {DAY} in this ledger can't be read" in told.err
    assert "audit --check" in told.err


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
    assert (
        link["digest"]
        == link["digestNow"]
        == "sha256:" + hashlib.sha256(link["content"].encode()).hexdigest()
    )
    assert json.loads(link["content"])["body"] == link["body"] == LINK.sealed.body
    assert link["seal"]["bodyDigest"] == LINK.sealed.seal.body_digest
    assert link["window"]["hours"] == 24
    assert link["totals"]["findings"] == [
        {"finding": "empty_order", "count": 2, "orders": ["7", "8"]}
    ]
    assert told["chain"] == {
        "linkHolds": True,
        "linkFits": True,
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

    as_json = ledger.tell("prove", DAY, "--output", "json").json
    assert told.status == 0
    assert f"The run {LINK.run_id} is no longer in the ledger" in told.out
    assert "no longer in the ledger, so that its answers are gone" in page.text
    assert "past their retention, and it may be" in page.text
    assert (as_json["runIsKept"], as_json["runIsMissing"]) == (False, False)
    # What its link holds of it is known all the same.
    for text in (told.out, page.text):
        assert "by the nightly schedule, asked for by scheduler" in text
        assert "machine-1" in text
    assert as_json["link"]["made"] == {
        "trigger": "night",
        "requestedBy": "scheduler",
        "schedule": "daily-close",
        "replayOf": None,
        "attempt": 1,
        "startedAt": "2026-11-18T05:00:00Z",
        "executor": "machine-1",
        "backend": "00ff00ff00ff00ff",
        "job": "close",
    }


def test_of_an_old_link_without_its_run_nobody_knows_who_started_it(
    ledger: LedgerServices,
) -> None:
    _keep(ledger, *CHAIN, runs=False)
    day = CHAIN[0].key.period.first_day.isoformat()

    told = ledger.tell("prove", day)
    page = outline_of(ledger.tell("prove", day, "--output", "html").out)

    assert told.status == 0
    assert "who started it is not known any more" in told.out
    assert "who asked, on which machine" in page.text
    assert ledger.tell("prove", day, "--output", "json").json["link"]["made"] is None


@pytest.mark.parametrize("is_broken_before", [False, True])
def test_a_run_that_was_taken_away_is_told_on_the_page_of_its_day(
    ledger: LedgerServices, *, is_broken_before: bool
) -> None:
    _keep(ledger, *CHAIN)
    with ledger.state.turn() as turn:
        turn.runs.forget(LINK.run_id)  # type: ignore[attr-defined]
        if is_broken_before:
            turn.runs.save(replace(record_of(CHAIN[0]), orders=99))

    told = ledger.tell("prove", DAY)
    page = ledger.tell("prove", DAY, "--output", "html")
    as_json = ledger.tell("prove", DAY, "--output", "json")

    assert (told.status, page.status, as_json.status) == (1, 1, 1)
    assert "The evidence in this ledger was changed" in told.out
    assert f"The run {LINK.run_id} is no longer in the ledger" in told.out
    for text in (told.out, outline_of(page.out).text):
        assert "It should be there: somebody took it away." in text
        assert "asked for by scheduler" in text
    assert as_json.json["runIsMissing"] is True
    assert as_json.json["holds"] is False
    breach = "run" if is_broken_before else "run_missing"
    assert as_json.json["chain"]["broken"]["breach"] == breach


def test_earlier_failures_replays_and_other_runs_stand_in_the_proof(
    ledger: LedgerServices,
) -> None:
    assert LINK.made is not None
    made = replace(LINK.made, trigger=Trigger.REPLAY, replay_of="run-dead")
    link = replace(LINK, made=made)
    _keep(ledger, CHAIN[0], link, runs=False)
    closed = record_of(link)
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
    replay = replace(closed, requests=None)
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
    assert "nothing yet" in page
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


def test_a_later_look_that_sent_nothing_is_not_shown_as_what_was_sent(
    ledger: LedgerServices,
) -> None:
    chain = derived_again(CHAIN, LINK)
    _keep(ledger, *chain)

    told = ledger.tell("prove", DAY)
    page = outline_of(_page(ledger)).text
    as_json = ledger.tell("prove", DAY, "--output", "json").json

    assert told.status == 0
    assert told.out.startswith(f"{DAY} of default: Everything holds.")
    origin = told.out[told.out.index("WHEN, BY WHOM") : told.out.index("DIGESTS")]
    assert LINK.run_id in origin
    assert chain[-1].run_id not in origin
    assert "created: the Backend took the report in this run" in origin
    for text in (told.out, page):
        assert chain[-1].run_id in text
        assert "looked again, and sent nothing; the same figures" in text
        assert "this is what was sent" in text
    assert as_json["link"]["run"] == LINK.run_id
    assert as_json["reportWasSent"] is True
    assert [(link["number"], link["different"]) for link in as_json["links"]] == [(4, []), (2, [])]
    assert as_json["links"][1] == {
        "number": 2,
        "run": LINK.run_id,
        "outcome": "created",
        "sealedAt": "2026-11-18T05:00:02Z",
        "totalsDigest": LINK.sealed.seal.totals_digest,
        "bodyDigest": LINK.sealed.seal.body_digest,
        "different": [],
        "breach": None,
    }


@pytest.mark.parametrize("keeper", list(ReportKeeper))
def test_a_report_that_was_only_found_is_never_said_to_have_been_sent(
    ledger: LedgerServices, keeper: ReportKeeper
) -> None:
    found = replace(sealed_link(1), outcome=Outcome.ALREADY_CLOSED)
    _keep(ledger, found)
    ledger.keeper = keeper
    day = found.key.period.first_day.isoformat()

    told = ledger.tell("prove", day)
    page = ledger.tell("prove", day, "--output", "html").out
    as_json = ledger.tell("prove", day, "--output", "json").json

    for text in (told.out, outline_of(page).text):
        assert "found, not sent" in text.lower()
        assert "No run that is sealed here was told that its report had been taken" in text
        assert f"{keeper.named} already held" in " ".join(text.split())
        assert "as it was sent" not in text
        assert "what was sent" not in text.lower()
        assert "report that was sent" not in text
    assert (as_json["reportWasSent"], as_json["reportMayHaveBeenSent"]) == (False, False)
    assert as_json["unsealed"] is None


def test_a_report_that_an_earlier_attempt_may_have_sent_is_not_said_to_be_found_alone(
    ledger: LedgerServices,
) -> None:
    link = sealed_link(2)
    assert link.made is not None
    made = replace(link.made, attempt=2)
    _keep(ledger, replace(link, number=1, outcome=Outcome.ALREADY_CLOSED, made=made))
    day = link.key.period.first_day.isoformat()

    told = ledger.tell("prove", day).out
    page = outline_of(ledger.tell("prove", day, "--output", "html").out).text
    as_json = ledger.tell("prove", day, "--output", "json").json

    for text in (told, page):
        assert "found, and may have been sent from here" in text.lower()
        assert "by an earlier attempt of the same run" in " ".join(text.split())
        assert "not sent" not in text
    assert (as_json["reportWasSent"], as_json["reportMayHaveBeenSent"]) == (False, True)


def test_later_figures_other_than_those_that_were_sent_are_marked_and_found(
    ledger: LedgerServices,
) -> None:
    chain = derived_again(CHAIN, LINK, items=OTHER_ITEMS)
    _keep(ledger, *chain)

    told = ledger.tell("prove", DAY)
    page = ledger.tell("prove", DAY, "--output", "html")
    as_json = ledger.tell("prove", DAY, "--output", "json")

    assert (told.status, page.status, as_json.status) == (1, 1, 1)
    for text in (told.out, outline_of(page.out).text):
        assert "The evidence holds, but a later look at the orders found other figures." in text
        assert "looked again, and sent nothing; OTHER totals, body" in text
        assert "Everything holds" not in text
        assert chain[-1].sealed.seal.totals_digest in text
    assert as_json.json["holds"] is False
    assert as_json.json["links"][0]["different"] == ["totals", "body"]


def test_a_report_that_took_the_place_of_another_stands_beside_the_earlier_one(
    ledger: LedgerServices,
) -> None:
    _keep(ledger, *derived_again(CHAIN, LINK, Outcome.CREATED, OTHER_ITEMS))

    told = ledger.tell("prove", DAY)

    assert told.status == 0
    assert "Everything holds" not in told.out
    assert "an earlier link of the period has other figures" in told.out.splitlines()[0]
    assert "was sent before; OTHER totals, body" in told.out


def test_of_many_links_text_shows_the_newest_and_says_so(ledger: LedgerServices) -> None:
    chain = CHAIN
    for _ in range(12):
        chain = derived_again(chain, LINK)
    _keep(ledger, *chain)

    told = ledger.tell("prove", DAY).out

    assert "3 earlier links: --output html, or json" in told
    assert "link 6 " in told
    assert "link 5 " not in told


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
    again = f"aegis-batch backfill --from {DAY} --to {DAY} --reprocess all"
    shown = " ".join(outline_of(page.out).text.split())
    for text in (" ".join(told.out.split()), shown):
        assert "holds no seal of" in text
        assert "found closed by a run that began after" in text
    assert again in shown
    as_json = ledger.tell("prove", DAY, "--output", "json")
    assert len(as_json.json["unsealed"]["causes"]) == 4
    assert as_json.json["unsealed"]["sealedBy"] == again
    assert (as_json.status, as_json.json["link"], as_json.json["holds"]) == (2, None, False)


@pytest.mark.parametrize(
    ("kind", "first", "by"),
    [
        ("day", "2026-11-17", ""),
        ("week", "2026-11-09", " --period week"),
        ("month", "2026-10-01", " --period month"),
    ],
)
def test_what_to_do_about_a_period_without_a_seal_names_its_kind(
    ledger: LedgerServices, kind: str, first: str, by: str
) -> None:
    told = ledger.tell("prove", first, "--period", kind)

    assert told.status == 2
    assert f"aegis-batch verify --from {first} --to {first}{by}\n" in told.err
    again = f"aegis-batch backfill --from {first} --to {first}{by} --reprocess all"
    assert told.err.endswith(f"{again}\n")


@pytest.mark.parametrize("code", ["day_not_over", "missing_setting"])
@pytest.mark.parametrize(("kind", "day"), [("day", "2026-11-22"), ("month", "2026-11-30")])
def test_nothing_is_to_be_done_about_a_period_that_is_not_over(
    ledger: LedgerServices, code: str, kind: str, day: str
) -> None:
    ledger.verifier.fault = InvalidRequest(code, "It is not so.", "Do it.")

    told = ledger.tell("prove", day, "--period", kind)

    assert told.status == 2
    assert told.err.endswith(", which is not over.\n")
    page = ledger.tell("prove", day, "--period", kind, "--output", "html").out
    assert ", which is not over." in outline_of(page).text
    assert "reprocess" not in page
    assert "aegis-batch verify" not in told.err


def test_a_period_that_is_over_is_no_less_so_where_it_cannot_be_compared(
    ledger: LedgerServices,
) -> None:
    ledger.verifier.fault = InvalidRequest("missing_setting", "It is not so.", "Do it.")

    assert "aegis-batch verify --from" in ledger.tell("prove", "2026-11-21").err


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


def test_a_file_of_a_day_without_a_seal_is_told_after_that_there_is_none(
    ledger: LedgerServices, tmp_path: Path
) -> None:
    target = tmp_path / "none.html"

    told = ledger.tell("prove", DAY, "--output", "html", "--file", str(target))

    assert told.status == 2
    assert told.err.startswith(f"aegis-batch: this ledger has no seal of {DAY}")
    assert told.err.endswith(f"aegis-batch: what is known of it is in {target}.\n")
    assert "the proof is in" not in told.err


def test_a_file_that_cannot_be_written_is_named(ledger: LedgerServices, tmp_path: Path) -> None:
    _keep(ledger, *CHAIN)
    target = tmp_path / "nowhere" / "proof.html"

    told = ledger.tell("prove", DAY, "--file", str(target))

    assert (told.status, told.out) == (2, "")
    assert str(target) in told.err


@pytest.mark.parametrize("output", ["text", "json", "html"])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_where_a_database_takes_the_reports_no_proof_speaks_of_a_backend(
    ledger: LedgerServices, output: str, verdict: Verdict
) -> None:
    _keep(ledger, *CHAIN)
    ledger.keeper = ReportKeeper.DATABASE
    ledger.verifier.verdict = verdict
    ledger.verifier.keeper = ReportKeeper.DATABASE

    told = ledger.tell("prove", DAY, "--output", output)

    # A page writes the apostrophe of the name as an entity where it was put in.
    assert "reports' database" in unescape(told.out) or output == "json"
    assert "Backend" not in told.out
    # Handing a report to a database is no request, and is counted as none.
    assert " requests" not in told.out


def test_requests_are_told_where_a_backend_takes_the_reports(ledger: LedgerServices) -> None:
    _keep(ledger, *CHAIN)

    assert "1, with 2 requests to the Backend" in outline_of(_page(ledger)).text


@pytest.mark.parametrize(
    ("sold", "told"),
    [
        ("3961", "3,961"),
        ("999", "999"),
        ("3.961E+3", "3,961"),
        ("-1234.50", "-1,234.5"),
        (
            "12345678901234567890123456789012345.125",
            "12,345,678,901,234,567,890,123,456,789,012,345.125",
        ),
    ],
)
def test_items_have_their_thousands_set_apart_as_lines_do(
    ledger: LedgerServices, sold: str, told: str
) -> None:
    link = sealed_link(1, items={"Tea": Decimal(sold)})
    _keep(ledger, link)
    day = link.key.period.first_day.isoformat()

    assert f"{told} of 1 kinds" in ledger.tell("prove", day).out
    page = ledger.tell("prove", day, "--output", "html").out
    assert f"{told} of 1 kinds" in outline_of(page).text


def test_a_report_that_is_missing_is_missing_where_it_was_kept(ledger: LedgerServices) -> None:
    _keep(ledger, *CHAIN)
    ledger.verifier.verdict = Verdict.MISSING
    assert "The Backend has no report of this period today." in ledger.tell("prove", DAY).out

    ledger.keeper = ledger.verifier.keeper = ReportKeeper.DATABASE
    told = ledger.tell("prove", DAY, "--output", "json").json

    assert told["verification"]["found"] == ["the reports' database has no report of it"]


def test_a_month_that_was_added_up_from_its_days_is_never_said_to_have_read_an_order(
    ledger: LedgerServices,
) -> None:
    # The clocks of the zone went back in the middle of it.
    month = Period(PeriodKind.MONTH, date(2018, 2, 1))
    window = Calendar(load_zone("America/Sao_Paulo"), "America/Sao_Paulo").window_of(month)
    link = sealed_link(1)
    snapshot = f"merged from 28 seals sha256:{'a' * 64}"
    seal = replace(link.sealed.seal, window=window, snapshot=snapshot)
    link = replace(link, key=CloseKey("default", month), sealed=replace(link.sealed, seal=seal))
    _keep(ledger, link)
    entries = [
        TimelineEntry(link.run_id, NOW, "step.started", "step=orders.read"),
        TimelineEntry(link.run_id, NOW, "seals.merged", "seals=28 orders=1"),
    ]
    with ledger.state.turn() as turn:
        turn.timeline.add(entries)
    asked = ("prove", "2018-02-15", "--period", "month")

    text = ledger.tell(*asked).out
    page = " ".join(outline_of(ledger.tell(*asked, "--output", "html").out).text.split())

    for told in (text, page):
        assert "orders.read" not in told
        assert "step: adding up the period" in told
        assert "the seals of its 28 days" in told
    assert "for each month it adds up the orders (here by the seals of its days, without" in page
    assert "reads the orders once" not in page
    assert "Read2026" not in page
    assert "Added up2026-11-17 05:00:01 UTC" in page
    assert "-0200 from UTC at its start, -0300 at its end" in page
    assert "added up  2026-11-17 05:00:01 UTC" in text


def test_amounts_have_the_decimals_of_the_currency(ledger: LedgerServices) -> None:
    _keep(ledger, *CHAIN)

    page = " ".join(outline_of(_page(ledger)).text.split())

    assert "came to a revenue of 10.50 before rounding" in page
    assert "Revenue, unrounded10.50" in page
    assert "-0300 from UTC then" in page


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
