"""What repairs a metric: whom to write to, and a first text, as drafts that a shop owner reads before sending. Pure.

A playbook may have tiers, from a friendly word to an offer: whoever has been away longer is offered more. Amounts of
offers are proposals; `to_check` says what must be settled first. Definitions are in the language of segments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

Definition = dict[str, object]


@dataclass(frozen=True, slots=True)
class Target:
    """What a playbook is made for. `currency`, `order_minor`: the tenant's main currency and its average order.

    `segment_id`, `store_id`: the group that drives the change, if one does; then only its people are written to.
    `group`: its name. `in_store`: the segment will be a store's own, which knows that store's orders only.
    """

    currency: str | None = None
    order_minor: int | None = None
    segment_id: UUID | None = None
    store_id: UUID | None = None
    group: str | None = None
    in_store: bool = False


@dataclass(frozen=True, slots=True)
class Tier:
    """One group of people and what they are told. `title`, `body` are Liquid."""

    name: str
    who: Definition
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Playbook:
    """`button`: what the console offers. `about`: what it does, in a sentence."""

    button: str
    about: str
    tiers: tuple[Tier, ...]
    to_check: str | None = None


def _all(*of: Definition) -> Definition:
    return {"kind": "all", "of": list(of)}


def _any(*of: Definition) -> Definition:
    return {"kind": "any", "of": list(of)}


def _not(of: Definition) -> Definition:
    return {"kind": "not", "of": of}


def _stage(*stages: str) -> Definition:
    return {"kind": "metric", "name": "stage", "op": "in", "value": list(stages)}


def _orders(op: str, value: float, days: int | None = None) -> Definition:
    window = {"ever": True} if days is None else {"days": days}
    return {"kind": "order", "measure": "count", "op": op, "value": value, "window": window}


def _last(op: str, days: int) -> Definition:
    return {"kind": "order", "measure": "last", "op": op, "value": days, "window": {"ever": True}}


def _messages(what: str, op: str, value: float, days: int) -> Definition:
    return {"kind": "message", "what": what, "op": op, "value": value, "window": {"days": days}}


def _subscribed(channel: str) -> Definition:
    return {"kind": "consent", "channel": channel, "purpose": "marketing", "state": "subscribed"}


def _decline(*degrees: str) -> Definition:
    return {"kind": "decline", "degrees": list(degrees)}


_SUBSCRIBED = _any(*map(_subscribed, ("push", "web_push", "email", "sms", "whatsapp", "viber")))
_OFFER = "The offer is a proposal: settle it with your tills and shops before you activate the campaign."
_TIERS_OFFER = "The offers are proposals: settle them with your tills and shops before you activate the campaigns."

PLAYBOOKS: Mapping[str, Playbook] = {
    "win-back": Playbook(
        "Win them back",
        "Writes to regulars who have slowed down: a friendly word first, an offer to those who fell further.",
        (
            Tier(
                "Slowing a little",
                _decline("slight"),
                "Good things are waiting, {{ first_name }}",
                "It has been a little quieter than usual. Have a look at what is new this week.",
            ),
            Tier(
                "Slowing clearly",
                _decline("marked"),
                "We have missed you, {{ first_name }}",
                "Come by this week and take 10 % off your basket. Show this message at the till.",
            ),
            Tier(
                "Almost gone",
                _all(_any(_decline("severe"), _stage("at_risk")), _not(_decline("slight", "marked"))),
                "When will we see you again, {{ first_name }}?",
                "It has been a while. Your next basket is 15 % off until Sunday. Show this message at the till.",
            ),
        ),
        _TIERS_OFFER,
    ),
    "bring-back": Playbook(
        "Bring them back",
        "Writes to customers who are lost: an offer, once.",
        (
            Tier(
                "Lost customers",
                _stage("churned"),
                "A fresh start, {{ first_name }}?",
                "We would love to see you again: 20 % off your first basket back. Show this message at the till.",
            ),
        ),
        _OFFER,
    ),
    "second-item": Playbook(
        "Offer a second item",
        "Writes to customers with small baskets: the second item for less.",
        (
            Tier(
                "Small baskets",
                _stage("new", "active", "slowing", "reactivated"),
                "Take a second one for less",
                "This week the second item in your basket is 20 % off. Show this message at the till.",
            ),
        ),
        _OFFER,
    ),
    "cross-sell": Playbook(
        "Show them more",
        "Writes to active customers who keep to what they know: something that goes with it.",
        (
            Tier(
                "Active, with few orders lately",
                _all(_stage("active", "slowing", "reactivated"), _orders("lte", 2, 30)),
                "Goes well with what you like",
                "New on the shelves, picked to go with your favourites. Come and try: the first one is 10 % off.",
            ),
        ),
        _OFFER,
    ),
    "refill": Playbook(
        "Remind them",
        "Writes to customers whose usual gap between purchases has passed.",
        (
            Tier(
                "Due by their own habit",
                _all({"kind": "habit", "of": "gap", "beyond_percentile": 80}, _not(_stage("churned"))),
                "Time to stock up, {{ first_name }}?",
                "Your usual things are on the shelf. We are open as always and look forward to seeing you.",
            ),
        ),
    ),
    "second-purchase": Playbook(
        "Invite them again",
        "Writes to customers who have bought once, before they forget you.",
        (
            Tier(
                "Bought once, in the last 60 days",
                _all(
                    _orders("eq", 1),
                    _last("within_days", 60),
                ),
                "Nice to have met you, {{ first_name }}",
                "Your second visit is worth something to us: 10 % off, two weeks long. Show this message at the till.",
            ),
        ),
        _OFFER,
    ),
    "first-purchase": Playbook(
        "Invite them in",
        "Writes to subscribers who have never bought: an offer for the first purchase.",
        (
            Tier(
                "Subscribers without a purchase",
                _all(_SUBSCRIBED, _orders("eq", 0)),
                "A welcome from us, {{ first_name }}",
                "Your first basket is 10 % off. Come by this week and show this message at the till.",
            ),
        ),
        _OFFER,
    ),
    "quiet-subscribers": Playbook(
        "Ask what they want",
        "Writes one honest message to subscribers who open nothing, before they switch messages off.",
        (
            Tier(
                "Gets messages, opens none",
                _all(_messages("received", "gte", 3, 30), _messages("opened", "eq", 0, 30)),
                "Are we writing too often?",
                "We would rather write less and better. Open this to stay in touch; choose in the app what you hear.",
            ),
        ),
    ),
    "thank-regulars": Playbook(
        "Thank your best",
        "Writes to active customers of long standing: a thank-you before everybody else hears of it.",
        (
            Tier(
                "Regulars with ten orders and more",
                _all(_stage("active"), _orders("gte", 10)),
                "Thank you, {{ first_name }}",
                "You are one of our regulars, so you come first: 15 % off one item of your choice, this week only.",
            ),
        ),
        _OFFER,
    ),
    "news": Playbook(
        "Tell them what is new",
        "Writes to active customers who have heard nothing from you for a month.",
        (
            Tier(
                "Active, no message for 30 days",
                _all(_stage("new", "active", "slowing", "reactivated"), _messages("received", "eq", 0, 30)),
                "New this week",
                "Fresh arrivals and the offers of the week are here. Have a look before the weekend.",
            ),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A segment and a campaign to make. `description`: why the segment is there."""

    segment_name: str
    description: str
    definition: Definition
    campaign_name: str
    title: str
    body: str


