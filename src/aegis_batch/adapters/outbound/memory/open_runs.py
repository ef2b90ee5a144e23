"""How many runs have not ended, in memory."""

from collections import Counter
from collections.abc import Sequence

from aegis_batch.adapters.outbound.memory.runs import InMemoryRuns
from aegis_batch.application.ports.open_runs import OpenCount
from aegis_batch.domain.run import RunState

__all__ = ["InMemoryOpenRuns"]


class InMemoryOpenRuns:
    """Counts runs that have not ended."""

    def __init__(self, runs: InMemoryRuns) -> None:
        """Take what keeps the runs."""
        self._runs = runs

    def counts(self, *, tenant: str | None = None) -> Sequence[OpenCount]:
        """Return the counts, of those that there are, of one tenant where one is named."""
        going = [state for state in RunState if not state.is_final]
        counted = Counter(
            (run.job, run.state, None if run.task is None else run.task.priority)
            for state in going
            for run in self._runs.of(("state", state))
            if tenant in (None, run.key.tenant)
        )
        return [OpenCount(*kind, count) for kind, count in counted.items()]
