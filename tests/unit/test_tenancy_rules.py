"""Keys, roles, scopes and public keys, without a database."""

from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from geoengage.kit import errors
from geoengage.kit.ids import TenantId, new_id
from geoengage.tenancy import rules
from geoengage.tenancy.rules import KeyKind, NewKey, NewOperator, Principal, PrincipalKind, Role, Scope

TENANT = TenantId(UUID("01890a5d-ac96-774b-bcce-b302099a8057"))
STORE = new_id()


def principal(*scopes: Scope, **over: object) -> Principal:
    return Principal(TENANT, new_id(), PrincipalKind.SECRET_KEY, scopes=frozenset(scopes), **over)  # type: ignore[arg-type]


def public(key: object) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("kind", list(KeyKind))
@pytest.mark.parametrize("is_test", [False, True])
def test_a_key_names_its_kind_and_tenant(kind: KeyKind, is_test: bool) -> None:
    text = rules.make_key(kind, TENANT, is_test=is_test)
    parsed = rules.parse_key(text)
    assert parsed is not None
    assert (parsed.kind, parsed.is_test, parsed.tenant_id) == (kind, is_test, TENANT)
    assert parsed.secret_hash == rules.hash_secret(text)
    assert text != rules.make_key(kind, TENANT, is_test=is_test)


@pytest.mark.parametrize("text", ["", "pk_", "sk_live_1", "pk_" + "0" * 32 + "_short", "eyJ.a.b", "xk_" + "0" * 70])
def test_what_is_no_key(text: str) -> None:
    assert rules.parse_key(text) is None


def test_a_restriction_to_stores_takes_the_wide_scopes() -> None:
    shop = principal(*Scope, store_ids=frozenset({STORE}))
    assert {scope for scope in Scope if shop.may(scope)} == set(Scope) - rules.TENANT_WIDE
    assert shop.sees_store(STORE)
    assert not shop.sees_store(new_id())
    assert not shop.sees_store(None)
    assert principal().sees_store(None)


def test_owners_alone_hand_out_rights_and_shops_see_no_people() -> None:
    assert [role for role in Role if Scope.ADMIN in rules.ROLE_SCOPES[role]] == [Role.OWNER]
    assert not rules.ROLE_SCOPES[Role.SHOP] & rules.TENANT_WIDE
    assert set(rules.ROLE_SCOPES) == set(Role)


@pytest.mark.parametrize(
    "new, member",
    [
        (NewKey(KeyKind.SECRET, "k"), "scopes"),
        (NewKey(KeyKind.PUBLISHABLE, "k", frozenset({Scope.READ})), "scopes"),
        (NewKey(KeyKind.PUBLISHABLE, "k", store_ids=frozenset({STORE})), "store_ids"),
        (NewKey(KeyKind.SECRET, "k", frozenset({Scope.READ}), app_id=STORE), "app_id"),
        (NewKey(KeyKind.SECRET, "k", frozenset({Scope.READ}), store_ids=frozenset()), "store_ids"),
        *((NewKey(KeyKind.SECRET, "k", frozenset({s}), frozenset({STORE})), "scopes") for s in rules.TENANT_WIDE),
    ],
)
def test_keys_that_may_not_be(new: NewKey, member: str) -> None:
    with pytest.raises(errors.ItemErrors) as raised:
        rules.check_key(new, None)
    assert raised.value.extra["errors"][0]["pointer"] == f"#/{member}"


def test_a_key_gives_at_most_what_its_maker_has() -> None:
    new = NewKey(KeyKind.SECRET, "k", frozenset({Scope.PEOPLE}))
    rules.check_key(new, None)
    rules.check_key(new, principal(Scope.ADMIN, Scope.PEOPLE))
    with pytest.raises(errors.ItemErrors, match="people"):
        rules.check_key(new, principal(Scope.ADMIN))
    with pytest.raises(errors.ItemErrors, match="test keys only"):
        rules.check_key(new, principal(*Scope, is_test=True))


@pytest.mark.parametrize(
    "new",
    [
        NewOperator("a@b", "A", Role.SHOP, "0123456789"),
        NewOperator("a@b", "A", Role.EDITOR, "0123456789", owner_id=STORE),
        NewOperator("nobody", "A", Role.EDITOR, "0123456789"),
        NewOperator("a@b", "A", Role.EDITOR, "short"),
    ],
)
def test_operators_that_may_not_be(new: NewOperator) -> None:
    with pytest.raises(errors.ItemErrors):
        rules.check_operator(new)


def test_a_password_is_never_in_a_repr() -> None:
    assert "0123456789" not in repr(NewOperator("a@b", "A", Role.EDITOR, "0123456789"))


@pytest.mark.parametrize("slug, timezone", [("A", "UTC"), ("a b", "UTC"), ("-a", "UTC"), ("mall", "Mars/Olympus")])
def test_tenants_that_may_not_be(slug: str, timezone: str) -> None:
    with pytest.raises(errors.ItemErrors):
        rules.check_tenant(slug, timezone)


def test_the_key_decides_the_algorithm() -> None:
    assert rules.user_token_algorithm(public(rsa.generate_private_key(65537, 2048))) == "RS256"
    assert rules.user_token_algorithm(public(ec.generate_private_key(ec.SECP256R1()))) == "ES256"
    assert rules.user_token_algorithm(public(ed25519.Ed25519PrivateKey.generate())) == "EdDSA"
    private = ed25519.Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for wrong, why in [
        ("a shared secret", "not a PEM public key"),
        (pem, "private key"),
        (public(rsa.generate_private_key(65537, 1024)), "2048"),  # noqa: S505 - to see it refused
        (public(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (public(dsa.generate_private_key(1024)), "use RSA"),  # noqa: S505 - to see it refused
    ]:
        with pytest.raises(ValueError, match=why):
            rules.user_token_algorithm(wrong)


def test_actors_have_names() -> None:
    by = principal()
    assert rules.actor_name(None) == "command line"
    assert rules.actor_name(by) == f"secret_key {by.id}"
