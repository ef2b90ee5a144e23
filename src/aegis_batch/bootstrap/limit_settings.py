"""The settings of what holds work back: how much may be done at a time, and when providers rest."""

from pydantic import Field

from aegis_batch.bootstrap.serving_types import RateLimitText
from aegis_batch.bootstrap.tenancy_settings import TenancySettings

__all__ = ["LimitSettings"]


class LimitSettings(TenancySettings):
    """How much all processes together do at a time."""

    tenant_concurrency: int = Field(
        0,
        ge=0,
        le=10_000,
        description="How many periods of one tenant are closed at the same time, over all"
        " processes; `0`: as many as there are. The same for all.",
    )
    rate_limit: RateLimitText | None = Field(
        None,
        description="How many reports all processes together hand over in any stretch of time, as"
        " in `10/60s`: ten in sixty seconds, spaced out evenly. Without it, as many as there are."
        " The same for all.",
    )
    tenant_rate_limit: RateLimitText | None = Field(
        None, description="The same for the reports of each tenant by itself."
    )
    breaker_failures: int = Field(
        20,
        ge=0,
        le=10_000,
        description="After how many passing failures in a row, in one process, all processes leave"
        " the Backend, the orders' database, or the receiver of messages alone for a while; `0`:"
        " never. The same for all.",
    )
    breaker_open_seconds: float = Field(
        60,
        ge=1,
        le=3_600,
        description="For how long they do, before one request shows whether it is back. The same"
        " for all.",
    )
