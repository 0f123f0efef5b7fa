"""Two tenants with something in every list, and dumps of all their rows.

Each `Side` has one shop (`store`) whose things nobody else may see, a neighbour shop in the same mall, and one person
with an app on a phone. Every text that belongs to the shop or the person holds `mark`, so that a leak shows in any
answer, whatever member it hides in. Visits and zone events come from real pings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from shapely.geometry import MultiPolygon, Point, box
from sqlalchemy import select, text

from geoengage.campaigns.models import Campaign
from geoengage.content.models import ContentFeed, ContentItem, ShortLink
from geoengage.content.rules import new_code, new_feed_token
from geoengage.ingest.models import Connection, ConnectionDelivery, Scanner
from geoengage.kit import sealed
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Base, Session, TenantRow
from geoengage.kit.ids import new_id
from geoengage.kit.outbound import new_secret
from geoengage.messaging import service as messaging
from geoengage.messaging.models import Message
from geoengage.messaging.phone_models import WhatsappTemplate
from geoengage.messaging.rules import Draft
from geoengage.presence.models import Visit
from geoengage.profiles import service as profiles
from geoengage.profiles.models import ContactProof, Identifier, IdentityPolicy
from geoengage.profiles.rules import Id, Kind, Proof, Together, hash_code
from geoengage.recommendations.models import (
    PopularProduct,
    ProductPattern,
    RecommendationModel,
    RecommendationSchedule,
)
from geoengage.segments.models import Segment, SegmentMember
from geoengage.tenancy import service as tenancy
from geoengage.tenancy.auth import COOKIE
from geoengage.tenancy.models import App, Credential, Operator, OperatorPhone, Owner
from geoengage.tenancy.rules import KeyKind
from geoengage.venues.models import EvidencePoint, Level, LevelPlan, Unit, VenueFeature
from geoengage.venues.rules import code_of
from geoengage.webhooks.models import Webhook, WebhookDelivery
from geoengage.webhooks.service.secrets import about
from tests.campaign_rows import make_mall, make_profile, make_store, make_zone
from tests.conftest import KEY, NOWHERE
from tests.early_warning import make_alert
from tests.factories import World, make_key_row, make_world
from tests.providers.fcm_server import FcmServer
from tests.reply_rows import make_canned, make_conversation
from tests.value_rows import make_model

CODE = "123456"  # that the person was sent
LON, LAT = 8.5005, 47.4005  # inside the zones
SQUARE = MultiPolygon([box(8.5, 47.4, 8.501, 47.401)])
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA"  # matches no password
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GRANTED = {"location": "granted", "marketing_push": "granted", "personalisation": "granted"}


@dataclass
class Phone:
    """An installation and its own credential."""

    id: UUID
    token: str


@dataclass
class Side:
    """A tenant and the ids of one thing of each kind."""

    world: World
    mark: str
    ids: dict[str, UUID]
    phone: Phone
    signer: Ed25519PrivateKey
    shop_key: str  # a secret key with all scopes, of the neighbour shop only
    code: str  # of the shop's check-in point
    cookies: dict[str, str] = field(default_factory=dict)  # of operators: owner, and shop (the neighbour's)
    coupon: str = ""  # a code of the shop's offer

    def __getitem__(self, kind: str) -> str:
        return str(self.ids[kind])

    def user_token(self, app: str | None = None, signer: Ed25519PrivateKey | None = None) -> str:
        """A proof that the bearer is this side's person, for its own app unless another is named."""
        claims = {"sub": f"{self.mark}-person", "aud": app or self["app"], "exp": utc_now() + timedelta(hours=1)}
        return jwt.encode(claims, signer or self.signer, algorithm="EdDSA")


