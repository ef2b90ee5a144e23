"""``stats`` for people and for programs."""

from dataclasses import replace
from datetime import timedelta

from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState
from tests.unit.adapters.inbound.cli.ledger_services import DAY, LedgerServices, record_of


def fill(ledger: LedgerServices) -> None:
    """Keep ten closes, of which the last took ten times as long, and a night that waits."""
    with ledger.state.turn() as turn:
        for ahead in range(10):
            day = DAY - timedelta(days=9 - ahead)
            turn.runs.add(
                replace(
                    record_of(f"run-{ahead}"),
                    key=CloseKey("default", Period(PeriodKind.DAY, day)),
                    state=RunState.SUCCEEDED,
                    job=JobKind.CLOSE,
                    duration_ms=12_345.0 if ahead == 9 else 1_234.0,
                    cpu_seconds=0.5,
                    requests=2,
                )
            )
        turn.runs.add(replace(record_of("night"), job=JobKind.NIGHT, state=RunState.WAITING))


def test_stats_say_how_runs_ended_how_long_they_took_and_what_they_cost(
    ledger: LedgerServices,
) -> None:
    fill(ledger)

    told = ledger.tell("stats", "--to", DAY.isoformat())

    assert told.status == 0
    assert "business days 2026-10-23 to 2026-11-21" in told.out
    assert "close of days  10    100.00%  10 succeeded" in told.out
    assert "night          1     -        1 waiting" in told.out
    assert "close of days  1,234 ms  12.3 s  12.3 s" in told.out
    assert "5.00" in told.out
    assert "0.000090" in told.out
    assert "2026-11-21  12.3 s  1,234 ms" in told.out


def test_stats_as_json_have_exact_costs(ledger: LedgerServices) -> None:
    fill(ledger)

    told = ledger.tell("stats", "--to", DAY.isoformat(), "--output", "json").json

    close, night = told["jobs"]
    assert (told["from"], told["to"], told["cut"]) == ("2026-10-23", "2026-11-21", False)
    assert (close["job"], close["period"], night["period"]) == ("close", "day", None)
    assert close["durationMs"] == {"p50": 1234.0, "p95": 12345.0, "p99": 12345.0}
    assert (close["successRate"], close["requests"], close["cost"]) == (1.0, 20, 0.00009)
    assert [slow["run"] for slow in close["slow"]] == ["run-9"]
    assert night["durationMs"] is None


def test_no_runs_are_said_and_a_wrong_range_is_refused(ledger: LedgerServices) -> None:
    assert "none is known" in ledger.tell("stats").out

    refused = ledger.tell("stats", "--from", "2026-11-21", "--to", "2026-11-20")

    assert refused.status == 2
    assert "holds no day" in refused.err
