"""What somebody wants a job to be, checked and made into a definition."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from aegis_batch.application.ports.calendars import Calendars
from aegis_batch.application.timings import Timings
from aegis_batch.domain.condition import Condition
from aegis_batch.domain.day_range import day_of, range_of
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.job import CATEGORY_DEFAULTS, Category, JobDefinition, TaskKind
from aegis_batch.domain.job_event import check_event_type
from aegis_batch.domain.payload import checked_payload
from aegis_batch.domain.printable import printable
from aegis_batch.domain.schedule import Timing
from aegis_batch.domain.task import Priority
from aegis_batch.domain.tenant import EVERYONE, SINGLE, check_tenant_id

__all__ = ["ENDPOINT", "NAME", "JobDraft", "JobRules", "unfit"]

T = TypeVar("T")

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
ENDPOINT = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,499}")
_METHODS = ("GET", "POST", "PUT", "DELETE")
_TEXT_CHARACTERS_MAX = 2_000
_LISTED_MAX = 50
_ATTEMPTS_MAX = 20
_TIMEOUT_SECONDS_MAX = 86_400
_EVERY_MAX = timedelta(days=366)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDraft:
    """A job as somebody wants it; ``None`` leaves it to the category, or to the deployment.

    ``depends_on`` has names or ids of jobs, ``payload`` an object of JSON.
    """

    name: str
    task: TaskKind
    tenant: str | None = None
    description: str = ""
    timing: Timing | None = None
    events: Sequence[str] = ()
    service: str | None = None
    endpoint: str | None = None
    method: str = "POST"
    payload: object = None
    is_active: bool = True
    category: Category = Category.BUSINESS
    priority: Priority | None = None
    attempts_max: int | None = None
    timeout_seconds: int | None = None
    immediate_retry: bool | None = None
    group: str | None = None
    depends_on: Sequence[str] = ()
    conditions: Sequence[Condition] = ()


class JobRules:
    """Says what jobs may be in a deployment."""

    def __init__(
        self,
        timings: Timings,
        calendars: Calendars,
        services: Collection[str],
        zone_of: Callable[[str], str | None],
        *,
        several_tenants: bool,
    ) -> None:
        """Take what knows times and zones, the names of the services, and whether tenants are.

        ``zone_of`` returns the zone that a tenant has of its own, ``None`` for the deployment's; it
        raises ``InvalidRequest`` for an unknown tenant.
        """
        self._timings = timings
        self._calendars = calendars
        self._services = services
        self._zone_of = zone_of
        self._several_tenants = several_tenants

    def zone_name(self, draft: JobDraft) -> str | None:
        """Return the zone of a draft's tenant; to be asked outside of any turn.

        Raises ``InvalidRequest`` for an unknown tenant, and what a directory of tenants raises.
        """
        tenant = self.tenant(draft)
        return None if tenant == EVERYONE else self._zone_of(tenant)

    def definition(  # noqa: PLR0913, PLR0917 - what a draft doesn't say
        self,
        draft: JobDraft,
        job_id: str,
        depends_on: Sequence[str],
        by: str,
        now: datetime,
        zone_name: str | None,
    ) -> JobDefinition:
        """Return the job that a draft becomes, its first version; ``depends_on`` are ids.

        Raises ``InvalidRequest`` (``invalid_job``) that names the first field that is unfit.
        """
        defaults = CATEGORY_DEFAULTS[draft.category]
        definition = JobDefinition(
            id=job_id,
            name=draft.name,
            tenant=self.tenant(draft),
            task=draft.task,
            created_by=by,
            created_at=now,
            updated_at=now,
            description=draft.description,
            timing=draft.timing,
            events=tuple(dict.fromkeys(draft.events)),
            service=draft.service,
            endpoint=draft.endpoint,
            method=draft.method,
            payload=_payload(draft),
            is_active=draft.is_active,
            category=draft.category,
            priority=draft.priority or defaults.priority,
            attempts_max=_or(draft.attempts_max, defaults.attempts_max),
            timeout_seconds=_or(draft.timeout_seconds, defaults.timeout_seconds),
            immediate_retry=(
                defaults.immediate_retry if draft.immediate_retry is None else draft.immediate_retry
            ),
            group=draft.group,
            depends_on=tuple(dict.fromkeys(depends_on)),
            conditions=tuple(draft.conditions),
            zone_name=zone_name,
        )
        self._check(definition, draft, now)
        return definition

    def tenant(self, draft: JobDraft) -> str:
        """Return whose a draft's job is; ``InvalidRequest`` for what is no tenant's id."""
        if not self._several_tenants:
            if draft.tenant not in (None, SINGLE, EVERYONE):
                raise unfit("tenant", "names one, but the books of one shop are closed here")
            return SINGLE
        tenant = EVERYONE if draft.tenant is None else draft.tenant
        return tenant if tenant == EVERYONE else check_tenant_id(tenant)

    def _check(self, job: JobDefinition, draft: JobDraft, now: datetime) -> None:
        _require(NAME.fullmatch(job.name), "name", "must be up to 63 letters, digits and . _ -")
        for name, text in (("description", job.description), ("group", job.group or "")):
            is_fit = len(text) <= _TEXT_CHARACTERS_MAX and printable(text) == text
            _require(is_fit, name, f"must be up to {_TEXT_CHARACTERS_MAX} printable characters")
        _require(job.group is None or NAME.fullmatch(job.group), "group", "is no name of a group")
        _require(
            1 <= job.attempts_max <= _ATTEMPTS_MAX, "attempts", f"go from 1 to {_ATTEMPTS_MAX}"
        )
        _require(
            1 <= job.timeout_seconds <= _TIMEOUT_SECONDS_MAX,
            "timeout",
            f"goes from 1 to {_TIMEOUT_SECONDS_MAX} seconds",
        )
        for name, listed in (
            ("events", job.events),
            ("dependencies", job.depends_on),
            ("conditions", job.conditions),
        ):
            _require(len(listed) <= _LISTED_MAX, name, f"are more than {_LISTED_MAX}")
        for event in job.events:
            _checked("events", check_event_type, event)
        self._check_timing(job.timing, now)
        self._check_target(job)
        self._check_days(job, draft, now)

    def _check_timing(self, timing: Timing | None, now: datetime) -> None:
        if timing is None:
            return
        if timing.every is not None:
            is_fit = _SECOND <= timing.every <= _EVERY_MAX
            _require(is_fit, "interval", "goes from a second to 366 days")
        if timing.zone is not None:
            self._calendars.of(timing.zone)
        # What is no cron expression has no first time.
        self._timings.first(timing, now)

    def _check_target(self, job: JobDefinition) -> None:
        if job.task is not TaskKind.HTTP:
            _require(job.service is None and job.endpoint is None, "service", "is of http alone")
            has_tenant = job.tenant != EVERYONE or job.task is TaskKind.RETENTION or job.events
            _require(has_tenant, "tenant", "is missing: closes, rebuilds and checks are of one")
            return
        _require(job.service is not None, "service", "is missing")
        if job.service not in self._services:
            known = ", ".join(sorted(self._services)) or "none: see AEGIS_SERVICES_FILE"
            raise unfit("service", f"is not registered; there is {known}", "unknown_service")
        endpoint = job.endpoint or ""
        # A service reads %2e as a dot.
        is_path = ENDPOINT.fullmatch(endpoint) is not None and ".." not in unquote(endpoint)
        _require(is_path, "endpoint", "must be a path, as in /jobs/run")
        for name, value in parse_qsl(urlsplit(endpoint).query.replace(";", "&")):
            _checked("endpoint", checked_payload, {name: value})
        _require(job.method in _METHODS, "method", f"must be one of {', '.join(_METHODS)}")

    def _check_days(self, job: JobDefinition, draft: JobDraft, now: datetime) -> None:
        """See that days in a payload are days; whether they have ended shows when it starts."""
        asked = draft.payload if isinstance(draft.payload, dict) else {}
        newest_day = self._calendars.of(None).business_date(now) - timedelta(days=1)
        try:
            if job.task is TaskKind.REBUILD:
                range_of(asked, newest_day)
            elif job.task is TaskKind.VERIFY:
                day_of(asked.get("date"), "date", newest_day)
        except ValueError as error:
            raise unfit("payload", str(error)) from None


def unfit(field: str, what: str, code: str = "invalid_job") -> InvalidRequest:
    """Return the error of a job with an unfit field."""
    return InvalidRequest(
        code, f"The job's {field} {what}.", "What a job can be is in docs/jobs.md."
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _payload(draft: JobDraft) -> str | None:
    return None if draft.payload is None else _checked("payload", checked_payload, draft.payload)


def _require(holds: object, field: str, what: str) -> None:
    if not holds:
        raise unfit(field, what)


def _checked(field: str, check: Callable[[T], str], value: T) -> str:
    try:
        return check(value)
    except ValueError as error:
        raise unfit(field, str(error)) from None
