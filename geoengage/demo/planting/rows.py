"""A planted experiment's past as rows: no program can have sent what was sent ninety days ago.

Everything that the product can do by itself is left to it: customers, orders, campaign, plan and offer came by the API,
who stands on which side is noted by the experiments' own reaction. One transaction; a second run changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import text

from geoengage.demo.planting.letters import Letter, Letters
from geoengage.demo.planting.story import Cast, Stages, Text, order_id
from geoengage.experiments import service as experiments
from geoengage.experiments.rules import held_by_campaign
from geoengage.kit import partitions
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging.rules import in_holdout

Planted = Mapping[str, float]  # what the message does, by outcome
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as the import made him."""

    profile_id: UUID
    identifier_id: UUID


@dataclass(frozen=True, slots=True)
class Made:
    """What the API has made before. `offer_id`: of the coupons, None: there are none."""

    tenant_id: TenantId
    app_id: UUID
    campaign_id: UUID
    offer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A message to be put. `device_id` None: to the person's number; `held`: it was not sent, by lot."""

    person: Person
    device_id: UUID | None
    at: datetime
    held: bool
    seen: Stages


async def list_people(session: Session, tenant_id: TenantId, names: Sequence[str]) -> dict[str, Person]:
    """These customers by their external id."""
    rows = await session.execute(
        text(
            "SELECT value, profile_id, id FROM identifier WHERE tenant_id = :tenant_id AND kind = 'external_id'"
            " AND value = ANY(:names)"
        ),
        {"tenant_id": tenant_id, "names": list(names)},
    )
    return {name: Person(profile_id, id_) for name, profile_id, id_ in rows}


async def list_held(
    session: Session, made: Made, people: Mapping[str, Person], holdout_percent: int
) -> dict[str, bool]:
    """Whom the campaign's lot holds back; who gets no campaign at all is left out."""
    percent = await session.execute(
        text("SELECT holdout_percent FROM tenant WHERE id = :tenant_id"), {"tenant_id": made.tenant_id}
    )
    of_all = int(percent.scalar_one())
    return {
        name: held_by_campaign(made.campaign_id, who.profile_id, holdout_percent)
        for name, who in people.items()
        if not in_holdout(made.tenant_id, who.profile_id, of_all)
    }


async def is_counted(session: Session, tenant_id: TenantId) -> bool:
    """Whether the sums of what customers bought are up to date."""
    apart = await session.execute(
        text(
            "SELECT (SELECT coalesce(sum(orders), 0) FROM customer_summary"
            " WHERE tenant_id = :tenant_id) - (SELECT count(*) FROM shop_order WHERE tenant_id = :tenant_id"
            " AND identifier_id IS NOT NULL AND status <> 'cancelled' AND return_of IS NULL)"
        ),
        {"tenant_id": tenant_id},
    )
    return bool(apart.scalar_one() == 0)


async def put(session: Session, made: Made, cast: Cast, who: Sequence[Person], planted: Planted, now: datetime) -> None:
    """Everything that was decided, sent, seen and redeemed. `who`: the customer of each place."""
    if await _is_there(session, made):
        return
    first = min(cast.decided_at)
    await partitions.make_back(session, ("message", "receipt"), first - _DAY, now)
    await _date_back(session, made, cast, first, planted)
    by_app = cast.story.by_app
    devices = await _put_phones(session, made, who, first - 60 * _DAY) if by_app else [None] * len(who)
    sendings = [
        Sending(person, device, at, held=held, seen=seen)
        for person, device, at, held, seen in zip(who, devices, cast.decided_at, cast.held_out, cast.seen, strict=True)
    ]
    messages = await _put_messages(session, made, cast.story.channel, cast.story.text, sendings)
    if made.offer_id is not None:
        await _put_coupons(session, made, made.offer_id, cast, who, messages, now)
    await session.execute(text("ANALYZE message, receipt, experiment_person, coupon, redemption, device"))


