"""The words of a message for one person: which name and products, and a natural text where there is none. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from geoengage.campaigns.rules.decision import GRANTED, Place
from geoengage.campaigns.rules.definition import Content
from geoengage.campaigns.rules.journey import Somebody
from geoengage.campaigns.rules.steps import Due, Words, conditions_of, messages_of
from geoengage.messaging.rules.text import (
    NO_CONTENT,
    NOTHING_RECOMMENDED,
    RECOMMENDED_KINDS,
    Recommended,
    Text,
    TextError,
    check_template,
    render_message,
)
from geoengage.messaging.rules.values import NO_SHOPPING, Shopping, Values
from geoengage.profiles.rules import Recipient

SAMPLE_NAME = "Alexandra"
SAMPLE_RECOMMENDED: Recommended = {
    kind: ({"name": "Wholegrain bread"}, {"name": "Salted butter"}, {"name": "Cherry jam"})
    for kind in RECOMMENDED_KINDS
}
SAMPLE_CONTENT: Mapping[str, str] = {
    **NO_CONTENT,
    "title": "Reading for children", "text": "Stories from all over the world.", "place": "Atrium",
    "starts": "Sat, Dec 5, 2:00 PM", "ends": "Sat, Dec 5, 3:00 PM",
}  # fmt: skip
_USES_CONTENT = re.compile(r"\bcontent\.")
_USES_NAME = re.compile(r"\bfirst_name\b")
_USES_RECOMMENDED = re.compile(r"\brecommendations\.")
_USES_SHOPPING = re.compile(r"\bbought\b|\busual_store\.|\bnearest_store\.")
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


def asks_recommendations(content: Content) -> bool:
    """Whether one of its messages names recommended products, or a branch asks whether something is due."""
    said = any(uses_recommendations(words.title, words.body) for words in _words_of(content))
    return said or any(isinstance(asked, Due) for asked in conditions_of(content.course))


def asks_shopping(content: Content) -> bool:
    """Whether one of its messages names what or where somebody buys."""
    return any(_USES_SHOPPING.search(words.title + words.body) for words in _words_of(content))


def _words_of(content: Content) -> Iterator[Words]:
    """All that its messages say, in every language."""
    return (words for step in messages_of(content.course) for words in step.written)


def uses_content(title: str, body: str) -> bool:
    """Whether a text says something of a content item."""
    return _USES_CONTENT.search(title + body) is not None


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
    about: Mapping[str, str] = NO_CONTENT,
) -> Text:
    """Render a text; TextError when that fails.

    `said`: what came with the event that set the campaign off, for `trigger.…`; `about`: the content item.
    """
    return write_values(
        title, body, _values(names, first_name, recommended, said) | named_offer(offer) | {"content": about}
    )


def named_offer(offer: Offered) -> dict[str, Any]:
    """The offer as texts name it."""
    return {"offer": {"code": offer.code or None, "label": offer.label or None}}


def _values(
    names: Names,
    first_name: str | None,
    recommended: Recommended,
    said: Mapping[str, object] | None,
    shopping: Shopping = NO_SHOPPING,
) -> dict[str, Any]:
    known = Values(
        first_name=first_name,
        store=names.store,
        zone=names.zone,
        mall=names.mall,
        campaign=names.campaign,
        recommended=recommended,
        shopping=shopping,
    )
    return known.as_variables() | {"trigger": said or {}}


def write_values(title: str, body: str, values: Mapping[str, Any], *, strict: bool = False) -> Text:
    """Render a text; TextError when that fails. Without a name or a product, what was written around is tidied up.

    `strict`: Blank where a value that it shows is not there.
    """
    text = render_message(title, body, values, strict=strict)

    def tidy(source: str, written: str) -> str:
        may_lack = (not values["first_name"] and _USES_NAME.search(source)) or _USES_RECOMMENDED.search(source)
        return _without_name(written) if may_lack else written

    return Text(tidy(title, text.title), tidy(body, text.body), text.warnings)


def values_for(
    content: Content,
    person: Recipient | Somebody,
    store_name: str | None,
    place: Place | None = None,
    recommended: Recommended = NOTHING_RECOMMENDED,
    said: Mapping[str, object] | None = None,
    shopping: Shopping = NO_SHOPPING,
) -> dict[str, Any]:
    """What a campaign's text may say to one person, but for the content item and the offer. `place`: where it was set
    off, if anywhere.

    Her name is used only with consent to personalisation. `recommended`: what was chosen for her, with her consent
    where it follows from what she bought; `shopping` with it alone. `said`: what came with the event that set a journey
    off.
    """
    name = person.first_name if person.personalisation == GRANTED else None
    names = Names(campaign=content.name, store=store_name)
    if place is not None:
        names = Names(
            campaign=content.name, store=store_name or place.store_name, zone=place.zone_name, mall=place.mall_name
        )
    return _values(names, name or content.definition.fallback_name, recommended, said, shopping)


def check_texts(title: str, body: str) -> dict[str, str]:
    """What is wrong with the templates, by part (`title`, `body`); empty when nothing is."""
    wrong = {}
    for part, source in (("title", title), ("body", body)):
        try:
            check_template(source)
        except TextError as error:
            wrong[part] = str(error)
    if not wrong:
        said = sample_said(title, body)
        try:
            write(title, body, Names(), SAMPLE_NAME, SAMPLE_RECOMMENDED, said, SAMPLE_OFFER, SAMPLE_CONTENT)
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
