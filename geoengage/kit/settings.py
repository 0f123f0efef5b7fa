"""Settings of the installation, read once by app, worker and cli and passed on; no module reads them at import.

Per-tenant policy (caps, quiet hours, review) is data in the database, not here.
"""

import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


def tiles_flaw(template: str) -> str | None:
    """What is wrong with the address of map tiles. Its origin goes into a header, so nothing strange may be in it."""
    parts = urlsplit(template)
    if "{s}" in template:
        return "sub-domains {s} are of no use since HTTP/2, and would open several hosts; name one host instead"
    if parts.scheme not in ("http", "https"):
        return "it starts with https:// (or http://)"
    if not _HOST.fullmatch(parts.netloc):
        return f"{parts.netloc!r} is no plain host name; neither places to fill in nor passwords belong there"
    if missing := [name for name in ("{z}", "{x}", "{y}") if name not in parts.path + parts.query]:
        return f"{', '.join(missing)} is missing; it looks like https://tiles.example.com/{{z}}/{{x}}/{{y}}.png"
    if unknown := set(re.findall(r"{[^}]*}?", template)) - {"{z}", "{x}", "{y}", "{r}"}:
        return f"{', '.join(sorted(unknown))} is not known; {{z}}, {{x}}, {{y}} and {{r}} are"
    return None


def origin_flaw(origin: str) -> str | None:
    """What is wrong with an origin whose pictures may be shown. It goes into a header as it is."""
    parts = urlsplit(origin)
    if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc) or parts.path + parts.query + parts.fragment:
        return f"{origin!r} is no origin; it looks like https://cdn.example.com, several with commas between them"
    return None


class FcmSettings(BaseModel):
    """How to reach Firebase Cloud Messaging."""

    credentials_file: Path | None = Field(
        default=None, description="Service account JSON. Without it messages go to the preview inbox."
    )
    base_url: str = Field(default="https://fcm.googleapis.com", description="Origin of the FCM HTTP v1 API.")
    token_uri: str = Field(
        default="https://oauth2.googleapis.com/token",
        description="Where access tokens come from; accounts put by tenants may name no other.",
    )
    timeout_s: float = Field(default=10.0, description="Longest wait for one answer, seconds (Google asks for ≥ 10).")
    per_minute: int = Field(
        default=600_000, ge=1, description="Most messages to one Firebase project in a minute, all workers together."
    )
    ramp_up_s: float = Field(
        default=60.0, ge=0, description="From a tenth of that to all of it in so many seconds, after a rest or a pause."
    )


PUSH_HOSTS = "fcm.googleapis.com *.push.services.mozilla.com *.push.apple.com *.notify.windows.com"


