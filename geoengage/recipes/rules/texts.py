"""What recipes say, by language: title and body of each message, Liquid. English is what every recipe has. Pure.

`BRAND` stands for the name of the shop or of the programme. Labels of offers are English, so other languages name the
code alone.
"""

from collections.abc import Mapping

from geoengage.messaging.rules.locales import choose_text, locale_chain

Said = tuple[str, str]

TEXTS: Mapping[str, Mapping[str, Said]] = {
    "en": {
        "win-back.reminder": (
            "We have missed you, {{ first_name }}",
            "It has been a little quieter than usual. Good things are waiting for you at BRAND.",
        ),
        "win-back.offer": (
            "For you: {{ offer.label }} at BRAND",
            "Come by in the next two weeks and show this code: {{ offer.code }}. We look forward to seeing you.",
        ),
        "first-purchase.welcome": (
            "Welcome to BRAND, {{ first_name }}",
            "Your first purchase: {{ offer.label }}, for two weeks, with this code: {{ offer.code }}",
        ),
        "second-item.offer": (
            "{{ offer.label }} at BRAND",
            "Take one more of what you like, for two weeks, with this code: {{ offer.code }}",
        ),
        "abandoned-cart.reminder": (
            "Still thinking it over, {{ first_name }}?",
            "What you put into your cart at BRAND is still there.",
        ),
        "abandoned-cart.offer": (
            "Your cart at BRAND: {{ offer.label }}",
            "For two weeks, with this code: {{ offer.code }}",
        ),
    },
    "de": {
        "win-back.reminder": (
            "Wir haben Sie vermisst, {{ first_name }}",
            "Es ist etwas ruhiger geworden als sonst. Bei BRAND wartet viel Gutes auf Sie.",
        ),
        "win-back.offer": (
            "Ein Dankeschön von BRAND, {{ first_name }}",
            "Ihr Einkauf wird in den nächsten zwei Wochen günstiger, mit diesem Code: {{ offer.code }}",
        ),
        "first-purchase.welcome": (
            "Willkommen bei BRAND, {{ first_name }}",
            "Ihr erster Einkauf wird günstiger, zwei Wochen lang, mit diesem Code: {{ offer.code }}",
        ),
        "second-item.offer": (
            "Das zweite Stück günstiger bei BRAND",
            "Nehmen Sie noch eines mit, zwei Wochen lang, mit diesem Code: {{ offer.code }}",
        ),
        "abandoned-cart.reminder": (
            "Noch am Überlegen, {{ first_name }}?",
            "Was Sie bei BRAND in den Warenkorb gelegt haben, liegt noch da.",
        ),
        "abandoned-cart.offer": (
            "Ihr Warenkorb bei BRAND wird günstiger",
            "Zwei Wochen lang, mit diesem Code: {{ offer.code }}",
        ),
    },
}


def text_of(name: str, language: str, brand: str) -> Said:
    """Title and body of a message in that language, else in English. A brand's name is no Liquid: braces go."""
    languages = {tag: texts[name] for tag, texts in TEXTS.items() if name in texts}
    found = choose_text(languages, locale_chain(language, "en"))
    assert found is not None  # noqa: S101 - English has every text
    plain = brand.replace("{", "").replace("}", "")
    title, body = found[1]
    return title.replace("BRAND", plain), body.replace("BRAND", plain)
