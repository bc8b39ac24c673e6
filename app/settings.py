"""Settings: the only place that reads the environment. Every variable is `ASSISTIFY_` + the name in capitals."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import ConfigurationError
from realtime.bus.cluster_map import ClusterUrl, is_cluster

SECRET_BYTES = 48
MIN_SECRET_CHARS = 32
# Read by single commands, by tests and by the development server.
_OTHER_VARIABLES = frozenset(
    {"ASSISTIFY_OWNER_PASSWORD", "ASSISTIFY_USER_PASSWORD", "ASSISTIFY_LONG", "ASSISTIFY_SEED", "ASSISTIFY_DEV_SERVER"}
)


class Environment(StrEnum):
    """Where this runs: production refuses demo data, generated secrets and plain cookies."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """All settings, with their defaults; the description of each goes into docs/howto/configure.md."""

    model_config = SettingsConfigDict(env_prefix="ASSISTIFY_", extra="ignore", frozen=True)

    environment: Environment = Field(default=Environment.DEVELOPMENT, description="development or production")
    var_dir: Path = Field(default=Path("var"), description="folder of the database, secrets, models and uploads")
    database_url: str = Field(
        default="", description="database; empty: SQLite in the var folder (postgresql+asyncpg://...)"
    )
    redis_url: str = Field(
        default="",
        description="Redis (redis://...) or Redis Cluster (redis+cluster://...); empty: everything in one process",
    )
    channel_layer: str = Field(
        default="",
        description="Django Channels layer that carries the bus, such as channels_redis.pubsub.RedisPubSubChannelLayer;"
        " empty: Redis pub/sub. It needs the Redis too",
        validate_default=True,
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="signs tokens; empty: generated into the var folder, but production needs one",
        validate_default=True,
    )
    public_url: str = Field(
        default="",
        description="address that browsers and vendors reach this server at; production needs an https:// one",
        validate_default=True,
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    web_dist: Path = Field(
        default=Path(__file__).parent.parent / "web" / "dist", description="folder of the built web applications"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_json: bool = Field(default=False, description="log lines as JSON")
    metrics_token: SecretStr = Field(
        default=SecretStr(""), description="bearer token for /metrics; empty: loopback only"
    )
    verify_token: SecretStr = Field(
        default=SecretStr(""), description="verify token good for every Meta account, also while the database is away"
    )
    meta_app_id: str = Field(
        default="", description="id of the Meta app with which pages are connected by signing in; empty: by keys alone"
    )
    meta_app_secret: SecretStr = Field(default=SecretStr(""), description="secret of that app", validate_default=True)
    meta_scopes: str = Field(
        default="pages_show_list,pages_messaging,pages_manage_metadata,instagram_basic,instagram_manage_messages",
        description="permissions that signing in at Facebook asks for",
    )
    instagram_app_id: str = Field(
        default="",
        description="id of the Instagram app with which accounts without a page are connected by signing in",
    )
    instagram_app_secret: SecretStr = Field(
        default=SecretStr(""), description="secret of that app", validate_default=True
    )
    instagram_scopes: str = Field(
        default="instagram_business_basic,instagram_business_manage_messages",
        description="permissions that signing in at Instagram asks for",
    )
    meta_stand_in: str = Field(
        default="",
        description="address on this machine called in place of Facebook and Instagram, for tests; not in production",
    )
    shopify_client_id: str = Field(
        default="", description="client id of the Shopify app that is installed; empty: each shop brings its own"
    )
    shopify_client_secret: SecretStr = Field(
        default=SecretStr(""), description="client secret of that app", validate_default=True
    )
    shopify_scopes: str = Field(
        default="read_orders,read_products,read_customers",
        description="scopes that an installation asks for; read_all_orders adds orders older than 60 days",
    )
    shopify_api_version: str = Field(
        default="2026-10", pattern=r"^(\d{4}-\d{2}|unstable)$", description="version of Shopify's Admin API"
    )
    shopify_stand_in: str = Field(
        default="",
        description="address on this machine that is called in place of Shopify's admin, for tests; not in production",
    )
    demo_password: SecretStr = Field(default=SecretStr(""), description="password of the demo staff; empty: generated")
    trusted_proxies: str = Field(default="", description="addresses of proxies whose X-Forwarded-For is believed")

    responder_dir: Path | None = Field(default=None, description="T5 model directory; empty: the starter responder")
    responder_dtype: Literal["fp32", "int8", "bf16"] = Field(
        default="fp32", description="fp32, int8 or bf16; int8 is several times faster on a CPU"
    )
    responder_pointers: bool = Field(
        default=False, description="that model was trained by `train responder`; its assistify.json can say it too"
    )
    responder_languages: str = Field(
        default="",
        description="languages that model writes (en,de,fr), messages in others go to people; empty: those that its "
        "directory names",
    )
    intent_dir: Path | None = Field(default=None, description="DistilBERT directory; empty: the starter head")
    sentiment_dir: Path | None = Field(default=None, description="RoBERTa directory; empty: the starter head")
    models_by_shops: bool = Field(
        default=False,
        description="the staff of every shop may promote models over REST; without it only where there is one shop",
    )
    torch_threads: int = Field(default=0, ge=0, description="threads of the models; 0: one less than there are cores")
    engine_slots: int = Field(default=8, ge=1, le=256, description="replies generated at the same time in one worker")
    engine_queue: int = Field(default=64, ge=1, description="replies that may wait for a slot in one worker")
    max_reply_tokens: int = Field(default=96, ge=8, description="longest answer, in tokens")

    coalesce_ms: int = Field(
        default=40, ge=0, le=500, description="tokens that come within this time go out as one delta"
    )
    reply_pace: float = Field(
        default=0, ge=0, description="tokens per second shown to customers; 0: as fast as the model writes"
    )
    reply_validity_s: float = Field(
        default=2.0, gt=0, description="a worker that could not renew for so long stops writing"
    )
    job_lease_s: float = Field(
        default=10.0, gt=0, description="a job whose worker is silent for so long is given to another"
    )
    job_poll_s: float = Field(default=1.0, gt=0, description="how often workers look for jobs without a nudge")
    delivery_check_s: float = Field(
        default=20.0,
        gt=0,
        description="after so long without an answer a vendor is asked for a message; after three times it is unknown",
    )
    allow_loopback: bool | None = Field(
        default=None,
        description="vendors and files at addresses of this machine, for simulators; empty: in development only",
    )
    drain_s: float = Field(default=20.0, ge=0, description="time over which connections are closed at shutdown")
    presence_s: float = Field(
        default=30.0,
        ge=1,
        description="how long people count as there when their server is silent; it speaks three times in that time",
    )
    presence_grace_s: float = Field(
        default=15.0, ge=0, description="how long after leaving one still counts as there, for reloads and deploys"
    )
    events_keep_days: int = Field(
        default=365,
        ge=0,
        description="the event log of a conversation is removed so long after it was closed, its messages are not;"
        " 0: never",
    )
    message_chars: int = Field(
        default=4000, ge=1, description="longest message of a customer or an agent, in characters"
    )
    visitor_token_days: int = Field(default=365, ge=1, description="life of a visitor's token")
    access_token_s: int = Field(default=900, ge=60, description="life of an access token, in seconds")
    refresh_token_days: int = Field(default=30, ge=1, description="life of a refresh token")
    session_days: int = Field(default=14, ge=1, description="life of a console session")
    login_attempts_per_minute: int = Field(default=30, ge=1, description="sign-in attempts per address and minute")
    messages_per_minute: int = Field(default=60, ge=1, description="messages of one visitor per minute")
    connection_commands_per_minute: int = Field(default=120, ge=1, description="commands of one connection per minute")
    visitor_commands_per_minute: int = Field(
        default=240, ge=1, description="commands of one visitor or member of staff per minute, all connections together"
    )
    address_commands_per_minute: int = Field(
        default=2400, ge=1, description="commands of all visitors at one address per minute"
    )
    shop_commands_per_minute: int = Field(
        default=120_000, ge=1, description="commands of all visitors of one shop per minute"
    )
    visitor_connections_per_minute: int = Field(
        default=60, ge=1, description="connections of one visitor or member of staff per minute"
    )
    address_connections_per_minute: int = Field(
        default=600, ge=1, description="connections from one address per minute"
    )
    shop_connections_per_minute: int = Field(
        default=60_000, ge=1, description="connections of all visitors of one shop per minute"
    )
    visitor_conversations_per_minute: int = Field(
        default=10, ge=1, description="conversations begun by one visitor per minute"
    )
    address_conversations_per_minute: int = Field(
        default=120, ge=1, description="conversations begun from one address per minute"
    )
    shop_conversations_per_minute: int = Field(
        default=6000, ge=1, description="conversations begun at one shop per minute"
    )
    visitor_uploads_per_minute: int = Field(default=20, ge=1, description="files uploaded by one visitor per minute")
    address_uploads_per_minute: int = Field(
        default=120, ge=1, description="files uploaded by all visitors at one address per minute"
    )
    shop_uploads_per_minute: int = Field(
        default=1200, ge=1, description="files uploaded by all visitors of one shop per minute"
    )
    requests_per_minute: int = Field(default=1200, ge=1, description="REST requests per address and minute")

    @field_validator("database_url")
    @classmethod
    def _check_driver(cls, value: str) -> str:
        if value and not value.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite://")):
            raise ValueError("use postgresql+asyncpg://USER:PASSWORD@HOST/NAME or sqlite+aiosqlite:///PATH")
        return value

    @field_validator("redis_url")
    @classmethod
    def _check_redis(cls, value: str) -> str:
        if is_cluster(value):
            ClusterUrl.parse(value)
        elif value and not value.startswith(("redis://", "rediss://")):
            raise ValueError("use redis://HOST:PORT/NUMBER or redis+cluster://HOST:PORT,HOST:PORT (rediss for TLS)")
        return value

    @field_validator("channel_layer")
    @classmethod
    def _check_layer(cls, value: str, info: ValidationInfo) -> str:
        redis_url = str(info.data.get("redis_url") or "")
        if value and (not redis_url or is_cluster(redis_url)):
            raise ValueError("a channel layer needs an ASSISTIFY_REDIS_URL of a single server")
        return value

    @field_validator("shopify_client_secret")
    @classmethod
    def _check_app(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if bool(info.data.get("shopify_client_id")) != bool(value.get_secret_value()):
            raise ValueError("a Shopify app is its client id and its client secret: give both")
        return value

    @field_validator("meta_app_secret")
    @classmethod
    def _check_meta_app(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if bool(info.data.get("meta_app_id")) != bool(value.get_secret_value()):
            raise ValueError("a Meta app is its id and its secret: give both")
        return value

    @field_validator("instagram_app_secret")
    @classmethod
    def _check_instagram_app(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if bool(info.data.get("instagram_app_id")) != bool(value.get_secret_value()):
            raise ValueError("an Instagram app is its id and its secret: give both")
        return value

    @field_validator("meta_stand_in", "shopify_stand_in")
    @classmethod
    def _check_stand_in(cls, value: str, info: ValidationInfo) -> str:
        parts = urlsplit(value)
        if value and _in_production(info):
            raise ValueError("a stand-in for a vendor is for tests: leave it empty in production")
        if value and (parts.scheme != "http" or parts.hostname != "127.0.0.1"):
            raise ValueError("use an address of this machine, http://127.0.0.1:PORT")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("secret_key")
    @classmethod
    def _check_secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if _in_production(info) and len(value.get_secret_value()) < MIN_SECRET_CHARS:
            raise ValueError(f"must have at least {MIN_SECRET_CHARS} characters in production")
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str, info: ValidationInfo) -> str:
        parts = urlsplit(value)
        if _in_production(info) and parts.scheme != "https":
            raise ValueError("must be an https:// address in production")
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("use the whole address, such as https://support.shop.example")
        return value

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def allows_loopback(self) -> bool:
        return not self.is_production if self.allow_loopback is None else self.allow_loopback

    @property
    def resolved_database_url(self) -> str:
        """The database to use: the configured one, or SQLite in the var folder."""
        return self.database_url or f"sqlite+aiosqlite:///{self.var_dir.resolve() / 'assistify.db'}"

    @property
    def resolved_public_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def own_url(self) -> str:
        """Where this process reaches its own server, whatever the public address is."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def make_var_dir(self) -> None:
        """Make the var folder, readable by its owner alone.

        Raises: ConfigurationError when it cannot be made.
        """
        try:
            self.var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"ASSISTIFY_VAR_DIR: {self.var_dir} cannot be made: {error.strerror}") from error

    def resolved_secret_key(self) -> str:
        """Return the signing key; in development it is made once and kept in the var folder, readable by its owner."""
        configured = self.secret_key.get_secret_value()
        if configured:
            return configured
        return kept_secret(self.var_dir / "secret_key")


def _in_production(info: ValidationInfo) -> bool:
    return info.data.get("environment") is Environment.PRODUCTION


def kept_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(SECRET_BYTES)) -> str:
    """Return the secret in `path`, making it on first use; two processes that start at once get the same one.

    Raises: ConfigurationError when the file is empty.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
        try:
            os.link(fresh, path)  # atomic: whoever comes second keeps the first one's secret
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    secret = path.read_text().strip()
    if not secret:
        raise ConfigurationError(f"{path} holds no usable secret: delete it, a new one is made at the next start")
    return secret


def unknown_variables() -> list[str]:
    """Return variables of the environment that look like settings and are none: misspelt ones, most likely."""
    known = {f"ASSISTIFY_{name.upper()}" for name in Settings.model_fields} | _OTHER_VARIABLES
    return sorted(name for name in os.environ if name.upper().startswith("ASSISTIFY_") and name.upper() not in known)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Read the environment once.

    Raises: ConfigurationError with every wrong variable named.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"ASSISTIFY_{str(item['loc'][0]).upper()}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors()
        )
        raise ConfigurationError(f"configuration is wrong: {problems}") from error
