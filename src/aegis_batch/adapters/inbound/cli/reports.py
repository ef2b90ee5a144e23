"""``reports``: look after the reports' database."""

import click

from aegis_batch.adapters.inbound.cli.columns import facts
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.json_text import json_object, json_value
from aegis_batch.adapters.inbound.cli.options import output_option
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.services import ReportsSchema, Services
from aegis_batch.domain.printable import printable

__all__ = ["reports"]


@click.group(
    epilog="""\b
Examples:
  aegis-batch reports status
  aegis-batch reports migrate"""
)
def reports() -> None:
    """Look after the reports' database, which stands in for a Backend.

    It is the one that AEGIS_REPORTS_URL names, and takes the reports where AEGIS_REPORT_GATEWAY
    is sql. It is never the orders' database.
    """


@reports.command()
@output_option
@click.pass_obj
def status(services: Services, *, output: str) -> int:
    """Show where the schema of the reports' database stands.

    Exit status: 0 it is the one that this program needs, 1 it has to be migrated first, 4 it
    can't be used, 5 it can't be reached.
    """
    schema = services.reports_schema()
    if output == "json":
        write_result(json_object({**_schema(schema), "isCurrent": json_value(not schema.pending)}))
    else:
        write_result(_as_text(schema))
    return ExitStatus.FOUND if schema.pending else ExitStatus.OK


@reports.command()
@output_option
@click.pass_obj
def migrate(services: Services, *, output: str) -> int:
    """Make the tables of reports, or bring their schema up to date.

    serve and close don't do so by themselves, since the role that they work with need not be one
    that may make tables. Where nothing is to be done, nothing happens.
    """
    before = services.migrate_reports()
    if output == "json":
        write_result(
            json_object(
                {
                    "database": json_value(before.place),
                    "before": json_value(before.revision),
                    "revision": json_value(before.head),
                    "applied": json_value(list(before.pending)),
                }
            )
        )
        return ExitStatus.OK
    place = printable(before.place)
    if not before.pending:
        write_result(f"{place} has the schema {before.head} already: nothing was to be done.")
    elif before.revision is None:
        write_result(f"The tables of reports are made in {place}, with the schema {before.head}.")
    else:
        write_result(f"{place} had the schema {before.revision} and has {before.head} now.")
    return ExitStatus.OK


def _schema(schema: ReportsSchema) -> dict[str, str]:
    return {
        "database": json_value(schema.place),
        "revision": json_value(schema.revision),
        "head": json_value(schema.head),
        "pending": json_value(list(schema.pending)),
    }


def _as_text(schema: ReportsSchema) -> str:
    told = facts(
        [
            ("database", schema.place),
            ("schema", schema.revision or "none yet"),
            ("newest", schema.head),
        ]
    )
    if schema.pending:
        return f"{told}\n\nIt has to be migrated: aegis-batch reports migrate"
    return f"{told}\n\nIt is up to date."