def plans(name: str, target: Target) -> list[Plan]:
    """What a playbook makes for a target, one plan a tier; KeyError for a name that is none."""
    book = PLAYBOOKS[name]
    place = f" · {target.group}" if target.group else ""
    return [
        Plan(
            segment_name=f"{tier.name}{place}",
            description=f"Made by the playbook “{book.button}”. {book.about}",
            definition=_definition(name, tier, target),
            campaign_name=f"{book.button}: {tier.name[:1].lower()}{tier.name[1:]}{place}",
            title=tier.title,
            body=tier.body,
        )
        for tier in book.tiers
    ]


def together(made: Sequence[Plan]) -> Definition:
    """Whom a playbook writes to, all tiers together."""
    found = [plan.definition for plan in made]
    return found[0] if len(found) == 1 else _any(*found)


def _definition(name: str, tier: Tier, target: Target) -> Definition:
    who = _as_store_sees(tier.who) if target.in_store else tier.who
    if name == "second-item" and target.currency is not None and target.order_minor is not None:
        who = _all(who, _small(target.order_minor, target.currency))
    if target.segment_id is not None:
        return _all(who, {"kind": "in_segment", "segment_id": str(target.segment_id)})
    if target.store_id is not None and not target.in_store:
        return _all(who, _orders("gte", 1) | {"store_id": str(target.store_id)})
    return who


def _small(order_minor: int, currency: str) -> Definition:
    """Baskets below the average order, in the currency that most orders have."""
    rest = {"op": "lt", "value": order_minor, "currency": currency, "window": {"days": 180}}
    return {"kind": "order", "measure": "average"} | rest


# A store may not look at what its customers buy elsewhere, so it judges by its own orders, in round days.
_IN_STORE: Mapping[str, Definition] = {
    "new": _all(_orders("lte", 1), _last("within_days", 60)),
    "active": _last("within_days", 60),
    "slowing": _all(_orders("gte", 4, 365), _last("not_within_days", 45), _last("within_days", 180)),
    "reactivated": _last("within_days", 60),
    "at_risk": _all(_orders("gte", 2), _last("not_within_days", 75), _last("within_days", 180)),
    "churned": _last("not_within_days", 180),
    "slight": _all(_orders("gte", 4, 365), _last("not_within_days", 30), _last("within_days", 45)),
    "marked": _all(_orders("gte", 4, 365), _last("not_within_days", 45), _last("within_days", 75)),
    "severe": _all(_orders("gte", 4, 365), _last("not_within_days", 75), _last("within_days", 180)),
    "gap": _all(_orders("gte", 3, 365), _last("not_within_days", 30)),
}


def _as_store_sees(who: Definition) -> Definition:
    """The same people as nearly as a store can tell."""
    kind, of = who["kind"], who.get("of")
    if kind in ("all", "any") and isinstance(of, list):
        return {"kind": kind, "of": [_as_store_sees(part) for part in of]}
    if kind == "not" and isinstance(of, dict):
        return _not(_as_store_sees(of))
    asked = {"metric": who.get("value"), "decline": who.get("degrees"), "habit": [of]}.get(str(kind))
    return _any(*(_IN_STORE[str(each)] for each in asked)) if isinstance(asked, list) else who
