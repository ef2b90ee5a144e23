"""The shape of the program: its layers, its contracts, and the laws that a reader could break."""

import ast
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from aegis_batch.domain import errors
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendResting,
    BackendUnavailable,
    NoticesResting,
    OrdersResting,
)
from aegis_batch.domain.outcome import Outcome
from tests.unit.source_code import Module, modules

_ROOT = Path(__file__).parents[2]
_LINES_MAX = 350
_FUNCTION_LINES_MAX = 60

# What the rest of the program, and whoever reads it, may rely on.
_EXPORTS = {
    "application.actor": ["Actor"],
    "application.after_run": ["AfterRun", "Nights"],
    "application.asking_seals": ["may_be_ours", "merged_of", "other_than_sealed", "sealed_of"],
    "application.auditing": ["Auditing"],
    "application.backfill_control": [
        "BackfillControl",
        "BackfillProgress",
        "BackfillView",
        "NotDone",
        "cancelled",
        "unknown_plan",
    ],
    "application.backfill_everyone": ["PlanEveryone", "PlannedEveryone", "TenantsPeriod"],
    "application.backfill_heart": ["BackfillHeart"],
    "application.backfill_letters": ["open_again", "replay"],
    "application.backfill_planning": ["PlanBackfillUseCase", "Planned", "Started"],
    "application.backfill_range": ["BackfillRequest", "periods_over", "zones_without_calendar"],
    "application.backfill_rehearsal": [
        "AskedWhileAnswering",
        "RehearseEveryoneUseCase",
        "RehearseUseCase",
    ],
    "application.backfill_standings": ["OF_LEDGER", "StandingsOfEveryone"],
    "application.backfill_steps": ["PeriodNow", "fate_of", "periods_now", "run_of"],
    "application.backfilling": ["Backfilling", "given_back"],
    "application.backfilling_everyone": ["BackfillingEveryone", "periods_in_order"],
    "application.breaking": ["Breaking"],
    "application.cancelling": ["CancelRunUseCase"],
    "application.carrying_out": ["CarryOutUseCase"],
    "application.chain_check": ["ChainCheckUseCase", "ChainsChecked", "CheckedChain"],
    "application.checks.backend": ["answer_checks", "refusal_check"],
    "application.checks.clocks": ["clock_check"],
    "application.checks.collector": ["collector_checks"],
    "application.checks.database": ["is_usable", "server_checks"],
    "application.checks.leaks": ["KnownSecrets", "secret_checks"],
    "application.checks.orders": ["access_checks", "data_checks", "fit_checks", "unplanned_check"],
    "application.checks.reports": ["is_fit", "reports_checks", "revision_check"],
    "application.checks.rights": ["rights_checks"],
    "application.checks.settings": ["SettingFault", "SettingsFacts", "settings_checks"],
    "application.checks.tenants": ["tenants_checks"],
    "application.close_everyone": [
        "CloseEveryoneRequest",
        "CloseEveryoneUseCase",
        "HeardResults",
        "TenantClosed",
    ],
    "application.close_job": ["CloseJob", "Rehearsal"],
    "application.close_journal": ["CloseJournal"],
    "application.close_progress": ["CloseProgress"],
    "application.close_request": ["CloseRequest", "last_ended", "not_over"],
    "application.closing": ["Closing", "ReadingWanted", "served"],
    "application.completeness": ["CompletenessJob"],
    "application.daily_close": ["DailyCloseUseCase"],
    "application.day_standing": [
        "IN_FLIGHT",
        "DayStanding",
        "Standing",
        "is_in_doubt",
        "standing_by",
        "standing_of",
        "standings_of",
        "why_in_flight",
    ],
    "application.dead_letter_decisions": [
        "DeadLetterDecisions",
        "Decided",
        "decide",
        "newest_replay",
    ],
    "application.dead_letter_text": ["dead_letter_text"],
    "application.deadline": ["DeadlineJob"],
    "application.dependent_job": ["DependentJob"],
    "application.deriving": ["Derived", "Deriving", "ReportPolicy"],
    "application.doctor": ["CheckupSetup", "DoctorUseCase", "Instruments"],
    "application.earlier_attempts": [
        "may_have_handed_over",
        "may_have_sent",
        "was_begun_before",
    ],
    "application.event_jobs": ["jobs_that", "left_out_text", "paused_text"],
    "application.event_taking": ["TakeEventsUseCase"],
    "application.executor_lease": ["ExecutorLease"],
    "application.expectations": ["Expectations"],
    "application.firing": ["FireDueUseCase", "Fired", "Firing"],
    "application.fleet_health": ["FleetHealth"],
    "application.guarded_gateway": ["GuardedReportGateway", "Held"],
    "application.hand_leases": ["HandLeases"],
    "application.health": [
        "EXECUTORS_MAX",
        "PASSING",
        "Health",
        "HealthCheck",
        "HealthUseCase",
        "Holder",
        "ill",
    ],
    "application.heart": ["Heart", "HeartRate"],
    "application.heartbeat": ["Heartbeat"],
    "application.history": ["HistoryUseCase", "RunHistory", "unknown_dead_letter"],
    "application.http_job": ["HttpJob"],
    "application.job_control": ["Applied", "JobControl"],
    "application.job_dependencies": ["KeptBack", "what_keeps_back"],
    "application.job_drafts": ["ENDPOINT", "NAME", "JobDraft", "JobRules", "unfit"],
    "application.job_pauses": ["JobPauses"],
    "application.job_refusals": [
        "in_order",
        "name_taken",
        "needed_by",
        "refuse_circle",
        "refuse_foreign",
        "refuse_hidden",
        "refuse_leaving",
        "refuse_version",
        "unknown_dependency",
        "unknown_job",
    ],
    "application.job_starting": ["JobStarting", "Start", "count_start", "pause_over", "waiting_in"],
    "application.job_starts": ["REBUILD_DAILY_METRICS", "EventTaken", "JobStarts"],
    "application.job_views": ["Execution", "Figures", "JobView", "JobViews"],
    "application.jobs": ["Done", "Ended", "Job", "JobOfMany", "attempted", "stands_for"],
    "application.ledger": [
        "Ledger",
        "LedgerTurn",
        "attempt_of",
        "first_work_id",
        "put_back_id",
        "subject_of",
        "took_its_place",
    ],
    "application.listening": ["AttemptListener", "requests_in"],
    "application.night": ["NightJob"],
    "application.night_of_all": ["NightOfAllJob"],
    "application.nights_of_all": ["NightsOfAll"],
    "application.nights_of_one": ["NightsOfOne"],
    "application.notice_delivery": ["DeliverNoticesUseCase"],
    "application.period_links": ["LinkInShort", "PeriodLinks"],
    "application.ports.answered_requests": ["AnsweredRequest", "AnsweredRequests"],
    "application.ports.at_once": ["AtOnce"],
    "application.ports.audit_trail": ["AuditTrail"],
    "application.ports.backend_probe": ["BackendAnswer", "BackendProbe"],
    "application.ports.backfill_tenants": ["BackfillTenants", "GivenBack"],
    "application.ports.backfills": ["Backfills", "InFlight"],
    "application.ports.breakers": ["Breakers"],
    "application.ports.calendars": ["Calendars"],
    "application.ports.clock": ["Clock"],
    "application.ports.collector_probe": ["CollectorProbe"],
    "application.ports.cron": ["Cron"],
    "application.ports.dead_letters": ["DeadLetters"],
    "application.ports.event_inbox": ["EventInbox", "Horizon", "InboxRow"],
    "application.ports.executors": ["Executor", "Executors"],
    "application.ports.identifiers": ["Identifiers"],
    "application.ports.job_definitions": ["JobDefinitions", "JobFilter"],
    "application.ports.job_events": ["JobEvents"],
    "application.ports.job_results": ["JobResults"],
    "application.ports.job_totals": ["JobTotals"],
    "application.ports.known_tenants": ["KnownTenants"],
    "application.ports.leases": ["Leases"],
    "application.ports.many_runs": ["CloseFact", "ManyRuns"],
    "application.ports.many_schedules": ["ManySchedules"],
    "application.ports.many_seals": ["ManySeals"],
    "application.ports.metrics_sink": ["MetricsSink"],
    "application.ports.notices": ["Notices"],
    "application.ports.notifier": ["Notifier"],
    "application.ports.occurrences": ["Occurrences"],
    "application.ports.open_runs": ["OpenCount", "OpenRuns"],
    "application.ports.order_reader": ["READ_TENANTS_MAX", "OrderReader", "Reading", "each_once"],
    "application.ports.orders_inspector": [
        "Access",
        "Elsewhere",
        "Fault",
        "Fit",
        "Grant",
        "OrdersInspector",
        "RoleRights",
        "ScannedTable",
        "ServerFacts",
        "SnapshotHold",
        "WindowAccess",
    ],
    "application.ports.pauses": ["Pauses"],
    "application.ports.pulse": ["Pulse", "Signs"],
    "application.ports.rate_limits": ["RateLimits", "Reserved"],
    "application.ports.report_finder": ["ReportFinder"],
    "application.ports.report_gateway": ["Receipt", "ReportGateway"],
    "application.ports.reports_inspector": ["ReportsFacts", "ReportsInspector"],
    "application.ports.resource_meter": ["ResourceMeter"],
    "application.ports.retention": ["Retention"],
    "application.ports.runs": ["RunFilter", "Runs"],
    "application.ports.scheduler_pauses": ["EVERYTHING", "SchedulerPauses"],
    "application.ports.schedules": ["Schedules"],
    "application.ports.schema_catalogue": ["SchemaCatalogue"],
    "application.ports.seals": ["Seals"],
    "application.ports.service_caller": ["ServiceAnswer", "ServiceCall", "ServiceCaller"],
    "application.ports.state": ["State"],
    "application.ports.tenant_directory": ["PAGE_TENANTS_MAX", "TenantDirectory"],
    "application.ports.timeline": ["Timeline"],
    "application.ports.tracked_files": ["Leak", "TrackedFiles", "TrackedSearch"],
    "application.ports.turn": ["Turn"],
    "application.ports.verifications": ["Verifications"],
    "application.ports.work_intake": ["WorkIntake"],
    "application.ports.work_queue": [
        "BACKFILL",
        "CLOSES",
        "JOBS",
        "LANES",
        "TASKS",
        "Lane",
        "Work",
        "WorkQueue",
    ],
    "application.proving": ["Proof", "ProveUseCase", "Verifier"],
    "application.rate_limiting": ["WAIT_SECONDS_MAX", "RateLimiting"],
    "application.rebuild_range": ["RebuildRangeJob"],
    "application.reconciling": ["ReconcileUseCase"],
    "application.recording": ["HeardClose", "RecordCloseUseCase", "RunListener"],
    "application.repeating": ["Once", "answered", "keep_answer", "once"],
    "application.retention": ["RetentionJob"],
    "application.roles": ["Role"],
    "application.schedule_control": ["ScheduleControl", "ScheduleView"],
    "application.schedule_sync": ["ScheduleSync"],
    "application.scheduler_metrics": [
        "Metric",
        "MetricKind",
        "Point",
        "Spread",
        "scheduler_metrics",
    ],
    "application.sealed_days": ["MergedDays", "SealedDays"],
    "application.sealing": ["ToSeal", "add_seals"],
    "application.set_back": ["SetBack", "SetBackUseCase"],
    "application.settling": ["Attempted", "RetryPolicies", "Settling"],
    "application.shard_close": ["ShardClose"],
    "application.shards": ["Dispatcher", "ShardLimits", "Sharding"],
    "application.stats": ["RUNS_MAX", "Stats", "StatsUseCase"],
    "application.suggest_views": ["SuggestViewsUseCase"],
    "application.sweep": ["SweepJob"],
    "application.swept_days": [
        "SweptDay",
        "SweptDayOfRun",
        "SweptDays",
        "SweptDaysOfAll",
        "SweptDaysOfOne",
    ],
    "application.takeover": ["TakeOverUseCase"],
    "application.taking": ["Taking", "lease_of", "lease_of_close"],
    "application.tenant_choice": ["TenantChoice", "pages_of"],
    "application.tenants_days": ["TenantDay", "TenantsDays"],
    "application.timeline_text": ["timeline_text"],
    "application.timings": ["AHEAD_MAX", "Timings", "whole_second"],
    "application.verification_text": ["change_lines", "found_lines"],
    "application.verify": [
        "PERIODS_MAX",
        "Verified",
        "VerifyRequest",
        "VerifyUseCase",
        "verified_event",
    ],
    "application.verify_everyone": ["RangeOfEveryone"],
    "application.verifying": ["Sealed", "Verifying", "newest_seal"],
    "application.work_set_back": ["WorkSetBack"],
    "application.worker_heart": ["WorkerHeart"],
    "application.zoned_schedules": ["ZONE_MARK", "ZonedSchedules"],
    "domain.audit": ["AuditEntry"],
    "domain.backfill": [
        "PERIODS_MAX",
        "Backfill",
        "BackfillState",
        "Deed",
        "Fate",
        "PeriodStanding",
        "PlannedPeriod",
        "PlannedTenant",
        "Reprocess",
        "deed_for",
        "has_changed",
        "periods_between",
    ],
    "domain.breaker": ["Breaker", "BreakerState", "Provider"],
    "domain.breaker_events": [
        "BreakerChanged",
        "BreakerClosed",
        "BreakerHalfOpened",
        "BreakerOpened",
        "BreakerSeen",
    ],
    "domain.broken_link": ["Breach", "BrokenLink"],
    "domain.calendar": ["Calendar", "Period", "PeriodKind", "Window"],
    "domain.checkup": ["Check", "Verdict", "worst_of"],
    "domain.clock_skew": ["ClockSample"],
    "domain.condition": ["Condition", "ConditionKind"],
    "domain.consistency": [
        "ORDER_IDS_MAX",
        "Action",
        "Finding",
        "Rule",
        "Rules",
        "Tally",
        "Violation",
        "findings_of",
        "tally_duplicates",
    ],
    "domain.day_range": ["day_of", "range_of"],
    "domain.dead_letter": ["DeadLetter", "DeadLetterState"],
    "domain.defect": ["place_of"],
    "domain.dependencies": ["NODES_MAX", "circle_through"],
    "domain.errors": [
        "AegisError",
        "AnswerLost",
        "BackendRefused",
        "BackendResting",
        "BackendUnavailable",
        "Final",
        "InOtherHands",
        "InboxUnreadable",
        "InvalidRequest",
        "LeaseLost",
        "NoticeUndelivered",
        "NoticesResting",
        "OrdersMisfit",
        "OrdersResting",
        "OrdersUnreachable",
        "Passing",
        "ServiceRefused",
        "ServiceUnavailable",
        "StateMisfit",
        "StateUnavailable",
        "VaultUnavailable",
    ],
    "domain.events": [
        "CloseCompleted",
        "CloseFailed",
        "CloseStarted",
        "Event",
        "OrdersRead",
        "ReportRecorded",
        "ReportSought",
        "ReportSubmitted",
        "RequestAnswered",
        "RequestFailed",
        "RuleBroken",
        "RunEvent",
        "SealsMerged",
        "SealsUnreadable",
        "Step",
        "StepFailed",
        "StepStarted",
    ],
    "domain.exact": [
        "ZERO",
        "add",
        "canonical",
        "is_whole",
        "is_within_bounds",
        "multiply",
        "round_half_even",
        "subtract",
        "total",
        "with_decimals",
    ],
    "domain.executor_events": ["ExecutorTakenOver"],
    "domain.expectation": ["Expectation"],
    "domain.firing": ["Going", "Verdict", "judge_firings"],
    "domain.identifiers": ["quoted", "quoted_path"],
    "domain.jitter": ["jitter_of"],
    "domain.job": [
        "CATEGORY_DEFAULTS",
        "Category",
        "Defaults",
        "JobDefinition",
        "TaskKind",
        "job_id_of",
        "schedule_name_of",
    ],
    "domain.job_event": [
        "EVENT_DATA_BYTES_MAX",
        "EVENT_ID",
        "EVENT_TYPE",
        "JobEvent",
        "check_event_id",
        "check_event_type",
    ],
    "domain.job_events": [
        "BackfillEnded",
        "DayOverdue",
        "JobBegunAgain",
        "JobCancelled",
        "JobCompleted",
        "JobDispatched",
        "JobFailed",
        "JobHandedBack",
        "JobRetried",
        "JobSentToDlq",
        "JobStarted",
        "JobTaken",
        "NoticeDelivered",
        "NoticeFailed",
        "NoticeGivenUp",
        "OccurrenceDecided",
        "PeriodVerified",
        "ScheduleSetBack",
    ],
    "domain.job_result": ["RESULT_CHARACTERS_MAX", "RESULT_KEPT_MAX", "JobResult"],
    "domain.job_status": ["FAILURES", "TIMED_OUT", "JobStatus"],
    "domain.job_total": [
        "BUCKETS_SECONDS",
        "FAILED_BY_PRIORITY",
        "JOBS_MAX",
        "OTHERS",
        "SCHEDULED",
        "JobTotal",
        "bucket_of",
    ],
    "domain.link_text": [
        "instant_text",
        "made_fields",
        "made_of",
        "seal_fields",
        "seal_of",
        "text",
        "totals_fields",
        "totals_of",
        "whole",
    ],
    "domain.notice": [
        "LETTER_KEY",
        "NIGHT_COMPLETE",
        "NIGHT_FAILED",
        "Notice",
        "NoticeKind",
        "NoticeState",
    ],
    "domain.order": ["Order", "OrderLine", "is_blank_name", "order_id_rank"],
    "domain.outcome": ["CloseResult", "Outcome", "Problem", "Submission"],
    "domain.payload": ["PAYLOAD_BYTES_MAX", "checked_payload"],
    "domain.printable": ["around_difference", "printable", "shortened"],
    "domain.rate_limit": ["RateLimit", "Slots", "reserve"],
    "domain.report": [
        "AlteredBody",
        "AlteredItem",
        "Difference",
        "Report",
        "StoredReport",
        "TopItem",
        "digest_of_body",
    ],
    "domain.report_keeper": ["ReportKeeper"],
    "domain.retrying": ["RetryPolicy"],
    "domain.run": ["MOVES", "CloseKey", "JobKind", "Move", "Run", "RunState", "Trigger"],
    "domain.run_facts": ["RunFacts"],
    "domain.run_record": ["IllegalMoveError", "RunRecord", "TimelineEntry"],
    "domain.run_statistics": [
        "JobStatistics",
        "Percentiles",
        "Prices",
        "RunFigures",
        "SlowClose",
        "begin_of_comparison",
        "statistics_of",
    ],
    "domain.schedule": [
        "Decision",
        "Occurrence",
        "Overlap",
        "Pause",
        "Schedule",
        "ScheduleKind",
        "ScheduleState",
        "Timing",
    ],
    "domain.seal": ["Seal", "Versions"],
    "domain.seal_chain": [
        "Footing",
        "judge_absence",
        "judge_alone",
        "judge_link",
        "judge_run",
        "judge_stray",
        "unlinked",
    ],
    "domain.seal_link": ["FIRST_PREVIOUS", "KeptLink", "SealLink", "SealedReport", "digest_of"],
    "domain.task": ["Priority", "Task"],
    "domain.tenant": ["EVERYONE", "ID_CHARACTERS_MAX", "SINGLE", "Tenant", "check_tenant_id"],
    "domain.tenant_events": ["TenantsCounted", "ZoneUnknown"],
    "domain.tenant_statistics": ["RANKED_MAX", "TenantFigures", "TenantsRanked", "tenants_of"],
    "domain.totals": ["Totals", "normal_name"],
    "domain.verification": [
        "ITEM_CHANGES_MAX",
        "Change",
        "FindingChange",
        "ItemChange",
        "Verdict",
        "Verification",
    ],
    "domain.views.amounts": ["Amounts", "Expression", "amounts_of", "lines_from"],
    "domain.views.meanings": [
        "discount_of",
        "is_in_cents",
        "item_name_of",
        "line_total_of",
        "order_total_of",
        "placed_at_of",
        "quantity_of",
        "status_of",
        "unit_price_of",
    ],
    "domain.views.shapes": ["ColumnShape", "Reference", "Shapes", "TableShape", "ValueKind"],
    "domain.views.sources": ["OWN_SCHEMA", "Products", "Sources", "find_sources"],
    "domain.views.suggestion": ["LOOKED_FOR", "Suggestion", "suggest_views"],
    "domain.views.words": ["listed", "score", "words_of"],
    "domain.work_payload": ["WorkPayload"],
}

