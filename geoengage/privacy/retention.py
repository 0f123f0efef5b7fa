"""For how long each kind of data is kept: the usual time, what a tenant may choose, which tables it concerns. Pure.

Rows go by their own time. Where totals are worth keeping they are written in the transaction that deletes the rows;
nothing is rewritten in place. A table that others add is named here in one line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from geoengage.kit import errors

MONTHS_13 = 396
PEOPLE = 10  # k of DESIGN 7.2: fewer people make no total


@dataclass(frozen=True, slots=True)
class Aged:
    """A table whose rows grow old by `column`: a time, or a UUIDv7 `id`. `total`: what is kept of them, in SQL.

    `only`: a further condition; what does not meet it is kept.
    """

    name: str
    column: str
    total: str = ""
    only: str = "true"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data. Days: usual, fewest, most. `left`: what remains afterwards, in words."""

    what: str
    usual: int
    least: int
    most: int
    tables: tuple[Aged, ...]
    left: str = "nothing"


# `local` is the tenant's own day. Fewer than ten people on a day leave no total of it.
_PLACES = """
INSERT INTO place_total (tenant_id, zone_id, kind, starts_on, events, people, dwell_s)
SELECT tenant_id, zone_id, {kind}, ({moment} AT TIME ZONE :zone)::date, count(*), count(DISTINCT device_id),
  coalesce(sum({dwell}), 0)
FROM {table} WHERE tenant_id = :tenant_id AND {column} >= :since AND {column} < :until
GROUP BY 1, 2, 3, 4 HAVING count(DISTINCT device_id) >= 10
ON CONFLICT (tenant_id, zone_id, kind, starts_on) DO UPDATE SET events = place_total.events + excluded.events,
  people = place_total.people + excluded.people, dwell_s = place_total.dwell_s + excluded.dwell_s
"""
_VISITS = _PLACES.format(
    table="visit",
    kind="'visit'",
    moment="entered_at",
    column="id",
    dwell="extract(epoch FROM exited_at - entered_at)::bigint",
)
_ZONE_EVENTS = _PLACES.format(table="zone_event", kind="kind", moment="at", column="at", dwell="0")
_MESSAGES = """
INSERT INTO message_total (tenant_id, campaign_id, starts_on, status, messages)
SELECT tenant_id, coalesce(campaign_id, '00000000-0000-0000-0000-000000000000'),
  (created_at AT TIME ZONE :zone)::date, status, count(*)
FROM message WHERE tenant_id = :tenant_id AND id >= :since AND id < :until GROUP BY 1, 2, 3, 4
ON CONFLICT (tenant_id, campaign_id, starts_on, status) DO UPDATE SET
  messages = message_total.messages + excluded.messages
"""

KINDS: Mapping[str, Kind] = {
    "positions": Kind(
        "where phones were",
        7,
        1,
        60,
        (
            Aged("ping_run", "last_at", only="event_at < :until"),  # a run is as old as its last position
            Aged("ping_rejection", "received_at"),
            Aged("checkpoint", "at"),
        ),
    ),
    "zone_events": Kind(
        "entering, staying in and leaving zones",
        90,
        7,
        MONTHS_13,
        (Aged("zone_event", "at", _ZONE_EVENTS),),
        "how many a zone had on a day, from ten people",
    ),
    "visits": Kind(
        "when people came to a zone and left it",
        MONTHS_13,
        30,
        1_100,
        (Aged("visit", "id", _VISITS),),
        "how many a zone had on a day, from ten people",
    ),
    "messages": Kind(
        "messages with their text, and what apps told about them",
        MONTHS_13,
        30,
        1_100,
        (
            Aged("receipt", "id"),
            Aged("message", "id", _MESSAGES, "id NOT IN (SELECT message_id FROM message_due d"
                 " WHERE d.tenant_id = message.tenant_id)"),
            Aged("send_key", "created_at"),
            Aged("journey_entry", "ended_at"),
            Aged("coupon", "released_at", only="status = 'released' AND NOT EXISTS (SELECT FROM redemption r"
                 " WHERE r.tenant_id = coupon.tenant_id AND r.coupon_id = coupon.id)"),
            Aged("experiment_person", "decided_at"),
        ),
        "how many of a campaign had which outcome on a day",
    ),
    "replies": Kind(
        "what people wrote to stores, and the answers",
        180,
        1,
        1_100,
        (Aged("conversation_message", "at"), Aged("conversation", "last_at")),
    ),
    "events": Kind(
        "what people did on sites and in apps, as those told it", MONTHS_13, 7, 1_100, (Aged("event", "id"),)
    ),
    "guests": Kind(
        "the address or card that a guest left with an order",
        MONTHS_13,
        30,
        1_100,
        (Aged("order_claim", "claimed_at"),),
        "the order, without it",
    ),
    "segments": Kind(
        "who came into a segment and left it, and how large segments were",
        MONTHS_13,
        30,
        1_100,
        (Aged("segment_change", "id"), Aged("segment_size", "at")),
    ),
    "audit": Kind(
        "who looked at whom and changed what", MONTHS_13, 30, 3_660, (Aged("audit_entry", "id"),)
    ),
    "links": Kind(
        "links to the preference page and codes that have ended",
        30,
        1,
        400,
        (Aged("preference_link", "expires_at"), Aged("contact_proof", "expires_at")),
    ),
    "erasures": Kind(
        "receipts of erasures, and the keyed hashes that know an erased person again in a backup",
        1_100,
        30,
        3_660,
        (Aged("erasure_receipt", "at"), Aged("erasure_journal", "at")),
    ),
    "metric_days": Kind(
        "how many people could be reached on a day, what was expected of customers on average",
        1_100,
        30,
        3_660,
        (Aged("metric_day", "kept_at"),),
    ),
    "retention_log": Kind("what was deleted each night", MONTHS_13, 30, 3_660, (Aged("retention_run", "at"),)),
}  # fmt: skip

# What is deleted by somebody else's rule, for the page and the record; the times are the installation's.
ELSEWHERE: Mapping[str, str] = {
    "ledger": "30 days; up to 37 while another system has yet to be told",
    "webhook_delivery": "7 days",
    "event_seen": "7 days",
    "event_rejection": "7 days",
    "connection_delivery": "30 days; what it said, until it was worked on",
    "data_import_error": "30 days after the import",
    "idempotency_key": "1 day",
    "timer": "minutes",
    "segment_due": "until then",
    "segment_member": "while somebody belongs to it",
    "zone_occupant": "while somebody is inside",
    "person_budget": "31 days of sendings",
}


def check_days(kind: str, days: int) -> None:
    """Raise ItemErrors for a time that no tenant may choose."""
    allowed = KINDS[kind]
    if not allowed.least <= days <= allowed.most:
        raise errors.field(f"days/{kind}", f"choose {allowed.least} to {allowed.most} days")


def days_of(chosen: Mapping[str, int]) -> dict[str, int]:
    """For how many days a tenant keeps each kind: what it chose, else the usual."""
    return {kind: chosen.get(kind, entry.usual) for kind, entry in KINDS.items()}


def kept_for(table: str, otherwise: str, days: Mapping[str, int]) -> str:
    """For how long a tenant keeps the rows of a table, in words; `otherwise` for what no kind names."""
    kind = next((kind for kind, entry in KINDS.items() if table in (aged.name for aged in entry.tables)), None)
    return f"{days[kind]} days" if kind else ELSEWHERE.get(table, otherwise)


def before(days: int, now: datetime) -> datetime:
    """What is older goes."""
    return now - timedelta(days=days)