async def put_letters(
    session: Session, made: Made, what: Letters, letters: Sequence[Letter], since: datetime, now: datetime
) -> list[str]:
    """Messages of a campaign that holds nobody back, but whom the tenant's own lot keeps without any: these are
    returned. `since`: when the campaign began."""
    people = await list_people(session, made.tenant_id, sorted({letter.customer for letter in letters}))
    may = await list_held(session, made, people, 0)
    left_out = sorted(people.keys() - may.keys())
    if await _is_there(session, made):
        return left_out
    await partitions.make_back(session, ("message", "receipt"), since - _DAY, now)
    await session.execute(
        text("UPDATE campaign SET created_at = :since WHERE tenant_id = :tenant_id AND id = :campaign"),
        {"tenant_id": made.tenant_id, "campaign": made.campaign_id, "since": since},
    )
    sendings = [
        Sending(people[letter.customer], None, letter.at, held=False, seen=letter.seen)
        for letter in letters
        if letter.customer in may
    ]
    await _put_messages(session, made, what.channel, what.text, sendings)
    await session.execute(text("ANALYZE message, receipt, experiment_person"))
    return left_out


async def _is_there(session: Session, made: Made) -> bool:
    there = await session.execute(
        text("SELECT EXISTS (SELECT FROM experiment_person WHERE tenant_id = :tenant_id AND campaign_id = :campaign)"),
        {"tenant_id": made.tenant_id, "campaign": made.campaign_id},
    )
    return bool(there.scalar_one())


async def _date_back(session: Session, made: Made, cast: Cast, first: datetime, planted: Planted) -> None:
    zone = ZoneInfo(cast.story.zone)
    since = datetime.combine(first.astimezone(zone).date(), datetime.min.time(), zone)
    values = {"tenant_id": made.tenant_id, "campaign": made.campaign_id, "since": since}
    await session.execute(
        text("UPDATE campaign SET created_at = :since WHERE tenant_id = :tenant_id AND id = :campaign"), values
    )
    await session.execute(
        text(
            "UPDATE experiment SET since = :since, planted = CAST(:planted AS jsonb)"
            " WHERE tenant_id = :tenant_id AND campaign_id = :campaign"
        ),
        values | {"planted": msgspec.json.encode(planted).decode()},
    )


async def _put_phones(session: Session, made: Made, who: Sequence[Person], since: datetime) -> list[UUID]:
    """Their phones with the app, which agreed to messages and have no address by now: nothing is sent to them."""
    ids = [new_id(since) for _ in who]
    kinds = {
        "id": "uuid", "app_id": "uuid", "profile_id": "uuid", "identifier_id": "uuid", "platform": "text",
        "locale": "text", "marketing_push": "text", "personalisation": "text", "created_at": "timestamptz",
    }  # fmt: skip
    rows = [
        (id_, made.app_id, person.profile_id, person.identifier_id, ("android", "ios")[n % 3 == 0], "de-DE", "granted",
         "granted", since)
        for n, (id_, person) in enumerate(zip(ids, who, strict=True))
    ]  # fmt: skip
    await _insert(session, made.tenant_id, "device", kinds, rows)
    return ids


async def _put_messages(
    session: Session, made: Made, channel: str, words: Text, sendings: Sequence[Sending]
) -> list[UUID]:
    ids = [new_id(each.at) for each in sendings]
    rows, receipts, events = [], [], []
    for n, (id_, each) in enumerate(zip(ids, sendings, strict=True)):
        received, opened, clicked = each.seen
        held, at = each.held, each.at
        rows.append(
            (id_, each.device_id, each.person.profile_id, made.campaign_id, "skipped" if held else "sent",
             "holdout" if held else None, "{holdout}" if held else "{}", None if held else channel,
             0 if held else 1, at, at + _DAY, None if held else at, received, opened, clicked)
        )  # fmt: skip
        for kind, when in (("received", received), ("opened", opened), ("clicked", clicked)):
            if when is not None and each.device_id is not None:  # receipts are told by devices
                receipts.append((new_id(when), id_, each.device_id, kind, when))
        payload = {
            "message_id": str(id_),
            "campaign_id": str(made.campaign_id),
            "status": "skipped" if held else "queued",
        }
        events.append(Recorded(n + 1, "message.changed", at, payload))
    kinds = {
        "id": "uuid", "device_id": "uuid", "person_id": "uuid", "campaign_id": "uuid", "status": "text",
        "reason": "text", "blockers": "text", "channel": "text", "attempts": "int", "created_at": "timestamptz",
        "expires_at": "timestamptz", "sent_at": "timestamptz", "received_at": "timestamptz",
        "opened_at": "timestamptz", "clicked_at": "timestamptz", "title": "text", "body": "text", "channels": "text",
    }  # fmt: skip
    way = "{push}" if channel == "fcm" else f"{{{channel}}}"
    same = {
        "purpose": "'marketing'", "gates": "CAST('{}' AS text[])", "data": "CAST('{}' AS jsonb)",
        "collapse_key": "'planted'",
    }  # fmt: skip
    told = [(*row, words.title, words.body, way) for row in rows]
    await _insert(
        session, made.tenant_id, "message", kinds, told, same, casts={"blockers": "text[]", "channels": "text[]"}
    )
    kinds = {"id": "uuid", "message_id": "uuid", "device_id": "uuid", "kind": "text", "at": "timestamptz"}
    await _insert(session, made.tenant_id, "receipt", kinds, receipts)
    await experiments.on_messages(session, made.tenant_id, events, max(each.at for each in sendings))
    return ids


