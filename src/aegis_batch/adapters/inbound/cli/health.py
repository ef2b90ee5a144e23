"""``health``: whether the process that serves is alive and ticking."""

import click

from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.json_text import (
    json_instant,
    json_list,
    json_object,
    json_value,
)
from aegis_batch.adapters.inbound.cli.options import output_option
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.application.health import Health
from aegis_batch.application.ports.executors import Executor
from aegis_batch.domain.printable import printable

__all__ = ["health"]


@click.command(
    epilog="""\b
Examples:
  aegis-batch health                 0 while it is well, 1 otherwise
  aegis-batch health --output json   the same for programs
\b
Exit status: 0 alive and ticking, 1 not, with the reason, 2 a setting is wrong."""
)
@output_option
@click.pass_obj
def health(services: Services, *, output: str) -> int:
    """Say whether the process that serves is alive and ticking.

    It looks into the state that both share, by the same settings; no port is open for it.
    """
    with services.health() as use_case:
        found = use_case.look()
    write_result(_as_json(found) if output == "json" else printable(found.reason))
    return ExitStatus.OK if found.is_well else ExitStatus.FOUND


def _as_json(found: Health) -> str:
    beat = found.executor
    return json_object(
        {
            "isWell": json_value(found.is_well),
            "reason": json_value(found.reason),
            "executor": json_value(None if beat is None else beat.name),
            "version": json_value(None if beat is None else beat.version),
            "startedAt": json_instant(None if beat is None else beat.started_at),
            "beatenAt": json_instant(None if beat is None else beat.beaten_at),
            "others": json_list(_other_as_json(each) for each in found.others),
        }
    )


def _other_as_json(executor: Executor) -> str:
    return json_object(
        {
            "executor": json_value(executor.name),
            "role": json_value(executor.role),
            "version": json_value(executor.version),
            "startedAt": json_instant(executor.started_at),
            "beatenAt": json_instant(executor.beaten_at),
        }
    )
