"""What is on in the demo mall: one item of each kind around today, so that the content page, its feeds and links show
something. Made once; what a visitor changes or cancels stays so."""

from datetime import timedelta

from geoengage.demo.client import Client, Json
from geoengage.kit.clock import utc_now

FEED = "What is on at Ahornhof"


def put(client: Client, mall_id: str, shop_id: str) -> None:
    """Write and publish the items, and open a feed of them, unless there is content already."""
    if client.get("/v1/content?limit=1")["items"]:
        return
    for item in _items(mall_id, shop_id):
        made = client.post("/v1/content", item)
        client.post(f"/v1/content/{made['id']}/publish")
    client.post("/v1/feeds", {"name": FEED})


def _items(mall_id: str, shop_id: str) -> list[Json]:
    return [
        {
            "kind": "event",
            "mall_id": mall_id,
            "starts": shown(3, "15:00"),
            "ends": shown(3, "16:30"),
            "texts": {
                "en": {"title": "Reading for children", "text": "Stories from all over the world. Bring a cushion."},
                "de": {"title": "Lesung für Kinder", "text": "Geschichten aus aller Welt. Bringt ein Kissen mit."},
            },
            "categories": ["Books > Children"],
        },
        {
            "kind": "promotion",
            "store_id": shop_id,
            "starts": shown(-2, "08:00"),
            "ends": shown(9, "20:00"),
            "texts": {
                "en": {"title": "Second coffee at half price", "text": "All day long.", "terms": "One a person a day."},
                "de": {"title": "Der zweite Kaffee zum halben Preis", "text": "Den ganzen Tag."},
            },
        },
        {
            "kind": "new_arrival",
            "store_id": shop_id,
            "starts": shown(-1, "08:00"),
            "texts": {
                "en": {"title": "New: roasted in the house", "text": "Beans from Huila, roasted on Tuesdays."},
                "de": {"title": "Neu: im Haus geröstet", "text": "Bohnen aus Huila, jeden Dienstag geröstet."},
            },
            "brands": ["Morgenrot"],
        },
        {
            "kind": "notice",
            "mall_id": mall_id,
            "starts": shown(0, "00:00"),
            "ends": shown(14, "00:00"),
            "texts": {
                "en": {"title": "Lift B is being repaired", "text": "Please take lift A or the escalators."},
                "de": {"title": "Lift B wird repariert", "text": "Bitte nehmen Sie Lift A oder die Rolltreppen."},
            },
        },
    ]


def shown(days: int, clock: str) -> str:
    """That time on the mall's clock, so many days from today."""
    return f"{(utc_now() + timedelta(days=days)).date().isoformat()}T{clock}"
