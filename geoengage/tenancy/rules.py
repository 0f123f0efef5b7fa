"""Roles, scopes and the text form of credentials. Pure: no SQL, no HTTP, no clock."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What an operator may do in the console."""

    OWNER = "owner"
    EDITOR = "editor"
    APPROVER = "approver"
    ANALYST = "analyst"
    SUPPORT = "support"
    SHOP = "shop"


class KeyKind(StrEnum):
    """Publishable keys ship in apps and register devices; secret keys stay on servers."""

    PUBLISHABLE = "pk"
    SECRET = "sk"  # noqa: S105 - a kind of key, not a key


class Review(StrEnum):
    """When a shop's campaign waits for the operator."""

    NEVER = "never"
    FIRST_CAMPAIGN = "first_campaign"
    ALWAYS = "always"


class Scope(StrEnum):
    """What a secret key or a role may do. `people` opens device ids, paths and profiles."""

    READ = "read"
    VENUES = "venues"
    CAMPAIGNS = "campaigns"
    APPROVE = "approve"
    PEOPLE = "people"
    PINGS = "pings"
    SENDING = "sending"
    ADMIN = "admin"


ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.OWNER: frozenset(Scope),
    Role.EDITOR: frozenset({Scope.READ, Scope.VENUES, Scope.CAMPAIGNS, Scope.APPROVE, Scope.SENDING}),
    Role.APPROVER: frozenset({Scope.READ, Scope.CAMPAIGNS, Scope.APPROVE, Scope.SENDING}),
    Role.ANALYST: frozenset({Scope.READ}),
    Role.SUPPORT: frozenset({Scope.READ, Scope.PEOPLE}),
    Role.SHOP: frozenset({Scope.READ, Scope.CAMPAIGNS}),
}


class PrincipalKind(StrEnum):
    """Which sort of credential was shown."""

    PUBLISHABLE_KEY = "publishable_key"
    SECRET_KEY = "secret_key"  # noqa: S105 - a kind, not a secret
    DEVICE = "device"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `store_ids` None means all stores of the tenant; else only those.

    `id` is the key, operator or device; `app_id` is set for a publishable key that belongs to one app; `is_test` marks
    pk_test_/sk_test_ keys and the devices that they registered; `is_demo` a tenant whose people are all simulated.
    """

    tenant_id: UUID
    id: UUID
    kind: PrincipalKind
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    store_ids: frozenset[UUID] | None = None
    app_id: UUID | None = None
    is_test: bool = False
    is_demo: bool = False
    role: Role | None = None
    token_version: int = 0

    def may(self, scope: Scope) -> bool:
        """Whether this principal has the scope."""
        return scope in self.scopes

    def sees_store(self, store_id: UUID | None) -> bool:
        """Whether a thing of that store (None: of the whole tenant) is visible to a restricted principal."""
        return self.store_ids is None or (store_id is not None and store_id in self.store_ids)


_CREDENTIAL = re.compile(r"(pk|sk)_(test_)?([0-9a-f]{32})_([A-Za-z0-9_-]{32,64})")


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """The parts of `pk_<tenant>_<secret>` or `sk_test_<tenant>_<secret>`."""

    kind: KeyKind
    is_test: bool
    tenant_id: UUID
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
    return ParsedKey(KeyKind(kind), test is not None, UUID(tenant), hash_secret(text))


def hash_secret(text: str) -> str:
    """SHA-256 of a random credential. Fast on purpose: 256 random bits need no slow hash (passwords get argon2)."""
    return hashlib.sha256(text.encode()).hexdigest()


def same_hash(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left, right)
