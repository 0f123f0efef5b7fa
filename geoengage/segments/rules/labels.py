"""What a builder calls the closed lists of the language: figures, stages, degrees, states, channels. Pure."""

from typing import Literal

from geoengage.profiles.rules import Channel, Purpose
from geoengage.segments.rules.word_leaves import CHANNELS, DEGREES, PURPOSES, STAGES, ZONE_KINDS

Unit = Literal["times", "money", "days", "share", "stage"]
# Name, label and unit; `money` in minor units of the tenant's main currency.
METRICS: tuple[tuple[str, str, Unit], ...] = (
    ("stage", "Stage of the customer's life", "stage"),
    ("orders", "Orders so far", "times"),
    ("purchase_days", "Days with a purchase so far", "times"),
    ("spend", "Spent so far", "money"),
    ("average_order", "Average order so far", "money"),
    ("days_since_order", "Days since the last order", "days"),
    ("p_alive", "Probability of still being a customer", "share"),
    ("orders_90d", "Orders expected in the next 90 days", "times"),
    ("orders_365d", "Orders expected in the next 365 days", "times"),
    ("value_365", "Expected to spend in the next 365 days", "money"),
)
ORDER_CHANNELS = {"web": "web shop", "app": "app", "pos": "till", "phone": "phone", "other": "another way"}
CONSENT_STATES = {
    "subscribed": "agreed", "pending": "yet to confirm", "unsubscribed": "unsubscribed", "redacted": "erased",
    "none": "not decided",
}  # fmt: skip
CONTACT_CHANNELS = {channel.value: CHANNELS[channel.value] for channel in Channel}
CONTACT_PURPOSES = {purpose.value: PURPOSES[purpose.value] for purpose in Purpose}
STAGE_LABELS = {stage.value: label for stage, label in STAGES.items()}
DEGREE_LABELS = dict(DEGREES)
ZONE_KIND_LABELS = dict(ZONE_KINDS)
