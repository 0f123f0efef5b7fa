"""The erasure map: what each table of the database holds about a person, and what becomes of it. Pure.

Every table stands here, in the order in which an erasure visits them; a test reflects the schema and fails for one that
does not. `ERASE` deletes the person's rows, `STRIP` keeps the row without anything of the person (the ledger's
positions have no gaps), `NONE` says why a table holds nothing about shoppers. An export shows the rows of the same
tables, chosen by the same conditions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Way(StrEnum):
    """What an erasure does to a table."""

    ERASE = "erase"
    STRIP = "strip"
    NONE = "none"


class AskedBy(StrEnum):
    """On whose wish somebody is erased. `journal`: a restored or repeated copy of somebody who was erased before."""

    PERSON = "person"
    OPERATOR = "operator"
    SERVER = "server"
    JOURNAL = "journal"


class ErasureReason(StrEnum):
    """Why; a closed list, because free words would keep a name."""

    REQUEST = "request"
    MISTAKE = "mistake"
    INACTIVE = "inactive"
    AUTHORITY = "authority"
    CHILD = "child"
    TEST = "test"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish to erase somebody. `actor`: who, for the audit log."""

    by: AskedBy
    reason: ErasureReason
    actor: str


class Ids(StrEnum):
    """The sets of ids by which a person's rows are found."""

    DEVICES = "devices"  # of the person
    PEOPLE = "people"  # the person as messaging knows them: the profiles and each device
    PROFILE = "profile"  # the profile and those merged into it, empty while nobody is linked
    IDENTIFIERS = "identifiers"  # the ids of the person, empty while nobody is linked
    MESSAGES = "messages"  # messages to the person or to one of the devices
    OTHER_DEVICES = "other_devices"  # that got messages for the person while they were logged in there
    POSITIONS = "positions"  # of the ledger, where an event about the person stands