async def _put_coupons(
    session: Session,
    made: Made,
    offer_id: UUID,
    cast: Cast,
    who: Sequence[Person],
    messages: Sequence[UUID],
    now: datetime,
) -> None:
    story = cast.story
    used = {sale.person: sale for sale in cast.sales if sale.discount_minor}
    coupons, redemptions = [], []
    for n, coupon in enumerate(cast.coupons):
        if coupon is None:
            continue
        code, size = coupon
        at, sale, id_ = cast.decided_at[n], used.get(n), new_id(cast.decided_at[n])
        ends = at + timedelta(days=story.plan.window_days)
        status = "redeemed" if sale else "released" if ends < now else "committed"
        coupons.append(
            (id_, offer_id, who[n].profile_id, messages[n], code, status, size, f"{size} % off", at, ends, at,
             sale.at if sale else None, ends if status == "released" else None,
             "expired" if status == "released" else None)
        )  # fmt: skip
        if sale is not None and sale.discount_minor is not None:
            redemptions.append(
                (new_id(sale.at), offer_id, id_, who[n].profile_id, order_id(story, sale), sale.discount_minor, sale.at)
            )
    kinds = {
        "id": "uuid", "offer_id": "uuid", "profile_id": "uuid", "message_id": "uuid", "code": "text",
        "status": "text", "size": "bigint", "label": "text", "reserved_at": "timestamptz",
        "expires_at": "timestamptz", "committed_at": "timestamptz", "redeemed_at": "timestamptz",
        "released_at": "timestamptz", "release_reason": "text",
    }  # fmt: skip
    await _insert(session, made.tenant_id, "coupon", kinds, coupons, {"held_minor": "0", "once": "true"})
    kinds = {
        "id": "uuid", "offer_id": "uuid", "coupon_id": "uuid", "profile_id": "uuid", "order_ref": "text",
        "discount_minor": "bigint", "redeemed_at": "timestamptz",
    }  # fmt: skip
    same = {"source": "'csv'", "currency": f"'{story.currency}'", "funded_by": "'tenant'", "once": "true"}
    await _insert(session, made.tenant_id, "redemption", kinds, redemptions, same)
    await session.execute(
        text(
            "UPDATE offer_budget SET spent_minor = :minor, spent_uses = :uses"
            " WHERE tenant_id = :tenant_id AND offer_id = :offer"
        ),
        {"tenant_id": made.tenant_id, "offer": offer_id, "minor": sum(r[5] for r in redemptions),
         "uses": len(redemptions)},
    )  # fmt: skip


async def _insert(
    session: Session,
    tenant_id: TenantId,
    table: str,
    kinds: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
    same: Mapping[str, str] | None = None,
    *,
    casts: Mapping[str, str] | None = None,
) -> None:
    """Rows at once. `same`: columns that are alike in all, as SQL; `casts`: columns that come as text."""
    columns = ", ".join([*kinds, *(same or {})])
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in kinds.items())
    given = [f"CAST(r.{name} AS {casts[name]})" if casts and name in casts else f"r.{name}" for name in kinds]
    values = ", ".join([*given, *(same or {}).values()])
    await session.execute(
        text(
            f"INSERT INTO {table} (tenant_id, {columns})"  # noqa: S608 - names of ours
            f" SELECT :tenant_id, {values} FROM unnest({arrays}) AS r ({', '.join(kinds)})"
        ),
        {name: [row[n] for row in rows] for n, name in enumerate(kinds)} | {"tenant_id": tenant_id},
    )
