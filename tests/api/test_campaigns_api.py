"""Campaigns over HTTP: write, edit, activate, review, try texts, read numbers; and who may see and do what."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event as listen
from sqlalchemy import text

from geoengage.kit.db import Session
from geoengage.kit.ids import new_id
from geoengage.tenancy.rules import KeyKind, Scope
from tests.campaign_rows import NOON, make_device, make_mall, make_profile, make_store, make_zone
from tests.factories import World, make_key_row, make_world

NO_SEGMENT = {"segment_id": None, "on": "entered", "present": False}
NO_WHEN = dict.fromkeys(("event", "schedule", "date", "cart", "order"))
SHOP_SCOPES = [Scope.READ.value, Scope.CAMPAIGNS.value]


@dataclass
class Shop:
    """A tenant that reviews everything, a café with a zone and a key of its own, and another store with a zone."""

    client: httpx.AsyncClient
    session: Session
    world: World
    store_id: UUID
    zone_id: UUID
    other_store_id: UUID
    other_zone_id: UUID
    store_key: str

    def body(self, **over: object) -> dict[str, Any]:
        return {
            "name": "Cup",
            "store_id": str(self.store_id),
            "trigger": {"kind": "entered", "zone_ids": [str(self.zone_id)]},
            "title": "Hi {{ first_name }}",
            "body": "at {{ store.name }}",
        } | over

    async def call(
        self, method: str, path: str, body: object = None, *, shop: bool = False, **headers: str
    ) -> httpx.Response:
        key = self.store_key if shop else self.world.sk
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(
            method, f"/v1/campaigns{path}", json=body, headers={"Authorization": f"Bearer {key}"} | named
        )

    async def create(self, *, shop: bool = False, **over: object) -> dict[str, Any]:
        answer = await self.call("POST", "", self.body(**over), shop=shop)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def do(self, id_: str, verb: str, *, shop: bool = False, body: object = None) -> dict[str, Any]:
        answer = await self.call("POST", f"/{id_}/{verb}", body, shop=shop)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def patch(self, campaign: dict[str, Any], patch: dict[str, Any], *, shop: bool = False) -> httpx.Response:
        return await self.call("PATCH", f"/{campaign['id']}", patch, shop=shop, If_Match=f'"v{campaign["version"]}"')

    async def gates(self) -> set[str]:
        rows = await self.session.execute(
            text("SELECT key FROM gate WHERE tenant_id = :t"), {"t": self.world.tenant_id}
        )
        return set(rows.scalars())


async def make_shop(client: httpx.AsyncClient, session: Session, **over: object) -> Shop:
    world = await make_world(session, **({"review": "always"} | over))
    store_id, other_store_id = await make_store(session, world), await make_store(session, world, name="Books")
    zone_id = await make_zone(session, world, store_id=store_id)
    other_zone_id = await make_zone(session, world, store_id=other_store_id, name="Shelf")
    key = await make_key_row(session, world.tenant_id, KeyKind.SECRET, scopes=SHOP_SCOPES, store_ids=[store_id])
    await session.commit()
    return Shop(client, session, world, store_id, zone_id, other_store_id, other_zone_id, key)


@pytest.fixture
async def shop(client: httpx.AsyncClient, session: Session, app: FastAPI) -> Shop:
    app.state.clock = lambda: NOON
    return await make_shop(client, session)


# --- writing ----------------------------------------------------------------------------------------------------------


async def test_create_and_read(shop: Shop) -> None:
    made = await shop.create()
    assert made | {"id": 0} == shop.body() | {
        "id": 0,
        "status": "draft",
        "trigger": {"kind": "entered", "zone_ids": [str(shop.zone_id)], "store_ids": [], "dwell_s": None}
        | NO_SEGMENT
        | NO_WHEN,
        "audience": {"kind": "all"},
        "days": [],
        "hours": None,
        "quiet_hours": "tenant",
        "cap": {"count": 1, "per_days": 1},
        "cooldown_s": 3600,
        "valid_from": None,
        "valid_to": None,
        "purpose": "marketing",
        "fallback_name": None,
        "push": {
            "android": {"channel_id": None, "priority": None, "sound": None},
            "apns": {"sound": None, "interruption_level": None, "thread_id": None},
            "image_url": None,
            "link": None,
        },
        "steps": [],
        "exits": {"purchase": True, "segment_id": None, "event": None},
        "reentry": {"kind": "always", "days": 0},
        "strict": False,
        "offer_id": None,
        "offer_days": 14,
        "channels": ["push"],
        "priority": 5,
        "never_repeat": False,
        "win_back": False,
        "content_id": None,
        "tags": [],
        "archived_at": None,
        "says": [
            "When somebody comes into “Front”.",
            f"Send “{made['title']}”: {made['body']}",
        ],
        "version": 1,
        "estimate": {"people": 0, "blocked_by": {}},
        "warnings": [],
        "review": None,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    read = await shop.call("GET", f"/{made['id']}")
    assert read.json() == made
    assert read.headers["ETag"] == '"v1"'
    assert (await shop.call("GET", "")).json() == {"items": [made], "next": None}


async def test_everything_that_can_be_said_comes_back(shop: Shop) -> None:
    said = {
        "trigger": {"kind": "dwelled", "zone_ids": [], "store_ids": [str(shop.store_id)], "dwell_s": 60},
        "audience": {"kind": "attribute", "name": "tier", "op": "gt", "value": 2.5},
        "days": ["sun", "mon"],
        "hours": {"start": "22:00", "end": "02:00"},
        "quiet_hours": "ignore",
        "cap": {"count": 3, "per_days": 7},
        "cooldown_s": 0,
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": "2099-01-01T00:00:00Z",
        "purpose": "service",
        "fallback_name": "friend",
    }
    made = await shop.create(**said)
    trigger = said["trigger"] | NO_SEGMENT | NO_WHEN  # type: ignore[operator]
    assert {name: made[name] for name in said} == said | {"days": ["mon", "sun"], "trigger": trigger}


WRONG: list[tuple[dict[str, object], str]] = [
    ({"name": ""}, "#/name"),
    ({"titel": "x"}, "#/titel"),
    ({"trigger": {"kind": "entered"}}, "#/trigger"),
    ({"trigger": {"kind": "left", "zone_ids": [str(uuid4())]}}, "#/trigger/kind"),
    ({"trigger": {"kind": "entered", "zone_ids": [str(uuid4())]}}, "#/trigger/zone_ids/0"),
    ({"trigger": {"kind": "entered", "store_ids": [str(uuid4())]}}, "#/trigger/store_ids/0"),
    ({"trigger": {"kind": "dwelled", "zone_ids": [str(uuid4())]}}, "#/trigger/dwell_s"),
    ({"trigger": {"kind": "entered", "zone_ids": [str(uuid4())], "dwell_s": 5}}, "#/trigger/dwell_s"),
    ({"store_id": str(uuid4())}, "#/store_id"),
    ({"audience": {"kind": "attribute", "name": "a", "op": "gt", "value": "x"}}, "#/audience/attribute/value"),
    ({"audience": {"kind": "attribute", "name": "a", "op": "gt"}}, "#/audience/attribute/value"),
    ({"audience": {"kind": "attribute", "name": "a", "op": "exists", "value": 1}}, "#/audience/attribute/value"),
    ({"valid_to": "9999-12-31T23:59:59-10:00"}, "#/valid_to"),
    ({"days": ["monday"]}, "#/days/0"),
    ({"hours": {"start": "25:00", "end": "23:00"}}, "#/hours/start"),
    ({"hours": {"start": "10:00", "end": "10:00"}}, "#/hours/end"),
    ({"quiet_hours": "ignore"}, "#/quiet_hours"),
    ({"cap": {"count": -1}}, "#/cap/count"),
    ({"cap": {"per_days": 31}}, "#/cap/per_days"),
    ({"cooldown_s": 10**9}, "#/cooldown_s"),
    ({"valid_from": "2026-01-01T00:00:00"}, "#/valid_from"),
    ({"valid_from": "2026-01-02T00:00:00Z", "valid_to": "2026-01-02T00:00:00Z"}, "#/valid_to"),
    ({"title": "{{ price }}"}, "#/title"),
    ({"body": "line\n{% if %}"}, "#/body"),
]


async def test_what_is_wrong_is_named(shop: Shop) -> None:
    for over, pointer in WRONG:
        answer = await shop.call("POST", "", shop.body(**over))
        assert answer.status_code == 422, (over, answer.text)
        assert [e["pointer"] for e in answer.json()["errors"]] == [pointer], over


async def test_a_sensitive_zone_triggers_nothing(shop: Shop) -> None:
    clinic = await make_zone(shop.session, shop.world, sensitivity="health")
    answer = await shop.call("POST", "", shop.body(trigger={"kind": "entered", "zone_ids": [str(clinic)]}))
    assert "sensitive" in answer.json()["errors"][0]["detail"]


async def test_the_same_idempotency_key_makes_one_campaign(shop: Shop) -> None:
    answers = [await shop.call("POST", "", shop.body(), Idempotency_Key="once") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    other = await shop.call("POST", "", shop.body(name="Else"), Idempotency_Key="once")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert len((await shop.call("GET", "")).json()["items"]) == 1


async def test_merge_patch(shop: Shop) -> None:
    made = await shop.create(hours={"start": "09:00", "end": "18:00"}, fallback_name="friend", days=["mon"])
    patched = await shop.patch(
        made,
        {"hours": {"end": "20:00"}, "cap": {"count": 2}, "fallback_name": None, "days": [],
         "trigger": {"kind": "dwelled", "dwell_s": 30}, "audience": {"kind": "attribute", "name": "a", "op": "exists"}},
    )  # fmt: skip
    changed = patched.json()
    assert patched.headers["ETag"] == '"v2"'
    assert changed["hours"] == {"start": "09:00", "end": "20:00"}
    assert changed["cap"] == {"count": 2, "per_days": 1}
    assert (changed["fallback_name"], changed["days"]) == (None, [])
    assert (changed["trigger"]["dwell_s"], changed["trigger"]["zone_ids"]) == (30, [str(shop.zone_id)])
    assert changed["audience"] == {"kind": "attribute", "name": "a", "op": "exists", "value": True}
    again = (await shop.patch(changed, {"audience": {"kind": "all"}, "hours": None})).json()
    assert (again["audience"], again["hours"]) == ({"kind": "all"}, None)


async def test_a_wrong_patch_is_named(shop: Shop) -> None:
    made = await shop.create()
    wrong: list[tuple[dict[str, object], str]] = [
        ({"title": None}, "#"),
        ({"cap": {"count": "many"}}, "#/cap/count"),
        ({"status": "active"}, "#/status"),
        ({"body": "{{"}, "#/body"),
    ]
    for patch, pointer in wrong:
        answer = await shop.patch(made, patch)
        assert [e["pointer"] for e in answer.json()["errors"]] == [pointer], patch


async def test_edits_need_the_current_version(shop: Shop) -> None:
    made = await shop.create()
    missing = await shop.call("PATCH", f"/{made['id']}", {"name": "B"})
    assert (missing.status_code, missing.json()["type"]) == (428, "/problems/precondition-required")
    assert (await shop.patch(made, {"name": "B"})).status_code == 200
    assert (await shop.patch(made, {"name": "C"})).status_code == 412


# --- who ------------------------------------------------------------------------------------------------------


async def test_a_store_key_sees_and_names_only_its_own(shop: Shop) -> None:
    own = await shop.create(shop=True, store_id=None)  # it has one store, so it need not say which
    assert own["store_id"] == str(shop.store_id)
    others = [
        await shop.create(store_id=str(shop.other_store_id)),
        await shop.create(store_id=None),
    ]
    assert [c["id"] for c in (await shop.call("GET", "", shop=True)).json()["items"]] == [own["id"]]
    for other in others:
        for method, path in (
            ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/activate"), ("POST", "/pause"), ("GET", "/report"),
        ):  # fmt: skip
            answer = await shop.call(method, f"/{other['id']}{path}", {}, shop=True, If_Match='"v1"')
            assert answer.status_code == 404, (method, path)
    for trigger in ({"zone_ids": [str(shop.other_zone_id)]}, {"store_ids": [str(shop.other_store_id)]}):
        answer = await shop.call("POST", "", shop.body(trigger={"kind": "entered"} | trigger), shop=True)
        assert answer.status_code == 422
    for over in ({"store_id": str(shop.other_store_id)}, {"purpose": "service"}):
        assert (await shop.call("POST", "", shop.body(**over), shop=True)).status_code == 422
    assert (await shop.call("POST", f"/{own['id']}/approve", shop=True)).status_code in (403, 404)


async def test_another_tenants_campaign_does_not_exist(shop: Shop) -> None:
    stranger = await make_shop(shop.client, shop.session)
    theirs = await stranger.create()
    for path in ("", "/report"):
        assert (await shop.call("GET", f"/{theirs['id']}{path}")).status_code == 404
    answer = await shop.call("POST", "", shop.body(trigger={"kind": "entered", "zone_ids": [str(stranger.zone_id)]}))
    assert answer.json()["errors"][0]["pointer"] == "#/trigger/zone_ids/0"


@pytest.mark.parametrize("scopes", [[], [Scope.READ.value]])
async def test_writing_needs_the_scope(shop: Shop, scopes: list[str]) -> None:
    key = await make_key_row(shop.session, shop.world.tenant_id, KeyKind.SECRET, scopes=scopes)
    await shop.session.commit()
    answer = await shop.client.post("/v1/campaigns", json=shop.body(), headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403


# --- activation and review -----------------------------------------------------------------------------------------


async def test_the_tenants_own_key_activates_at_once(shop: Shop) -> None:
    made = await shop.create()
    active = await shop.do(made["id"], "activate")
    assert active["status"] == "active"
    assert active["review"]["decided_at"] is not None
    assert await shop.do(made["id"], "activate") == active  # repeating changes nothing
    assert (await shop.do(made["id"], "pause"))["status"] == "paused"
    assert await shop.gates() == {f"campaign:{made['id']}"}
    assert (await shop.do(made["id"], "activate"))["status"] == "active"
    assert await shop.gates() == set()
    told = await shop.session.execute(
        text("SELECT payload ->> 'status' FROM ledger WHERE tenant_id = :t AND type = 'campaign.changed'"
             " ORDER BY position"), {"t": shop.world.tenant_id}
    )  # fmt: skip
    assert told.scalars().all() == ["draft", "active", "paused", "active"]


async def test_a_shops_campaign_waits_for_approval(shop: Shop) -> None:
    made = await shop.create(shop=True)
    waiting = await shop.do(made["id"], "activate", shop=True)
    assert waiting["status"] == "in_review"
    assert waiting["review"] == {
        "submitted_at": waiting["updated_at"], "decided_at": None, "decided_by": None, "reason": None,
    }  # fmt: skip
    listed = await shop.call("GET", "?status=in_review")
    assert [c["id"] for c in listed.json()["items"]] == [made["id"]]
    active = await shop.do(made["id"], "approve")
    assert active["status"] == "active"
    assert active["review"]["decided_by"].startswith("secret_key")
    # Approved as it is: the shop may pause and go on by itself.
    await shop.do(made["id"], "pause", shop=True)
    assert (await shop.do(made["id"], "activate", shop=True))["status"] == "active"


async def test_rejection_says_why_and_a_new_try_is_reviewed_again(shop: Shop) -> None:
    made = await shop.create(shop=True)
    await shop.do(made["id"], "activate", shop=True)
    assert (await shop.call("POST", f"/{made['id']}/reject", {"reason": " "})).status_code == 422
    rejected = await shop.do(made["id"], "reject", body={"reason": "No prices, please"})
    assert (rejected["status"], rejected["review"]["reason"]) == ("rejected", "No prices, please")
    edited = (await shop.patch(rejected, {"title": "Hello"}, shop=True)).json()
    assert edited["status"] == "draft"
    assert (await shop.do(made["id"], "activate", shop=True))["status"] == "in_review"


async def test_an_approver_approves_what_she_has_read(shop: Shop) -> None:
    made = await shop.create(shop=True)
    read = await shop.do(made["id"], "activate", shop=True)
    changed = (await shop.patch(read, {"title": "Buy!"}, shop=True)).json()
    assert changed["status"] == "in_review"
    stale = await shop.call("POST", f"/{made['id']}/approve", If_Match=f'"v{read["version"]}"')
    assert stale.status_code == 412
    fresh = await shop.call("POST", f"/{made['id']}/approve", If_Match=f'"v{changed["version"]}"')
    assert fresh.json()["status"] == "active"


async def test_a_shops_new_words_go_back_to_review_and_new_hours_do_not(shop: Shop) -> None:
    made = await shop.create(shop=True)
    await shop.do(made["id"], "activate", shop=True)
    active = await shop.do(made["id"], "approve")
    later = (await shop.patch(active, {"hours": {"start": "09:00", "end": "18:00"}, "name": "B"}, shop=True)).json()
    assert later["status"] == "active"
    reworded = (await shop.patch(later, {"title": "Buy!"}, shop=True)).json()
    assert (reworded["status"], reworded["review"]["decided_at"]) == ("in_review", None)
    assert await shop.gates() == {f"campaign:{made['id']}"}
    again = await shop.do(made["id"], "approve")
    assert await shop.gates() == set()
    assert (await shop.patch(again, {"title": "By the tenant"})).json()["status"] == "active"
    paused = await shop.do(made["id"], "pause", shop=True)
    edited = (await shop.patch(paused, {"body": "Else"}, shop=True)).json()
    assert edited["status"] == "draft"
    assert (await shop.do(made["id"], "activate", shop=True))["status"] == "in_review"


async def test_first_campaign_policy_trusts_a_shop_after_its_first(client: httpx.AsyncClient, session: Session) -> None:
    shop = await make_shop(client, session, review="first_campaign")
    await shop.do((await shop.create())["id"], "activate")  # the tenant's own work proves nothing about the shop
    first = await shop.create(shop=True)
    assert (await shop.do(first["id"], "activate", shop=True))["status"] == "in_review"
    second = await shop.create(shop=True)
    assert (await shop.do(second["id"], "activate", shop=True))["status"] == "in_review"
    active = await shop.do(first["id"], "approve")
    assert (await shop.patch(active, {"title": "New"}, shop=True)).json()["status"] == "active"
    third = await shop.create(shop=True)
    assert (await shop.do(third["id"], "activate", shop=True))["status"] == "active"


async def test_never_policy_lets_shops_run_at_once(client: httpx.AsyncClient, session: Session) -> None:
    shop = await make_shop(client, session, review="never")
    active = await shop.do((await shop.create(shop=True))["id"], "activate", shop=True)
    assert (active["status"], active["review"]) == ("active", None)


async def test_service_messages_need_a_second_step(shop: Shop) -> None:
    made = await shop.create(purpose="service")
    assert (await shop.do(made["id"], "activate"))["status"] == "in_review"
    assert (await shop.do(made["id"], "approve"))["status"] == "active"


async def test_status_follows_the_clock(shop: Shop, app: FastAPI) -> None:
    start, end = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    made = await shop.create(valid_from=start.isoformat(), valid_to=end.isoformat())
    assert (await shop.do(made["id"], "activate"))["status"] == "scheduled"
    for moment, status in ((start, "active"), (end, "finished")):
        app.state.clock = lambda moment=moment: moment
        assert (await shop.call("GET", f"/{made['id']}")).json()["status"] == status
        listed = (await shop.call("GET", f"?status={status}")).json()["items"]
        assert [c["status"] for c in listed] == [status]
    over = await shop.call("POST", f"/{made['id']}/activate")
    assert (over.status_code, over.json()["status_now"]) == (409, "finished")
    longer = await shop.patch((await shop.call("GET", f"/{made['id']}")).json(), {"valid_to": None})
    assert longer.json()["status"] == "active"


async def test_a_draft_can_be_neither_paused_nor_decided(shop: Shop) -> None:
    made = await shop.create()
    for verb, body in (("pause", None), ("approve", None), ("reject", {"reason": "no"})):
        answer = await shop.call("POST", f"/{made['id']}/{verb}", body)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/campaign-status")


async def test_a_campaign_whose_zone_has_gone_cannot_start(shop: Shop) -> None:
    made = await shop.create()
    await shop.session.execute(text("UPDATE zone SET deleted_at = now() WHERE id = :id"), {"id": shop.zone_id})
    await shop.session.commit()
    answer = await shop.call("POST", f"/{made['id']}/activate")
    assert answer.json()["errors"][0]["pointer"] == "#/trigger/zone_ids/0"


async def test_a_zone_that_the_tenant_has_lent_stays_usable(shop: Shop) -> None:
    lent = await shop.create(trigger={"kind": "entered", "zone_ids": [str(shop.other_zone_id)]})
    await shop.do(lent["id"], "activate")
    paused = await shop.do(lent["id"], "pause", shop=True)
    assert (await shop.patch(paused, {"name": "B"}, shop=True)).status_code == 200
    assert (await shop.do(lent["id"], "activate", shop=True))["status"] == "active"


async def test_delete(shop: Shop) -> None:
    made = await shop.create()
    await shop.do(made["id"], "activate")
    assert (await shop.call("DELETE", f"/{made['id']}")).status_code == 204
    assert (await shop.call("GET", f"/{made['id']}")).status_code == 404
    assert (await shop.call("DELETE", f"/{made['id']}")).status_code == 404
    assert await shop.gates() == {f"campaign:{made['id']}"}


# --- lists, warnings, estimate, preview, report ----------------------------------------------------------------------


async def test_list_pages_and_filters(shop: Shop) -> None:
    ids = [(await shop.create(name=f"C{i}"))["id"] for i in range(5)]
    ids.append((await shop.create(store_id=str(shop.other_store_id)))["id"])
    seen: list[str] = []
    path = "?limit=4"
    for _ in range(2):
        page = (await shop.call("GET", path)).json()
        seen += [c["id"] for c in page["items"]]
        path = f"?limit=4&cursor={page['next']}"
    assert (seen, page["next"]) == (sorted(ids), None)
    of_store = (await shop.call("GET", f"?store_id={shop.other_store_id}")).json()["items"]
    assert [c["id"] for c in of_store] == ids[-1:]


async def test_warnings_name_what_to_do(shop: Shop) -> None:
    draft = await make_zone(shop.session, shop.world, store_id=shop.store_id, published=False, rules={"dwell_s": [30]})
    trigger = {"kind": "dwelled", "dwell_s": 60, "zone_ids": [str(draft)]}
    made = await shop.create(trigger=trigger)
    assert len(made["warnings"]) == 2
    assert "is a draft" in made["warnings"][0]
    assert "[30, 60]" in made["warnings"][1]
    assert (await shop.do(made["id"], "activate"))["warnings"] == made["warnings"]


async def make_people(shop: Shop, count: int, **over: object) -> None:
    for _ in range(count):
        await make_device(shop.session, shop.world, **over)
    await shop.session.commit()


async def test_estimate_hides_small_groups(shop: Shop) -> None:
    await make_people(shop, 9)
    await make_people(shop, 10, marketing_push="denied")
    await make_people(shop, 9, location="unknown")
    made = await shop.create()
    assert made["estimate"] == {"people": None, "blocked_by": {"no_consent": 19}}
    await make_people(shop, 1)
    await make_people(shop, 5, is_test=True)
    read = await shop.call("GET", f"/{made['id']}")
    assert read.json()["estimate"]["people"] == 10


async def test_estimate_counts_people_of_the_audience(client: httpx.AsyncClient, session: Session) -> None:
    shop = await make_shop(client, session, is_demo=True)  # simulated people: exact numbers
    gold = await make_profile(session, shop.world, attributes={"tier": "gold"})
    await make_people(shop, 2, profile_id=gold)
    await make_people(shop, 1, profile_id=await make_profile(session, shop.world, suppressed_at=NOON))
    await make_people(shop, 3)
    everybody = await shop.create()
    assert everybody["estimate"] == {"people": 4, "blocked_by": {"suppressed": 1}}
    attribute = {"kind": "attribute", "name": "tier", "op": "eq", "value": "gold"}
    assert (await shop.create(audience=attribute))["estimate"] == {"people": 1, "blocked_by": {}}


async def test_estimate_needs_an_address_once_a_provider_is_set_up(
    client: httpx.AsyncClient, session: Session, app: FastAPI, tmp_path: Any
) -> None:
    shop = await make_shop(client, session, is_demo=True)
    await make_people(shop, 2, push_provider="fcm", push_address="t", push_kind="fcm_token")
    await make_people(shop, 1)
    app.state.settings.fcm.credentials_file = tmp_path / "account.json"
    assert (await shop.create())["estimate"] == {"people": 2, "blocked_by": {"no_address": 1}}


async def test_a_test_key_counts_test_devices_exactly(shop: Shop) -> None:
    await make_people(shop, 30)
    await make_people(shop, 2, is_test=True)
    shop.world = World(
        shop.world.tenant_id,
        shop.world.app_id,
        shop.world.pk,
        await make_key_row(shop.session, shop.world.tenant_id, KeyKind.SECRET, is_test=True),
    )
    await shop.session.commit()
    assert (await shop.create())["estimate"]["people"] == 2


async def test_preview(shop: Shop) -> None:
    mall_id = await make_mall(shop.session, shop.world)
    zone_id = await make_zone(shop.session, shop.world, store_id=shop.store_id, mall_id=mall_id)
    await shop.session.commit()
    sample = {"title": "Hi {{ first_name }}", "body": "{{ store.name }}|{{ zone.name }}|{{ mall.name }}"}
    answer = await shop.call("POST", "/preview", sample | {"zone_id": str(zone_id), "first_name": "Mia"})
    assert answer.json() == {"title": "Hi Mia", "body": "Café|Front|Mall", "warnings": []}
    bare = await shop.call("POST", "/preview", sample)
    assert (bare.json()["title"], bare.json()["body"]) == ("Hi", "||")
    long = await shop.call("POST", "/preview", {"title": "x" * 70, "body": ""})
    assert len(long.json()["warnings"]) == 2
    bad = await shop.call("POST", "/preview", sample | {"body": "a\n{{ first_nam }}"})
    assert bad.status_code == 422
    assert bad.json()["errors"][0]["pointer"] == "#/body"
    assert "line 2, column 4" in bad.json()["errors"][0]["detail"]
    hidden = await shop.call("POST", "/preview", sample | {"store_id": str(shop.other_store_id)}, shop=True)
    assert hidden.json()["errors"][0]["pointer"] == "#/store_id"


async def add_messages(shop: Shop, campaign_id: str, count: int, **over: object) -> None:
    """Messages to `count` new people."""
    values = {"status": "sent", "reason": None, "received_at": None, "opened_at": None, "is_test": False} | over
    for _ in range(count):
        device_id = await make_device(shop.session, shop.world, is_test=values["is_test"])
        await shop.session.execute(
            text("INSERT INTO message (tenant_id, id, device_id, person_id, campaign_id, purpose, status, reason,"
                 " blockers, gates, title, body, data, collapse_key, attempts, created_at, expires_at, received_at,"
                 " opened_at) VALUES (:t, :id, :d, :d, :c, 'marketing', :status, :reason, '{}', '{}', '', '', '{}', '',"
                 " 1, :now, :now, :received_at, :opened_at)"),
            values | {"t": shop.world.tenant_id, "id": new_id(), "d": device_id, "c": campaign_id, "now": NOON},
        )  # fmt: skip
    await shop.session.commit()


async def test_report_hides_small_groups(shop: Shop, app: FastAPI) -> None:
    del app.state.clock  # created_at must lie before the messages' ids
    made = await shop.create()
    path = f"/{made['id']}/report"
    none = {"sent": 0, "received": 0, "opened": 0, "failed": 0, "skipped": {}, "people": 0}
    assert (await shop.call("GET", path)).json() == none
    await add_messages(shop, made["id"], 9, received_at=NOON)
    await add_messages(shop, made["id"], 9, status="skipped", reason="cap")
    await add_messages(shop, made["id"], 10, status="skipped", reason="cooldown")
    hidden = none | {"sent": None, "received": None, "opened": None, "people": None, "skipped": {"cooldown": 10}}
    assert (await shop.call("GET", path)).json() == hidden
    await add_messages(shop, made["id"], 11, received_at=NOON, opened_at=NOON)
    await add_messages(shop, made["id"], 3, status="unknown", is_test=True)
    report = (await shop.call("GET", path)).json()
    # 11 of 20 opened, so 9 did not: that number is hidden too.
    assert report == none | {"sent": 20, "received": 20, "opened": None, "people": 20, "skipped": {"cooldown": 10}}


async def test_report_of_a_demo_tenant_is_exact(client: httpx.AsyncClient, session: Session) -> None:
    shop = await make_shop(client, session, is_demo=True)
    made = await shop.create()
    await add_messages(shop, made["id"], 2, received_at=NOON, opened_at=NOON)
    await add_messages(shop, made["id"], 1, status="misconfigured", reason="bad_template")
    await add_messages(shop, made["id"], 1, status="skipped", reason="cap")
    assert (await shop.call("GET", f"/{made['id']}/report")).json() == {
        "sent": 2, "received": 2, "opened": 2, "failed": 1, "skipped": {"cap": 1}, "people": 2,
    }  # fmt: skip


async def test_a_list_costs_the_same_queries_however_long(shop: Shop, connection: Any) -> None:
    counted: list[int] = []
    for size in (1, 6):
        for i in range(size):
            audience = {"kind": "attribute", "name": f"a{i}", "op": "exists", "value": True}
            await shop.create(audience=audience)
        seen: list[str] = []
        listen.listen(connection.sync_connection, "before_cursor_execute", lambda *a, seen=seen: seen.append(a[2]))
        assert (await shop.call("GET", "")).status_code == 200
        counted.append(len(seen))
    assert counted[0] == counted[1]
