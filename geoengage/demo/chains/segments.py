"""The segments that a chain's marketer would have: the classic ones, filled in, and one of its own."""

from collections.abc import Mapping
from typing import Any

from geoengage.demo.client import Client

LOOKS = 3
SLOWED, GONE, LOOKERS = "Slowing down", "Gone", "Come, look and never buy"
# name → the template it is made of and its parameters
_CLASSIC: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "Best customers": ("vip", {}),
    "New customers": ("new", {}),
    "Second purchase due": ("second_purchase_due", {}),
    "Overdue by their own rhythm": ("overdue", {}),
    SLOWED: ("declined", {"degree": "strong"}),
    GONE: ("declined", {"degree": "gone"}),
    "At risk": ("at_risk", {}),
    "Readers of e-mail": ("reachable", {"channel": "email"}),
}
# Door counters tell visits as events, so the template about places does not see them.
_LOOKERS = {
    "kind": "all",
    "of": [
        {
            "kind": "event", "name": "Store Visited", "measure": "count", "op": "gte", "value": LOOKS,
            "window": {"days": 365},
        },
        {"kind": "order", "measure": "count", "op": "eq", "value": 0, "window": {"ever": True}},
    ],
}  # fmt: skip


def make(client: Client) -> dict[str, str]:
    """Make those that are not there yet; their ids by name."""
    made = {row["name"]: str(row["id"]) for row in client.get("/v1/segments?limit=200")["items"]}
    for name, (template, parameters) in _CLASSIC.items():
        if name not in made:
            filled = client.post(f"/v1/segments/templates/{template}", {"parameters": parameters})
            body = {"name": name, "description": filled["description"], "definition": filled["definition"]}
            made[name] = str(client.post("/v1/segments", body)["id"])
    if LOOKERS not in made:
        words = "Known to the door counters, unknown to the tills."
        body = {"name": LOOKERS, "description": words, "definition": _LOOKERS}
        made[LOOKERS] = str(client.post("/v1/segments", body)["id"])
    return made
