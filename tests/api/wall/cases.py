"""The table of the wall: for each endpoint of the OpenAPI, a request that names one side's things, and who may make it.

A new endpoint needs a line here. `Case.body` and `Case.queries` are made of the side whose things are asked for, so the
same line serves its owner (who must succeed) and everybody else (who must not).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from tests.api.wall.world import CODE, LAT, LON, Side, products_of, service_account, whatsapp
from tests.pictures import picture
from tests.providers.webpush_server import b64url

THEN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


class For(StrEnum):
    """Whose endpoint it is."""

    PUBLIC = "everybody"
    APP = "publishable keys"
    DEVICE = "device tokens"
    TENANT = "secret keys and operators"
    CONSOLE = "operators"
    PINGS = "device tokens and secret keys"
    NEWS = "every credential: apps read what is published"


Make = Callable[[Side], Any]
NO_QUERY: tuple[Make, ...] = (lambda _: {},)


@dataclass(frozen=True)
class Case:
    """One endpoint. `shared`: shops may use it too. `refused_to_shops`: the status of their refusal. `demo_only`:
    403 in a tenant that is no demo, as these are. `ids`: where a name in the path means another of the side's ids.

    A body of bytes is sent as it is, anything else as JSON.
    """

    method: str
    path: str
    who: For = For.TENANT
    body: Make | None = None
    queries: tuple[Make, ...] = NO_QUERY
    headers: dict[str, str] = field(default_factory=dict)
    shared: bool = False
    refused_to_shops: int = 404
    demo_only: bool = False
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def names_ids(self) -> bool:
        """Whether the path names a thing of a tenant."""
        return "{" in self.path.replace("{template_name}", "").replace("{playbook}", "").replace("{recipe}", "")

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.path

    def url(self, side: Side) -> str:
        """The path with that side's ids."""
        names = {f"{kind}_id": id_ for kind, id_ in side.ids.items()}
        names |= {f"{kind}_id": side.ids[other] for kind, other in self.ids.items()}
        code = side.code if "/check-in/" in self.path else "not-found"
        code = side.coupon if "/coupons/" in self.path else code
        words = {"token": "forged", "write_key": "forged", "channel": "sms", "picture": "holdout", "name": "revenue"}
        words |= {"template_name": "new", "playbook": "win-back", "recipe": "win-back"}
        return self.path.format(**names, **words, code=code, version=1)


def crud(
    path: str,
    name: str,
    body: Make,
    patch: Make | None,
    *,
    shared: bool = False,
    queries: tuple[Make, ...] = NO_QUERY,
) -> list[Case]:
    """The five usual endpoints of a kind of thing."""
    one = f"{path}/{{{name}_id}}"
    changes = [] if patch is None else [Case("PATCH", one, body=patch)]
    return [
        Case("GET", path, shared=shared, queries=queries),
        Case("POST", path, body=body),
        Case("GET", one, shared=shared),
        *changes,
        Case("DELETE", one),
    ]


OF_A_STORE: tuple[Make, ...] = (lambda s: {"store_id": s["store"]},)
CALLS = ("identify", "track", "page", "screen", "group", "alias", "batch")
TRACKING = [f"/v1/{name}" for call in CALLS for name in (call, call[0])] + ["/v1/m"]
TALLY = {"right": 1, "wrong": 0, "again": 0, "missed": 0}
COMPARISON = {
    "revision": 0, "since": THEN.isoformat(), "positions": 1, "shoppers": 1, "visits": 1, "plain": TALLY, "ours": TALLY,
}  # fmt: skip


def subscription() -> str:
    """A browser's, new each time: a phone is one operator's."""
    keys = {"p256dh": b64url(b"\4" + bytes(64)), "auth": b64url(bytes(16))}
    return json.dumps({"endpoint": f"https://fcm.googleapis.com/fcm/send/{uuid4().hex}", "keys": keys})


