"""The words of a message for one person: which name and products, and a natural text where there is none. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from geoengage.campaigns.rules.decision import GRANTED, Place
from geoengage.campaigns.rules.definition import Content
from geoengage.campaigns.rules.journey import Somebody
from geoengage.campaigns.rules.steps import Say
from geoengage.messaging.rules.text import (
    NOTHING_RECOMMENDED,
    RECOMMENDED_KINDS,
    Recommended,
    Text,
    TextError,
    check_template,
    render_message,
)
from geoengage.profiles.rules import Recipient

SAMPLE_NAME = "Alexandra"
SAMPLE_RECOMMENDED: Recommended = {
    kind: ({"name": "Wholegrain bread"}, {"name": "Salted butter"}, {"name": "Cherry jam"})
    for kind in RECOMMENDED_KINDS
}
_USES_NAME = re.compile(r"\bfirst_name\b")
_USES_RECOMMENDED = re.compile(r"\brecommendations\.")
_USES_OFFER = re.compile(r"\boffer\.")
_TRIGGER = re.compile(r"\btrigger\.(\w+)")
_UNGUARDED = re.compile(r"\{\{(?=[^}]*\brecommendations\.)(?![^}]*\|\s*default\b)[^}]*\}\}")
_GUARD = re.compile(r"\{%-?\s*(if|unless|case)\b[^%]*\brecommendations\.")


@dataclass(frozen=True, slots=True)
class Offered:
    """The coupon that goes with a message."""

    code: str = ""
    label: str = ""


NO_OFFER = Offered()
SAMPLE_OFFER = Offered("K7M4-QX2P", "10 % off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a text may call things by; what is not known stays empty."""

    campaign: str = ""
    store: str | None = None
    zone: str | None = None
    mall: str | None = None


def uses_recommendations(title: str, body: str) -> bool:
    """Whether a text names products that are recommended, so that somebody has to choose them first."""
    return _USES_RECOMMENDED.search(title + body) is not None


def sample_said(*texts: str) -> dict[str, object]:
    """Something for every value of a trigger that these texts name."""
    return {name: "7" for text in texts for name in _TRIGGER.findall(text)}


def uses_offer(*texts: str) -> bool:
    """Whether one of these texts names the offer that goes with it."""
    return any(_USES_OFFER.search(text) for text in texts)


def recommends_unguarded(title: str, body: str) -> bool:
    """Whether a text leaves a hole where nothing can be recommended: without `default`, and under no condition."""
    return any(_UNGUARDED.search(text) and not _GUARD.search(text) for text in (title, body))


def write(
    title: str,
    body: str,
    names: Names,
    first_name: str | None,
    recommended: Recommended = NOTHING_RECOMMENDED,
    said: Mapping[str, object] | None = None,
    offer: Offered = NO_OFFER,
) -> Text:
    """Render a text; TextError when that fails. Without a name or a product, what was written around is tidied up.

    `said`: what came with the event that set the campaign off, for `trigger.…`.
    """
    text = render_message(
        title,
        body,
        {
            "first_name": first_name,
            "store": {"name": names.store or ""},
            "zone": {"name": names.zone or ""},
            "mall": {"name": names.mall or ""},
            "campaign": {"name": names.campaign},
            "recommendations": recommended,
            "trigger": said or {},
            "offer": {"code": offer.code, "label": offer.label},
        },
    )

    def tidy(source: str, written: str) -> str:
        may_lack = (not first_name and _USES_NAME.search(source)) or _USES_RECOMMENDED.search(source)
        return _without_name(written) if may_lack else written

    return Text(tidy(title, text.title), tidy(body, text.body), text.warnings)


def write_for(
    content: Content,
    place: Place,
    person: Recipient,
    store_name: str | None,
    recommended: Recommended = NOTHING_RECOMMENDED,
    offer: Offered = NO_OFFER,
) -> Text:
    """A campaign's text for one person. Her name is used only with consent to personalisation.

    `recommended`: what was chosen for her, with her consent where it follows from what she bought.
    """
    name = person.first_name if person.personalisation == GRANTED else None
    names = Names(
        campaign=content.name, store=store_name or place.store_name, zone=place.zone_name, mall=place.mall_name
    )
    first_name = name or content.definition.fallback_name
    return write(content.title, content.body, names, first_name, recommended, offer=offer)


def write_to_member(content: Content, person: Recipient, store_name: str | None, offer: Offered = NO_OFFER) -> Text:
    """The text for somebody who has entered or left a segment: as `write_for`, without a place."""
    name = person.first_name if person.personalisation == GRANTED else None
    names = Names(campaign=content.name, store=store_name)
    return write(content.title, content.body, names, name or content.definition.fallback_name, offer=offer)


def write_step(
    content: Content,
    step: Say,
    person: Somebody,
    store_name: str | None,
    said: Mapping[str, object],
    offer: Offered = NO_OFFER,
) -> Text:
    """The text of a journey's step: as `write_to_member`, with what came with the event that set it off."""
    name = person.first_name if person.personalisation == GRANTED else None
    names = Names(campaign=content.name, store=store_name)
    first_name = name or content.definition.fallback_name
    return write(step.title, step.body, names, first_name, said=said, offer=offer)


def check_texts(title: str, body: str) -> dict[str, str]:
    """What is wrong with the templates, by part (`title`, `body`); empty when nothing is."""
    wrong = {}
    for part, source in (("title", title), ("body", body)):
        try:
            check_template(source)
        except TextError as error:
            wrong[part] = str(error)
    if not wrong:
        try:
            write(title, body, Names(), SAMPLE_NAME, SAMPLE_RECOMMENDED, sample_said(title, body), SAMPLE_OFFER)
        except TextError as error:
            wrong[error.part or "body"] = str(error)
    return wrong


def _without_name(text: str) -> str:
    """“Hi , come in” → “Hi, come in”; “Ready, ?” → “Ready?”; “, your basket” → “Your basket”; “Hello,” → “Hello”."""
    tidy = re.sub(r" {2,}", " ", text)
    tidy = re.sub(r"\s+(?=[,.])", "", tidy)
    tidy = re.sub(r",\s*(?=[.!?…])", "", tidy)
    start = tidy.lstrip(" ,;:")
    if start != tidy:
        start = start[:1].upper() + start[1:]
    return start.rstrip(" ,;")
