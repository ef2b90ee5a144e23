"""Links of the chain of seals: one canonical text, a digest, and the way back."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar, Period, PeriodKind
from aegis_batch.domain.consistency import Finding, Tally
from aegis_batch.domain.outcome import CloseResult, Outcome
from aegis_batch.domain.report import Report
from aegis_batch.domain.run import CloseKey, JobKind, Run, Trigger
from aegis_batch.domain.run_facts import RunFacts
from aegis_batch.domain.seal import Seal, Versions
from aegis_batch.domain.seal_link import FIRST_PREVIOUS, SealedReport, SealLink, digest_of
from aegis_batch.domain.totals import Totals

_KEPT = Path(__file__).with_name("seal_link.json")
_PERIOD = Period(PeriodKind.DAY, date(2026, 11, 21))
_TOTALS = Totals(
    orders=3,
    lines=4,
    revenue=Decimal("98765432109876543210.10"),
    items={"Sopa de ação": Decimal(2), "Tea": Decimal("3.0"), "\U0001f355": Decimal(1)},
    tallies={
        Finding.LINE_TOTAL_MISMATCH: Tally(1, ("9",)),
        Finding.EMPTY_ORDER: Tally(2, ("7", "8")),
    },
)


def _sealed(totals: Totals = _TOTALS) -> SealedReport:
    zone = "America/Sao_Paulo"
    window = Calendar(load_zone(zone), zone).window_of(_PERIOD)
    report = Report.derive(window.day, totals, top_items_max=2, currency_decimals=2)
    seal = Seal.of(
        window,
        totals,
        report,
        snapshot="00000003-1",
        read_at=datetime(2026, 11, 22, 5, 0, 1, 5, tzinfo=UTC),
        versions=Versions("1.2.3", "2026a", "14.0.0"),
    )
    return SealedReport(seal, totals, report.body().decode())


def _link(totals: Totals = _TOTALS) -> SealLink:
    return SealLink(
        number=1,
        key=CloseKey("default", _PERIOD),
        run_id="3f0c8a52-6d1e-4b7a-9c54-e1a7d2b90f36",
        outcome=Outcome.CREATED,
        sealed_at=datetime(2026, 11, 22, 5, 0, 2, tzinfo=UTC),
        previous=FIRST_PREVIOUS,
        sealed=_sealed(totals),
    )


def test_a_link_has_the_bytes_that_were_kept_long_ago() -> None:
    kept = json.loads(_KEPT.read_text(encoding="utf-8"))

    assert _link().kept().content == kept["content"]
    assert _link().kept().digest == kept["digest"]


@pytest.mark.parametrize(
    "variables", [{"PYTHONHASHSEED": "1"}, {"LC_ALL": "C", "TZ": "Asia/Tokyo"}]
)
def test_a_kept_link_gives_the_same_bytes_in_any_process(variables: dict[str, str]) -> None:
    program = (
        "import json, sys; from aegis_batch.domain.seal_link import SealLink;"
        f" kept = json.load(open({str(_KEPT)!r}, encoding='utf-8'));"
        " again = SealLink.of(kept['content']).kept();"
        " sys.exit((again.content, again.digest) != (kept['content'], kept['digest']))"
    )

    subprocess.run([sys.executable, "-c", program], env={**os.environ, **variables}, check=True)


def _made_link() -> SealLink:
    return replace(
        _link(),
        made=RunFacts(
            trigger=Trigger.REPLAY,
            requested_by="João",
            schedule=None,
            replay_of="run-before",
            attempt=3,
            started_at=datetime(2026, 11, 22, 5, 0, 0, 7, tzinfo=UTC),
            executor="machine-1",
            backend="00ff00ff00ff00ff",
        ),
    )


def test_a_link_that_holds_how_its_run_came_about_has_its_bytes_too() -> None:
    kept = json.loads(_KEPT.with_name("seal_link_made.json").read_text(encoding="utf-8"))

    assert _made_link().kept().content == kept["content"]
    assert _made_link().kept().digest == kept["digest"]
    assert SealLink.of(kept["content"]) == _made_link()


def test_what_is_not_known_of_a_run_comes_back_as_such() -> None:
    made = _made_link().made
    assert made is not None
    link = replace(
        _link(),
        made=replace(made, replay_of=None, started_at=None, executor=None, backend=None),
    )

    assert SealLink.of(link.kept().content) == link


def test_a_link_comes_back_from_its_text_as_it_was() -> None:
    assert SealLink.of(_link().kept().content) == _link()


@given(
    items=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.decimals(allow_nan=False, allow_infinity=False, places=3),
    ),
    revenue=st.decimals(allow_nan=False, allow_infinity=False),
)
def test_any_totals_come_back_from_a_link_with_their_digest(
    items: dict[str, Decimal], revenue: Decimal
) -> None:
    link = _link(Totals(orders=1, lines=2, revenue=revenue, items=items))

    again = SealLink.of(link.kept().content)

    assert again.sealed.totals.digest() == link.sealed.seal.totals_digest
    assert again.kept() == link.kept()


def test_the_text_does_not_depend_on_zones_or_on_trailing_zeros() -> None:
    elsewhere = timezone(timedelta(hours=-3))
    link = replace(
        _link(replace(_TOTALS, items={**_TOTALS.items, "Tea": Decimal(3)})),
        sealed_at=_link().sealed_at.astimezone(elsewhere),
    )

    assert link.kept() == _link().kept()


@pytest.mark.parametrize("field", ["number", "run", "outcome", "sealedAt", "previous", "body"])
def test_a_change_anywhere_changes_the_digest(field: str) -> None:
    content = _link().kept().content
    changed = json.loads(content)
    changed[field] = "refused" if field == "outcome" else f"{changed[field]}1"

    text = json.dumps(changed, ensure_ascii=False, separators=(",", ":"))

    assert digest_of(text) != digest_of(content) == _link().kept().digest


@pytest.mark.parametrize(
    "content", ["{}", "[]", "1", '"x"', "null", "{", '{"period":"year","firstDay":"2026-01-01"}']
)
def test_a_text_that_is_no_link_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        SealLink.of(content)


def test_the_job_of_a_run_comes_back_from_the_text() -> None:
    made = _made_link().made
    assert made is not None
    link = replace(_made_link(), made=replace(made, job=JobKind.REBUILD))

    assert SealLink.of(link.kept().content) == link
    assert link.kept().content == _made_link().kept().content[:-2] + ',"job":"rebuild"}}'


def test_only_a_confirmed_close_that_derived_a_report_is_sealed() -> None:
    sealed = _sealed()
    report = Report.derive(_PERIOD.first_day, _TOTALS, top_items_max=2, currency_decimals=2)
    run = Run("r", "1" * 32, CloseKey("default", _PERIOD))
    created = CloseResult(
        run, Outcome.CREATED, 1.0, report=report, seal=sealed.seal, totals=sealed.totals
    )

    assert SealedReport.of(created) == sealed
    assert SealedReport.of(replace(created, outcome=Outcome.CONFLICT)) is None
    assert SealedReport.of(replace(created, seal=None)) is None
    assert SealedReport.of(replace(created, totals=None)) is None
    assert SealedReport.of(replace(created, report=None)) is None
