"""The past of the win-back as rows: no program can have sent what was sent ninety days ago.

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
import numpy as np
from sqlalchemy import text

from geoengage.demo.chains.supermarket import ZONE
from geoengage.demo.winback.plan import CURRENCY, HOLDOUT_PERCENT, PLAN, SETTING, WinBack, order_id
from geoengage.experiments import service as experiments
from geoengage.experiments.rules import held_by_campaign
from geoengage.kit import partitions
from geoengage.kit.db import Session
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId, new_id
from geoengage.messaging.rules import in_holdout

_SEEN = (0.94, 0.47, 0.2)  # shares of those sent to who received, opened and clicked
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as the import made him."""

    profile_id: UUID
    identifier_id: UUID


@dataclass(frozen=True, slots=True)
class Made:
    """What the API has made before."""

    tenant_id: TenantId
    app_id: UUID
    campaign_id: UUID
    offer_id: UUID


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


async def list_held(session: Session, made: Made, people: Mapping[str, Person]) -> dict[str, bool]:
    """Whom the campaign's lot holds back; who gets no campaign at all is left out."""
    percent = await session.execute(
        text("SELECT holdout_percent FROM tenant WHERE id = :tenant_id"), {"tenant_id": made.tenant_id}
    )
    of_all = int(percent.scalar_one())
    return {
        name: held_by_campaign(made.campaign_id, who.profile_id, HOLDOUT_PERCENT)
        for name, who in people.items()
        if not in_holdout(made.tenant_id, who.profile_id, of_all)
    }


async def put(session: Session, made: Made, win_back: WinBack, who: Sequence[Person], seed: int, now: datetime) -> None:
    """Everything that was decided, sent, seen and redeemed. `who`: the customer of each place."""
    there = await session.execute(
        text("SELECT EXISTS (SELECT FROM experiment_person WHERE tenant_id = :tenant_id AND campaign_id = :campaign)"),
        {"tenant_id": made.tenant_id, "campaign": made.campaign_id},
    )
    if there.scalar_one():
        return
    first = min(win_back.decided_at)
    await partitions.make_back(session, ("message", "receipt"), first - _DAY, now)
    await _date_back(session, made, win_back, first)
    devices = await _put_phones(session, made, who, first - 60 * _DAY)
    messages = await _put_messages(session, made, win_back, who, devices, seed)
    await _put_coupons(session, made, win_back, who, messages, now)
    await session.execute(text("ANALYZE message, receipt, experiment_person, coupon, redemption, device"))


async def _date_back(session: Session, made: Made, win_back: WinBack, first: datetime) -> None:
    since = datetime.combine(first.astimezone(ZoneInfo(ZONE)).date(), datetime.min.time(), ZoneInfo(ZONE))
    values = {"tenant_id": made.tenant_id, "campaign": made.campaign_id, "since": since}
    await session.execute(
        text("UPDATE campaign SET created_at = :since WHERE tenant_id = :tenant_id AND id = :campaign"), values
    )
    await session.execute(
        text(
            "UPDATE experiment SET since = :since, planted = CAST(:planted AS jsonb)"
            " WHERE tenant_id = :tenant_id AND campaign_id = :campaign"
        ),
        values | {"planted": msgspec.json.encode(win_back.planted).decode()},
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
    session: Session, made: Made, win_back: WinBack, who: Sequence[Person], devices: Sequence[UUID], seed: int
) -> list[UUID]:
    ids = [new_id(at) for at in win_back.decided_at]
    rng = np.random.default_rng([seed, 5])
    rows, receipts, events = [], [], []
    for n, (id_, at, held) in enumerate(zip(ids, win_back.decided_at, win_back.held_out, strict=True)):
        seen = None if held else rng.random()
        stages = [at + timedelta(seconds=float(s)) for s in rng.uniform((1, 60, 3600), (60, 3600, 9000))]
        received, opened, clicked = (
            when if seen is not None and seen < share else None for when, share in zip(stages, _SEEN, strict=True)
        )
        blockers = "{holdout}" if held else "{}"
        rows.append(
            (id_, devices[n], who[n].profile_id, made.campaign_id, "skipped" if held else "sent",
             "holdout" if held else None, blockers, None if held else "fcm", 0 if held else 1, at,
             at + _DAY, None if held else at, received, opened, clicked)
        )  # fmt: skip
        for kind, when in (("received", received), ("opened", opened), ("clicked", clicked)):
            if when is not None:
                receipts.append((new_id(when), id_, devices[n], kind, when))
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
        "opened_at": "timestamptz", "clicked_at": "timestamptz",
    }  # fmt: skip
    same = {
        "purpose": "'marketing'", "gates": "CAST('{}' AS text[])", "title": "'We miss you'",
        "body": "'Something off your next basket'", "data": "CAST('{}' AS jsonb)", "collapse_key": "'win-back'",
    }  # fmt: skip
    await _insert(session, made.tenant_id, "message", kinds, rows, same, casts={"blockers": "text[]"})
    kinds = {"id": "uuid", "message_id": "uuid", "device_id": "uuid", "kind": "text", "at": "timestamptz"}
    await _insert(session, made.tenant_id, "receipt", kinds, receipts)
    await experiments.on_messages(session, made.tenant_id, events, max(win_back.decided_at))
    return ids


async def _put_coupons(
    session: Session, made: Made, win_back: WinBack, who: Sequence[Person], messages: Sequence[UUID], now: datetime
) -> None:
    used = {sale.person: sale for sale in win_back.sales if sale.discount_minor}
    coupons, redemptions = [], []
    for n, code in enumerate(win_back.codes):
        if code is None:
            continue
        at, sale, id_ = win_back.decided_at[n], used.get(n), new_id(win_back.decided_at[n])
        ends = at + timedelta(days=PLAN.window_days)
        status = "redeemed" if sale else "released" if ends < now else "committed"
        size = round(100 * SETTING.discounts[win_back.has_slowed_much[n]])
        coupons.append(
            (id_, made.offer_id, who[n].profile_id, messages[n], code, status, size, f"{size} % off", at, ends, at,
             sale.at if sale else None, ends if status == "released" else None,
             "expired" if status == "released" else None)
        )  # fmt: skip
        if sale is not None and sale.discount_minor is not None:
            redemptions.append(
                (new_id(sale.at), made.offer_id, id_, who[n].profile_id, order_id(sale), sale.discount_minor, sale.at)
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
    same = {"source": "'csv'", "currency": f"'{CURRENCY}'", "funded_by": "'tenant'", "once": "true"}
    await _insert(session, made.tenant_id, "redemption", kinds, redemptions, same)
    await session.execute(
        text(
            "UPDATE offer_budget SET spent_minor = :minor, spent_uses = :uses"
            " WHERE tenant_id = :tenant_id AND offer_id = :offer"
        ),
        {"tenant_id": made.tenant_id, "offer": made.offer_id, "minor": sum(r[5] for r in redemptions),
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
