"""A person with a row in every table that can hold one, made over HTTP where there is a way."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, text

from geoengage.kit import events
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.messaging import service as messaging
from geoengage.messaging import store as messaging_store
from geoengage.messaging.models import Message
from geoengage.messaging.rules import Draft
from geoengage.metrics import service as metrics
from geoengage.offers import service as offers
from geoengage.offers import store as offers_store
from geoengage.profiles import service as profiles
from geoengage.profiles.models import Identifier
from geoengage.profiles.rules import Id, Kind, Proof
from geoengage.segments import store as segments
from geoengage.segments.lists import store as lists
from geoengage.segments.models import Segment
from geoengage.tenancy.rules import KeyKind
from geoengage.webhooks import store as webhooks
from geoengage.webhooks.rules import DeliveryStatus
from tests.api.wall.world import Phone, Side, bearer, make_phone, walk_in
from tests.factories import make_key_row
from tests.offer_rows import make_offer
from tests.reply_rows import make_conversation

LON, LAT = 8.5005671, 47.4004329  # inside the zones, and nobody else's


@dataclass
class Erasable:
    """The person of a side with two phones, a third on which they have logged out, and all that is about them."""

    side: Side
    phones: list[Phone]
    lent: Phone  # was logged in as this person for a while, and stays somebody else's
    words: list[str] = field(default_factory=list)  # no row may hold one of these afterwards

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.phones[0].token)


async def fill(client: httpx.AsyncClient, session: Session, side: Side, mark: str) -> Erasable:
    """See the module's text. `mark` is in every text about the person."""
    now = utc_now()
    second = await _register(client, side, mark)
    lent = await make_phone(client, side.world, side.ids["app"], "lent")
    person = Erasable(side, [side.phone, second], lent)
    for phone in (second, lent):
        await _link(client, side, phone, mark)
    await _walk(client, second, now)
    await walk_in(client, lent, now)
    for phone in (side.phone, second, lent):
        message_id = await _message(session, side, phone.id, mark, status="sent")
        receipt = {"message_id": str(message_id), "kind": "opened"}
        assert (await client.post("/v1/receipts", json=receipt, headers=bearer(phone.token))).status_code == 204
        person.words.append(str(message_id))
    person.words.append(str(await _message(session, side, second.id, mark, status="queued")))
    assert (await client.delete("/v1/devices/me/link", headers=bearer(lent.token))).status_code == 204
    consents = {"personalisation": "denied", "text_version": f"{mark}-2", "source": f"{mark}-settings"}
    await client.put("/v1/devices/me/consents", json=consents, headers=bearer(second.token))
    looked = {"device_id": str(second.id), "reason": f"{mark} called"}
    assert (await client.get("/v1/explain", params=looked, headers=side.world.sk_headers)).status_code == 200
    await _known_by_more(session, side, mark, now)
    await _tracked(client, session, side, mark)
    await _decided(client, session, side, mark)
    await _helped(client, side, mark)
    await _bought(client, session, side, mark)
    await metrics.refresh(session, side.world.tenant_id, [UUID(side["profile"])], now)
    await _grouped(session, side, now)
    await _offered(session, side, now)
    await _trouble(session, side, second.id, mark, now)
    await _told(session, side, second.id, mark, now)
    person.words += [str(second.id), str(side.phone.id), str(side.ids["profile"]), str(side.ids["visit"])]
    known = await session.execute(select(Identifier.id).where(Identifier.profile_id == side.ids["profile"]))
    person.words += [str(id_) for id_ in known.scalars()]
    person.words += [f"{side.mark}-question", f"{mark}-", f"{mark} called", str(LON), str(LAT)]
    return person


async def _known_by_more(session: Session, side: Side, mark: str, now: datetime) -> None:
    """A till knows the person by another id, and a store may."""
    ids = [Id(Kind.EXTERNAL_ID, f"{side.mark}-person"), Id(Kind.SOURCE_ID, f"pos:{mark}-77")]
    known = await profiles.resolve(session, side.world.tenant_id, ids, proof=Proof.LINK, source="till", at=now, now=now)
    stores = [(side.ids["store"], known.identifier_id)]
    await profiles.note_customer(session, side.world.tenant_id, stores, "order", now)
    await session.commit()


