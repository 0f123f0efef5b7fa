"""Whom an order, a cart or a till names. Pure."""

from collections.abc import Collection, Mapping
from uuid import UUID

from geoengage.profiles.rules import Channel, Id, Kind, Purpose, Standing, deciding, hold_of, normalise

# What a cashier may ask for: ways to write to somebody that need no app.
_ASKED = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.VIBER)
# The ids that a whole tenant shares, before the one that a store gave by itself.
_TENANTS_OWN = (Kind.LOYALTY_CARD, Kind.EMAIL, Kind.PHONE)


def ids_of(
    given: Mapping[Kind, str], store_id: UUID | None, *, region: str | None, blocked: Collection[str]
) -> tuple[Id, ...]:
    """The ids that were given, the strongest first, without those that are none.

    `store_id`: the store to which the caller is restricted. Its customer numbers are its own, so an external id becomes
    a source id of that store; and it joins nobody: of several ids only one is taken, a card before an address.
    """
    if store_id is not None and Kind.EXTERNAL_ID in given:
        own = {Kind.SOURCE_ID: f"{store_source(store_id)}:{given[Kind.EXTERNAL_ID]}"}
        given = {kind: value for kind, value in given.items() if kind is not Kind.EXTERNAL_ID} | own
    found = {}
    for kind, value in given.items():
        if (normal := normalise(kind, value, region=region, blocked=blocked)) is not None:
            found[kind] = Id(kind, normal)
    if store_id is None:
        return tuple(found[kind] for kind in Kind if kind in found)
    return tuple(found[kind] for kind in (*_TENANTS_OWN, Kind.SOURCE_ID) if kind in found)[:1]


def store_source(store_id: UUID) -> str:
    """What a store's own system is called in ids."""
    return f"store-{store_id.hex}"


def order_source(source: str, store_id: UUID | None) -> str:
    """The source under which orders are kept: what a store sends cannot meet what another has sent."""
    return source if store_id is None else f"{store_source(store_id)}:{source}"


def till_source(store_id: UUID) -> str:
    """The source of what a store's tills send, whoever runs them."""
    return f"till:{store_id}"


def display_name(first_name: str | None, last_name: str | None) -> str | None:
    """What a cashier reads: `Mia K.`. None when no name is known."""
    first, last = (first_name or "").strip(), (last_name or "").strip()
    if not first:
        return f"{last[0]}." if last else None
    return f"{first} {last[0]}." if last else first


def to_ask(standing: Standing, store_id: UUID) -> list[tuple[str, str]]:
    """(channel, purpose) about which a person has decided nothing for a store; none for who said "stop everything"."""
    if hold_of(standing.holds).stopped_at is not None:
        return []
    marketing = Purpose.MARKETING
    undecided = (c for c in _ASKED if deciding(standing.decisions, c, marketing, store_id) is None)
    return [(channel.value, marketing.value) for channel in undecided]
