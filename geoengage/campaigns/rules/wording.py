"""The words of a message for one person: which name and products, and a natural text where there is none. Pure."""

import re
from dataclasses import dataclass

from geoengage.campaigns.rules.decision import GRANTED, Place
from geoengage.campaigns.rules.definition import Content
from geoengage.messaging.rules.text import (
    NOTHING_RECOMMENDED,
    RECOMMENDED_KINDS,
    Recommended,
    Text,
    TextError,
    check_template,
    render_message,
)
from geoengage.messaging.rules.values import Values
from geoengage.profiles.rules import Recipient

SAMPLE_NAME = "Alexandra"
SAMPLE_RECOMMENDED: Recommended = {
    kind: ({"name": "Wholegrain bread"}, {"name": "Salted butter"}, {"name": "Cherry jam"})
    for kind in RECOMMENDED_KINDS
}
_USES_NAME = re.compile(r"\bfirst_name\b")
_USES_RECOMMENDED = re.compile(r"\brecommendations\.")
_UNGUARDED = re.compile(r"\{\{(?=[^}]*\brecommendations\.)(?![^}]*\|\s*default\b)[^}]*\}\}")
_GUARD = re.compile(r"\{%-?\s*(if|unless|case)\b[^%]*\brecommendations\.")


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


def recommends_unguarded(title: str, body: str) -> bool:
    """Whether a text leaves a hole where nothing can be recommended: without `default`, and under no condition."""
    return any(_UNGUARDED.search(text) and not _GUARD.search(text) for text in (title, body))


def write(
    title: str, body: str, names: Names, first_name: str | None, recommended: Recommended = NOTHING_RECOMMENDED
) -> Text:
    """Render a text; TextError when that fails. Without a name or a product, what was written around is tidied up."""
    text = render_message(
        title,
        body,
        Values(
            first_name=first_name,
            store=names.store,
            zone=names.zone,
            mall=names.mall,
            campaign=names.campaign,
            recommended=recommended,
        ).as_variables(),
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
) -> Text:
    """A campaign's text for one person. Her name is used only with consent to personalisation.

    `recommended`: what was chosen for her, with her consent where it follows from what she bought.
    """
    name = person.first_name if person.personalisation == GRANTED else None
    names = Names(
        campaign=content.name, store=store_name or place.store_name, zone=place.zone_name, mall=place.mall_name
    )
    return write(content.title, content.body, names, name or content.definition.fallback_name, recommended)


def write_to_member(content: Content, person: Recipient, store_name: str | None) -> Text:
    """The text for somebody who has entered or left a segment: as `write_for`, without a place."""
    name = person.first_name if person.personalisation == GRANTED else None
    names = Names(campaign=content.name, store=store_name)
    return write(content.title, content.body, names, name or content.definition.fallback_name)


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
            write(title, body, Names(), SAMPLE_NAME, SAMPLE_RECOMMENDED)
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