class WebPushSettings(BaseModel):
    """Web push (RFC 8030) with VAPID (RFC 8292)."""

    private_key: SecretStr | None = Field(
        default=None, description="P-256 key, base64url (32 bytes) or PEM. Unset: made and kept in `data_dir`."
    )
    contact: str | None = Field(
        default=None, description="mailto: or https address that push services may write to. Unset: `public_url`."
    )
    hosts: str = Field(
        default=PUSH_HOSTS,
        description="Push services that may be called, separated by spaces: hosts, `*.domain`, or whole origins.",
    )
    timeout_s: float = Field(default=10.0, description="Longest wait for one answer, seconds.")

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The hosts, one by one."""
        return tuple(self.hosts.lower().split())


class EmailSettings(BaseModel):
    """How e-mails go out; the servers themselves are put by tenants, one an app."""

    allow_loopback: bool = Field(
        default=False, description="Mail servers on this machine, on any port and without TLS: a relay, tests."
    )
    timeout_s: float = Field(default=20.0, gt=0, description="Longest wait for one answer of a server, seconds.")
    connections: int = Field(default=10, ge=1, description="Connections to one server at one time, each worker.")
    ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) that sign those of mail servers. Unset: the system's."
    )


class PhoneChannelSettings(BaseModel):
    """How WhatsApp, SMS and Viber are reached; the accounts are put by tenants, one a store."""

    graph_url: str = Field(default="https://graph.facebook.com", description="Origin of Meta's Graph API.")
    graph_version: str = Field(default="v26.0", pattern=r"^v[0-9]+\.[0-9]$", description="Version of the Graph API.")
    twilio_url: str = Field(default="https://api.twilio.com", description="Origin of Twilio's API.")
    infobip_url: str = Field(
        default="https://{base}.api.infobip.com", description="Infobip's API; `{base}` is the account's own part."
    )
    timeout_s: float = Field(default=20.0, gt=0, description="Longest wait for one answer, seconds.")


class LanSettings(BaseModel):
    """Where "Connect a phone" lets phones in, once somebody has said so in the console."""

    host: str | None = Field(
        default=None, description="Address to listen on. Unset: every private IPv4 address of this computer."
    )
    port: int = Field(default=0, description="Port to listen on; 0: one that is free.")


class WebhookSettings(BaseModel):
    """How events are sent to other systems."""

    allow_loopback: bool = Field(
        default=False, description="Endpoints on this machine, also without TLS: for tests and the demo only."
    )
    timeout_s: float = Field(default=20.0, gt=0, description="Longest wait for one answer, seconds.")
    concurrency: int = Field(default=128, ge=1, description="Requests in flight at one time.")
    per_endpoint: int = Field(default=16, ge=1, description="Of these, to one endpoint.")


class EventSettings(BaseModel):
    """How events of sites, apps and servers are taken (Segment's tracking API)."""

    requests_per_s: int = Field(
        default=1_000, ge=1, description="Most requests of one write key in a second, each process for itself."
    )


class ConnectionSettings(BaseModel):
    """How shop systems are read (Shopify)."""

    shopify_url: str = Field(default="https://{shop}", description="Where a shop's Admin API is; for tests.")
    shopify_version: str = Field(default="2026-10", description="Version of the Admin API.")
    allow_loopback: bool = Field(default=False, description="Shops on this machine, also without TLS: for tests only.")
    timeout_s: float = Field(default=30.0, gt=0, description="Longest wait for one answer, seconds.")
    every_s: float = Field(
        default=86_400.0, gt=0, description="How often the orders of a shop are read again, seconds."
    )


class WorkerSettings(BaseModel):
    """How the background process works."""

    poll_s: float = Field(default=0.25, description="Longest time without looking for work, seconds.")
    lease_s: float = Field(default=30.0, description="How long a claim holds before another worker may take over.")
    send_concurrency: int = Field(default=128, description="Messages in flight at one time.")
    retry_base_s: float = Field(default=2.0, description="First back-off after a temporary failure, seconds.")
    metrics_port: int | None = Field(
        default=None, description="Port for the worker's own Prometheus counters, on this machine only. Unset: none."
    )


class ImportSettings(BaseModel):
    """Files of customers, orders and so on, beside those that people upload."""

    drop_dir: Path | None = Field(
        default=None, description="Folder in which other systems leave files at night. Unset: none is looked for."
    )
    drop_pattern: str = Field(
        default="{tenant}/{kind}*",
        description="Where in it a tenant's files of a kind lie; `{tenant}` is its slug, `{kind}` orders, products, …",
    )
    drop_still_s: float = Field(
        default=30.0, ge=0, description="How long a file's size must stay the same before it is read, seconds."
    )
    drop_look_s: float = Field(default=10.0, gt=0, description="Time between two looks into the folder, seconds.")
    keep_days: int = Field(
        default=7, ge=1, description="Days until imported files of the folder, and uploads nobody started, are deleted."
    )


class Settings(BaseSettings):
    """All settings; environment variables start with GEOENGAGE_, nested ones use `__` (GEOENGAGE_FCM__BASE_URL)."""

    model_config = SettingsConfigDict(env_prefix="GEOENGAGE_", env_nested_delimiter="__", extra="ignore")

    database_url: str | None = Field(
        default=None, description="PostgreSQL with PostGIS. Unset: a private cluster in `data_dir`."
    )
    data_dir: Path = Field(default=Path(".geoengage"), description="Where the private cluster, keys and logs live.")
    secret_key: SecretStr | None = Field(
        default=None,
        description="Signs device tokens and links, ≥ 32 characters. Unset: made and kept in `data_dir`.",
    )
    secret_keys: SecretStr | None = Field(
        default=None,
        description="Encrypt the credentials of senders: keys of ≥ 32 characters with commas between them, the newest"
        " first; all of them still open what they closed. Unset: `secret_key` does.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, description="Port to listen on.")
    processes: int = Field(default=1, ge=1, le=64, description="How many processes of `serve` share the port.")
    public_url: str | None = Field(default=None, description="https address under which clients reach this server.")
    web_dir: Path | None = Field(default=None, description="Built console; unset: the one in the package or checkout.")
    fonts_dir: Path | None = Field(
        default=None, description="Folder of further TTF fonts, for names on posters in scripts that DejaVu lacks."
    )
    log_json: bool = Field(default=False, description="Log lines as JSON instead of for people.")
    tiles_url: str | None = Field(
        default=None, description="Background map of the console, https://…/{z}/{x}/{y}.png. Unset: none."
    )
    tiles_attribution: str | None = Field(default=None, description="Whom the map shows as the source of its tiles.")
    pictures_from: str = Field(
        default="",
        description="Origins, with commas, whose product pictures the console shows: https://cdn.example.com.",
    )
    connections: ConnectionSettings = ConnectionSettings()
    email: EmailSettings = EmailSettings()
    events: EventSettings = EventSettings()
    fcm: FcmSettings = FcmSettings()
    imports: ImportSettings = ImportSettings()
    lan: LanSettings = LanSettings()
    phone_channels: PhoneChannelSettings = PhoneChannelSettings()
    webhooks: WebhookSettings = WebhookSettings()
    webpush: WebPushSettings = WebPushSettings()
    worker: WorkerSettings = WorkerSettings()

    @field_validator("imports")
    @classmethod
    def _drop_pattern(cls, value: ImportSettings) -> ImportSettings:
        pattern = value.drop_pattern
        if not pattern.startswith("{tenant}/") or "{kind}" not in pattern or ".." in pattern:
            raise ValueError(
                "drop_pattern begins with {tenant}/ (its own folder), names {kind}, and leads nowhere else"
            )
        return value

    @field_validator("tiles_url")
    @classmethod
    def _tiles_template(cls, value: str | None) -> str | None:
        if not value:
            return None
        if flaw := tiles_flaw(value):
            raise ValueError(flaw)
        return value

    @field_validator("pictures_from")
    @classmethod
    def _picture_origins(cls, value: str) -> str:
        for origin in filter(None, (part.strip() for part in value.split(","))):
            if flaw := origin_flaw(origin):
                raise ValueError(flaw)
        return value

    @property
    def picture_origins(self) -> list[str]:
        """Whose product pictures browsers may load."""
        return [part.strip().lower() for part in self.pictures_from.split(",") if part.strip()]

    @property
    def image_origins(self) -> str | None:
        """Everybody whose pictures browsers may load, as the Content-Security-Policy lists them."""
        return " ".join(filter(None, [self.tiles_origin, *self.picture_origins])) or None

    @property
    def tiles_origin(self) -> str | None:
        """Scheme, host and port of the tile server: all that browsers may fetch from it."""
        if self.tiles_url is None:
            return None
        parts = urlsplit(self.tiles_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    def sealing_keys(self) -> tuple[str, ...]:
        """The keys of stored credentials, for `kit/sealed.py`. The signing key opens what it closed before there were
        others."""
        given = "" if self.secret_keys is None else self.secret_keys.get_secret_value()
        keys = [key.strip() for key in given.split(",") if key.strip()]
        if any(len(key) < 32 for key in keys):
            raise ValueError("each of GEOENGAGE_SECRET_KEYS must have at least 32 characters")
        return (*keys, self.signing_key())

    def signing_key(self) -> str:
        """The key for device tokens and links; made on first use when none is set, readable by the owner only."""
        if self.secret_key is not None:
            key = self.secret_key.get_secret_value()
            if len(key) < 32:
                raise ValueError("GEOENGAGE_SECRET_KEY must have at least 32 characters")
            return key
        path = self.data_dir / "secret_key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48))
        return path.read_text().strip()
