"""The demo mall's campaigns: the inputs of POST /v1/campaigns, with external ids where the API wants ids.

Together they show each rule at work: entered and dwelled, an hour window, attribute audiences, caps and
cooldowns. Dwell marks are short, so that a visitor sees them within a minute. The pharmacy has none: its zone
is sensitive.
"""

from typing import Any

from demo_mall_plan import DAILY

ALL = {"kind": "all"}


def campaign(
    slug: str, store: str, name: str, trigger: dict[str, Any], text: tuple[str, str], **over: Any
) -> dict[str, Any]:
    """A campaign of one store on its own zone, once a day at most, unless `over` says otherwise."""
    trigger.setdefault("zone_external_ids", [f"zn-{store}"])
    made = {
        "external_id": f"cp-{slug}",
        "name": name,
        "store_external_id": f"st-{store}",
        "trigger": trigger,
        "audience": ALL,
        "days": [],
        "hours": None,
        "quiet_hours": "tenant",
        "cap": {"count": 1, "per_days": 1},
        "cooldown_s": 3600,
        "purpose": "marketing",
        "title": text[0],
        "body": text[1],
        "fallback_name": None,
    }
    return {**made, **over}


def entered(**more: Any) -> dict[str, Any]:
    return {"kind": "entered", **more}


def dwelled(dwell_s: int) -> dict[str, Any]:
    return {"kind": "dwelled", "dwell_s": dwell_s}


def attribute(name: str, op: str, value: Any) -> dict[str, Any]:
    return {"kind": "attribute", "name": name, "op": op, "value": value}


CAMPAIGNS = [
    campaign(
        "cafe-second-cup",
        "cafe-morgenrot",
        "Second cup",
        entered(),
        (
            "The second cup is on us",
            "Hi {{ first_name }}, sit down at {{ store.name }}: your refill costs nothing today.",
        ),
        cooldown_s=14400,
    ),
    campaign(
        "cafe-breakfast",
        "cafe-morgenrot",
        "Breakfast until eleven",
        entered(),
        (
            "Good morning, {{ first_name }}",
            "Croissant and coffee for 4.90 € at {{ store.name }}, until eleven.",
        ),
        days=DAILY,
        hours={"start": "07:00", "end": "11:00"},
    ),
    campaign(
        "marktkorb-basket",
        "marktkorb",
        "Fresh basket",
        entered(),
        (
            "{{ store.name }} has picked for you",
            "Hi {{ first_name }}, this week's basket: tomatoes, basil and burrata, 20 % off.",
        ),
        cap={"count": 2, "per_days": 7},
        cooldown_s=7200,
    ),
    campaign(
        "marktkorb-evening-bread",
        "marktkorb",
        "Evening bread",
        entered(),
        ("Bread at half price", "Hi {{ first_name }}, until nine {{ store.name }} sells today's bread for half."),
        hours={"start": "19:00", "end": "21:00"},
    ),
    campaign(
        "voltenik-advice",
        "voltenik",
        "Advice at the shelf",
        dwelled(60),
        (
            "Need a hand, {{ first_name }}?",
            "Someone from {{ store.name }} can be with you in two minutes: ask at the desk.",
        ),
        cap={"count": 1, "per_days": 7},
    ),
    campaign(
        "mira-new-season",
        "mira-moda",
        "New season",
        entered(),
        (
            "New at {{ store.name }}",
            "Hi {{ first_name }}, the winter coats have come in. Try one on before the weekend.",
        ),
        audience=attribute("age_group", "eq", "18-29"),
    ),
    campaign(
        "sport-members",
        "sport-gipfel",
        "Members' tenth",
        entered(),
        ("Hi {{ first_name }}, 10 % for members", "Show your {{ mall.name }} card at {{ store.name }} today."),
        audience=attribute("member", "eq", True),
    ),
    campaign(
        "spielwerk-build",
        "spielwerk",
        "Building table",
        dwelled(45),
        ("The building table is free", "Hi {{ first_name }}, try the new marble run at {{ store.name }}."),
    ),
    campaign(
        "lesesaal-reader",
        "lesesaal",
        "Third book free",
        dwelled(30),
        (
            "Three for two at {{ store.name }}",
            "Hi {{ first_name }}, take your time: the third paperback is free.",
        ),
        cap={"count": 1, "per_days": 30},
    ),
    campaign(
        "pasta-lunch",
        "pasta-pronta",
        "Lunch plate",
        entered(zone_external_ids=["zn-food-court"]),
        ("Hungry, {{ first_name }}?", "{{ store.name }}: pasta of the day and a drink for 8.50 €."),
        cooldown_s=21600,
    ),
    campaign(
        "pressgut-to-go",
        "pressgut",
        "Juice to go",
        entered(zone_external_ids=["zn-west-mall", "zn-marktkorb"]),
        ("Thirsty, {{ first_name }}?", "{{ store.name }}, right ahead of you: carrot and ginger, 1 € off."),
        cooldown_s=14400,
    ),
    campaign(
        "polare-scoop",
        "eis-polare",
        "Scoop for members",
        entered(zone_external_ids=["zn-welcome"]),
        ("A scoop for you, {{ first_name }}", "{{ store.name }} beside the main entrance: the first scoop is ours."),
        audience=attribute("member", "eq", True),
    ),
    campaign(
        "seifenkraut-points",
        "seifenkraut",
        "Double points",
        entered(),
        (
            "Double points today",
            "Hi {{ first_name }}, {{ store.name }} doubles your points on everything for the bath.",
        ),
    ),
    campaign(
        "brandau-floor-guide",
        "brandau",
        "Home floor",
        dwelled(60),
        (
            "{{ store.name }}: up to 30 % off bed linen",
            "Hi {{ first_name }}, the offer is at the back on the left.",
        ),
        audience=attribute("age_group", "ne", "18-29"),
    ),
    campaign(
        "trial-welcome",
        "cafe-morgenrot",
        "Welcome to the circle",
        entered(zone_external_ids=["zn-trial-circle"]),
        ("You have arrived", "Your phone has just come into a 60 m circle: this is how a shopper hears from a shop."),
        cap={"count": 20, "per_days": 1},
        cooldown_s=60,
        store_external_id=None,  # the mall's own
    ),
]
