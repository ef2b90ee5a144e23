"""The people round the program: they mend, decide, pause, trigger, and close by hand."""

from collections.abc import Callable
from datetime import date, timedelta

from aegis_batch.application.backfill_range import BackfillRequest
from aegis_batch.application.close_request import CloseRequest
from aegis_batch.application.ports.identifiers import Identifiers
from aegis_batch.application.verify import VerifyRequest
from aegis_batch.domain.backfill import Reprocess
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.dead_letter import DeadLetter, DeadLetterState
from aegis_batch.domain.errors import InvalidRequest, StateUnavailable
from aegis_batch.domain.run import JobKind
from tests.simulation.laws import Laws
from tests.simulation.orders import ShopOrders
from tests.simulation.plan import Plan, ProcessDiedError
from tests.simulation.program import Program

__all__ = ["People"]

_LETTERS_MAX = 1_000
_NIGHTLY = "daily-close"
_OPERATOR = "ana"
_DAY = timedelta(days=1)


class People:
    """Work at the command line, each command a process of its own, which can die as well."""

    def __init__(  # noqa: PLR0913, PLR0917 - the world that they live in
        self,
        plan: Plan,
        shop: ShopOrders,
        identifiers: Identifiers,
        new_program: Callable[[], Program],
        laws: Laws,
        reached: Callable[[str], None],
    ) -> None:
        """Take the shop, and what makes a process of the command line."""
        self._plan = plan
        self._shop = shop
        self._identifiers = identifiers
        self._new_program = new_program
        self._laws = laws
        self._reached = reached
        self._replayed: str | None = None
        self.are_at_work = False
        self._plans: list[str] = []
        self._started: list[str] = []

    def look_after_all(self) -> None:
        """Do what a diligent operator does each morning: leave nothing to be done by hand."""
        self._shop.mend()
        wants_night = self._resume()
        letters: list[DeadLetter] = []
        self._do("list", lambda program: letters.extend(_open_letters(program)))
        for letter in letters:
            wants_night |= self._decide(letter)
        if self._started and self._plan.chance(0.5):
            last = self._started.pop()
            self._do("go on", lambda p: p.backfills.resume(last, _OPERATOR))
        if self._laws.word.tells_of_a_leap:
            self._laws.word.tells_of_a_leap, wants_night = False, True
        if wants_night:
            self.trigger(_NIGHTLY)
        if self._replayed is not None and self._plan.chance(0.5):
            # Somebody was impatient, or nobody knew whether it had come about.
            again = [self._replayed]
            self._do("replay twice", lambda p: p.dead_letters.replay(again, _OPERATOR, "sure?"))
            self._replayed = None

    def pause(self) -> None:
        """Pause the nightly schedule, until the next morning."""
        self._do("pause", lambda program: program.control.pause(_NIGHTLY, _OPERATOR, "stock"))

    def trigger(self, schedule: str) -> None:
        """Start a schedule's job by hand."""
        self._do("trigger", lambda program: program.control.trigger(schedule, _OPERATOR))

    def close(
        self,
        day: date,
        kind: PeriodKind = PeriodKind.DAY,
        *,
        dry_run: bool = False,
        rebuild: bool = False,
    ) -> None:
        """Close a period by hand, derive it again, or look what a close would come to."""

        def close(program: Program) -> None:
            request = CloseRequest(
                self._identifiers.new_run_id(),
                self._identifiers.new_trace_id(),
                day=day,
                kind=kind,
                dry_run=dry_run,
                rebuild=rebuild,
            )
            self._close(program, request)

        what = "dry run" if dry_run else "rebuild" if rebuild else f"close {kind}"
        self._do(what, close)

    def verify(self, first: date, last: date, kind: PeriodKind) -> None:
        """Verify a range by hand; sometimes somebody stops it in the middle."""

        def verify(program: Program) -> None:
            request = VerifyRequest(
                self._identifiers.new_run_id(),
                self._identifiers.new_trace_id(),
                first=first,
                last=last,
                kind=kind,
            )
            self._verify(program, request)

        self._do(f"verify {kind}", verify)

    def backfill(self, request: BackfillRequest) -> None:
        """Plan a backfill, and perhaps start it; or do something about one that there is."""
        if not self._plans or self._plan.chance(0.4):

            def plan(program: Program) -> None:
                planned = program.plan_backfill.plan(request, _OPERATOR)
                self._plans.append(planned.backfill.id)

            self._do("plan", plan)
            if not self._plans or self._plan.chance(0.4):
                return
        backfill_id = self._plans.pop()
        self._started.append(backfill_id)
        self._do("start", lambda p: p.plan_backfill.start(backfill_id, _OPERATOR))

    def meddle_with_a_backfill(self) -> None:
        """Cancel the newest backfill, or let it go on."""
        if not self._started:
            return
        newest = self._started[-1]
        if self._plan.chance(0.5):
            self._do("cancel", lambda p: p.backfills.cancel(newest, _OPERATOR, "too much"))
            # Days that nights had left to it are left to the next night, which need not come soon.
            self.trigger(_NIGHTLY)
        else:
            self._do("go on", lambda p: p.backfills.resume(newest, _OPERATOR))

    def audit(self) -> None:
        """Check the chains of seals."""
        self._do("audit", lambda p: self._laws.seals.of_an_audit(p.audit.check()))

    def _resume(self) -> bool:
        done = []

        def resume(program: Program) -> None:
            if program.control.view(_NIGHTLY).state.pause is not None:
                program.control.resume(_NIGHTLY, _OPERATOR)
                done.append(True)

        self._do("resume", resume)
        return bool(done)

    def _decide(self, letter: DeadLetter) -> bool:
        """Replay or discard a dead letter; say whether a night is wanted for its day then."""
        run_ids = [letter.run_id]
        if letter.job is JobKind.REBUILD and self._plan.chance(0.8):
            self._derive_again(letter.key.period)
            return False
        if letter.problem.code != "conflict" and self._plan.chance(0.8):
            self._do("replay", lambda p: p.dead_letters.replay(run_ids, _OPERATOR, "mended"))
            self._replayed = letter.run_id
            return False
        self._do("discard", lambda p: p.dead_letters.discard(run_ids, _OPERATOR, "seen"))
        return True

    def _derive_again(self, period: Period) -> None:
        """Have a backfill derive again what is in doubt; or leave it, since that takes time."""
        if self._plan.chance(0.5):
            request = BackfillRequest(
                first_day=period.first_day,
                last_day=period.last_day,
                kind=period.kind,
                reprocess=self._plan.random.choice((Reprocess.FAILED, Reprocess.ALL)),
                max_active=1,
            )
            self.backfill(request)
            if self._started and self._plan.chance(0.3):
                last = self._started[-1]
                self._do("cancel", lambda p: p.backfills.cancel(last, _OPERATOR, "not now"))

    def _verify(self, program: Program, request: VerifyRequest) -> None:
        attempt = self._laws.snapshots.attempt
        attempt.looks_again = attempt.is_by_hand = True
        for verified in program.verify.verify(request, lambda _: None):
            self._reached(f"verdict by hand: {verified.verification.verdict}")
            if self._plan.chance(0.02):
                self._reached("person: stops a verify")
                return

    def _close(self, program: Program, request: CloseRequest) -> None:
        if not request.dry_run:
            self._laws.senders.add(request.run_id)
        result = program.close.close(request)
        self._reached(f"outcome by hand: {result.outcome}")
        if not request.dry_run:
            program.record.record(result, (), _OPERATOR)

    def _do(self, what: str, deed: Callable[[Program], object]) -> None:
        self._laws.snapshots.begin()
        # Commands are given while others wait for their answers.
        were_at_work, self.are_at_work = self.are_at_work, True
        try:
            deed(self._new_program())
        except InvalidRequest as error:
            self._reached(f"person: is refused ({error.code})")
        except ProcessDiedError:
            self._reached("person: sees a command die")
        except StateUnavailable:
            self._reached("person: finds no state")
        except RuntimeError as error:
            if error.args != ("made up",):
                raise
            self._reached("person: meets a defect")
        else:
            self._reached(f"person: {what}")
        finally:
            self.are_at_work = were_at_work


def _open_letters(program: Program) -> list[DeadLetter]:
    return list(program.history.dead_letters(DeadLetterState.OPEN, _LETTERS_MAX))
