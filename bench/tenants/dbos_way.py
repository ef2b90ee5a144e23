"""Plain DBOS: ``python -m bench.tenants.dbos_way work N``, or ``dispatch``."""

import os
import signal
import sys
import threading

import sqlalchemy as sa
from dbos import DBOS, DBOSClient

from bench.tenants import one_task

# With each look it takes at most as many as it works at at once.
_POLLING_SECONDS = 0.1
_QUEUE = os.environ["BENCH_QUEUE"].replace("postgresql://", "postgresql+psycopg://")


@DBOS.step()
def close(tenant: str) -> None:
    """Close the day of a tenant."""
    one_task.close(tenant)


@DBOS.workflow()
def close_durably(tenant: str) -> None:
    """Close the day of a tenant, in one step."""
    close(tenant)


def main() -> None:
    """Work until SIGTERM, or dispatch all tenants."""
    if sys.argv[1] == "work":
        _work(int(sys.argv[2]))
        return
    client = DBOSClient(system_database_url=_QUEUE)
    engine = sa.create_engine(_QUEUE)
    one_task.tell_start()
    # In one transaction: each would else take one of its own.
    with engine.begin() as connection:
        for tenant in one_task.tenants():
            client.enqueue_in_transaction(
                connection,
                {
                    "workflow_name": close_durably.__qualname__,
                    "queue_name": "closes",
                    "app_version": "1",
                },
                tenant,
            )


def _work(at_once: int) -> None:
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    DBOS(
        config={
            "name": "bench",
            "system_database_url": _QUEUE,
            "application_version": "1",
            "executor_id": str(os.getpid()),
            "log_level": "WARNING",
        }
    )
    DBOS.launch()
    DBOS.register_queue("closes", worker_concurrency=at_once, polling_interval_sec=_POLLING_SECONDS)
    os.write(1, b"ready\n")
    stopped.wait()
    DBOS.destroy()


if __name__ == "__main__":
    main()
