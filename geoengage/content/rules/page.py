"""The small page of a short link: the item, or that it has ended. Pure: words in, HTML out, everything escaped."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from geoengage.content.rules.items import Reference, language_for
from geoengage.content.rules.words import locale_of, when

CSP = (
    "default-src 'none'; style-src 'nonce-{nonce}'; img-src https:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_SAYS: Mapping[str, Mapping[str, str]] = {
    "en": {"ended": "This has ended.", "cancelled": "This was called off.", "unknown": "There is nothing here.",
           "until": "until", "more": "Read on", "hint": "Ask in the shop what is on now."},
    "de": {"ended": "Das ist vorbei.", "cancelled": "Das findet nicht statt.", "unknown": "Hier ist nichts.",
           "until": "bis", "more": "Mehr dazu", "hint": "Fragen Sie im Laden, was jetzt läuft."},
    "fr": {"ended": "C’est terminé.", "cancelled": "C’est annulé.", "unknown": "Il n’y a rien ici.",
           "until": "jusqu’au", "more": "En savoir plus", "hint": "Demandez en magasin ce qui se passe maintenant."},
    "it": {"ended": "È finito.", "cancelled": "È stato annullato.", "unknown": "Qui non c’è niente.",
           "until": "fino a", "more": "Per saperne di più", "hint": "Chieda in negozio che cosa c’è adesso."},
    "es": {"ended": "Esto ha terminado.", "cancelled": "Se ha cancelado.", "unknown": "Aquí no hay nada.",
           "until": "hasta", "more": "Más información", "hint": "Pregunte en la tienda qué hay ahora."},
}  # fmt: skip
_STYLE = (
    ":root{color-scheme:light dark}body{font:1.05rem/1.5 system-ui,sans-serif;margin:0;background:Canvas;"
    "color:CanvasText}main{max-width:34rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.6rem;line-height:1.25;"
    "margin:.5rem 0}img{max-width:100%;height:auto;border-radius:.5rem}p{white-space:pre-line}"
    ".quiet{font-size:.9rem;opacity:.8}"
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as HTML, with the language that it is in."""

    html: str
    language: str


def accepted(header: str) -> str | None:
    """The language that a browser wishes most by its Accept-Language; None when it says none."""
    wishes = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if tag and tag != "*" and weight > 0 and len(tag) <= 35:
            wishes.append((-weight, place, tag))
    return min(wishes)[2] if wishes else None


def item_page(item: Reference, nonce: str) -> Page:
    """What is on, in its own words."""
    says = _says(item.language)
    times = when(item.starts_at, item.ends_at, item.timezone, item.language)
    dates = " ".join(part for part in (times["starts"], times["ends"] and f"{says['until']} {times['ends']}") if part)
    parts = [
        f'<img src="{escape(item.image_url)}" alt="">' if item.image_url else "",
        f"<h1>{escape(item.words.title)}</h1>",
        *(f"<p>{escape(line)}</p>" for line in (dates, item.place, item.words.text) if line),
        f'<p class="quiet">{escape(item.words.terms)}</p>' if item.words.terms else "",
        f'<p><a rel="noopener noreferrer" href="{escape(item.link)}">{escape(says["more"])}</a></p>'
        if item.link
        else "",
    ]
    return _page(item.words.title, "".join(parts), item.language, nonce)


def note_page(what: str, language: str | None, nonce: str) -> Page:
    """That it is over (`ended`), called off (`cancelled`) or nothing at all (`unknown`)."""
    known = language_for(_SAYS, language, "en")
    says = _SAYS[known]
    return _page(says[what], f"<h1>{escape(says[what])}</h1><p>{escape(says['hint'])}</p>", known, nonce)


def _says(language: str) -> Mapping[str, str]:
    return _SAYS[language_for(_SAYS, language, "en")]


def _page(title: str, body: str, language: str, nonce: str) -> Page:
    direction = locale_of(language).text_direction
    return Page(
        f'<!doctype html><html lang="{escape(language)}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<title>{escape(title)}</title><style nonce="{escape(nonce)}">{_STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>",
        language,
    )
