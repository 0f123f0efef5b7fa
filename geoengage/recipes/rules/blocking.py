"""What stands in a recipe's way, in words, with the page that mends it. Pure.

What `stops` keeps a recipe from being switched on; the others are told and wait: a recipe that nobody is due for today
may be right for tomorrow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Obstacle(StrEnum):
    """Why a recipe does nothing, or less than it could."""

    NO_CURRENCY = "no_currency"
    NO_CONTENT = "no_content"
    CONTENT_LACKS = "content_lacks"
    MARGIN_FOR_FLOOR = "margin_for_floor"
    SENDING_STOPPED = "sending_stopped"
    NO_PUSH_SENDER = "no_push_sender"
    NO_EMAIL_SENDER = "no_email_sender"
    NO_WHATSAPP_SENDER = "no_whatsapp_sender"
    NO_WHATSAPP_TEMPLATE = "no_whatsapp_template"
    NO_VIBER_SENDER = "no_viber_sender"
    NO_SMS_SENDER = "no_sms_sender"
    NO_CATEGORIES = "no_categories"
    UNKNOWN_CATEGORY = "unknown_category"
    NO_DAY_PART = "no_day_part"
    QUIET_HOURS = "quiet_hours"
    NO_BIRTH_DATES = "no_birth_dates"
    NO_MARGIN = "no_margin"
    NO_MESSAGE_COST = "no_message_cost"
    TOO_FEW_ORDERS = "too_few_orders"
    NO_CARTS = "no_carts"
    NO_ZONE = "no_zone"
    NOBODY_SUBSCRIBED = "nobody_subscribed"
    NOBODY_NOW = "nobody_now"
    NO_PERSONALISATION = "no_personalisation"
    NO_WAY = "no_way"
    NO_HOLDOUT = "no_holdout"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Mend:
    """What to say of it, and the page where it is mended. `{n}` stands for a number of people."""

    text: str
    link: str
    stops: bool = False


MENDS: Mapping[Obstacle, Mend] = {
    Obstacle.NO_CURRENCY: Mend(
        "No order is known, so nobody knows in which currency to give an offer: send orders.", "/imports", stops=True
    ),
    Obstacle.NO_CONTENT: Mend(
        "Nothing that is still to come is published: write a promotion, an event or a new arrival.",
        "/content?new=1",
        stops=True,
    ),
    Obstacle.CONTENT_LACKS: Mend("About what is on: {words}.", "/content", stops=True),
    Obstacle.NO_ZONE: Mend(
        "What is on is at no zone and in no shop with a zone: draw one, or name another place.", "/map", stops=True
    ),
    Obstacle.NO_CATEGORIES: Mend(
        "Nobody knows which of your product categories are meant: name them under the settings.", "/recipes", stops=True
    ),
    Obstacle.NO_DAY_PART: Mend(
        "You have no part of the day called {words}: name one of yours under the settings.", "/recipes", stops=True
    ),
    Obstacle.QUIET_HOURS: Mend(
        "Your quiet hours ({words}) leave no time for it: choose others under the settings.", "/recipes", stops=True
    ),
    Obstacle.MARGIN_FOR_FLOOR: Mend(
        "A least margin is set, and neither a product's cost nor your margin is known: the offer would give nothing."
        " Say what you earn.",
        "/offers",
        stops=True,
    ),
    Obstacle.SENDING_STOPPED: Mend(
        "All sending is stopped. It can be switched on, and sends when that ends.", "/messages"
    ),
    Obstacle.NO_PUSH_SENDER: Mend(
        "No app can send pushes: give it its Firebase account. Until then pushes are shown in the preview inbox only.",
        "/apps",
    ),
    Obstacle.NO_EMAIL_SENDER: Mend(
        "No app has a mail server, so nobody gets an e-mail where a push cannot arrive.", "/apps"
    ),
    Obstacle.NO_WHATSAPP_SENDER: Mend(
        "No WhatsApp number can send, so nobody gets a message there where a push cannot arrive.", "/apps"
    ),
    Obstacle.NO_WHATSAPP_TEMPLATE: Mend(
        "Meta has approved no template for marketing, so WhatsApp takes a message only for a day after somebody wrote.",
        "/apps",
    ),
    Obstacle.NO_VIBER_SENDER: Mend("No Viber sender is set up, so nothing goes out there.", "/apps"),
    Obstacle.NO_SMS_SENDER: Mend(
        "No SMS sender is set up, so who is not on Viber gets nothing.", "/apps"
    ),
    Obstacle.UNKNOWN_CATEGORY: Mend("None of your products is in {words}: is it written so?", "/products"),
    Obstacle.NO_BIRTH_DATES: Mend(
        "Nobody's day or year of birth is known, so nobody is known to be of age: ask for it, or import it.", "/imports"
    ),
    Obstacle.NO_MARGIN: Mend(
        "Neither products' costs nor your margin are known, so nobody will be able to say what it earned.", "/offers"
    ),
    Obstacle.NO_MESSAGE_COST: Mend("It is not known what its messages cost.", "/proof?inputs=1"),
    Obstacle.TOO_FEW_ORDERS: Mend(
        "Nobody has bought four times yet, and before that nobody has a habit: send older orders too.", "/imports"
    ),
    Obstacle.NO_CARTS: Mend(
        "No cart was left in the last 30 days. Does your shop or app send carts?", "/imports"
    ),
    Obstacle.NOBODY_SUBSCRIBED: Mend(
        "Nobody has agreed to hear from you. Ask for it in your app or shop, or bring in who agreed.", "/imports"
    ),
    Obstacle.NOBODY_NOW: Mend("Nobody is meant at this moment. It waits for the first.", "/segments"),
    Obstacle.NO_PERSONALISATION: Mend(
        "{n} more would be meant, but did not agree to be chosen by what they do.", "/privacy"
    ),
    Obstacle.NO_WAY: Mend("{n} more are meant and reached by no way that they agreed to.", "/insights"),
    Obstacle.NO_HOLDOUT: Mend(
        "Nobody is held back, so nobody will be able to say what it brought: set a share under the settings.",
        "/recipes",
    ),
    Obstacle.REVIEW: Mend("Somebody of the programme looks at it before it runs.", "/review"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """An obstacle here and now. `people`: whom it concerns, None where that is told of nobody."""

    obstacle: Obstacle
    text: str
    link: str
    stops: bool
    people: int | None = None


def block(obstacle: Obstacle, people: int | None = None, *, words: str = "") -> Block:
    """The obstacle in words."""
    mend = MENDS[obstacle]
    count = "some" if people is None else f"{people:,}"
    text = mend.text.replace("{n}", count).replace("{words}", words)
    return Block(obstacle, text, mend.link, mend.stops, people)