async def _tracked(client: httpx.AsyncClient, session: Session, side: Side, mark: str) -> None:
    """A site's server tells what the person did there, and who they are."""
    key = await make_key_row(session, side.world.tenant_id, KeyKind.WRITE, scopes=[], writes="server")
    await session.commit()
    who = {"userId": f"{side.mark}-person", "anonymousId": f"{mark}-visitor"}
    batch = [
        {"type": "track", "event": "Products Searched", "properties": {"query": f"{mark}-search"}} | who,
        {"type": "identify", "traits": {"hobby": f"{mark}-trains"}} | who,
    ]
    assert (await client.post("/v1/batch", json={"batch": batch, "writeKey": key})).status_code == 200


async def _decided(client: httpx.AsyncClient, session: Session, side: Side, mark: str) -> None:
    """They chose what they get, have a link to change it, paused, and an address that is being proven."""
    person, headers = f"/v1/profiles/{side['profile']}", side.world.sk_headers
    ids = [Id(Kind.EXTERNAL_ID, f"{side.mark}-person"), Id(Kind.EMAIL, f"{mark}-mia@example.com")]
    now = utc_now()
    await profiles.resolve(session, side.world.tenant_id, ids, proof=Proof.LINK, source="till", at=now, now=now)
    await session.commit()
    found = await session.execute(select(Identifier.id).where(Identifier.value == f"{mark}-mia@example.com"))
    wish = {"channel": "email", "purpose": "marketing", "state": "pending", "store_id": side["store"]}
    said = {"decisions": [wish], "text_version": f"{mark}-3", "source": f"{mark}-checkout"}
    assert (await client.put(f"{person}/consents", json=said, headers=headers)).status_code == 200
    assert (await client.put(f"{person}/pause", json={}, headers=headers)).status_code == 200
    address_id = found.scalar_one()
    proof = f"{person}/addresses/{address_id}/email/proof"
    assert (await client.post(proof, headers=headers)).status_code == 200
    await messaging_store.note_inbound(session, side.world.tenant_id, side.ids["sender"], address_id, now)
    await make_conversation(
        session, side.world.tenant_id, side.ids["store"], side.ids["sender"], address_id, f"{mark}-question"
    )
    await session.commit()
    assert (await client.post(f"{person}/preference-link", headers=headers)).status_code == 200


async def _grouped(session: Session, side: Side, now: datetime) -> None:
    """They belong to a segment, for a while, and are on a list."""
    segment_id = new_id(now)
    always = {"kind": "trait", "name": "hobby", "op": "exists"}
    session.add(Segment(tenant_id=side.world.tenant_id, id=segment_id, name="All", definition=always))
    await session.flush()
    move = segments.Move(segment_id, UUID(side["profile"]), True, now, 1, {"by": ["traits"], "conditions": [""]})
    await segments.write_moves(session, side.world.tenant_id, [move], now)
    await segments.write_dues(session, side.world.tenant_id, [(segment_id, UUID(side["profile"]), now)])
    known = await session.execute(select(Identifier.id).where(Identifier.profile_id == UUID(side["profile"])))
    await lists.insert_members(session, side.world.tenant_id, side.ids["list"], known.scalars().all(), now)
    await session.commit()


async def _offered(session: Session, side: Side, now: datetime) -> None:
    """They were given a coupon, have used another, and stand on the win-back ladder."""
    tenant_id, profile_id = side.world.tenant_id, UUID(side["profile"])
    offer_id = await make_offer(session, side.world)
    for n in range(2):
        soon = now + timedelta(days=1)
        made = await offers.reserve(session, tenant_id, offer_id, profile_id, None, soon, now=now)
        assert isinstance(made, offers.Reserved)
        if n:
            use = offers.Use(source="till", order_ref="1", currency="CHF", discount_minor=1, at=now)
            await offers.redeem(session, tenant_id, made.code, use, now)
    steps = [{"after_days": 0, "offer_id": None}, {"after_days": 4, "offer_id": str(offer_id)}]
    await offers_store.set_ladder(session, tenant_id, steps, now)
    await offers.ladder_step(session, tenant_id, profile_id, now)
    await session.commit()


async def _helped(client: httpx.AsyncClient, side: Side, mark: str) -> None:
    """Somebody opened their screen and wrote a note."""
    person, headers = f"/v1/profiles/{side['profile']}", side.world.sk_headers
    opened = await client.post(f"{person}/access", json={"reason": f"{mark}-ticket"}, headers=headers)
    assert opened.status_code == 200, opened.text
    written = await client.post(f"{person}/notes", json={"text": f"{mark}-Mia likes trains"}, headers=headers)
    assert written.status_code == 201, written.text


