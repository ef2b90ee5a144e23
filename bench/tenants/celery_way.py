"""Celery with Redis: ``python -m bench.tenants.celery_way work PROCESSES``, or ``dispatch``."""

import os
import sys

from celery import Celery
from celery.signals import worker_ready

from bench.tenants import one_task

app = Celery("bench", broker=os.environ["BENCH_QUEUE"])
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)


@app.task(name="close")  # type: ignore[untyped-decorator]
def close(tenant: str) -> None:
    """Close the day of a tenant."""
    one_task.close(tenant)


@worker_ready.connect  # type: ignore[untyped-decorator]
def _tell(**_: object) -> None:
    os.write(1, b"ready\n")


def main() -> None:
    """Work until SIGTERM, or dispatch all tenants."""
    if sys.argv[1] == "work":
        without = [f"--without-{what}" for what in ("gossip", "mingle", "heartbeat")]
        app.worker_main(["worker", "--pool=prefork", f"--concurrency={sys.argv[2]}", *without])
        return
    one_task.tell_start()
    # One connection for all: it would else be taken from the pool for each.
    with app.producer_pool.acquire(block=True) as producer:
        for tenant in one_task.tenants():
            close.apply_async((tenant,), producer=producer)


if __name__ == "__main__":
    main()
