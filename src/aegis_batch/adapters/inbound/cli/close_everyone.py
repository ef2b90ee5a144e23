"""``close --all``: the same day of every tenant, told as they end."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

from aegis_batch.adapters.inbound.cli.close_json import ending_as_json
from aegis_batch.adapters.inbound.cli.ending import Ending
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus, status_of, status_of_error
from aegis_batch.adapters.inbound.cli.json_text import json_object, json_problem, json_value
from aegis_batch.adapters.inbound.cli.output import say_problem, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.adapters.inbound.cli.stopping import Stopped
from aegis_batch.application.close_everyone import CloseEveryoneRequest, TenantClosed
from aegis_batch.application.close_job import Rehearsal
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.outcome import Outcome, Problem
from aegis_batch.domain.printable import printable

__all__ = ["close_everyone"]

_NAMED_MAX = 100


@dataclass(slots=True)
class _Tally:
    """How the closes of all tenants ended: counted, and those that are not closed by name."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    not_closed: list[str] = field(default_factory=list)
    not_closed_count: int = 0
    beginning_later: int = 0

    def add(self, tenant: str, outcome: Outcome) -> None:
        self.outcomes[outcome] += 1
        if status_of(outcome) is not ExitStatus.OK:
            self.not_closed_count += 1
            if len(self.not_closed) < _NAMED_MAX:
                self.not_closed.append(tenant)

    def status(self, problem: AegisError | None) -> int:
        """Return the exit status: one for all where all ended so, and else that of a part."""
        statuses = {status_of(outcome) for outcome in self.outcomes}
        if problem is not None:
            statuses.add(status_of_error(problem))
        if not statuses:
            return ExitStatus.OK
        return ExitStatus.IN_PART if len(statuses) > 1 else statuses.pop()


def close_everyone(services: Services, request: CloseRequest, output: str) -> int:
    """Close the period of a request for every tenant, tell of each as it ends, and of them all."""
    rehearsal = Rehearsal(request.allow_open_day) if request.dry_run else None
    tally, problem, stopped = _Tally(), None, None
    try:
        with services.close_everyone(rehearsal) as use_case:
            try:
                wanted = CloseEveryoneRequest(request.day, request.kind)
                with closing(use_case.close(wanted)) as closes:
                    for closed in closes:
                        ending = _ending_of(closed)
                        tenant = closed.record.key.tenant
                        tally.add(tenant, ending.outcome)
                        as_json = output == "json"
                        write_result(ending_as_json(ending) if as_json else _line(tenant, ending))
            finally:
                tally.beginning_later = use_case.beginning_later
    except AegisError as error:
        problem = error
    except Stopped as stop:
        stopped = stop
    told = None if problem is None else Problem.of(problem)
    if stopped is not None:
        told = Problem.of_stop()
    if output == "json":
        write_result(_summary_as_json(tally, told), must_arrive=True)
    else:
        # Where it broke off before anybody's close, nobody knows what there was to close.
        if told is None or tally.outcomes:
            write_result(_summary(tally), must_arrive=True)
        if told is not None:
            say_problem(told)
    return tally.status(problem) if stopped is None else stopped.exit_status


def _ending_of(closed: TenantClosed) -> Ending:
    if closed.result is not None:
        return Ending.of(closed.result)
    record, ended = closed.record, closed.ended
    return Ending(
        run_id=record.id,
        trace_id=record.trace_id,
        outcome=ended.outcome or Outcome.DEFECT,
        duration_ms=ended.duration_ms,
        tenant=record.key.tenant,
        kind=record.key.period.kind,
        period=record.key.period,
        problem=ended.problem,
    )


def _line(tenant: str, ending: Ending) -> str:
    told = f"{printable(tenant)}  {ending.period}  {ending.outcome}"
    if ending.report is not None:
        orders = ending.report.total_orders
        told += f"  {orders:,} {'order' if orders == 1 else 'orders'}"
        told += f", {ending.report.total_revenue:,f}"
    if ending.problem is not None:
        told += f"\n    [{ending.problem.code}] {printable(ending.problem.message)}"
    return told


def _summary(tally: _Tally) -> str:
    count = tally.outcomes.total()
    later = tally.beginning_later
    begins_later = f"{_tenants(later)} left out, with a first day that comes later"
    if not count:
        why = begins_later if later else "no tenant is active"
        return f"There was nothing to close: {why}."
    told = [f"{tally.outcomes[each]:,} {each}" for each in Outcome if tally.outcomes[each]]
    text = f"{_tenants(count)}: {', '.join(told)}"
    text += f"\n{begins_later}." if later else ""
    if tally.not_closed:
        text += f"\nNot closed: {', '.join(map(printable, tally.not_closed))}"
        more = tally.not_closed_count - len(tally.not_closed)
        text += f" and {more:,} more" if more else ""
    return text


def _tenants(count: int) -> str:
    return f"{count:,} {'tenant' if count == 1 else 'tenants'}"


def _summary_as_json(tally: _Tally, problem: Problem | None) -> str:
    summary = json_object(
        {
            "tenants": json_value(tally.outcomes.total()),
            "outcomes": json_value(
                {each.value: tally.outcomes[each] for each in Outcome if tally.outcomes[each]}
            ),
            "notClosed": json_value(tally.not_closed),
            "notClosedCount": json_value(tally.not_closed_count),
            "beginningLater": json_value(tally.beginning_later),
            "error": json_problem(problem),
        }
    )
    return json_object({"summary": summary})