async def _worth(session: Session, side: Side) -> None:
    """A value of a model, and a campaign that waits because of a segment."""
    await session.execute(
        text(
            "INSERT INTO campaign_start (tenant_id, campaign_id, profile_id, occurrence, moved_at, due_at)"
            " VALUES (:t, :c, :p, :id, now(), now() + interval '1 hour')"
        ),
        {"t": side.world.tenant_id, "c": side.ids["campaign"], "p": side["profile"], "id": new_id()},
    )
    await session.execute(
        text(
            "INSERT INTO experiment_person (tenant_id, campaign_id, person_id, side, decided_at)"
            " VALUES (:t, :c, :p, 'sent', now())"
        ),
        {"t": side.world.tenant_id, "c": side.ids["campaign"], "p": side["profile"]},
    )
    await session.execute(
        text(
            "INSERT INTO customer_value (tenant_id, profile_id, model_id, currency, p_alive, orders_90d, orders_365d,"
            " value_365_minor, valued_at) VALUES (:t, :p, :m, 'CHF', 0.5, 1, 4, 2000, now())"
        ),
        {"t": side.world.tenant_id, "p": side["profile"], "m": side.ids["model"]},
    )


async def _bought(client: httpx.AsyncClient, session: Session, side: Side, mark: str) -> None:
    """An order, one of a guest who left their address, and something put aside."""
    lines = [{"name": "Puzzle", "quantity": 1, "unit_price_minor": 500}]
    for external_id, customer in ((f"{side.mark}-1", {"external_id": f"{side.mark}-person"}), (f"{side.mark}-2", None)):
        order = {
            "external_id": external_id, "ordered_at": utc_now().isoformat(), "currency": "CHF", "lines": lines,
            "coupons": [f"{mark}-coupon"] if customer else [], "customer": customer,
        }  # fmt: skip
        answer = await client.post("/v1/orders", json=order, headers=side.world.sk_headers)
        assert answer.status_code == 201, answer.text
    await _worth(session, side)
    values = {"t": side.world.tenant_id, "p": side["profile"], "mail": f"{mark}-mia@example.com", "id": new_id()}
    values |= {"name": f"{mark}-Puzzle", "line": f"{mark}-mia@example.com,x"}
    await session.execute(
        text(
            "INSERT INTO order_claim (tenant_id, order_id, claim_kind, claim_value)"
            " SELECT tenant_id, id, 'email', :mail FROM shop_order WHERE tenant_id = :t AND identifier_id IS NULL"
        ),
        values,
    )
    await session.execute(
        text(
            "INSERT INTO cart (tenant_id, id, identifier_id, changed_at) SELECT :t, :id, id, now() FROM identifier"
            " WHERE tenant_id = :t AND value = :mail"
        ),
        values,
    )
    await session.execute(
        text(
            "INSERT INTO cart_line (tenant_id, cart_id, item, name, quantity_milli, added_at, changed_at)"
            " VALUES (:t, :id, 'x', :name, 1000, now(), now())"
        ),
        values,
    )
    await session.execute(
        text(
            "INSERT INTO data_import (tenant_id, id, kind, origin, status, file_name, path, size_bytes, digest,"
            " sent_at, encoding, delimiter, is_gzip, header, mapping, options, lines_total, created_by)"
            " VALUES (:t, :id, 'customers', 'upload', 'done', 'a.csv', '', 1, '', now(), 'utf-8', ',', false, '{}',"
            " '{}', '{}', 1, 'test')"
        ),
        values,
    )
    await session.execute(
        text(
            "INSERT INTO data_import_error (tenant_id, import_id, number, line, column_name, value, reason, record)"
            " VALUES (:t, :id, 1, 2, 'email', 'x', 'wrong', :line)"
        ),
        values,
    )
    await session.commit()


async def _register(client: httpx.AsyncClient, side: Side, mark: str) -> Phone:
    body = {
        "app_id": side["app"], "platform": "ios", "locale": "rm-CH", "consent_text_version": f"{mark}-1",
        "consents": {"location": "granted", "marketing_push": "granted", "personalisation": "granted"},
        "push": {"provider": "fcm", "kind": "fcm_token", "address": f"{mark}-address"},
    }  # fmt: skip
    headers = side.world.pk_headers | {"Idempotency-Key": f"{mark}-{new_id()}"}
    made = (await client.post("/v1/devices", json=body, headers=headers)).json()
    return Phone(UUID(made["device_id"]), made["device_token"])


