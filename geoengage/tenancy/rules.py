"""Roles, scopes, what a key may be, and the text form of credentials. Pure: no SQL, no HTTP, no clock."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from geoengage.kit import errors
from geoengage.kit.ids import TenantId


class Role(StrEnum):
    """What an operator may do in the console."""

    OWNER = "owner"
    EDITOR = "editor"
    APPROVER = "approver"
    ANALYST = "analyst"
    SUPPORT = "support"
    SHOP = "shop"


class KeyKind(StrEnum):
    """Publishable keys ship in apps and register devices; secret keys stay on servers; write keys only send events."""

    PUBLISHABLE = "pk"
    SECRET = "sk"  # noqa: S105 - a kind of key, not a key
    WRITE = "wk"


class Writes(StrEnum):
    """Where a write key lives. What a server says of a person is proof; what a browser or an app says, a claim."""

    SERVER = "server"
    BROWSER = "browser"


class Review(StrEnum):
    """When a shop's campaign waits for the operator."""

    NEVER = "never"
    FIRST_CAMPAIGN = "first_campaign"
    ALWAYS = "always"


class Scope(StrEnum):
    """What a secret key or a role may do. `people` opens device ids, paths and profiles of the whole tenant.

    `commerce` opens products, orders, carts and the till; `customers` the people who are customers of one's stores,
    `segments` the making of segments and the counting of who is in them. All three may be restricted to stores.
    """

    READ = "read"
    VENUES = "venues"
    CAMPAIGNS = "campaigns"
    APPROVE = "approve"
    PEOPLE = "people"
    PINGS = "pings"
    COMMERCE = "commerce"
    CUSTOMERS = "customers"
    SEGMENTS = "segments"
    SENDING = "sending"
    ADMIN = "admin"


ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.OWNER: frozenset(Scope),
    Role.EDITOR: frozenset(
        {Scope.READ, Scope.VENUES, Scope.CAMPAIGNS, Scope.APPROVE, Scope.SENDING, Scope.COMMERCE, Scope.SEGMENTS}
    ),
    Role.APPROVER: frozenset({Scope.READ, Scope.CAMPAIGNS, Scope.APPROVE, Scope.SENDING}),
    Role.ANALYST: frozenset({Scope.READ, Scope.SEGMENTS}),
    Role.SUPPORT: frozenset({Scope.READ, Scope.PEOPLE, Scope.COMMERCE, Scope.CUSTOMERS}),
    Role.SHOP: frozenset({Scope.READ, Scope.CAMPAIGNS, Scope.COMMERCE, Scope.CUSTOMERS, Scope.SEGMENTS}),
}


PASSWORD_LENGTH = 10

# What no credential restricted to stores can do, whatever its scopes say: it would reach beyond its stores.
TENANT_WIDE = frozenset({Scope.ADMIN, Scope.APPROVE, Scope.PEOPLE, Scope.PINGS, Scope.SENDING})


class PrincipalKind(StrEnum):
    """Which sort of credential was shown."""

    PUBLISHABLE_KEY = "publishable_key"
    SECRET_KEY = "secret_key"  # noqa: S105 - a kind, not a secret
    DEVICE = "device"
    OPERATOR = "operator"
    WRITE_KEY = "write_key"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `store_ids` None means all stores of the tenant; else only those.

    `id` is the key, operator or device; `app_id` is set for a publishable key that belongs to one app; `is_test` marks
    pk_test_/sk_test_ keys and the devices that they registered; `is_demo` a tenant whose people are all simulated;
    `writes` is set for a write key.
    """

    tenant_id: TenantId
    id: UUID
    kind: PrincipalKind
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    store_ids: frozenset[UUID] | None = None
    app_id: UUID | None = None
    is_test: bool = False
    is_demo: bool = False
    role: Role | None = None
    token_version: int = 0
    writes: Writes | None = None

    def may(self, scope: Scope) -> bool:
        """Whether this principal has the scope and is not kept from it by a restriction to stores."""
        return scope in self.scopes and (self.store_ids is None or scope not in TENANT_WIDE)

    def sees_store(self, store_id: UUID | None) -> bool:
        """Whether a thing of that store (None: of the whole tenant) is visible to a restricted principal."""
        return self.store_ids is None or (store_id is not None and store_id in self.store_ids)


_OF_PEOPLE = (Scope.PEOPLE, Scope.CUSTOMERS)
REPLY_READERS = tuple(role for role, scopes in ROLE_SCOPES.items() if not scopes.isdisjoint(_OF_PEOPLE))


def reads_replies(who: Principal) -> bool:
    """Whether somebody may read what people wrote back; `sees_store` says to which stores."""
    return any(who.may(scope) for scope in _OF_PEOPLE)


_CREDENTIAL = re.compile(r"(pk|sk|wk)_(test_)?([0-9a-f]{32})_([A-Za-z0-9_-]{32,64})")


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """The parts of `pk_<tenant>_<secret>`, `sk_test_<tenant>_<secret>` or `wk_<tenant>_<secret>`."""

    kind: KeyKind
    is_test: bool
    tenant_id: TenantId
    secret_hash: str


def make_key(kind: KeyKind, tenant_id: UUID, *, is_test: bool) -> str:
    """A new key in text form; only its hash is stored. It names its tenant, so that a look-up stays in one tenant."""
    return f"{kind.value}_{'test_' if is_test else ''}{tenant_id.hex}_{secrets.token_urlsafe(32)}"


def parse_key(text: str) -> ParsedKey | None:
    """Take a key apart; None when it is not one."""
    match = _CREDENTIAL.fullmatch(text)
    if match is None:
        return None
    kind, test, tenant, _ = match.groups()
    return ParsedKey(KeyKind(kind), test is not None, TenantId(UUID(tenant)), hash_secret(text))


def hash_secret(text: str) -> str:
    """SHA-256 of a random credential. Fast on purpose: 256 random bits need no slow hash (passwords get argon2)."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to make. `store_ids` None means the whole tenant; `app_id` is for publishable, `writes` for write keys."""

    kind: KeyKind
    name: str
    scopes: frozenset[Scope] = frozenset()
    store_ids: frozenset[UUID] | None = None
    app_id: UUID | None = None
    is_test: bool = False
    writes: Writes | None = None