_CLOCKS_AND_CHANCE = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "os.getrandom",
    "os.urandom",
    "random",
    "secrets",
    "time",
    "uuid",
}

_BUILDERS = {
    "httpx.AsyncClient",
    "httpx.Client",
    "logging.basicConfig",
    "logging.getLogger",
    "loguru.logger",
    "psycopg.connect",
    "sqlalchemy.create_engine",
    "sqlite3.connect",
    "threading.Thread",
}


def _names(found: list[Module]) -> list[str]:
    return [module.name for module in found]


def _starts_with(name: str, prefixes: set[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _inside(*packages: str) -> list[Module]:
    found = [module for module in modules() if module.is_in(*packages)]
    assert found
    return found


def _is_bare(module: Module) -> bool:
    """Say whether there is nothing in a module but its docstring."""
    return all(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for node in module.tree.body
    )


def test_the_contracts_between_the_layers_hold() -> None:
    script = (
        "from importlinter.cli import lint_imports as lint;"
        "raise SystemExit(lint(no_cache=True, no_logo=True))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=_ROOT, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " 0 broken" in ended.stdout


def test_what_the_domain_and_the_application_offer_is_pinned() -> None:
    offered = {
        module.name: import_module(f"aegis_batch.{module.name}").__all__
        for module in _inside("domain", "application")
        if not _is_bare(module)
    }

    assert offered == _EXPORTS


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "aegis_batch")
def test_every_module_with_code_says_what_it_offers(module: Module) -> None:
    declared = [
        node
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(name, ast.Name) and name.id == "__all__" for name in node.targets)
    ]

    assert len(declared) == (0 if _is_bare(module) else 1)
    assert ast.get_docstring(module.tree)


def _error_classes() -> list[type[AegisError]]:
    """Return the tree of errors, and the errors by which adapters refine it."""
    names = [("domain.errors", name) for name in errors.__all__]
    found = [
        getattr(import_module(f"aegis_batch.{module}"), name)
        for module, name in (*names, *((module, name) for module, name, _ in _refined()))
    ]
    assert AegisError in found
    return found


def _refined() -> list[tuple[str, str, str]]:
    """Return module, name and base of every error that is declared outside the tree."""
    return [
        (module.name, node.name, base)
        for module in modules()
        if module.name != "domain.errors"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for base in (getattr(base, "id", getattr(base, "attr", "")) for base in node.bases)
        if base in errors.__all__
    ]


def _error(kind: type[AegisError]) -> AegisError:
    if issubclass(kind, BackendResting | NoticesResting | OrdersResting):
        return kind("a_code", "What is wrong.", "What to do.", datetime(2026, 11, 22, tzinfo=UTC))
    if issubclass(kind, BackendRefused | BackendUnavailable):
        return kind("a_code", "What is wrong.", "What to do.", 503, 3)
    return kind("a_code", "What is wrong.", "What to do.")


@pytest.mark.parametrize("kind", _error_classes())
def test_every_error_survives_pickling(kind: type[AegisError]) -> None:
    error = _error(kind)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own bytes

        assert type(again) is kind
        assert vars(again) == vars(error)
        assert (again.args, str(again)) == (error.args, str(error))
        assert again.retryable is error.retryable
    assert vars(kind(*error.args)) == vars(error)


def test_only_an_outbound_adapter_refines_an_error_and_only_one_that_has_an_outcome() -> None:
    strays = [
        (module, name)
        for module, name, base in _refined()
        if not module.startswith("adapters.outbound.")
        or Outcome.of(_error(getattr(errors, base))) is Outcome.DEFECT
    ]

    assert strays == []


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = errors.__doc__ or ""
    kinds = [getattr(errors, name) for name in errors.__all__]

    for kind in kinds:
        lines = [line for line in drawn.splitlines() if kind.__name__ in line.split()]
        assert len(lines) == 1, kind
        depth = len(kind.__mro__) - len(AegisError.__mro__)
        assert (len(lines[0]) - len(lines[0].lstrip("\u2502\u251c\u2514\u2500 "))) == 4 + 4 * depth


def test_time_and_chance_come_in_through_ports() -> None:
    strays = {
        (module.name, name)
        for module in modules()
        # What outbound adapters share is a part of them.
        if not module.is_in("adapters.outbound", "adapters.postgresql")
        for name in module.references()
        # An id that was given is none that chance makes.
        if _starts_with(name, _CLOCKS_AND_CHANCE) and name != "uuid.UUID"
    }

    assert strays == set()


def test_nothing_catches_what_ends_a_program() -> None:
    caught = {(module.name, name) for module in modules() for name in module.caught()}

    assert {pair for pair in caught if pair[1] in ("", "BaseException")} == set()
    assert len(caught) > 5


def test_only_the_command_line_prints() -> None:
    printing = [
        module
        for module in modules()
        if not module.is_in("adapters.inbound.cli")
        and {"print", "builtins.print"} & set(module.references())
    ]

    assert _names(printing) == []


def test_a_module_fits_on_a_few_screens() -> None:
    lengths = {module.name: len(module.source.splitlines()) for module in modules()}

    assert {name: lines for name, lines in lengths.items() if lines >= _LINES_MAX} == {}


def test_a_function_fits_on_one_screen() -> None:
    long = {
        f"{module.name}.{function.name}": lines
        for module in modules()
        for function in module.functions()
        if (lines := (function.end_lineno or 0) - function.lineno + 1) >= _FUNCTION_LINES_MAX
    }

    assert long == {}


def test_nothing_is_built_while_modules_are_imported() -> None:
    built = {
        (module.name, name)
        for module in modules()
        for name in module.built_at_import()
        if _starts_with(name, _BUILDERS)
    }

    assert built == set()


def test_the_inside_imports_nothing_but_the_standard_library() -> None:
    names = [f"aegis_batch.{module.name}" for module in _inside("domain", "application")]
    script = (
        "import sys; from importlib import import_module; before = set(sys.modules)\n"
        f"for name in {names!r}: import_module(name)\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    outside = set(ended.stdout.split()) - sys.stdlib_module_names
    # The standard library's own data about its build has a name that tells the platform.
    assert {name for name in outside if not name.startswith("_sysconfigdata_")} == {"aegis_batch"}


_PORTS = [
    module.name.rpartition(".")[2]
    for module in modules()
    if module.is_in("application.ports") and not _is_bare(module)
]
# What a wider port begins with has its adapters and its suite there.
_BEGINNINGS = {"report_finder"}


@pytest.mark.parametrize("port", [port for port in _PORTS if port not in _BEGINNINGS])
def test_a_port_its_adapters_and_its_contract_suite_share_a_name(port: str) -> None:
    adapters = {
        module.name.split(".")[2]
        for module in _inside("adapters.outbound")
        if module.name.endswith(f".{port}")
    }

    assert "memory" in adapters
    assert adapters - {"memory"}, "no real adapter"
    assert (_ROOT / "tests" / "integration" / "contract" / f"test_{port}.py").is_file()


def _is_property(node: ast.FunctionDef) -> bool:
    return any(isinstance(it, ast.Name) and it.id == "property" for it in node.decorator_list)


def test_a_port_has_five_methods_at_most() -> None:
    for port in _PORTS:
        [module] = _inside(f"application.ports.{port}")
        protocols = [
            node
            for node in module.tree.body
            if isinstance(node, ast.ClassDef)
            and "Protocol" in {getattr(base, "id", "") for base in node.bases}
        ]
        assert len(protocols) == 1
        members = [node for node in protocols[0].body if isinstance(node, ast.FunctionDef)]
        # What a port consists of, as a turn does of the parts of the state, is not asked of it.
        methods = [node for node in members if not _is_property(node)]
        assert members
        assert len(methods) <= 5