async def make_side(client: httpx.AsyncClient, session: Session, mark: str) -> Side:
    """A tenant with rows in every table that an endpoint reads or writes."""
    signer = Ed25519PrivateKey.generate()
    world = await make_world(session, review="always")
    ids = await _places(session, world, mark)
    ids["app"] = await _app(session, world, mark, signer, ids["store"])
    ids["tenant"] = world.tenant_id
    ids["profile"] = await make_profile(session, world, first_name=f"{mark}-Mia", external_id=f"{mark}-person")
    ids["campaign"] = await _campaign(session, world, ids["store"], ids["zone"], f"{mark}-campaign")
    ids["neighbour_campaign"] = await _campaign(session, world, ids["neighbour"], ids["neighbour_zone"], "Next door")
    ids["key"] = await _spare_key(session, world, mark)
    ids["webhook"] = await _webhook(session, world, mark)
    ids |= await _news(session, world, mark, ids["store"])
    shop_key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, store_ids=[ids["neighbour"]])
    operators = {
        "owner": await _operator(session, world, mark, "owner"),
        "operator": await _operator(session, world, mark, "support"),
        "shop": await _operator(session, world, "neighbour", "shop", ids["neighbour_owner"]),
    }
    ids |= {"operator": operators["operator"], "shop_operator": operators["shop"]}
    now = utc_now()
    cookies = {
        role: await tenancy.open_session(session, world.tenant_id, operators[role], now) for role in ("owner", "shop")
    }
    ids["phone"] = new_id()
    told = {"session_id": new_id(), "fingerprint": mark, "address": f"{mark}-subscription"}
    session.add(OperatorPhone(tenant_id=world.tenant_id, id=ids["phone"], operator_id=operators["owner"], **told))
    await session.commit()
    phone = await make_phone(client, world, ids["app"], mark)
    ids["device"] = phone.id
    side = Side(world, mark, ids, phone, signer, shop_key, code_of_side(mark), cookies)
    await put_firebase(client, side)
    await _put_mail(client, side)
    ids["sender"] = await _put_whatsapp(client, session, side)
    await _link(client, side)
    await _customers(session, side)
    await _notes(client, side)
    await _belong(client, session, side)
    made = await client.post("/v1/connect", json={"app_id": side["app"]}, headers=world.sk_headers)
    ids["connected"] = UUID(made.json()["device_id"])
    await _sell(client, side)
    await _learnt(session, side)
    sent = await client.post(
        "/v1/imports/data", params={"kind": "products"}, content=products_of(mark), headers=world.sk_headers
    )
    ids["import"] = UUID(sent.json()["id"])
    await walk_in(client, phone, now)
    visits = (await session.execute(select(Visit).where(Visit.tenant_id == world.tenant_id))).scalars()
    ids["visit"] = next(v.id for v in visits if v.zone_id == ids["zone"])
    ids["message"] = await make_message(session, side)
    await _decided(client, session, side, now)
    ids |= await _sources(client, session, world, mark)
    ids["model"] = await make_model(session, world)
    ids |= await _wrote(session, side)
    ids["master"] = await _master(client, side)
    ids["alert"] = await make_alert(session, side, now)
    await session.commit()
    return side


async def _master(client: httpx.AsyncClient, side: Side) -> UUID:
    """A master recipe that the side's store takes."""
    body = {"name": f"{side.mark}-master", "recipe": "win-back"}
    made = await client.post("/v1/masters", json=body, headers=side.world.sk_headers)
    id_ = UUID(made.json()["id"])
    stores = {"store_ids": [side["store"]]}
    answer = await client.post(f"/v1/masters/{id_}/stores", json=stores, headers=side.world.sk_headers)
    assert answer.status_code == 200, answer.text
    return id_


async def _wrote(session: Session, side: Side) -> dict[str, UUID]:
    """The person wrote to the store, which has a text to answer with."""
    query = select(Identifier.id).where(Identifier.profile_id == side.ids["profile"], Identifier.kind == "phone")
    address = (await session.execute(query)).scalars().first()
    assert address is not None
    tenant_id, store_id = side.world.tenant_id, side.ids["store"]
    words = f"{side.mark}-question"
    return {
        "conversation": await make_conversation(session, tenant_id, store_id, side.ids["sender"], address, words),
        "canned": await make_canned(session, tenant_id, store_id, f"{side.mark}-hours"),
    }


