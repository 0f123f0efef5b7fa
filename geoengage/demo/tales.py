"""What each chain of the demo tells beside its orders: an experiment, messages of the past, what its door says."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from geoengage.demo.accounts import in_transaction
from geoengage.demo.chains import market_apps
from geoengage.demo.chains.build import CHAINS
from geoengage.demo.chains.plan import Plan
from geoengage.demo.client import Client
from geoengage.demo.findings import Finding
from geoengage.demo.planting import check as experiment
from geoengage.demo.planting import direct
from geoengage.demo.planting.letters import Bought
from geoengage.demo.planting.put import LEFT_OUT, put, put_letters
from geoengage.demo.planting.story import Cast, Story, revenue
from geoengage.demo.state import State
from geoengage.demo.stories import parents, shop_window, weekend, winback
from geoengage.demo.stories.ledgers import BIRTHDAYS, THIS_WEEK, Ledger
from geoengage.kit.clock import utc_now
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.tenancy.store import put_story

ON = "told_on"  # the day, by the chain's clock, as of which its tale was put in


@dataclass(frozen=True, slots=True)
class Tale:
    """One chain's. `about`: for the door; `dress`: what else it has, by the API; `grows`: stores of their own, whose
    growth is planted."""

    about: str
    story: Story
    cast: Callable[[int, date], Cast]
    ledger: Ledger | None
    dress: Callable[[Client], None] | None
    grows: bool = False


TALES: Mapping[str, Tale] = {
    "frischmarkt": Tale(
        "A supermarket with five shops and two years of orders. Some customers slowed down; they were written to, with"
        " an offer by how far they had fallen behind, and a quarter of them was held back by lot.",
        winback.STORY,
        winback.cast,
        None,
        shop_window.fill,
    ),
    "lelle": Tale(
        "A toy chain with four shops and two years of orders. Parents on Viber who had not come for 60 days were"
        " written to, each family in its own hour after work or on Saturday, naming the nearest shop and what they"
        " buy; a quarter was held back by lot. For fourteen months there has been a word before birthdays, too.",
        parents.STORY,
        parents.cast,
        BIRTHDAYS,
        None,
    ),
    "souqi": Tale(
        "A marketplace of forty small grocers in Riyadh, Dubai and Belgrade, each with its own brand and app. New ones"
        " open, so all of it grows faster than any store does: the growth of the same stores is told apart, in each"
        " currency. On Wednesdays some learn what is in the box for the weekend; a quarter was held back by lot.",
        weekend.STORY,
        weekend.cast,
        THIS_WEEK,
        market_apps.put,
        grows=True,
    ),
}


def tell(base_url: str, url: str, state: State, slug: str, say: Callable[[str], None]) -> State:
    """Put in what is missing of a chain's tale; what to remember. `url`: of the database."""
    tale, seed, built_on = TALES[slug], int(state["seed"]), date.fromisoformat(state["built_on"])
    today = utc_now().astimezone(ZoneInfo(tale.story.zone)).date()
    with closing(Client(base_url, state["secret_key"], timeout_s=120.0)) as client:
        if tale.ledger is not None:
            client.put("/v1/retention", {"days": {"messages": tale.ledger.kept_days}})
        if tale.dress is not None:
            tale.dress(client)
        state = put(base_url, url, state, tale.cast(seed, today), seed, say)
        if tale.ledger is not None:
            plan: Plan = CHAINS[slug].plan(seed, built_on)
            letters, since = tale.ledger.letters(plan, seed, built_on), tale.ledger.begin(plan, built_on)
            state = put_letters(base_url, url, state, tale.ledger.what, letters, since)
        state = state | {ON: today.isoformat()}
        told = _told(tale, state, check(client, state, slug))

    async def keep(session: Session, _: datetime) -> None:
        await put_story(session, tenant_id, told)

    tenant_id = TenantId(UUID(state["tenant_id"]))
    in_transaction(url, tenant_id, keep)
    return state


def _told(tale: Tale, state: State, findings: Sequence[Finding]) -> dict[str, Any]:
    lines = [{"what": f.what, "planted": f.planted, "found": f.found, "holds": f.holds} for f in findings]
    return {"about": tale.about, "campaign_id": state[tale.story.key], "lines": lines}


def check(client: Client, state: State, slug: str) -> list[Finding]:
    """Everything that was planted by a chain's tale, beside what is found."""
    tale = TALES[slug]
    found = list(experiment.check(client, tale.story, state[tale.story.key]))
    if tale.ledger is not None:
        plan, bought = _followed(tale, tale.ledger, state, slug)
        built_on = date.fromisoformat(state["built_on"])
        if tale.grows:
            found += direct.month_on_month(client, plan, bought, built_on)
        else:
            found.append(direct.year_on_year(client, plan, bought, built_on))
    return found


def _followed(tale: Tale, ledger: Ledger, state: State, slug: str) -> tuple[Plan, list[Bought]]:
    seed, built_on = int(state["seed"]), date.fromisoformat(state["built_on"])
    plan: Plan = CHAINS[slug].plan(seed, built_on)
    left_out = frozenset(state[LEFT_OUT].split(","))
    return plan, ledger.followed(plan, seed, built_on, tale.cast(seed, date.fromisoformat(state[ON])), left_out)


def revenue_beside(state: State, slug: str) -> dict[date, int]:
    """What the people of a chain's experiment paid, by day: its plan knows nothing of them. Minor units."""
    if ON not in state:
        return {}
    return revenue(TALES[slug].cast(int(state["seed"]), date.fromisoformat(state[ON])))
