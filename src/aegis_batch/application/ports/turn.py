"""The port for one transaction on all that the program must remember."""

from typing import Protocol

from aegis_batch.application.ports.audit_trail import AuditTrail
from aegis_batch.application.ports.backfills import Backfills
from aegis_batch.application.ports.dead_letters import DeadLetters
from aegis_batch.application.ports.notices import Notices
from aegis_batch.application.ports.occurrences import Occurrences
from aegis_batch.application.ports.retention import Retention
from aegis_batch.application.ports.runs import Runs
from aegis_batch.application.ports.schedules import Schedules
from aegis_batch.application.ports.seals import Seals
from aegis_batch.application.ports.timeline import Timeline
from aegis_batch.application.ports.verifications import Verifications
from aegis_batch.application.ports.work_intake import WorkIntake

__all__ = ["Turn"]


class Turn(Protocol):
    """One transaction on the state; all that is done in it is kept, or nothing is.

    What it reads is what it would write upon: turns that write come one after the other.
    """

    @property
    def schedules(self) -> Schedules:
        """The schedules and where they stand."""
        ...

    @property
    def occurrences(self) -> Occurrences:
        """The decisions about nominal times."""
        ...

    @property
    def runs(self) -> Runs:
        """The ledger of runs."""
        ...

    @property
    def timeline(self) -> Timeline:
        """What happened to each run."""
        ...

    @property
    def dead_letters(self) -> DeadLetters:
        """The runs that failed for good."""
        ...

    @property
    def seals(self) -> Seals:
        """The seals of confirmed closes, as chains."""
        ...

    @property
    def retention(self) -> Retention:
        """What forgets old history."""
        ...

    @property
    def verifications(self) -> Verifications:
        """What came of verifying closed periods."""
        ...

    @property
    def backfills(self) -> Backfills:
        """The ranges that people had planned, and how far each has come."""
        ...

    @property
    def audit(self) -> AuditTrail:
        """What people did by hand."""
        ...

    @property
    def notices(self) -> Notices:
        """What is to be told outside, once."""
        ...

    @property
    def work(self) -> WorkIntake:
        """The work queue, as a part of this very transaction."""
        ...
