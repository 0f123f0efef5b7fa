"""What customers read of an offer that was made on the owner's page, by language: title and body, Liquid. Pure.

The language is the tenant's. `PERCENT`, `PRODUCT` and `SHOP` are put in as plain text.
"""

from collections.abc import Mapping

from geoengage.messaging.rules.locales import choose_text, locale_chain

TEXTS: Mapping[str, tuple[str, str]] = {
    "en": ("PERCENT % off: PRODUCT", "At SHOP, for two weeks, with this code: {{ offer.code }}"),
    "de": ("PERCENT % günstiger: PRODUCT", "Bei SHOP, zwei Wochen lang, mit diesem Code: {{ offer.code }}"),
    "ar": ("خصم PERCENT ٪ على PRODUCT", "في SHOP، لمدة أسبوعين، بهذا الرمز: {{ offer.code }}"),
    "sr": ("PERCENT % popusta: PRODUCT", "U radnji SHOP, dve nedelje, uz ovaj kod: {{ offer.code }}"),
    "ro": ("Reducere de PERCENT %: PRODUCT", "La SHOP, timp de două săptămâni, cu acest cod: {{ offer.code }}"),
    "lv": ("PERCENT % atlaide: PRODUCT", "Veikalā SHOP divas nedēļas ar šo kodu: {{ offer.code }}"),
    "da": ("PERCENT % rabat: PRODUCT", "Hos SHOP i to uger med denne kode: {{ offer.code }}"),
}


def said(language: str, *, percent: int, product: str, shop: str) -> tuple[str, str]:
    """Title and body in that language, else in English. Names are no Liquid: braces go."""
    found = choose_text(TEXTS, locale_chain(language, "en"))
    assert found is not None  # noqa: S101 - English is there
    title, body = found[1]
    plain = {"PRODUCT": _plain(product), "SHOP": _plain(shop)}
    return title.replace("PERCENT", str(percent)).replace("PRODUCT", plain["PRODUCT"]), body.replace(
        "SHOP", plain["SHOP"]
    )


def _plain(name: str) -> str:
    return name.replace("{", "").replace("}", "")
