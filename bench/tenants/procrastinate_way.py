"""Procrastinate: ``python -m bench.tenants.procrastinate_way``, and ``work N`` or another word."""

import asyncio
import os
import sys

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from bench.tenants import one_task

_QUEUE = os.environ["BENCH_QUEUE"]
_WORKING = sys.argv[1] == "work"
app = App(
    connector=PsycopgConnector(conninfo=_QUEUE)
    if _WORKING
    else SyncPsycopgConnector(conninfo=_QUEUE)
)


@app.task(name="close")  # type: ignore[untyped-decorator]
def close(tenant: str) -> None:
    """Close the day of a tenant; a task that is no coroutine is run in a thread."""
    one_task.close(tenant)


async def _work(at_once: int) -> None:
    async with app.open_async():
        os.write(1, b"ready\n")
        await app.run_worker_async(concurrency=at_once)


def main() -> None:
    """Do what the first argument says."""
    if _WORKING:
        asyncio.run(_work(int(sys.argv[2])))
        return
    with app.open():
        if sys.argv[1] == "prepare":
            app.schema_manager.apply_schema()
            return
        one_task.tell_start()
        close.configure().batch_defer(*({"tenant": tenant} for tenant in one_task.tenants()))


if __name__ == "__main__":
    main()