async def _link(client: httpx.AsyncClient, side: Side, phone: Phone, mark: str) -> None:
    body = {"external_id": f"{side.mark}-person", "first_name": f"{mark}-Mia", "attributes": {"dog": f"{mark}-Rex"}}
    answer = await client.post(f"/v1/devices/{phone.id}/link", json=body, headers=side.world.sk_headers)
    assert answer.json() == {"profile_id": side["profile"]}, answer.text


async def _walk(client: httpx.AsyncClient, phone: Phone, now: datetime) -> None:
    """Into the zones, on the way to a dwell mark, and one position that is refused."""
    pings: list[dict[str, Any]] = [
        {"at": (now - timedelta(seconds=s)).isoformat(), "lon": LON, "lat": LAT, "accuracy_m": 5, "level": 0}
        for s in (1_000, 60, 40, 20)
    ]
    pings.append({"at": (now + timedelta(hours=1)).isoformat(), "lon": LON, "lat": LAT})
    answer = (await client.post("/v1/pings", json={"pings": pings}, headers=bearer(phone.token))).json()
    assert (answer["accepted"], len(answer["rejected"])) == (4, 1), answer
    # a phone app speaks for it too, and is told what to monitor
    location = {"_type": "location", "tid": "P1", "lat": LAT, "lon": LON, "acc": 5, "tst": int(now.timestamp()) - 10}
    told = await client.post("/ingest/owntracks", json=location, auth=(str(phone.id), phone.token))
    assert told.status_code == 200
    assert told.json(), "no regions"


async def _message(session: Session, side: Side, device_id: UUID, mark: str, *, status: str) -> UUID:
    now = utc_now()
    visit = "SELECT id FROM visit WHERE tenant_id = :tenant_id AND device_id = :device_id LIMIT 1"
    found = await session.execute(text(visit), {"tenant_id": side.world.tenant_id, "device_id": device_id})
    draft = Draft(
        device_id=device_id, person_id=side.ids["profile"], campaign_id=side.ids["campaign"], store_id=None,
        zone_id=side.ids["zone"], zone_version=1, visit_id=found.scalar_one(), title=f"{mark}-title",
        body=f"Hello {mark}-Mia", collapse_key="k", expires_at=now + timedelta(minutes=10), occurrence=new_id(),
    )  # fmt: skip
    await messaging.lock_budgets(session, side.world.tenant_id, [draft.person_id], now)
    (id_,) = await messaging.enqueue(session, side.world.tenant_id, [draft], now)
    message = await session.get_one(Message, (side.world.tenant_id, id_))
    message.status = status
    await session.commit()
    return id_


async def _told(session: Session, side: Side, device_id: UUID, mark: str, now: datetime) -> None:
    """Another system was told of everything, and its answers repeat what they were told."""
    rows = await session.execute(
        text("SELECT position, type FROM ledger WHERE tenant_id = :tenant_id AND payload ->> 'device_id' = :device_id"),
        {"tenant_id": side.world.tenant_id, "device_id": str(device_id)},
    )
    events_told = [(position, type_, None) for position, type_ in rows]
    await webhooks.plan(session, side.world.tenant_id, side.ids["webhook"], events_told, now)
    tried = {"at": now, "status": 200, "took_ms": 5, "answer": f"{mark}-Mia is welcome"}
    recordings = [webhooks.Recording(position, DeliveryStatus.DELIVERED, now, tried) for position, _, _ in events_told]
    await webhooks.record(session, side.world.tenant_id, side.ids["webhook"], recordings, now)
    await session.commit()


async def _trouble(session: Session, side: Side, device_id: UUID, mark: str, now: datetime) -> None:
    """Two events that a reaction could not digest: one still in the ledger, one long gone from it."""
    row = await session.execute(
        text("SELECT max(position) FROM ledger WHERE tenant_id = :tenant_id AND payload ->> 'device_id' = :device_id"),
        {"tenant_id": side.world.tenant_id, "device_id": str(device_id)},
    )
    for position, error in (
        (row.scalar_one(), f"KeyError('{mark}-x')"),
        (0, f"NotFound('device {device_id} does not exist')"),
    ):
        await events.record_failure(session, side.world.tenant_id, "campaigns.send", position, error, now)
    await session.commit()
