"""``sandbox``: the stand-in Backend by itself."""

from pathlib import Path

import click

from aegis_batch.adapters.inbound.cli.output import say, write_result
from aegis_batch.adapters.inbound.cli.services import Services
from aegis_batch.adapters.inbound.cli.shell_lines import export_lines
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable

__all__ = ["sandbox"]

_PORT = 8099
_PORT_MAX = 65_535
_STORE = Path("aegis-sandbox.sqlite")


@click.command(
    epilog="""\b
Examples:
  aegis-batch sandbox                            in one terminal, and in another one
  export BACKEND_BASE_URL=http://127.0.0.1:8099  the lines that it printed
  export X_SERVICE_TOKEN_FILE=$PWD/aegis-sandbox.token
  aegis-batch close --date 2026-11-21"""
)
@click.option(
    "--store",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_STORE,
    show_default=True,
    help="The SQLite file that keeps the reports, here if you don't name another; it stays.",
)
@click.option(
    "--port",
    type=click.IntRange(0, _PORT_MAX),
    default=_PORT,
    show_default=True,
    help="The port on 127.0.0.1; 0 takes any that is free.",
)
@click.pass_obj
def sandbox(services: Services, *, store: Path, port: int) -> None:
    """Stand in for the Backend, for development on this machine.

    It checks the token in X_SERVICE_TOKEN. Where that is not set, it makes one up and keeps it in a
    file beside the store. Standard output gets the lines to paste into the shell that closes days;
    Ctrl-C stops it.
    """
    # Imported here, since the other commands can do without a server.
    from aegis_batch.adapters.inbound.sandbox.server import SandboxServer  # noqa: PLC0415

    _require_folder(store)
    token = services.sandbox_token(store)
    try:
        server = SandboxServer(
            store, token.value, port=port, on_access=lambda line: say(printable(line))
        )
    except InvalidRequest:
        if token.file is not None and token.is_new:
            token.file.unlink(missing_ok=True)
        raise
    try:
        variables = {"BACKEND_BASE_URL": server.url}
        if token.file is not None:
            variables["X_SERVICE_TOKEN_FILE"] = str(token.file)
        server.start()
        write_result("\n".join(export_lines(variables)))
        say(f"The sandbox keeps its reports in {printable(str(store))}; Ctrl-C stops it.")
        server.serve_forever()
    finally:
        server.stop()


def _require_folder(store: Path) -> None:
    folder = store.absolute().parent
    if not folder.is_dir():
        raise InvalidRequest(
            "sandbox_folder_missing",
            f"The sandbox can't keep its reports in {store}: the folder {folder} is not there.",
            "Make the folder, or name a file in one that is there.",
        )