def square(properties: dict[str, Any]) -> dict[str, Any]:
    """A Feature inside the mall."""
    ring = [[8.5, 47.4], [8.501, 47.4], [8.501, 47.401], [8.5, 47.401], [8.5, 47.4]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


STORE_ROWS = {"stores": [{"external_id": "n-1", "name": "New", "lon": LON, "lat": LAT, "owner": {}, "app": {}}]}


def named(properties: dict[str, Any]) -> Make:
    """A patch of a Feature's properties."""
    return lambda _: {"properties": properties}


def campaign(side: Side) -> dict[str, Any]:
    """A campaign of the side's store at its zone."""
    trigger = {"kind": "entered", "zone_ids": [side["zone"]]}
    return {"name": "New", "store_id": side["store"], "trigger": trigger, "title": "t", "body": "b"}


def content(side: Side) -> dict[str, Any]:
    """A promotion of the side's store at its zone."""
    return {"kind": "promotion", "texts": {"en": {"title": "t"}}, "store_id": side["store"], "zone_id": side["zone"]}


def zone(side: Side) -> dict[str, Any]:
    """A zone of the side's store in its mall."""
    return square({"name": "New", "mall_id": side["mall"], "levels": [0], "store_id": side["store"]})


def evidence_point(side: Side) -> dict[str, Any]:
    """A beacon in the side's store."""
    place = {"mall_id": side["mall"], "level": 0, "store_id": side["store"]}
    beacon = {"kind": "beacon", "uuid": "f7826da6-4fa2-4e98-8024-bc5b71e0893e", "major": 1, "minor": 2}
    return square({"name": "New"} | place | beacon) | {"geometry": {"type": "Point", "coordinates": [LON, LAT]}}


def pings(side: Side) -> dict[str, Any]:
    """A position of the side's device, as a secret key would send it; a device token speaks for itself anyway."""
    at = THEN.isoformat()
    return {"pings": [{"device_id": side["device"], "at": at, "lon": LON, "lat": LAT, "accuracy_m": 5}]}


LATER = "2100-01-01T00:00:00Z"


def offer(side: Side) -> dict[str, Any]:
    """An offer of the side's store."""
    benefit = {"kind": "percent", "percent": 10}
    return {"name": "New", "store_id": side["store"], "currency": "CHF", "benefit": benefit, "funded_by": "store"}


def use_of_code(side: Side) -> dict[str, Any]:
    """A receipt of the side's store that uses a code."""
    return {"order_id": "1", "store_id": side["store"], "currency": "CHF", "discount_minor": 1}


def connection(side: Side) -> dict[str, Any]:
    """A shop of the side's store."""
    return {"name": "New", "shop": "new.myshopify.com", "secret": "shpss_0123456789", "store_id": side["store"]}


def scanner(side: Side) -> dict[str, Any]:
    """A scanning network in the side's mall."""
    plan = {"floor_plan_id": "g_1", "mall_id": side["mall"], "level": 0}
    return {"name": "New", "validator": "0123456789ab", "secret": "long enough, I hope", "floor_plans": [plan]}


def key(side: Side) -> dict[str, Any]:
    """A secret key for the side's store."""
    return {"kind": "sk", "name": "New", "scopes": ["read"], "store_ids": [side["store"]]}


def webhook(side: Side) -> dict[str, Any]:
    """An endpoint that hears of the side's store."""
    return {"name": "New", "url": "https://hooks.example.com/in", "store_ids": [side["store"]]}


def operator(side: Side) -> dict[str, Any]:
    """Somebody at the console for the side's owner of stores."""
    words = {"email": "new@example.com", "name": "New", "role": "shop", "password": "long enough"}
    return words | {"owner_id": side["owner"]}


def draft(side: Side) -> dict[str, Any]:
    """The side's zone, drawn anew."""
    return zone(side) | {"zone_id": side["zone"]}


def lint(side: Side) -> dict[str, Any]:
    """The same as lint takes it."""
    return {name: draft(side)[name] for name in ("geometry", "properties", "zone_id")}


def preview(side: Side) -> dict[str, Any]:
    """The same as a preview takes it."""
    return {"feature": zone(side), "zone_id": side["zone"], "days": 1}


def ghost(side: Side) -> dict[str, Any]:
    """A made-up visitor in the side's zone, drawn anew."""
    fix = {"at": THEN.isoformat(), "lon": LON, "lat": LAT, "accuracy_m": 5, "level": 0}
    return {"mall_id": side["mall"], "draft": draft(side), "fixes": [fix]}


def product(side: Side, **over: Any) -> dict[str, Any]:
    """A product of the side's store."""
    variants = [{"price_minor": 500, "currency": "CHF"}]
    return {"external_id": "new", "name": "New", "store_id": side["store"], "variants": variants} | over


def order(side: Side) -> dict[str, Any]:
    """An order at the side's store, of its person."""
    lines = [{"product_id": f"{side.mark}-product", "quantity": 1, "unit_price_minor": 500}]
    who = {"external_id": f"{side.mark}-person"}
    words = {"external_id": "new", "ordered_at": THEN.isoformat(), "currency": "CHF", "lines": lines}
    return words | {"store_id": side["store"], "customer": who}


def tapped(s: Side) -> dict[str, Any]:
    """The first two taps of an offer at the side's store."""
    return {"store_id": s["store"], "product_id": s["product"], "discount_percent": 10}


def sale(side: Side) -> dict[str, Any]:
    """A sale at the till of the side's store."""
    lines = order(side)["lines"]
    words = {"sale_id": "new", "sold_at": THEN.isoformat(), "currency": "CHF", "lines": lines}
    return words | {"store_id": side["store"], "member": {"member_code": f"{side.mark}-person"}}


def cart(side: Side, **over: Any) -> dict[str, Any]:
    """The person's cart at the side's store."""
    return {"store_id": side["store"], "customer": {"external_id": f"{side.mark}-person"}} | over


def segment(side: Side) -> dict[str, Any]:
    """Whoever is in the zone of the side's store, as that store's segment."""
    inside = {"kind": "visit", "measure": "now", "zone_id": side["zone"]}
    return {"store_id": side["store"], "definition": inside}


def on_list(side: Side) -> dict[str, Any]:
    """The side's person, to put on a list."""
    return {"add": [{"kind": "external_id", "value": f"{side.mark}-person"}]}


SEGMENT, LIST = "/v1/segments/{segment_id}", "/v1/lists/{list_id}"
THINGS = {"lines": [{"sku": "new", "quantity": 1}]}
PLACE_FILTERS: tuple[Make, ...] = (
    *NO_QUERY,
    lambda s: {"mall_id": s["mall"], "level": 0},
    lambda _: {"bbox": "8,47,9,48"},
)
POINT_FILTERS: tuple[Make, ...] = (
    *NO_QUERY,
    lambda s: {"mall_id": s["mall"], "level": 0, "kind": "check_in"},
    lambda s: {"zone_id": s["zone"]},
)
PERSON_FILTERS: tuple[Make, ...] = (*NO_QUERY, lambda s: {"zone_id": s["zone"]}, lambda s: {"device_id": s["device"]})
CONSENTS = {"location": "granted", "text_version": "2", "source": "settings"}

PERSON = "/v1/profiles/{profile_id}"
ADDRESS = PERSON + "/addresses/{identifier_id}/{channel}"


def decisions(side: Side, **over: Any) -> dict[str, Any]:
    """What the side's person decides about its store."""
    wish = {"channel": "sms", "purpose": "marketing", "state": "subscribed", "store_id": side["store"]} | over
    return {"decisions": [wish], "text_version": "2", "source": "till"}


SOMEBODY: tuple[Make, ...] = (
    *(lambda s, word=word: {"q": f"{s.mark}-{word}"} for word in ("Mia", "person", "card")),
    lambda s: {"q": s["profile"]},
)
# A time line by kinds, by store, and from the middle on (`AQ…`: some moment of 2286).
TIMELINES: tuple[Make, ...] = (
    *NO_QUERY,
    lambda _: {"reason": "asked", "kinds": "visit,message,note"},
    lambda s: {"store_id": s["store"]},
    lambda _: {"cursor": "ACNtgeJQYAD_____________________"},
)
THEN_S = round(THEN.timestamp())
FIREBASE = "/v1/apps/{app_id}/firebase"
MAIL = "/v1/apps/{app_id}/email"
PHONE = "/v1/senders/{sender_id}"
TEMPLATE = {"name": "news", "language": "en", "category": "marketing", "body": "{{1}}: {{2}}"}
PHONES = [
    Case("PUT", "/v1/senders/whatsapp", body=whatsapp),
    Case("PUT", "/v1/senders/sms", body=lambda s: {"store_id": s["store"], "account_sid": "AC" + "0" * 32,
                                                    "auth_token": "a" * 32, "sender": "SHOP"}),
    Case("PUT", "/v1/senders/viber", body=lambda s: {"store_id": s["store"], "base": "x1", "sender": s.mark,
                                                      "api_key": "a" * 32}),
    Case("GET", "/v1/senders"),
    Case("GET", PHONE),
    Case("POST", f"{PHONE}/check"),
    Case("GET", f"{PHONE}/templates"),
    Case("POST", f"{PHONE}/templates", body=lambda _: TEMPLATE),
    Case("POST", f"{PHONE}/templates/sync"),
    Case("DELETE", PHONE),
    Case("GET", "/v1/hooks/whatsapp/{sender_id}", For.PUBLIC),
    Case("POST", "/v1/hooks/whatsapp/{sender_id}", For.PUBLIC, lambda _: {}),
    Case("POST", "/v1/hooks/sms/{sender_id}", For.PUBLIC, lambda _: b"MessageStatus=sent"),
    Case("POST", "/v1/hooks/viber/{sender_id}/{token}", For.PUBLIC, lambda _: {}),
    Case("POST", "/v1/hooks/email/{app_id}", For.PUBLIC, lambda _: b"Subject: Re: news\r\n\r\nHello"),
]  # fmt: skip
REPLIES = [
    Case("GET", "/v1/conversations"),
    Case("GET", "/v1/conversations/unread"),
    Case("GET", "/v1/conversations/{conversation_id}"),
    Case("POST", "/v1/conversations/{conversation_id}/answers", body=lambda s: {"text": f"{s.mark}-answer"}),
    Case("PATCH", "/v1/conversations/{conversation_id}", body=lambda _: {"read": True}),
    Case("GET", "/v1/canned-answers"),
    Case("POST", "/v1/canned-answers", body=lambda s: {"title": "x", "text": "x", "store_id": s["store"]}),
    Case("PATCH", "/v1/canned-answers/{canned_id}", body=lambda s: {"text": f"{s.mark}-words"}),
    Case("DELETE", "/v1/canned-answers/{canned_id}"),
]
WEBHOOK = "/v1/webhooks/{webhook_id}"
PLAN = "/v1/malls/{mall_id}/levels/{level_id}/plan"
PICTURE = picture(4, 3)
STORES = b"external_id,name,lon,lat\nnew,New,8.5005,47.4005\n"
PERIOD = {"period": "week", "on": THEN.date().isoformat()}
FOOTFALL: tuple[Make, ...] = (
    lambda s: PERIOD | {"mall_id": s["mall"]},
    lambda s: PERIOD | {"mall_id": s["mall"], "level": 0},
    lambda s: PERIOD | {"mall_id": s["mall"], "store_id": s["store"]},
    lambda s: PERIOD | {"mall_id": s["mall"], "zone_id": s["zone"]},
)
FOOTFALL_LISTS: tuple[Make, ...] = tuple(
    lambda s, by=by: PERIOD | {"mall_id": s["mall"], "by": by} for by in ("zone", "store", "level")
)
FOOTFALL_FILES: tuple[Make, ...] = tuple(
    lambda s, form=form, by=by: PERIOD | {"mall_id": s["mall"], "by": by, "format": form}
    for form in ("csv", "geojson")
    for by in ("zone", "store", "level")
)

ORDER_FILTERS: tuple[Make, ...] = (
    *NO_QUERY,
    lambda s: {"store_id": s["store"]},
    lambda s: {"product_id": s["product"]},
    lambda s: {"external_id": f"{s.mark}-order"},
    lambda s: {
        "since": (THEN - timedelta(days=99)).isoformat(),
        "until": (THEN + timedelta(days=9999)).isoformat(),
    },
)
RECOMMENDED: tuple[Make, ...] = (
    *NO_QUERY,
    lambda s: {"profile_id": s["profile"], "reason": "asked"},
    lambda s: {"cart": s["cart"]},
    lambda s: {"product": s["neighbour_product"]},
    lambda s: {"store_id": s["store"], "kind": "popular"},
)
CONNECT = "/v1/connect/{device_id}"
OF_CONSOLE = {"device": "connected"}  # the phone that the console connected

CASES = [
    # --- open to everybody: they tell nothing of a tenant
    Case("GET", "/healthz", For.PUBLIC),
    Case("GET", "/readyz", For.PUBLIC),
    Case("GET", "/metrics", For.PUBLIC),
    Case("GET", "/problems/{code}", For.PUBLIC),
    Case("GET", "/go/{token}", For.PUBLIC),
    Case("GET", "/shopper/app.json", For.PUBLIC),  # public by intent, of apps that were given a page
    Case("POST", "/v1/login", For.PUBLIC, lambda s: {"email": f"{s.mark}-owner@example.com", "password": "no idea"}),
    # --- the tenant
    Case("GET", "/v1/session", For.CONSOLE),
    Case("GET", "/v1/doors", For.CONSOLE, demo_only=True),
    Case("POST", "/v1/logout", For.CONSOLE),
    Case("GET", "/v1/session/phones", For.CONSOLE),
    Case("PUT", "/v1/session/phones", For.CONSOLE, body=lambda _: {"subscription": subscription()}),
    Case("DELETE", "/v1/session/phones/{phone_id}", For.CONSOLE),
    Case("GET", "/v1/tenant", shared=True),
    Case("PATCH", "/v1/tenant", body=lambda _: {"daily_cap": 7}),
    *crud("/v1/owners", "owner", lambda _: {"name": "New"}, lambda _: {"name": "Changed"}),
    *crud("/v1/apps", "app", lambda s: {"name": "New", "store_id": s["store"]}, lambda _: {"name": "Changed"}),
    Case("POST", "/v1/apps/{app_id}/shopper-page"),
    Case("DELETE", "/v1/apps/{app_id}/shopper-page"),
    *crud("/v1/keys", "key", key, None),
    Case("PUT", FIREBASE, body=lambda s: {"service_account": service_account(s)}),
    Case("GET", FIREBASE),
    Case("POST", f"{FIREBASE}/check"),
    Case("DELETE", FIREBASE),
    Case("POST", "/v1/apps/{app_id}/test-push", body=lambda s: {"device_id": s["device"]}),
    Case("PUT", MAIL, body=lambda s: {"host": "localhost", "from_address": f"{s.mark}@example.com", "from_name": "x"}),
    Case("GET", MAIL),
    Case("POST", f"{MAIL}/check"),
    Case("DELETE", MAIL),
    Case("PUT", "/v1/apps/{app_id}/brand", body=lambda _: {"color": "#aa0000"}),
    Case("GET", "/v1/apps/{app_id}/brand"),
    *PHONES,
    *REPLIES,
    Case("PUT", "/v1/channel-order", body=lambda _: {"channels": ["push", "email"]}),
    Case("GET", "/v1/channel-order"),
    Case("POST", "/v1/email/events", body=lambda _: {"events": [{"kind": "bounce", "message_id": UUID(int=7).hex}]}),
    Case("POST", "/v1/email/reports", body=lambda _: b"Subject: nothing\r\n\r\n"),
    *crud("/v1/webhooks", "webhook", webhook, lambda _: {"name": "Changed"}),
    Case("GET", f"{WEBHOOK}/deliveries"),
    Case("POST", f"{WEBHOOK}/rotate-secret", body=lambda _: {"overlap_h": 1}),
    Case("POST", f"{WEBHOOK}/test"),
    Case("POST", f"{WEBHOOK}/replay", body=lambda _: {"from_position": 1}),
    Case("POST", f"{WEBHOOK}/disable"),
    Case("POST", f"{WEBHOOK}/enable"),
    Case("GET", "/v1/operators"),
    Case("POST", "/v1/operators", body=operator),
    Case("POST", "/v1/operators/{operator_id}/link"),
    Case("POST", "/v1/operators/{operator_id}/disable"),
    # --- places
    *crud(
        "/v1/malls",
        "mall",
        lambda _: {"name": "New", "timezone": "UTC", "origin": [8.5, 47.4]},
        lambda _: {"name": "Changed"},
        shared=True,
    ),
    *crud(
        "/v1/malls/{mall_id}/levels",
        "level",
        lambda _: square({"ordinal": 1, "name": "New", "short_name": "1"}),
        named({"name": "Changed"}),
        shared=True,
    ),
    *crud(
        "/v1/malls/{mall_id}/units",
        "unit",
        lambda _: square({"level": 0, "category": "corridor"}),
        named({"name": "Changed"}),
        shared=True,
    ),
    *crud(
        "/v1/stores",
        "store",
        lambda s: square({"name": "New", "mall_id": s["mall"], "level": 0, "owner_id": s["owner"]}),
        named({"name": "Changed"}),
        queries=PLACE_FILTERS,
    ),
    *crud("/v1/zones", "zone", zone, named({"name": "Changed"}), queries=PLACE_FILTERS),
    Case("POST", "/v1/zones/{zone_id}/publish"),
    Case("POST", "/v1/zones/{zone_id}/unpublish"),
    Case("GET", "/v1/zones/{zone_id}/versions"),
    Case("POST", "/v1/zones/{zone_id}/versions/{version}/restore", headers={"If-Match": '"v2"'}),
    Case("GET", PLAN, shared=True),
    Case("PUT", PLAN, body=lambda _: PICTURE),
    Case("PATCH", PLAN, body=lambda _: {"opacity": 0.4}),
    Case("GET", f"{PLAN}/image", shared=True),
    Case("DELETE", PLAN),
    *crud("/v1/evidence-points", "point", evidence_point, named({"name": "Changed"}), queries=POINT_FILTERS),
    Case("GET", "/v1/evidence-points/{point_id}/poster.pdf"),
    Case("GET", "/v1/zones/{zone_id}/evidence"),
    Case("POST", "/v1/zones/evidence", body=lint),
    Case("POST", "/v1/shapes/widen", body=lambda _: {"geometry": square({})["geometry"], "metres": 1}, shared=True),
    Case("POST", "/v1/imports/venue", body=lambda _: square({"name": "New"}), queries=(lambda _: {"mode": "commit"},)),
    Case("GET", "/v1/malls/{mall_id}/export", queries=(*NO_QUERY, lambda _: {"format": "geojson"})),
    Case("GET", "/v1/malls/{mall_id}/features", shared=True, queries=(*NO_QUERY, lambda _: {"level": 0})),
    Case("POST", "/v1/stores:batch", body=lambda _: STORE_ROWS),
    Case("GET", "/v1/stores/league", shared=True),
    Case("GET", "/v1/stores/{store_id}/spend"),
    Case("PUT", "/v1/stores/{store_id}/spend-limit", body=lambda _: {"limit_minor": 5, "currency": "EUR"}),
    Case("DELETE", "/v1/stores/{store_id}/spend-limit"),
    Case("POST", "/v1/imports/stores", body=lambda _: STORES, queries=(lambda _: {"mode": "commit"},)),
    Case("GET", "/v1/imports/kinds", shared=True),
    Case("POST", "/v1/imports/data", body=lambda s: products_of(s.mark), queries=(lambda _: {"kind": "products"},)),
    Case("GET", "/v1/imports/data", shared=True),
    Case("GET", "/v1/imports/data/{import_id}"),
    Case("GET", "/v1/imports/data/{import_id}/preview"),
    Case("GET", "/v1/imports/data/{import_id}/errors.csv"),
    Case("PATCH", "/v1/imports/data/{import_id}", body=lambda _: {"mapping": {"sku": "product_id", "name": "name"}}),
    Case("POST", "/v1/imports/data/{import_id}/start"),
    Case("POST", "/v1/imports/data/{import_id}/cancel"),
    Case("GET", "/v1/imports/mapping", shared=True, queries=(lambda _: {"kind": "orders"},)),
    Case("PUT", "/v1/imports/mapping", body=lambda _: {"mapping": {}}, queries=(lambda _: {"kind": "orders"},)),
    Case("GET", "/v1/imports/drop"),
    Case("POST", "/v1/zones/lint", body=lint),
    Case("POST", "/v1/zones/preview", body=preview),
    Case("POST", "/v1/zones/ghost", body=ghost),
    # --- phones
    Case("POST", "/v1/devices", For.APP, lambda s: {"platform": "ios", "app_id": s["app"]}),
    Case("GET", "/v1/devices", queries=(lambda _: {}, lambda s: {"app_id": s["app"]})),
    Case("GET", "/v1/devices/me", For.DEVICE),
    Case("PATCH", "/v1/devices/me", For.DEVICE, lambda _: {"locale": "de"}),
    Case("DELETE", "/v1/devices/me", For.DEVICE),
    Case("PUT", "/v1/devices/me/consents", For.DEVICE, lambda _: CONSENTS),
    Case("PUT", "/v1/devices/me/link", For.DEVICE, lambda s: {"user_token": s.user_token()}),
    Case("DELETE", "/v1/devices/me/link", For.DEVICE),
    Case("GET", "/v1/config", For.DEVICE),
    Case("GET", "/v1/geofences/nearby", For.DEVICE, queries=(lambda _: {"lon": LON, "lat": LAT},)),
    Case("POST", "/v1/check-in/{code}", For.DEVICE, lambda _: {"lon": LON, "lat": LAT}),
    Case("GET", "/v1/check-in/{code}", For.PUBLIC),
    Case("GET", "/v1/inbox", For.DEVICE),
    Case("GET", "/v1/cards", For.DEVICE),
    Case("POST", "/v1/receipts", For.DEVICE, lambda s: {"message_id": s["message"], "kind": "opened"}),
    Case("GET", "/v1/me", For.DEVICE),
    Case("GET", "/v1/me/export", For.DEVICE),
    Case("DELETE", "/v1/me", For.DEVICE),
    Case("GET", "/v1/me/consents", For.DEVICE),
    Case("PUT", "/v1/me/consents", For.DEVICE, lambda s: decisions(s, store_id=None)),
    Case("GET", "/v1/me/consents/history", For.DEVICE),
    Case("POST", "/v1/me/preference-link", For.DEVICE),
    Case("POST", "/v1/pings", For.PINGS, pings, refused_to_shops=403),
    # --- phones connected from the console
    Case("POST", "/v1/devices/pair", For.PUBLIC, lambda _: {"code": "forged"}),
    Case("POST", "/v1/connect", body=lambda s: {"app_id": s["app"]}),
    Case("GET", CONNECT, ids=OF_CONSOLE),
    Case("PUT", f"{CONNECT}/consents", body=lambda _: {"location": "granted"}, ids=OF_CONSOLE),
    Case("POST", f"{CONNECT}/code", body=lambda _: {}, ids=OF_CONSOLE),
    Case("POST", f"{CONNECT}/relocation", body=lambda _: {"to": "mall"}, ids=OF_CONSOLE, demo_only=True),
    Case("DELETE", CONNECT, ids=OF_CONSOLE),
    Case("GET", "/v1/connect/lan", For.CONSOLE, demo_only=True),
    Case("POST", "/v1/connect/lan", For.CONSOLE, demo_only=True),
    Case("DELETE", "/v1/connect/lan", For.CONSOLE, demo_only=True),
    Case(
        "POST",
        "/ingest/owntracks",
        For.DEVICE,
        lambda _: {"_type": "location", "lat": LAT, "lon": LON, "tst": THEN_S},
    ),
    Case("POST", "/ingest/overland", For.DEVICE, lambda _: {"locations": []}),
    Case("GET", "/ingest/osmand", For.DEVICE, queries=(lambda _: {"lat": LAT, "lon": LON, "timestamp": THEN_S},)),
    Case("POST", "/ingest/osmand", For.DEVICE, lambda _: [{"lat": LAT, "lon": LON, "timestamp": THEN_S}]),
    Case("POST", "/ingest/background-geolocation", For.DEVICE, lambda _: {"location": []}),
    # --- scanners; what Cisco's cloud calls is open, and proves itself by the secret in its body
    Case("GET", "/ingest/meraki/{scanner_id}", For.PUBLIC),
    Case("POST", "/ingest/meraki/{scanner_id}", For.PUBLIC, lambda _: {"version": "3.0", "secret": "no idea"}),
    *crud("/v1/scanners", "scanner", scanner, lambda _: {"name": "Changed"}),
    # --- events and shop systems; what clients and Shopify call is open, and proves itself by key or signature
    *(Case("POST", path, For.PUBLIC, lambda _: {"batch": [], "writeKey": "wk_forged"}) for path in TRACKING),
    Case("GET", "/v1/projects/{write_key}/settings", For.PUBLIC),
    Case("GET", "/v1/events", queries=(lambda _: {}, lambda s: {"profile_id": s["profile"]})),
    Case("GET", "/v1/event-rejections"),
    Case("POST", "/ingest/shopify/{connection_id}", For.PUBLIC, lambda _: {"id": 1}),
    *crud("/v1/connections", "connection", connection, lambda _: {"name": "Changed"}),
    Case("POST", "/v1/connections/{connection_id}/reconcile"),
    Case("GET", "/v1/connections/{connection_id}/deliveries"),
    Case("POST", "/v1/connections/{connection_id}/deliveries/{delivery_id}/done"),
    Case("PUT", "/v1/devices/{device_id}/wifi-address", body=lambda _: {"address": "aa:bb:cc:dd:ee:ff"}),
    Case("DELETE", "/v1/devices/{device_id}/wifi-address"),
    # --- people and what happened
    Case("POST", "/v1/devices/{device_id}/link", body=lambda s: {"external_id": "x", "first_name": "Eve"}),
    Case("GET", "/v1/profiles", queries=(*NO_QUERY, lambda s: {"search": f"{s.mark}-person"}), shared=True),
    Case("GET", "/v1/profiles/{profile_id}"),
    Case("PATCH", "/v1/profiles/{profile_id}", body=lambda _: {"attributes": {"size": "42"}}),
    Case(
        "POST",
        "/v1/profiles/{profile_id}/merge",
        body=lambda s: {"profile_id": s["neighbour_customer"], "reason": "one person"},
    ),
    Case(
        "POST",
        "/v1/profiles/{profile_id}/unmerge",
        body=lambda s: {"identifier_ids": [s["card"]], "reason": "two people"},
    ),
    Case("GET", "/v1/people/search", queries=SOMEBODY, shared=True),
    Case("GET", "/v1/people/recent", shared=True),
    Case("GET", "/v1/profiles/{profile_id}/access"),
    Case("POST", "/v1/profiles/{profile_id}/access", body=lambda _: {"reason": "they are on the phone"}),
    Case("GET", "/v1/profiles/{profile_id}/overview", queries=(*NO_QUERY, lambda _: {"reason": "asked"})),
    Case("GET", "/v1/profiles/{profile_id}/timeline", queries=TIMELINES),
    Case("GET", "/v1/profiles/{profile_id}/notes"),
    Case("POST", "/v1/profiles/{profile_id}/notes", body=lambda s: {"text": "New", "store_id": s["store"]}),
    Case("PATCH", "/v1/notes/{note_id}", body=lambda _: {"text": "Changed"}),
    Case("DELETE", "/v1/notes/{note_id}"),
    Case("GET", "/v1/habit-policy"),
    Case("PUT", "/v1/habit-policy", body=lambda _: {"slight": 0.2}),
    Case("GET", "/v1/identity-policy"),
    Case("PUT", "/v1/identity-policy", body=lambda _: {"region": "CH"}),
    Case("GET", f"{PERSON}/consents"),
    Case("PUT", f"{PERSON}/consents", body=decisions),
    Case("GET", f"{PERSON}/consents/history"),
    Case(
        "GET",
        f"{PERSON}/may-contact",
        queries=(lambda s: {"channel": "sms", "purpose": "marketing", "store_id": s["store"]},),
    ),
    Case("POST", f"{PERSON}/stop", body=lambda s: {"channel": "sms", "store_id": s["store"], "source": "sms"}),
    Case("PUT", f"{PERSON}/pause", body=lambda _: {}),
    Case("DELETE", f"{PERSON}/pause"),
    Case("PUT", ADDRESS, body=lambda _: {"state": "bounced"}),
    Case("POST", f"{ADDRESS}/proof"),
    Case("POST", f"{ADDRESS}/proof/confirm", body=lambda _: {"code": CODE}),
    Case("POST", f"{PERSON}/preference-link"),
    Case("DELETE", f"{PERSON}/preference-link"),
    Case("POST", f"{PERSON}/erase", body=lambda _: {"reason": "request"}),
    Case("GET", "/v1/erasures"),
    Case("GET", "/v1/retention"),
    Case("PUT", "/v1/retention", body=lambda _: {"days": {"audit": 40}}),
    Case("GET", "/v1/retention/runs"),
    Case("GET", "/v1/audit-log", queries=(*NO_QUERY, lambda _: {"kind": "read"})),
    Case("GET", "/v1/zone-events", queries=PERSON_FILTERS),
    Case("GET", "/v1/visits", queries=PERSON_FILTERS),
    Case(
        "GET", "/v1/explain", queries=(lambda s: {"device_id": s["device"], "reason": "asked"},), refused_to_shops=403
    ),
    Case("GET", "/v1/live", queries=(lambda _: {"once": "true"},), headers={"Last-Event-ID": "0"}),
    Case("GET", "/v1/live/occupancy", queries=(*NO_QUERY, lambda s: {"mall_id": s["mall"]}), refused_to_shops=403),
    # --- the demo's comparison
    Case("GET", "/v1/simulation", demo_only=True),
    Case("PUT", "/v1/simulation", body=lambda _: {"noise_m": 5}, demo_only=True),
    Case("PUT", "/v1/simulation/report", body=lambda _: COMPARISON, demo_only=True),
    # --- shops
    Case("GET", "/v1/products", queries=(*NO_QUERY, lambda s: {"in_store": s["store"]}, lambda _: {"q": "train"})),
    Case("POST", "/v1/products", body=product),
    Case("POST", "/v1/products:batch", body=lambda s: {"products": [product(s)]}),
    Case("GET", "/v1/products/{product_id}"),
    Case(
        "PUT",
        "/v1/products/{product_id}",
        body=lambda s: product(s, external_id=f"{s.mark}-product"),
        headers={"If-Match": '"v1"'},
    ),
    Case(
        "POST",
        "/v1/stock",
        body=lambda s: {"counts": [{"store_id": s["store"], "item": f"{s.mark}-product", "quantity": 1}]},
    ),
    Case("GET", "/v1/orders", queries=ORDER_FILTERS),
    Case("POST", "/v1/orders", body=order),
    Case("POST", "/v1/orders:batch", body=lambda s: {"orders": [order(s)]}),
    Case("GET", "/v1/orders/{order_id}"),
    Case("POST", "/v1/orders/{order_id}/refunds", body=lambda _: {"amount_minor": 1}),
    Case("POST", "/v1/orders/{order_id}/cancel"),
    Case("POST", "/v1/orders/{order_id}/messages", body=lambda _: {"notice": "receipt"}),
    Case("GET", "/v1/carts", queries=(*NO_QUERY, lambda s: {"store_id": s["store"]}, lambda _: {"status": "open"})),
    Case("PUT", "/v1/carts", body=lambda s: cart(s, **THINGS)),
    Case("POST", "/v1/carts/lines", body=lambda s: cart(s, **THINGS)),
    Case("POST", "/v1/carts/lookup", body=cart),
    Case("GET", "/v1/carts/me", For.DEVICE),
    Case("PUT", "/v1/carts/me", For.DEVICE, lambda _: THINGS),
    Case("POST", "/v1/carts/me/lines", For.DEVICE, lambda _: THINGS),
    Case("GET", "/v1/recommendations", queries=RECOMMENDED),
    Case(
        "GET", "/v1/recommendations/me", For.DEVICE, queries=(*NO_QUERY, lambda s: {"product": s["neighbour_product"]})
    ),
    Case("POST", "/v1/till/lookup", body=lambda s: {name: sale(s)[name] for name in ("store_id", "member")}),
    Case("POST", "/v1/till/sales", body=sale),
    # --- offers
    *crud("/v1/offers", "offer", offer, lambda _: {"name": "Changed"}),
    Case("POST", "/v1/offers/price", body=lambda s: {"cart_id": s["cart"]}),
    Case("GET", "/v1/offers/{offer_id}/coupons"),
    Case("POST", "/v1/offers/{offer_id}/coupons", body=lambda _: {"count": 1, "expires_at": LATER}),
    Case("GET", "/v1/coupons/{code}", queries=OF_A_STORE),
    Case("POST", "/v1/coupons/{code}/redeem", body=use_of_code),
    Case("GET", "/v1/carts/me/priced", For.DEVICE),
    Case("GET", "/v1/margins", shared=True),
    Case("PUT", "/v1/margins", body=lambda _: {"margin_percent": 30, "floor_percent": 0}),
    Case("PUT", "/v1/margins/{store_id}", body=lambda _: {"margin_percent": 30}),
    # --- segments and lists
    *crud("/v1/segments", "segment", lambda s: segment(s) | {"name": "New"}, lambda _: {"name": "Changed"}),
    Case("POST", "/v1/segments/preview", body=segment),
    Case("POST", "/v1/segments/words", body=segment),
    Case("GET", "/v1/segments/overlap", queries=(lambda s: {"segment_id": [s["segment"], s["second_segment"]]},)),
    Case("GET", "/v1/segments/vocabulary"),
    Case("GET", "/v1/segments/templates"),
    Case("POST", "/v1/segments/templates/{template_name}", body=lambda s: {"store_id": s["store"]}),
    Case("GET", f"{SEGMENT}/sizes"),
    Case("GET", f"{SEGMENT}/members"),
    Case("GET", f"{SEGMENT}/members.csv", queries=(lambda _: {"reason": "a mailing"},)),
    Case("GET", SEGMENT + "/why/{profile_id}", queries=(lambda _: {"reason": "asked"},)),
    Case("POST", f"{SEGMENT}/archive"),
    Case("POST", f"{SEGMENT}/restore"),
    *crud("/v1/lists", "list", lambda s: {"name": "New", "store_id": s["store"]}, lambda _: {"name": "Changed"}),
    Case("GET", f"{LIST}/people"),
    Case("POST", f"{LIST}/people", body=on_list),
    Case("POST", f"{LIST}/file", body=lambda s: f"external_id\n{s.mark}-person\n".encode()),
    # --- footfall
    Case("GET", "/v1/footfall", queries=FOOTFALL),
    Case("GET", "/v1/footfall/places", queries=FOOTFALL_LISTS, shared=True),
    Case("GET", "/v1/footfall/flows", queries=(lambda s: PERIOD | {"mall_id": s["mall"]},), shared=True),
    Case("GET", "/v1/footfall/heat", queries=(lambda s: PERIOD | {"mall_id": s["mall"], "level": 0},)),
    Case("GET", "/v1/footfall/export", queries=FOOTFALL_FILES, shared=True),
    # --- lifecycle metrics
    Case("GET", "/v1/metrics", shared=True),
    Case("GET", "/v1/metrics/{name}", queries=OF_A_STORE, shared=True),
    Case("GET", "/v1/metrics/cohorts", queries=OF_A_STORE, shared=True),
    Case("GET", "/v1/metrics/rfm", queries=OF_A_STORE, shared=True),
    Case("GET", "/v1/metrics/worth", queries=OF_A_STORE, shared=True),
    Case("GET", "/v1/metrics/when", queries=OF_A_STORE, shared=True),
    Case("GET", "/v1/metrics/funnel", queries=OF_A_STORE, shared=True),
    # --- value models
    Case("GET", "/v1/metrics/models"),
    Case("GET", "/v1/metrics/models/{model_id}"),
    Case("GET", "/v1/metrics/models/{model_id}/pictures/{picture}"),
    # --- the first screen and early warnings; alerts are of the whole tenant
    Case("GET", "/v1/overview", queries=OF_A_STORE, shared=True),
    Case("GET", "/v1/alerts", shared=True),
    Case("GET", "/v1/alerts/{alert_id}"),
    Case("POST", "/v1/alerts/{alert_id}/dismiss"),
    Case("POST", "/v1/alerts/{alert_id}/snooze", body=lambda _: {"days": 7}),
    Case("GET", "/v1/playbooks", shared=True),
    Case("GET", "/v1/playbooks/{playbook}", queries=OF_A_STORE, shared=True),
    Case("POST", "/v1/playbooks/{playbook}", body=lambda s: {"store_id": s["store"]}),
    # --- timing
    Case("GET", "/v1/day-parts", shared=True),
    Case("PUT", "/v1/day-parts", body=lambda _: {"items": []}),
    Case("GET", "/v1/profiles/{profile_id}/best-hours"),
    # --- content
    Case("GET", "/v1/content", For.NEWS, queries=(lambda _: {}, lambda s: {"kind": "promotion"}), shared=True),
    Case("GET", "/v1/content.rss", For.NEWS, shared=True),
    Case("GET", "/v1/content.ics", For.NEWS, shared=True),
    Case("GET", "/v1/content/{content_id}", For.NEWS),
    Case("POST", "/v1/content", body=content),
    Case("PATCH", "/v1/content/{content_id}", body=lambda _: {"link": None}),
    Case("POST", "/v1/content/{content_id}/publish"),
    Case("POST", "/v1/content/{content_id}/cancel"),
    Case("GET", "/v1/content/{content_id}/revisions"),
    Case("GET", "/v1/content/{content_id}/recipe"),
    Case("DELETE", "/v1/content/{content_id}"),
    Case("GET", "/v1/feeds"),
    Case("POST", "/v1/feeds", body=lambda s: {"name": "Feed", "store_id": s["store"]}),
    Case("DELETE", "/v1/feeds/{feed_id}"),
    Case("GET", "/v1/links"),
    Case("POST", "/v1/links", body=lambda s: {"content_id": s["content"]}),
    Case("GET", "/v1/links/hosts"),
    Case("PUT", "/v1/links/hosts", body=lambda _: {"hosts": ["shop.example"]}),
    Case("GET", "/v1/links/{link_id}"),
    Case("GET", "/v1/links/{link_id}/qr.svg"),
    Case("GET", "/v1/links/{link_id}/qr.png"),
    Case("DELETE", "/v1/links/{link_id}"),
    Case("GET", "/l/{code}", For.PUBLIC),  # whoever has a printed code
    # --- campaigns and messages
    *crud("/v1/campaigns", "campaign", campaign, lambda _: {"name": "Changed"}),
    Case(
        "POST",
        "/v1/campaigns/preview",
        body=lambda s: {"title": "{{ store.name }}", "body": "{{ zone.name }}", "zone_id": s["zone"]},
    ),
    Case("GET", "/v1/campaigns/tags", shared=True),
    Case("POST", "/v1/campaigns/{campaign_id}/clone"),
    Case("POST", "/v1/campaigns/{campaign_id}/archive"),
    Case("POST", "/v1/campaigns/{campaign_id}/unarchive"),
    Case("POST", "/v1/campaigns/{campaign_id}/approve"),
    Case("POST", "/v1/campaigns/{campaign_id}/reject", body=lambda _: {"reason": "no"}),
    Case("POST", "/v1/campaigns/{campaign_id}/activate"),
    Case("POST", "/v1/campaigns/{campaign_id}/pause"),
    Case("GET", "/v1/campaigns/{campaign_id}/report"),
    Case("GET", "/v1/campaigns/{campaign_id}/proof", queries=(*NO_QUERY, lambda _: {"format": "csv"})),
    Case("GET", "/v1/campaigns/{campaign_id}/experiment"),
    Case("PUT", "/v1/campaigns/{campaign_id}/experiment", body=lambda _: {"holdout_percent": 10}),
    # --- recipes
    Case("GET", "/v1/recipes", shared=True),
    *[
        Case("POST", f"/v1/recipes/{{recipe}}/{verb}", body=lambda s: {"store_id": s["store"]})
        for verb in ("preview", "launch")
    ],
    Case("POST", "/v1/recipes/{recipe}/stop", body=lambda _: {}, shared=True),
    # --- master recipes
    Case("GET", "/v1/masters", shared=True),
    Case("POST", "/v1/masters", body=lambda _: {"name": "New", "recipe": "win-back"}, refused_to_shops=403),
    Case("POST", "/v1/masters:preview", body=lambda _: {"recipe": "win-back"}, refused_to_shops=403),
    Case("GET", "/v1/masters/{master_id}"),
    Case("DELETE", "/v1/masters/{master_id}"),
    Case("POST", "/v1/masters/{master_id}/versions", body=lambda _: {}),
    Case(
        "POST", "/v1/masters/{master_id}/roll-out", body=lambda _: {"version": 1, "percent": 100}, refused_to_shops=403
    ),
    Case("POST", "/v1/masters/{master_id}/take-back", body=lambda _: {"version": 1}),
    Case("POST", "/v1/masters/{master_id}/stop"),
    Case("POST", "/v1/masters/{master_id}/try-again"),
    Case("POST", "/v1/masters/{master_id}/stores", body=lambda _: {}),
    Case("GET", "/v1/masters/{master_id}/stores"),
    Case("PATCH", "/v1/masters/{master_id}/stores/{store_id}", body=lambda _: {"opted_out": True}),
    Case("DELETE", "/v1/masters/{master_id}/stores/{store_id}"),
    # --- the owner's page
    Case("GET", "/v1/shop/stores", shared=True),
    Case("GET", "/v1/shop/today", queries=OF_A_STORE),
    Case("GET", "/v1/shop/products", queries=OF_A_STORE),
    Case("POST", "/v1/shop/offers/preview", body=tapped),
    Case("POST", "/v1/shop/offers", body=lambda s: tapped(s) | {"audience": "nearby"}),
    Case("GET", "/v1/shop/coupons", queries=(lambda s: {"store_id": s["store"], "ending": s.coupon[-4:]},)),
    Case("GET", "/v1/proof", shared=True),
    Case("GET", "/v1/proof/simulated", demo_only=True),
    Case("GET", "/v1/direct-revenue", queries=(*NO_QUERY, lambda s: {"store_id": s["store"]}), shared=True),
    Case("GET", "/v1/message-costs", shared=True),
    Case("PUT", "/v1/message-costs", body=lambda _: {"items": []}, refused_to_shops=403),
    Case("POST", "/v1/campaigns/{campaign_id}/simulate", body=lambda _: {"days": 3}),
    Case("POST", "/v1/campaigns/{campaign_id}/trigger", body=lambda s: {"people": [{"profile_id": s["profile"]}]}),
    Case("GET", "/v1/campaigns/{campaign_id}/entries", queries=(lambda s: {"profile_id": s["profile"]},)),
    *(
        Case(
            method,
            path,
            queries=(
                *NO_QUERY,
                lambda s: {"campaign_id": s["campaign"]},
                lambda s: {"store_id": s["store"]},
                lambda s: {"device_id": s["device"]},
                lambda s: {"profile_id": s["profile"]},
            ),
        )
        for method, path in (("GET", "/v1/messages"), ("GET", "/v1/messages/counts"))
    ),
    Case("POST", "/v1/messages/retry", queries=(lambda s: {"campaign_id": s["campaign"]},), shared=True),
    Case("POST", "/v1/messages/{message_id}/retry"),
    Case(
        "POST",
        "/v1/messages/preview",
        body=lambda s: {"title": "t", "body": "{{ first_name }}", "profile_id": s["profile"]},
        refused_to_shops=403,
    ),
    Case(
        "POST",
        "/v1/messages/test",
        body=lambda s: {"title": "t", "body": "b", "device_id": s["device"], "channel": "inbox", "purpose": "service"},
        refused_to_shops=403,
    ),
    Case("POST", "/v1/sending/stop"),
    Case("POST", "/v1/sending/resume"),
]