Match = Mapping[str, Ids]  # column or SQL expression → one of these ids; all of them hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What one table holds. A row is the person's when any of `rows` matches.

    `name` is what an export calls the rows, `what` says it to the person, `kept` for how long, unless retention.py says
    so. `hidden`: columns that are somebody else's, so not exported. `message` names the column of
    messages: rows of messages to another person who used the device are erased with it, but not shown. `strip`: what
    the columns are set to. `holds`: of a row that holds many things, the SELECT that shows those of the row `t`.
    `mentions`: columns of text that others wrote, in which the person's ids in words are looked for.
    """

    way: Way
    why: str = ""
    name: str = ""
    what: str = ""
    kept: str = "until you delete it"
    rows: tuple[Match, ...] = ()
    hidden: frozenset[str] = frozenset()
    message: str | None = None
    strip: Mapping[str, str] = field(default_factory=dict)
    holds: str = ""
    mentions: tuple[str, ...] = ()


def _erase(name: str, what: str, *rows: Match, **over: Any) -> Table:
    return Table(way=Way.ERASE, name=name, what=what, rows=rows, **over)


def _strip(name: str, what: str, *rows: Match, **over: Any) -> Table:
    return Table(way=Way.STRIP, name=name, what=what, rows=rows, **over)


def _none(why: str) -> Table:
    return Table(way=Way.NONE, why=why)


_BY_DEVICE: Match = {"device_id": Ids.DEVICES}
_BY_ID: Match = {"identifier_id": Ids.IDENTIFIERS}
_LEDGER_DEVICE = "payload ->> 'device_id'"
_LEDGER_MESSAGE = "payload ->> 'message_id'"
_FIRST_ID_IN_ERROR = "substring(error FROM '[0-9a-f]{8}-[0-9a-f-]{27}')"
_CONTENT = "what is on and what it said before, written by operators"
_PLACES = "places and their rules, made by operators"
_STAFF = "about operators and their keys, not about shoppers"
_GOODS = "what shops sell"
_LEARNT = "what at least ten people bought alike (pairs: five), learnt anew every day"
_SOLD = "what was sold: it hangs on an order, which knows its customer alone"
_CLAIMED_ID = (
    "(SELECT CAST(i.id AS text) FROM identifier i"
    " WHERE i.tenant_id = :tenant_id AND i.kind = claim_kind AND i.value = claim_value)"
)
_CART = (
    "SELECT t.store_id, t.status, t.changed_at, t.abandoned_at, l.name, l.quantity_milli, l.unit_price_minor,"
    " l.currency, l.added_at FROM cart_line l WHERE l.tenant_id = t.tenant_id AND l.cart_id = t.id"
    " ORDER BY l.added_at, l.item"
)
_CONVERSATION = (
    "SELECT t.store_id, t.channel, m.at, m.provider_id IS NOT NULL AS from_you, m.text FROM conversation_message m"
    " WHERE m.tenant_id = t.tenant_id AND m.conversation_id = t.id ORDER BY m.at, m.id"
)
_ORDER = (
    "SELECT t.source, t.external_id, t.ordered_at, t.status, t.store_id, t.channel, t.currency, t.total_minor,"
    " t.refunded_minor, t.coupons, (SELECT json_agg(json_build_object('name', l.name, 'quantity_milli',"
    " l.quantity_milli, 'total_minor', l.total_minor) ORDER BY l.n) FROM order_line l"
    " WHERE l.tenant_id = t.tenant_id AND l.order_id = t.id) AS lines"
)
_RECORD_IS_ID = (
    "(SELECT CAST(i.id AS text) FROM identifier i WHERE i.tenant_id = :tenant_id AND i.value = record LIMIT 1)"
)
_BOOKKEEPING = "counts and cursors of the whole tenant"
ERASED_EVENT = "erased"  # a type that no reaction and no reader asks for

# Messages wait in message_due, and the worker records what became of one only while its row is there: first of all.
ERASURE_MAP: dict[str, Table] = {
    "message_due": _erase(
        "waiting_messages", "Messages that wait to be sent to you.", {"message_id": Ids.MESSAGES}, message="message_id"
    ),
    "message": _erase(
        "messages",
        "Messages that were decided for you, sent or not, with the reason.",
        {"device_id": Ids.DEVICES},
        {"person_id": Ids.PEOPLE},
        message="id",
    ),
    "receipt": _erase(
        "receipts",
        "What your app told about messages: received, opened, dismissed.",
        _BY_DEVICE,
        {"device_id": Ids.OTHER_DEVICES, "message_id": Ids.MESSAGES},
        message="message_id",
    ),
    "send_key": _erase(
        "decided_once",
        "Which campaigns have decided about you already, so that none repeats itself.",
        {"person_id": Ids.PEOPLE},
    ),
    "experiment_person": _erase(
        "experiments",
        "That a campaign was for you, when, and whether you got it or were held back to compare.",
        {"person_id": Ids.PEOPLE},
    ),
    "experiment": _none("how a campaign is measured, made by operators"),
    "message_cost": _none("prices of providers, made by operators"),
    "store_limit": _none("what stores may spend on messages"),
    "store_spend": _none("counts of messages by store, month and channel"),
    "recipe_launch": _none("recipes of campaigns that operators switched on"),
    "recipe_master": _none("recipes that operators keep for many stores"),
    "recipe_master_version": _none("what such a recipe says, version by version"),
    "recipe_follower": _none("which stores take such a recipe, and their own values"),
    "person_budget": _erase(
        "attention_budget", "When you were sent something, for the daily limit.", {"person_id": Ids.PEOPLE}
    ),
    "ping_run": _erase(
        "positions",
        "Where your phone was.",
        _BY_DEVICE,
        holds=(
            "SELECT p.device_id, p.event_at, p.at, p.received_at, p.lon, p.lat, p.accuracy_m, p.level, p.speed_mps,"
            " p.source, p.trust, p.late, p.said_zone_id, p.said_left, p.verdict FROM ping p"
            " WHERE p.tenant_id = t.tenant_id AND p.device_id = t.device_id"
            " AND p.run_from = t.event_at AND p.run_at = t.at ORDER BY p.event_at"
        ),
    ),
    "ping_rejection": _erase(
        "refused_positions",
        "Positions that were refused, without their coordinates.",
        _BY_DEVICE,
        kept="60 days",
    ),
    "device_state": _erase("last_position", "The last position, and the zones that it lies in.", _BY_DEVICE),
    "checkpoint": _erase("past_positions", "Your position and zones at some moments.", _BY_DEVICE),
    "timer": _erase("timers", "When a stay in a zone will have lasted long enough.", _BY_DEVICE, kept="minutes"),
    "zone_occupant": _erase("inside_now", "The zones in which you are now.", _BY_DEVICE, kept="while you are there"),
    "told_regions": _erase(
        "regions", "What a phone app was told to watch, and around which place.", _BY_DEVICE, kept="until the next"
    ),
    "visit": _erase("visits", "When you came to a zone and left it.", _BY_DEVICE),
    "zone_event": _erase("zone_events", "Entering, staying in and leaving zones.", _BY_DEVICE, kept="90 days"),
    "consent_entry": _erase("consents", "What you agreed to or refused, when and to which text.", _BY_DEVICE),
    "idempotency_key": _erase(
        "registrations",
        "That a registration was sent, so that it is not done twice.",
        {"resource_id": Ids.DEVICES},
        kept="1 day",
    ),
    "reaction_failure": _strip(
        "failures",
        "Events about you that could not be worked on.",
        {"position": Ids.POSITIONS},
        {_FIRST_ID_IN_ERROR: Ids.PEOPLE},  # the ledger's row may be gone by now
        strip={"error": "'erased'"},
    ),
    "audit_entry": _strip(
        "looked_up",
        "When somebody looked at you or changed something about you, and the reason they gave.",
        {"subject": Ids.PEOPLE},
        hidden=frozenset({"actor"}),  # the operator is a person too (CJEU C-579/21)
        strip={"subject": "NULL", "reason": "NULL"},
    ),
    "ledger": _strip(
        "events",
        "The record of events from which messages are decided.",
        {_LEDGER_DEVICE: Ids.DEVICES},
        {_LEDGER_DEVICE: Ids.OTHER_DEVICES, _LEDGER_MESSAGE: Ids.MESSAGES},
        {"payload ->> 'profile_id'": Ids.PROFILE},
        {"payload ->> 'identifier_id'": Ids.IDENTIFIERS},
        message=_LEDGER_MESSAGE,
        kept="30 days; up to 37 while another system of the programme has yet to be told",
        strip={"type": f"'{ERASED_EVENT}'", "payload": "'{}'"},
    ),
    "webhook_delivery": _strip(
        "deliveries",
        "That another system of the programme was told of an event about you, and what it answered.",
        {"position": Ids.POSITIONS},
        kept="7 days",
        strip={"tries": "'[]'"},
    ),
    "data_import_error": _erase(
        "import_errors",
        "Lines about you in files of the programme that could not be read.",
        {_RECORD_IS_ID: Ids.IDENTIFIERS},  # also a number too short to be looked for in words
        mentions=("value", "record"),
        kept="30 days",
    ),
    "preference_link": _erase("preference_links", "Links to your preference page.", _BY_ID),
    "contact_proof": _erase("address_proofs", "That a code was sent to prove an address of yours.", _BY_ID),
    "contact_point": _erase("addresses", "Whether your addresses reach you.", _BY_ID),
    "phone_inbound": _erase(
        "written",
        "When you last wrote to us by WhatsApp, SMS or Viber, not what; when Viber last took no more until you do.",
        _BY_ID,
    ),
    "conversation": _erase(
        "conversations",
        "What you wrote to us by WhatsApp, SMS, Viber or e-mail, and what was answered.",
        _BY_ID,
        hidden=frozenset({"assigned_to"}),
        holds=_CONVERSATION,
    ),
    "consent_hold": _erase("pauses", "That you paused or stopped all offers.", _BY_ID),
    "consent": _erase("choices", "What you want to receive, by which way and from whom.", _BY_ID),
    "consent_history": _erase("choice_history", "What you chose before, when and to which text.", _BY_ID),
    "cart": _erase(
        "carts", "What you have put aside to buy.", _BY_ID, _BY_DEVICE, holds=_CART, kept="until you order or delete it"
    ),
    "order_claim": _erase(
        "guest_orders",
        "Ids that you left with an order as a guest.",
        {_CLAIMED_ID: Ids.IDENTIFIERS},
        kept="until it is known that the order is yours",
    ),
    "shop_order": _strip(
        "orders",
        "What you have bought and brought back. A shop must keep its sales; deleting takes you out of them for good.",
        _BY_ID,
        kept="without you: for good",
        holds=_ORDER,
        strip={"identifier_id": "NULL", "customer_at": "NULL", "customer_erased": "true", "coupons": "'{}'"},
    ),
    "coupon": _strip(
        "coupons",
        "Codes that you were given, what they promise, and whether they were used.",
        {"profile_id": Ids.PROFILE},
        kept="without you: while it can be used, and with the sale that used it",
        strip={"profile_id": "NULL", "message_id": "NULL"},
    ),
    "redemption": _strip(
        "used_offers",
        "Offers that you have used, and what they took off.",
        {"profile_id": Ids.PROFILE},
        kept="without you: with the sale",
        strip={"profile_id": "NULL"},
    ),
    "win_back_place": _erase(
        "win_back",
        "When a campaign last began to win you back, and which, so that none begins again within six months.",
        {"profile_id": Ids.PROFILE},
    ),
    "device": _erase("devices", "Your phones: push address, language, time zone, consents.", {"id": Ids.DEVICES}),
    "note": _erase(
        "notes",
        "What somebody of the programme wrote about you.",
        _BY_ID,
        hidden=frozenset({"author_id", "author"}),  # the author is a person too
    ),
    "person_access": _erase(
        "opened",
        "When somebody of the programme looked at what is known of you, and the reason they gave.",
        _BY_ID,
        kept="30 days",
        hidden=frozenset({"actor_id"}),
    ),
    "event": _erase(
        "web_and_app_events",
        "What you did on the programme's sites and in its apps, as they told it.",
        _BY_ID,
        kept="13 months after they came, unless the programme chose another time",
    ),
    "trait": _erase("statements", "What was said about you, by whom and when.", _BY_ID),
    "store_profile": _erase("known_to_stores", "Which stores may know you, and why.", _BY_ID),
    "people_list_member": _erase(
        "lists", "Lists that you were put on.", _BY_ID, kept="until somebody takes you off, or the list is deleted"
    ),
    "segment_member": _erase(
        "segments",
        "Groups of customers that you belong to, and since when.",
        {"profile_id": Ids.PROFILE},
        kept="while you belong to it",
    ),
    "segment_due": _erase(
        "segment_times",
        "When you may come to belong to a group of customers, or to belong to it no more, by time alone.",
        {"profile_id": Ids.PROFILE},
        kept="until then",
    ),
    "segment_change": _erase(
        "segment_history",
        "When you came to belong to a group of customers or belonged to it no more, and why.",
        {"profile_id": Ids.PROFILE},
    ),
    "identity_edge": _erase(
        "joined_ids",
        "Why two of your ids are taken for one person, or for two.",
        {"a_id": Ids.IDENTIFIERS},
        {"b_id": Ids.IDENTIFIERS},
    ),
    "identifier": _erase("ids", "The ids under which you are known.", {"id": Ids.IDENTIFIERS}),
    "campaign_start": _erase(
        "waiting_campaigns",
        "Campaigns that wait for a good time to write to you, because you entered or left a group of customers.",
        {"profile_id": Ids.PROFILE},
        kept="a day at most",
    ),
    "journey_entry": _erase(
        "journeys",
        "Campaigns of several steps that you are or were in, how far you came and what was written to you.",
        {"profile_id": Ids.PROFILE},
        kept="13 months after you left them, unless the programme chose another time",
    ),
    "campaign_run": _none("on which days a campaign of the calendar has begun"),
    "customer_value": _erase(
        "value",
        "What you are expected to buy, worked out from your purchases.",
        {"profile_id": Ids.PROFILE},
        kept="until your next purchase or the next day, when it is worked out anew",
    ),
    "value_model": _none("figures of a model of all customers"),
    "metric_day": _none("how many people could be reached on a day, and what was expected of all customers together"),
    "customer_habit": _erase(
        "habits",
        "How often you usually buy, and whether that has changed.",
        {"profile_id": Ids.PROFILE},
        kept="until you delete it; worked out anew from your orders",
    ),
    "customer_summary": _erase(
        "purchases_in_sum",
        "How often and for how much you have bought.",
        {"profile_id": Ids.PROFILE},
        kept="until you delete it; worked out anew from your orders",
    ),
    "profile": _erase("profile", "What is known about you by name.", {"id": Ids.PROFILE}),
    # --- nothing about shoppers
    "alert": _none("that a metric of the tenant was off its course, rounded"),
    "alembic_version": _none("which migration the database is at"),
    "app": _none("apps of the tenant"),
    "app_brand": _none("how the e-mails of apps look"),
    "cart_line": _none("what lies in a cart, erased with it"),
    "channel_policy": _none("in which order a tenant tries the channels"),
    "canned_answer": _none("texts to answer with, written by operators"),
    "buzz": _none("that operators' phones are told of replies to a store, without whose"),
    "campaign": _none("what is sent to whom, written by operators"),
    "computed_mark": _none("until when traits are worked out"),
    "conversation_message": _none("what was written in a conversation, erased with it"),
    "console_session": _none(_STAFF),
    "content_feed": _none("public addresses of what is on, made by operators"),
    "content_item": _none(_CONTENT),
    "content_revision": _none(_CONTENT),
    "connection": _none("shop systems that are listened to, with their secrets"),
    "connection_delivery": _none(
        "that a shop delivered something; what it was goes when it is worked on, within seconds"
    ),
    "credential": _none(_STAFF),
    "data_import": _none("files of customers, orders and products that were read in, and how far"),
    "phone_sender": _none("accounts of WhatsApp, SMS and Viber, with their secrets"),
    "whatsapp_template": _none("message templates, written by operators"),
    "email_sender": _none("mail servers of apps, with their passwords"),
    "erasure_journal": _none("keyed hashes by which an erased person is known again in a backup; docs/privacy.md"),
    "erasure_receipt": _none("that somebody was erased, without who"),
    "event_rejection": _none("that an event was refused and why, without its person and content"),
    "event_seen": _none("names of events of the last seven days, made up by their senders"),
    "evidence_point": _none(_PLACES),
    "firebase_sender": _none("credentials of apps' push senders"),
    "day_part": _none("which times of the day are good ones, written by operators"),
    "hour_prior": _none("how the actions of ten people or more fall on the hours of a week"),
    "gate": _none("which campaigns, zones and tenants may send"),
    "identity_policy": _none("how the tenant reads ids: its country, values that are nobody's, limits"),
    "import_alert": _none("files that did not come, or were odd"),
    "import_mapping": _none("which column of a file means what"),
    "ledger_head": _none(_BOOKKEEPING),
    "level": _none(_PLACES),
    "link_host": _none("where short links may lead to, by operators"),
    "link_opened": _none("how often a short link was opened on a day; a number, by nobody"),
    "level_plan": _none(_PLACES),
    "mall": _none(_PLACES),
    "margin": _none("what part of prices is left to the shop"),
    "message_total": _none("how many messages had which outcome on a day"),
    "metric_watch": _none(_BOOKKEEPING),
    "offer": _none("offers, written by operators"),
    "offer_budget": _none("what may be spent on an offer, and what was"),
    "operator": _none(_STAFF),
    "operator_phone": _none(_STAFF),
    "order_line": _none(_SOLD),
    "owner": _none("companies that own stores"),
    "place_total": _none("how many visits a zone had on a day, from ten people"),
    "retention_run": _none(_BOOKKEEPING),
    "retention_setting": _none("for how long the tenant keeps what"),
    "popular_product": _none(_LEARNT),
    "product": _none(_GOODS),
    "product_pattern": _none(_LEARNT),
    "product_variant": _none(_GOODS),
    "reaction_cursor": _none(_BOOKKEEPING),
    "recommendation_model": _none(_LEARNT),
    "recommendation_schedule": _none("when recommendations are learnt anew"),
    "refund": _none(_SOLD),
    "refund_line": _none(_SOLD),
    "scanner": _none("networks of access points"),
    "people_list": _none("lists of customers, without who is on them"),
    "segment": _none("groups of customers as operators define them, without their members"),
    "segment_size": _none("how many people a group of customers had"),
    "segment_sweep": _none(_BOOKKEEPING),
    "sender_pace": _none("how fast each push service may be asked"),
    "simulation": _none("the made-up people of a demo, under the map's names of the day"),
    "spatial_ref_sys": _none("PostGIS's own list of coordinate systems"),
    "short_link": _none("short addresses of what is on, made by operators"),
    "shop_rhythm": _none("how the tenant's people buy on the whole, and by which thresholds they are judged"),
    "stock": _none(_GOODS),
    "store": _none(_PLACES),
    "tenant": _none("the company that runs the programme"),
    "unit": _none(_PLACES),
    "venue_epoch": _none(_BOOKKEEPING),
    "venue_feature": _none(_PLACES),
    "webhook": _none("addresses of the programme's other systems, made by operators"),
    "zone": _none(_PLACES),
    "zone_change": _none("zones that are about to change, and how far the work on it has come"),
    "zone_version": _none(_PLACES),
}


def about_people() -> dict[str, Table]:
    """The tables that hold something about a person, in the order of an erasure."""
    return {name: table for name, table in ERASURE_MAP.items() if table.way is not Way.NONE}
