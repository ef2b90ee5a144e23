"""The settings of defined jobs, and of the control plane."""

import ipaddress
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from aegis_batch.bootstrap.limit_settings import LimitSettings
from aegis_batch.bootstrap.serving_types import Switch
from aegis_batch.bootstrap.setting_types import DatabaseAddress, ServiceToken, TableOrView

__all__ = ["ControlSettings", "JwtAlgorithm", "faults_of_control"]

_KEY_BYTES_MIN = 32
_INTERNAL_KEY_CHARACTERS_MIN = 16
# Loopback; RFC 1918 and RFC 6598; RFC 4193. What Python calls private is more than that.
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
        *("::1/128", "fc00::/7"),
    )
)


class JwtAlgorithm(StrEnum):
    """How tokens are signed: with a shared secret, or with a key pair."""

    HS256 = "HS256"
    RS256 = "RS256"
    ES256 = "ES256"
    EDDSA = "EdDSA"


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("is no IP address; write one such as 127.0.0.1") from None


def _long_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value().encode()) < _KEY_BYTES_MIN:
        raise ValueError(f"is shorter than {_KEY_BYTES_MIN} bytes; make one by: openssl rand 32")
    return value


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _INTERNAL_KEY_CHARACTERS_MIN:
        raise ValueError(
            f"is shorter than {_INTERNAL_KEY_CHARACTERS_MIN} characters; make one by:"
            " openssl rand -base64 32"
        )
    return value


Address = Annotated[str, AfterValidator(_address)]
InternalKey = Annotated[ServiceToken, AfterValidator(_long_enough)]
LongKey = Annotated[SecretStr, AfterValidator(_long_key)]


def faults_of_control(values: Mapping[str, object]) -> list[str]:
    """Return what is wrong between the fields of the control plane."""
    faults = []
    host, public = values.get("control_host"), values.get("control_public_address")
    if isinstance(host, str) and host != public and not is_private(host):
        faults.append(
            "AEGIS_CONTROL_HOST: is neither loopback nor private; where that is meant, name the"
            " same address in AEGIS_CONTROL_PUBLIC_ADDRESS"
        )
    if values.get("control_jwt_key") is not None:
        faults += [
            f"AEGIS_{name.upper()}: is not set, but tokens are to be checked"
            for name in ("control_jwt_issuer", "control_jwt_audience")
            if name in values and values[name] is None
        ]
    at_once, together = values.get("jobs_at_once"), values.get("jobs_pool_size")
    if isinstance(at_once, int) and isinstance(together, int) and at_once > together:
        faults.append("AEGIS_JOBS_AT_ONCE: must not be more than AEGIS_JOBS_POOL_SIZE")
    return faults


def is_private(host: str) -> bool:
    """Say whether an address is loopback's, or one that is routed in no public network."""
    address = ipaddress.ip_address(host)
    return any(address in network for network in _PRIVATE if network.version == address.version)


class ControlSettings(LimitSettings):
    """Jobs that people and services define, and how they are reached."""

    services_file: Path | None = Field(
        None,
        description="A TOML file of the services that jobs may call, each with its name, address"
        " and credential; what can stand in it is in [jobs.md](jobs.md).",
    )
    jobs_at_once: int = Field(
        5,
        ge=1,
        le=32,
        description="How many runs of defined jobs one process carries out at the same time.",
    )
    jobs_pool_size: int = Field(
        10,
        ge=1,
        le=1_000,
        description="How many all processes together do, where the state is on PostgreSQL. The"
        " same for all.",
    )
    jobs_waiting_max: int = Field(
        1_000,
        ge=1,
        le=100_000,
        description="How many runs of defined jobs may wait; one more is refused, and a firing is"
        " skipped.",
    )
    control_enabled: Switch = Field(
        default=False,
        description="Whether `serve` listens for the control plane, `true` or `false`; it needs"
        " the extra `control` of the package. See [control.md](control.md).",
    )
    control_host: Address = Field(
        "127.0.0.1",
        description="The address that the control plane listens on: loopback, or a private one.",
    )
    control_port: int = Field(
        8085, ge=0, le=65_535, description="The port that it listens on; `0`: any that is free."
    )
    control_public_address: Address | None = Field(
        None,
        description="An address that is neither, and all the same meant: it must be the one of"
        " `AEGIS_CONTROL_HOST`, to the letter.",
    )
    internal_jobs_key: InternalKey | None = Field(
        None,
        description="What other systems name in `X-Internal-Key` to start jobs, at least 16"
        " characters; without it, none can.",
    )
    control_jwt_key: LongKey | None = Field(
        None,
        description="What tokens are checked with: a secret of at least 32 bytes, or a public key"
        " as PEM. Without it, no token is accepted.",
    )
    control_jwt_algorithm: JwtAlgorithm = Field(
        JwtAlgorithm.HS256, description="How tokens are signed; no other way is accepted."
    )
    control_jwt_issuer: str | None = Field(None, description="Who makes tokens: their claim `iss`.")
    control_jwt_audience: str | None = Field(
        None, description="Whom they are made for: their claim `aud`."
    )
    control_jwt_tenant_claim: str = Field(
        "tenant",
        min_length=1,
        max_length=200,
        description="The claim with the tenant whose jobs and runs a token is good for; `*` for"
        " all. A token without it is good for none, where there are several tenants.",
    )
    control_wait_seconds: float = Field(
        20,
        ge=0,
        le=120,
        description="For how long a request to rebuild a range waits for its end, before it is"
        " answered with where to look.",
    )
    control_delay_seconds_max: float = Field(
        2,
        ge=0,
        le=60,
        description="For how long a refusal is put off at most: each one in a row, from one"
        " address, twice as long as the one before it.",
    )
    events_url: DatabaseAddress | None = Field(
        None,
        description="A PostgreSQL database with a table of events, for those who would rather"
        " insert a row than call: the events in it start jobs. It is only ever read.",
    )
    events_table: TableOrView = Field("job_events", description="That table.")
