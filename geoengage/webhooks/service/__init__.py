"""Writes of webhooks with a decision. `endpoints`: what operators and integrators do; `delivery`: what the worker does.
Everything is imported from here.
"""

from geoengage.webhooks.service.delivery import Landed, Parcel, claim, plan, record
from geoengage.webhooks.service.endpoints import (
    NewWebhook,
    Replayed,
    change,
    create,
    disable,
    enable,
    make_test,
    remove,
    replay,
    rotate,
)

__all__ = [
    "Landed", "NewWebhook", "Parcel", "Replayed", "change", "claim", "create", "disable", "enable", "make_test",
    "plan", "record", "remove", "replay", "rotate",
]  # fmt: skip
