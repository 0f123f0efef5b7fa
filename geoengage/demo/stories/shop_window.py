"""What else a supermarket has on: offers, a journey for new customers, content; so that these pages show something."""

from geoengage.demo.chains.segments import make as make_segments
from geoengage.demo.client import Client, Json
from geoengage.demo.planting.put import ensure, run
from geoengage.demo.whats_on import shown

_OFFERS: tuple[Json, ...] = (
    {
        "name": "Second loaf at half price", "currency": "EUR", "status": "active", "group": "bakery",
        "benefit": {"kind": "second_item", "percent": 50, "among": "same_category"},
        "targets": {"categories": ["bakery"]},
    },
    {
        "name": "Three sweets for two", "currency": "EUR", "status": "active", "group": "sweets",
        "benefit": {"kind": "buy_get", "buy": 2, "get": 1}, "targets": {"categories": ["sweets and snacks"]},
    },
    {
        "name": "Five off from fifty", "currency": "EUR", "status": "draft",
        "benefit": {"kind": "amount", "amount_minor": 500}, "conditions": {"min_basket_minor": 5000},
    },
)  # fmt: skip
JOURNEY = "The first month with the card"  # it reaches nobody: who was imported has no phone and no proven address


def fill(client: Client) -> None:
    """Make what is missing."""
    for offer in _OFFERS:
        ensure(client, "/v1/offers", offer)
    segment_id = make_segments(client)["New customers"]
    campaign_id = ensure(client, "/v1/campaigns", _journey(segment_id))
    if client.get(f"/v1/campaigns/{campaign_id}")["status"] == "draft":
        run(client, campaign_id)
    if not client.get("/v1/content?limit=1")["items"]:
        for item in _content(client):
            client.post(f"/v1/content/{client.post('/v1/content', item)['id']}/publish")


def _journey(segment_id: str) -> Json:
    return {
        "name": JOURNEY, "trigger": {"kind": "segment", "segment_id": segment_id, "on": "entered"},
        "reentry": {"kind": "never"}, "exits": {"purchase": False},
        "steps": [
            {"kind": "message", "id": "welcome", "title": "Welcome, {{ first_name }}", "body": "Good to have you."},
            {"kind": "wait", "id": "week", "seconds": 7 * 86_400},
            {"kind": "branch", "id": "came", "when": {"kind": "purchase"},
             "then": [{"kind": "message", "id": "thanks", "title": "Thank you",
                       "body": "Your receipts are in the app."}],
             "otherwise": [{"kind": "message", "id": "help", "title": "Did you find everything?",
                            "body": "Tell us what you miss on our shelves."}]},
        ],
    }  # fmt: skip


def _content(client: Client) -> list[Json]:
    stores = {s["properties"]["external_id"]: s["id"] for s in client.get("/v1/stores?limit=500")["items"]}
    return [
        {
            "kind": "promotion", "store_id": stores["fm-mitte"], "starts": shown(-1, "08:00"),
            "ends": shown(6, "20:00"), "categories": ["bakery"],
            "texts": {"en": {"title": "Second loaf at half price", "text": "At the counter and from the shelf."},
                      "de": {"title": "Das zweite Brot zum halben Preis", "text": "An der Theke und im Regal."}},
        },
        {
            "kind": "new_arrival", "store_id": stores["fm-plagwitz"], "starts": shown(-2, "08:00"),
            "texts": {"en": {"title": "New: oat drink from Haferwerk", "text": "On the shelf beside the milk."},
                      "de": {"title": "Neu: Haferdrink von Haferwerk", "text": "Im Regal neben der Milch."}},
            "brands": ["Haferwerk"],
        },
        {
            "kind": "notice", "store_id": stores["fm-gohlis"], "starts": shown(0, "00:00"), "ends": shown(10, "00:00"),
            "texts": {"en": {"title": "Car park closed on the left", "text": "Please use the right entrance."},
                      "de": {"title": "Parkplatz links gesperrt", "text": "Bitte die rechte Einfahrt nehmen."}},
        },
    ]  # fmt: skip