async def _decided(client: httpx.AsyncClient, session: Session, side: Side, now: datetime) -> None:
    """The person decided about the side's store, has a telephone that is being proven, and is in a campaign."""
    tenant_id, profile_id = side.world.tenant_id, side.ids["profile"]
    phone = Identifier(
        tenant_id=tenant_id, id=new_id(), kind="phone", value=f"+4179{tenant_id.int % 10**7:07}", profile_id=profile_id,
        origin_profile_id=profile_id, is_verified=True, source="test", created_at=now,
    )  # fmt: skip
    session.add(phone)
    await session.flush()
    proof = ContactProof(
        tenant_id=tenant_id, id=new_id(), identifier_id=phone.id, channel="sms", wrong=0, code_hash="",
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    proof.code_hash = hash_code(KEY, proof.id, CODE)
    session.add(proof)
    await session.execute(
        text(
            "INSERT INTO journey_entry (tenant_id, campaign_id, id, profile_id, entered_at, alone, step, wake_at)"
            " VALUES (:t, :c, :id, :p, now(), true, 'step-1', now() + interval '1 hour')"
        ),
        {"t": tenant_id, "c": side.ids["campaign"], "p": profile_id, "id": new_id()},
    )
    await session.commit()
    side.ids["identifier"] = phone.id
    wish = {"channel": "sms", "purpose": "marketing", "state": "subscribed", "store_id": side["store"]}
    said = {"decisions": [wish], "text_version": f"{side.mark}-1", "source": f"{side.mark}-till"}
    answer = await client.put(f"/v1/profiles/{profile_id}/consents", json=said, headers=side.world.sk_headers)
    assert answer.status_code == 200, answer.text


async def _sources(client: httpx.AsyncClient, session: Session, world: World, mark: str) -> dict[str, UUID]:
    """A connected shop with a delivery that an operator has to see to; an event of the person, and a refused one."""
    ids = {"connection": new_id(), "delivery": new_id()}
    tenant_id, now = world.tenant_id, utc_now()
    shop = {"kind": "shopify", "name": f"{mark}-connection", "shop": f"{mark}.myshopify.com", "locations": []}
    session.add(Connection(tenant_id=tenant_id, id=ids["connection"], reconciled_to=now, **shop))
    await session.flush()
    delivery = {"delivery_id": f"{mark}-delivery", "topic": "customers/data_request", "received_at": now}
    owner = {"tenant_id": tenant_id, "connection_id": ids["connection"]}
    session.add(ConnectionDelivery(id=ids["delivery"], status="open", note="answer it", **owner, **delivery))
    key = await make_key_row(session, tenant_id, KeyKind.WRITE, scopes=[], writes="server")
    await session.commit()
    batch = [{"type": "track", "event": f"{mark}-event", "userId": f"{mark}-person"}, {"type": f"{mark}-refused"}]
    assert (await client.post("/v1/batch", json={"batch": batch, "writeKey": key})).status_code == 200
    return ids


async def _places(session: Session, world: World, mark: str) -> dict[str, UUID]:
    tenant_id = world.tenant_id
    mall = await make_mall(session, world, name="The mall")
    ids = {"mall": mall, "level": new_id(), "unit": new_id(), "feature": new_id()}
    ids |= {"owner": new_id(), "neighbour_owner": new_id()}
    ids["second_mall"] = await make_mall(session, world, name="The other mall")
    session.add_all(
        [
            Level(tenant_id=tenant_id, id=ids["level"], mall_id=mall, ordinal=0, name="G", short_name="G", geom=SQUARE),
            Unit(tenant_id=tenant_id, id=ids["unit"], mall_id=mall, level=0, category="corridor", geom=SQUARE),
            Owner(tenant_id=tenant_id, id=ids["owner"], name=f"{mark}-owner"),
            Owner(tenant_id=tenant_id, id=ids["neighbour_owner"], name="Neighbour"),
        ]
    )
    await session.flush()
    picture = {"media_type": "image/png", "width_px": 4, "height_px": 3, "image": str(ids["level"]).encode()}
    session.add(LevelPlan(tenant_id=tenant_id, level_id=ids["level"], **picture))
    door = {"feature_type": "opening", "external_id": "door", "name": "Door", "properties": {}}
    session.add(VenueFeature(tenant_id=tenant_id, id=ids["feature"], mall_id=mall, level=0, **door))
    place = {"mall_id": mall, "level": 0, "point": Point(LON, LAT)}
    ids["store"] = await make_store(session, world, name=f"{mark}-store", owner_id=ids["owner"], **place)
    ids["neighbour"] = await make_store(session, world, name="Neighbour", owner_id=ids["neighbour_owner"], **place)
    own: dict[str, Any] = {"store_id": ids["store"], "mall_id": mall}
    ids["zone"] = await make_zone(session, world, name=f"{mark}-zone", **own)
    ids["scanner"] = new_id()
    network = {"name": f"{mark}-scanner", "validator": "0123456789ab", "secret_hash": "0" * 64, "floor_plans": []}
    session.add(Scanner(tenant_id=tenant_id, id=ids["scanner"], **network))
    own["store_id"] = ids["neighbour"]
    ids["neighbour_zone"] = await make_zone(session, world, name="Neighbour", **own)
    ids["point"] = new_id()
    about = {"name": f"{mark}-counter", "kind": "check_in", "code": code_of_side(mark), "point": Point(LON, LAT)}
    place = {"mall_id": mall, "level": 0, "store_id": ids["store"]}
    session.add(EvidencePoint(tenant_id=tenant_id, id=ids["point"], **about, **place))
    await session.flush()
    return ids


def code_of_side(mark: str) -> str:
    """The code of the shop's check-in point."""
    return code_of(mark.encode() * 12)


async def _app(session: Session, world: World, mark: str, signer: Ed25519PrivateKey, store_id: UUID) -> UUID:
    app = await session.get_one(App, (world.tenant_id, world.app_id))
    pem = signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    app.name, app.store_id, app.user_token_keys = f"{mark}-app", store_id, [pem]
    await session.flush()
    return app.id


async def _campaign(session: Session, world: World, store_id: UUID, zone_id: UUID, name: str) -> UUID:
    row = Campaign(
        tenant_id=world.tenant_id, id=new_id(), store_id=store_id, name=name, status="in_review",
        trigger_kind="entered", trigger_zone_ids=[zone_id], trigger_store_ids=[], definition={}, title=name, body=name,
        tags=[name],
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return row.id


async def _spare_key(session: Session, world: World, mark: str) -> UUID:
    await make_key_row(session, world.tenant_id, KeyKind.SECRET, name=f"{mark}-key")
    query = select(Credential.id).where(Credential.tenant_id == world.tenant_id, Credential.name == f"{mark}-key")
    return (await session.execute(query)).scalar_one()


async def _news(session: Session, world: World, mark: str, store_id: UUID) -> dict[str, UUID]:
    """A published content item of the store, with a short link and a feed of their own."""
    ids = {kind: new_id() for kind in ("content", "link", "feed")}
    own: dict[str, Any] = {"tenant_id": world.tenant_id, "store_id": store_id}
    texts = {"en": {"title": f"{mark}-news", "text": "", "terms": ""}}
    item = {"kind": "promotion", "status": "published", "default_language": "en", "timezone": "UTC"}
    begun = utc_now()
    when = {"starts_local": begun.replace(tzinfo=None), "starts_at": begun}
    session.add(ContentItem(id=ids["content"], texts=texts, **own, **item, **when))
    await session.flush()
    session.add(ShortLink(id=ids["link"], code=new_code(), content_id=ids["content"], source=f"{mark}-bag", **own))
    session.add(ContentFeed(id=ids["feed"], name=f"{mark}-feed", token=new_feed_token(world.tenant_id), **own))
    await session.flush()
    return ids


async def _webhook(session: Session, world: World, mark: str) -> UUID:
    """An endpoint at an address that is never called, which missed something that is about nobody."""
    id_, now = new_id(), utc_now()
    hook: dict[str, Any] = {"name": f"{mark}-crm", "url": f"https://192.0.2.1/{mark}", "types": [], "position": 0}
    hook["sealed"] = sealed.seal(KEY, about(world.tenant_id, id_), new_secret().encode())
    session.add(Webhook(tenant_id=world.tenant_id, id=id_, **hook, status="active", created_at=now))
    await session.flush()
    tried = {"at": now.isoformat(), "status": 500, "took_ms": 7, "answer": f"{mark}-answer"}
    row = {"type": "events.lost", "status": "failed", "payload": {}, "attempts": 1, "tries": [tried]}
    times = {"next_at": now, "planned_at": now, "finished_at": now}
    session.add(WebhookDelivery(tenant_id=world.tenant_id, webhook_id=id_, position=0, **row, **times))
    await session.flush()
    return id_


async def _operator(session: Session, world: World, mark: str, role: str, owner_id: UUID | None = None) -> UUID:
    row = Operator(
        tenant_id=world.tenant_id, id=new_id(), email=f"{mark}-{role}@example.com", name=f"{mark}-{role}", role=role,
        owner_id=owner_id, password_hash=PASSWORD_HASH,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return row.id


async def make_phone(client: httpx.AsyncClient, world: World, app_id: UUID, mark: str) -> Phone:
    """A registered installation whose user agreed to everything."""
    body = {
        "app_id": str(app_id), "platform": "android", "consents": GRANTED, "consent_text_version": f"{mark}-1",
        "push": {"provider": "fcm", "kind": "fcm_token", "address": f"{mark}-push-address"},
    }  # fmt: skip
    answer = await client.post("/v1/devices", json=body, headers=world.pk_headers)
    assert answer.status_code == 201, answer.text
    return Phone(UUID(answer.json()["device_id"]), answer.json()["device_token"])


async def _link(client: httpx.AsyncClient, side: Side) -> None:
    body = {"external_id": f"{side.mark}-person", "attributes": {"secret": f"{side.mark}-attribute"}}
    answer = await client.post(f"/v1/devices/{side.phone.id}/link", json=body, headers=side.world.sk_headers)
    assert answer.json() == {"profile_id": side["profile"]}


async def _customers(session: Session, side: Side) -> None:
    """The person is a customer of the shop, by their card; the neighbour has one of its own."""
    now, tenant_id = utc_now(), side.world.tenant_id
    ids = [Id(Kind.EXTERNAL_ID, f"{side.mark}-person"), Id(Kind.LOYALTY_CARD, f"{side.mark}-card".upper())]
    own = [Id(Kind.EXTERNAL_ID, "neighbour-customer")]
    groups = [Together(tuple(ids), now), Together(tuple(own), now)]
    known = await profiles.resolve_many(session, tenant_id, groups, proof=Proof.LINK, source="till", now=now)
    pairs = [(side.ids["store"], known[0].identifier_id), (side.ids["neighbour"], known[1].identifier_id)]
    await profiles.note_customer(session, tenant_id, pairs, "order", now)
    session.add(IdentityPolicy(tenant_id=tenant_id, region="CH", blocked=[f"info@{side.mark}.example"]))
    card = await session.execute(select(Identifier.id).where(Identifier.value == f"{side.mark}-card".upper()))
    side.ids |= {"card": card.scalar_one(), "neighbour_customer": known[1].profile_id}
    await session.commit()


async def _notes(client: httpx.AsyncClient, side: Side) -> None:
    """A note of the shop about its customer, and one of the neighbour's about its own."""
    for note, person, store in (("note", "profile", "store"), ("neighbour_note", "neighbour_customer", "neighbour")):
        words = f"{side.mark}-note" if note == "note" else "Asks next door"
        made = await client.post(
            f"/v1/profiles/{side[person]}/notes",
            json={"text": words, "store_id": side[store]},
            headers=side.world.sk_headers,
        )
        assert made.status_code == 201, made.text
        side.ids[note] = UUID(made.json()["id"])


async def _belong(client: httpx.AsyncClient, session: Session, side: Side) -> None:
    """Two segments and a list of the shop with its customer in them, and one of each next door."""
    for kind, person, at, words in (
        ("segment", "profile", "store", f"{side.mark}-segment"),
        ("second_segment", "profile", "store", f"{side.mark}-second"),
        ("neighbour_segment", "neighbour_customer", "neighbour", "Next door"),
    ):
        everybody = {"kind": "trait", "name": "city", "op": "not_exists"}
        row = Segment(
            tenant_id=side.world.tenant_id, id=new_id(), store_id=side.ids[at], name=words, definition=everybody,
            live_definition=everybody, live_version=1, status="ready", size=1,
        )  # fmt: skip
        session.add(row)
        await session.flush()
        session.add(
            SegmentMember(tenant_id=row.tenant_id, segment_id=row.id, profile_id=side.ids[person], since=utc_now())
        )
        side.ids[kind] = row.id
    await session.commit()
    for kind, at, words, who in (
        ("list", "store", f"{side.mark}-list", f"{side.mark}-person"),
        ("neighbour_list", "neighbour", "Next door", "neighbour-customer"),
    ):
        made = await _made(client, side, "POST", "/v1/lists", {"name": words, "store_id": side[at]})
        side.ids[kind] = UUID(made["id"])
        add = {"add": [{"kind": "external_id", "value": who}]}
        await _made(client, side, "POST", f"/v1/lists/{made['id']}/people", add)


async def walk_in(client: httpx.AsyncClient, phone: Phone, now: datetime) -> None:
    """Enter both shops' zones: two agreeing positions."""
    moments = [now - timedelta(seconds=seconds) for seconds in (60, 40, 20)]
    pings = [{"at": at.isoformat(), "lon": LON, "lat": LAT, "accuracy_m": 5, "level": 0} for at in moments]
    answer = await client.post("/v1/pings", json={"pings": pings}, headers=bearer(phone.token))
    assert answer.json() == {"accepted": 3, "duplicates": 0, "rejected": []}, answer.text


async def _sell(client: httpx.AsyncClient, side: Side) -> None:
    """A product, an order with a refund, a cart and an offer at each of the two stores, for a customer each."""
    for mark, kind in ((side.mark, "store"), ("neighbour", "neighbour")):
        at, who = {"store_id": side[kind]}, {"customer": {"external_id": f"{mark}-person"}}
        variants = [{"price_minor": 500, "currency": "CHF"}]
        product = at | {"external_id": f"{mark}-product", "name": f"{mark}-train", "variants": variants}
        lines = [{"product_id": f"{mark}-product", "name": f"{mark}-train", "quantity": 1}]
        sold = {"ordered_at": utc_now().isoformat(), "currency": "CHF", "external_id": f"{mark}-order", **at, **who}
        refund = {"external_id": f"{mark}-refund", "at": utc_now().isoformat(), "amount_minor": 1}
        sold |= {"lines": [lines[0] | {"unit_price_minor": 500}], "coupons": [f"{mark}-coupon"], "refunds": [refund]}
        made = await _made(client, side, "POST", "/v1/products", product)
        counted = [at | {"item": f"{mark}-product", "quantity": 2}]
        await _made(client, side, "POST", "/v1/stock", {"counts": counted})
        ordered = await _made(client, side, "POST", "/v1/orders", sold)
        cart = await _made(client, side, "PUT", "/v1/carts", at | who | {"lines": lines})
        prefix = "" if kind == "store" else "neighbour_"
        side.ids |= {f"{prefix}product": UUID(made["id"]), f"{prefix}order": UUID(ordered["id"])}
        side.ids[f"{prefix}cart"] = UUID(cart["id"])
        offer = at | {"name": f"{mark}-offer", "currency": "CHF", "status": "active", "funded_by": "store"}
        offer |= {"benefit": {"kind": "amount", "amount_minor": 50}, "label": f"{mark}-label"}
        made = await _made(client, side, "POST", "/v1/offers", offer)
        side.ids[f"{prefix}offer"] = UUID(made["id"])
    printed = {"count": 1, "expires_at": (utc_now() + timedelta(days=1)).isoformat()}
    answer = await client.post(f"/v1/offers/{side['offer']}/coupons", json=printed, headers=side.world.sk_headers)
    side.coupon = answer.text.splitlines()[1].partition(",")[0]
    own = {"lines": [{"sku": f"{side.mark}-thing", "quantity": 1}]}
    answer = await client.put("/v1/carts/me", json=own, headers=bearer(side.phone.token))
    assert answer.status_code == 200, answer.text


async def _learnt(session: Session, side: Side) -> None:
    """What both stores sell is popular, there and everywhere, and goes together."""
    tenant_id, id_ = side.world.tenant_id, new_id()
    numbers = {"baskets": 9, "people": 9, "products": 2, "gap_days": 7.0, "lambda_": 50.0, "quality": {}}
    session.add(RecommendationModel(tenant_id=tenant_id, id=id_, fitted_at=utc_now(), is_current=True, **numbers))
    await session.flush()
    of_model = {"tenant_id": tenant_id, "model_id": id_}
    session.add(RecommendationSchedule(tenant_id=tenant_id, due_at=utc_now()))
    for place, rank, product in (
        ("store", 0, "product"), ("neighbour", 0, "neighbour_product"),
        ("tenant", 0, "product"), ("tenant", 1, "neighbour_product"),
    ):  # fmt: skip
        what = {"place_id": side.ids[place], "rank": rank, "product_id": side.ids[product], "buyers": 10}
        session.add(PopularProduct(**of_model, **what))
    for product, other in (("product", "neighbour_product"), ("neighbour_product", "product")):
        what = {"product_id": side.ids[product], "others": [side.ids[other]], "weights": [0.5]}
        session.add(ProductPattern(**of_model, **what, buyers=10, share=0.5))
    await session.commit()


async def _made(client: httpx.AsyncClient, side: Side, method: str, path: str, body: dict[str, Any]) -> Any:
    answer = await client.request(method, path, json=body, headers=side.world.sk_headers)
    assert answer.status_code < 300, answer.text
    return answer.json()


def products_of(mark: str) -> bytes:
    """A file of products."""
    return f"sku,name\n{mark}-1,{mark}-ball\n".encode()


def service_account(side: Side) -> dict[str, str]:
    """Of the side's own Firebase project."""
    server = FcmServer()
    server.url = NOWHERE
    return server.credentials(f"{side.mark}-project")


async def put_firebase(client: httpx.AsyncClient, side: Side) -> None:
    """The side's app has a Firebase project of its own."""
    url, body = f"/v1/apps/{side['app']}/firebase", {"service_account": service_account(side)}
    answer = await client.put(url, json=body, headers=side.world.sk_headers)
    assert answer.status_code == 200, answer.text


async def _put_mail(client: httpx.AsyncClient, side: Side) -> None:
    """And a mail server."""
    body = {"host": "localhost", "from_address": f"{side.mark}@example.com", "from_name": side.mark}
    answer = await client.put(f"/v1/apps/{side['app']}/email", json=body, headers=side.world.sk_headers)
    assert answer.status_code == 200, answer.text


def whatsapp(side: Side) -> dict[str, Any]:
    """The account of the side's store."""
    account = {"phone_number_id": "1065403522429", "business_account_id": "1022901293403"}
    return account | {"store_id": str(side["store"]), "access_token": side.mark * 9, "app_secret": side.mark * 9}


async def _put_whatsapp(client: httpx.AsyncClient, session: Session, side: Side) -> UUID:
    """And WhatsApp, with a template."""
    answer = await client.put("/v1/senders/whatsapp", json=whatsapp(side), headers=side.world.sk_headers)
    assert answer.status_code == 200, answer.text
    id_ = UUID(answer.json()["id"])
    session.add(
        WhatsappTemplate(
            tenant_id=side.world.tenant_id, sender_id=id_, name=f"{side.mark}_news", language="en",
            category="marketing", status="approved", components=[], changed_at=utc_now(),
        )
    )  # fmt: skip
    await session.commit()
    return id_


async def make_message(session: Session, side: Side) -> UUID:
    """A sent message of the shop to the person."""
    now = utc_now()
    draft = Draft(
        device_id=side.ids["device"], person_id=side.ids["profile"], campaign_id=side.ids["campaign"],
        store_id=side.ids["store"], zone_id=side.ids["zone"], zone_version=1, visit_id=side.ids["visit"],
        title=f"{side.mark}-title", body=f"{side.mark}-body", collapse_key="k", expires_at=now + timedelta(minutes=10),
        occurrence=new_id(),
    )  # fmt: skip
    (id_,) = await messaging.enqueue(session, side.world.tenant_id, [draft], now)
    message = await session.get_one(Message, (side.world.tenant_id, id_))
    message.status, message.channel = "sent", "preview"
    await session.flush()
    return id_


def bearer(credential: str) -> dict[str, str]:
    """The header of a key or device token."""
    return {"Authorization": f"Bearer {credential}"}


def cookie(value: str, **headers: str) -> dict[str, str]:
    """The headers of a browser with that console session."""
    return {"Cookie": f"{COOKIE}={value}"} | {name.replace("_", "-"): each for name, each in headers.items()}


@cache
def tenant_tables() -> tuple[str, ...]:
    """Every table that holds a tenant's rows."""

    def below(cls: type) -> Iterator[type]:
        for child in cls.__subclasses__():
            yield child
            yield from below(child)

    return tuple(sorted({c.__tablename__ for c in below(TenantRow) if issubclass(c, Base)}))


async def dump(session: Session, side: Side, without: UUID | None = None) -> dict[str, list[str]]:
    """All rows of a tenant as JSON texts by table.

    `without`: but for those that name this id, which its owner may change, or a cart of that device; the ledger's
    length then counts for nothing.
    """
    result = {}
    carts = text("SELECT id FROM cart WHERE tenant_id = :tenant_id AND device_id = :device_id")
    found = await session.execute(carts, {"tenant_id": side.world.tenant_id, "device_id": without})
    names = {str(id_) for id_ in (without, *found.scalars()) if id_ is not None}
    for table in tenant_tables():
        if without is not None and table == "ledger_head":
            continue
        query = text(f"SELECT to_jsonb(t)::text FROM {table} t WHERE tenant_id = :tenant_id")  # noqa: S608
        rows = (await session.execute(query, {"tenant_id": side.world.tenant_id})).scalars()
        result[table] = sorted(row for row in rows if not any(name in row for name in names))
    tenant = text("SELECT to_jsonb(t)::text FROM tenant t WHERE id = :id")
    result["tenant"] = list((await session.execute(tenant, {"id": side.world.tenant_id})).scalars())
    return result


def ids_in(rows: dict[str, list[str]]) -> set[str]:
    """Every id that a dump's rows name."""
    return set(_UUID.findall(str(rows)))