@dataclass(frozen=True, slots=True)
class NewOperator:
    """An operator to make. `owner_id` exactly for role shop, whose sight ends at that owner's stores.

    `password` None: there is none, they come in by a link only.
    """

    email: str
    name: str
    role: Role
    password: str | None = field(repr=False)
    owner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app to make. `user_token_keys`: PEM public keys of the store's back end."""

    name: str
    store_id: UUID | None = None
    default_language: str = "en"
    android_package: str | None = None
    ios_bundle_id: str | None = None
    brand_color: str | None = None
    user_token_keys: tuple[str, ...] = ()


def check_key(new: NewKey, by: Principal | None) -> None:
    """Raise ItemErrors when no such key may exist, or `by` may not make it (None: the command line may)."""
    wrong = _secret_key_flaws(new) if new.kind is KeyKind.SECRET else _simple_key_flaws(new)
    if (new.writes is None) is (new.kind is KeyKind.WRITE):
        wrong["writes"] = "a write key is for a `server` or a `browser`; no other key says so"
    if by is not None and (beyond := new.scopes - by.scopes):
        wrong["scopes"] = f"more than you have yourself: {_listed(beyond)}"
    if by is not None and by.is_test and not new.is_test:
        wrong["is_test"] = "a test key makes test keys only"
    _raise(wrong)


def _simple_key_flaws(new: NewKey) -> dict[str, str]:
    """What is wrong with a publishable or a write key, which can do one thing only."""
    wrong = {}
    what, does = ("write", "sends events") if new.kind is KeyKind.WRITE else ("publishable", "registers devices")
    if new.scopes:
        wrong["scopes"] = f"a {what} key has none: it {does} and nothing else"
    if new.store_ids is not None:
        wrong["store_ids"] = f"a {what} key is not restricted to stores"
    if new.kind is KeyKind.WRITE:
        if new.app_id is not None:
            wrong["app_id"] = "only a publishable key belongs to an app"
        if new.is_test:
            wrong["is_test"] = "there are no test events; take a tenant of its own for trials"
    return wrong


def _secret_key_flaws(new: NewKey) -> dict[str, str]:
    wrong = {}
    if not new.scopes:
        wrong["scopes"] = "name at least one"
    if new.app_id is not None:
        wrong["app_id"] = "only a publishable key belongs to an app"
    if new.store_ids is not None and (wide := new.scopes & TENANT_WIDE):
        wrong["scopes"] = f"not with a restriction to stores: {_listed(wide)}"
    if new.store_ids is not None and not new.store_ids:
        wrong["store_ids"] = "name at least one store, or leave it out for the whole tenant"
    return wrong


def check_tenant(slug: str, timezone: str) -> None:
    """Raise ItemErrors unless the slug can stand in an address and the time zone is known."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,62}", slug):
        raise errors.field("slug", "2 to 63 lower case letters, digits and hyphens")
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise errors.field("timezone", "not an IANA time zone, e.g. Europe/Zurich") from error


def check_operator(new: NewOperator) -> None:
    """Raise ItemErrors when e-mail or password are none, or role and owner do not fit."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", new.email.strip()):
        raise errors.field("email", "not an e-mail address")
    if new.password is not None and len(new.password) < PASSWORD_LENGTH:
        raise errors.field("password", f"at least {PASSWORD_LENGTH} characters")
    if new.role is Role.SHOP and new.owner_id is None:
        raise errors.field("owner_id", "role shop needs the owner whose stores it sees")
    if new.role is not Role.SHOP and new.owner_id is not None:
        raise errors.field("owner_id", "only role shop belongs to an owner")


def check_user_token_keys(keys: tuple[str, ...]) -> None:
    """Raise ItemErrors unless every text is a PEM public key that we verify with."""
    wrong = {}
    for i, pem in enumerate(keys):
        try:
            user_token_algorithm(pem)
        except ValueError as error:
            wrong[f"user_token_keys/{i}"] = str(error)
    _raise(wrong)


def user_token_algorithm(pem: str) -> str:
    """The one JWS algorithm that a PEM public key stands for: RS256, ES256 or EdDSA. ValueError says what is wrong.

    Taken from the key and never from a token's header, so that nobody can present the public key as an HMAC secret.
    """
    if "PRIVATE KEY" in pem:
        raise ValueError("this is a private key; keep it on your server and register its public key")
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("not a PEM public key (-----BEGIN PUBLIC KEY-----)") from error
    if isinstance(key, RSAPublicKey) and key.key_size >= 2048:
        return "RS256"
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return "ES256"
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA"
    raise ValueError("use RSA of at least 2048 bits (RS256), P-256 (ES256) or Ed25519 (EdDSA)")


def actor_name(by: Principal | None) -> str:
    """Who did it, for the audit trail; None is the command line."""
    return "command line" if by is None else f"{by.kind.value} {by.id}"


def normal_email(text: str) -> str:
    """The form in which e-mail addresses are kept and compared."""
    return text.strip().lower()


def _listed(scopes: frozenset[Scope]) -> str:
    return ", ".join(sorted(scopes))


def _raise(wrong: dict[str, str]) -> None:
    if wrong:
        raise errors.ItemErrors([{"pointer": f"#/{k}", "in": "body", "detail": v} for k, v in wrong.items()])
