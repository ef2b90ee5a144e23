"""``state``: look after the state database."""

from pathlib import Path

import click

from aegis_batch.adapters.inbound.cli.columns import facts
from aegis_batch.adapters.inbound.cli.exit_status import ExitStatus
from aegis_batch.adapters.inbound.cli.json_text import json_object, json_value
from aegis_batch.adapters.inbound.cli.options import output_option
from aegis_batch.adapters.inbound.cli.output import write_result
from aegis_batch.adapters.inbound.cli.services import Services, StateSchema
from aegis_batch.domain.printable import printable

__all__ = ["state"]


@click.group(
    epilog="""\b
Examples:
  aegis-batch state status
  aegis-batch state migrate
  aegis-batch state backup /backups/state-2026-11-22.db"""
)
def state() -> None:
    """Look after the state database: its schema, and copies of it.

    It is the file, or the PostgreSQL database, that AEGIS_STATE_URL names, and holds history: which
    days are closed is known by whoever took their reports.
    """


@state.command()
@output_option
@click.pass_obj
def status(services: Services, *, output: str) -> int:
    """Show where the schema of the state database stands.

    Exit status: 0 it is the one that this program needs, 1 it has to be migrated first, 7 it
    can't be used.
    """
    schema = services.state_schema()
    if output == "json":
        write_result(json_object({**_schema(schema), "isCurrent": json_value(not schema.pending)}))
    else:
        write_result(_as_text(schema))
    return ExitStatus.FOUND if schema.pending else ExitStatus.OK


@state.command()
@output_option
@click.pass_obj
def migrate(services: Services, *, output: str) -> int:
    """Make the state database, or bring its schema up to date.

    serve does so by itself, unless AEGIS_STATE_MIGRATE is false. Where nothing is to be done,
    nothing happens.
    """
    before = services.migrate_state()
    if output == "json":
        applied = list(before.pending)
        write_result(
            json_object(
                {
                    **_place(before),
                    "before": json_value(before.revision),
                    "revision": json_value(before.head),
                    "applied": json_value(applied),
                }
            )
        )
        return ExitStatus.OK
    place = printable(before.place)
    if not before.pending:
        write_result(f"{place} has the schema {before.head} already: nothing was to be done.")
    elif before.revision is None:
        write_result(f"{place} is made, with the schema {before.head}.")
    else:
        write_result(f"{place} had the schema {before.revision} and has {before.head} now.")
    return ExitStatus.OK


@state.command(
    epilog="""\b
Example:
  aegis-batch state backup /backups/state-2026-11-22.db"""
)
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@output_option
@click.pass_obj
def backup(services: Services, *, target: Path, output: str) -> int:
    """Copy the state's file into a new one, while it is in use.

    The copy is the state at one moment. To go back to it: stop serve, put the copy in the place of
    the state's file, take away what is beside that with -wal and -shm at its end, and start serve.
    A state on a PostgreSQL server is copied by pg_dump, or by whoever runs the server.
    """
    services.back_up_state(target)
    if output == "json":
        write_result(json_object({"backup": json_value(str(target.absolute()))}))
    else:
        write_result(f"The state is copied into {printable(str(target.absolute()))}.")
    return ExitStatus.OK


def _place(schema: StateSchema) -> dict[str, str]:
    return {"file" if schema.is_file else "database": json_value(schema.place)}


def _schema(schema: StateSchema) -> dict[str, str]:
    return {
        **_place(schema),
        "revision": json_value(schema.revision),
        "head": json_value(schema.head),
        "pending": json_value(list(schema.pending)),
    }


def _as_text(schema: StateSchema) -> str:
    told = facts(
        [
            ("file" if schema.is_file else "database", schema.place),
            ("schema", schema.revision or "none yet"),
            ("newest", schema.head),
        ]
    )
    if schema.pending:
        return f"{told}\n\nIt has to be migrated: aegis-batch state migrate"
    return f"{told}\n\nIt is up to date."
