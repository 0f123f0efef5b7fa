"""What recipes say, by language: title and body of each message, Liquid. English is what every recipe has. Pure.

`BRAND` stands for the name of the shop or of the programme, `SHOP` for the person's usual store, `CATEGORY` for that of
the recipe's categories of which they bought last, `PRODUCTS` for what is due. Labels of offers are English, so other
languages name the code alone. Serbian is in Latin letters.
"""

import re
from collections.abc import Mapping, Sequence

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
        "parents-viber.idea": (
            "An idea for a free afternoon",
            "Something new in CATEGORY is there to try out together. You find it at SHOP, with time to look round.",
        ),
        "parents-viber.offer": (
            "A thank-you from BRAND",
            "Your next visit costs less, for two weeks: {{ offer.label }}. Show this code at SHOP: {{ offer.code }}",
        ),
        "fresh-weekend.offer": (
            "Fresh for the weekend at BRAND",
            "CATEGORY: {{ offer.label }}, for three days, with this code: {{ offer.code }}",
        ),
        "essentials.reminder": (
            "Before you cook, {{ first_name }}",
            "Running low on PRODUCTS? BRAND has it for you.",
        ),
        "inactivity.offer": (
            "{{ offer.label }} at BRAND",
            "It has been a while. Your next order costs less, for two weeks, with this code: {{ offer.code }}",
        ),
        "late-night.offer": (
            "Still awake? {{ offer.label }} at BRAND",
            "Only tonight and tomorrow, with this code: {{ offer.code }}",
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
        "parents-viber.idea": (
            "Eine Idee für einen freien Nachmittag",
            "In CATEGORY gibt es Neues, das man zusammen ausprobieren kann. Sie finden es bei SHOP, in aller Ruhe.",
        ),
        "parents-viber.offer": (
            "Ein Dankeschön von BRAND",
            "Ihr nächster Besuch wird günstiger, zwei Wochen lang. Ihr Code bei SHOP: {{ offer.code }}",
        ),
        "fresh-weekend.offer": (
            "Frisches fürs Wochenende bei BRAND",
            "CATEGORY günstiger, drei Tage lang, mit diesem Code: {{ offer.code }}",
        ),
        "essentials.reminder": (
            "Vor dem Kochen, {{ first_name }}",
            "Geht PRODUCTS zur Neige? Bei BRAND ist es da.",
        ),
        "inactivity.offer": (
            "Ihr nächster Einkauf bei BRAND wird günstiger",
            "Es ist eine Weile her. Zwei Wochen lang, mit diesem Code: {{ offer.code }}",
        ),
        "late-night.offer": (
            "Noch wach? Heute günstiger bei BRAND",
            "Nur heute Nacht und morgen, mit diesem Code: {{ offer.code }}",
        ),
    },
    "ar": {
        "fresh-weekend.offer": (
            "طازج لعطلة نهاية الأسبوع من BRAND",
            "CATEGORY بسعر أقل لمدة ثلاثة أيام، بهذا الرمز: {{ offer.code }}",
        ),
        "essentials.reminder": (
            "قبل أن تبدأ الطبخ، {{ first_name }}",
            "هل أوشك على النفاد: PRODUCTS؟ تجده في BRAND.",
        ),
        "inactivity.offer": (
            "طلبك القادم من BRAND بسعر أقل",
            "مضى وقت منذ طلبك الأخير. خصم لمدة أسبوعين، بهذا الرمز: {{ offer.code }}",
        ),
        "late-night.offer": (
            "ما زلت مستيقظًا؟ خصم الليلة من BRAND",
            "الليلة وغدًا فقط، بهذا الرمز: {{ offer.code }}",
        ),
    },
    "sr": {
        "parents-viber.idea": (
            "Ideja za slobodno popodne",
            "U kategoriji CATEGORY ima nečeg novog da probate zajedno. Čeka vas u radnji SHOP, razgledajte na miru.",
        ),
        "parents-viber.offer": (
            "Hvala vam od BRAND",
            "Vaša sledeća poseta je povoljnija, dve nedelje. Pokažite ovaj kod u prodavnici SHOP: {{ offer.code }}",
        ),
        "fresh-weekend.offer": (
            "Sveže za vikend u BRAND",
            "CATEGORY po nižoj ceni tri dana, uz ovaj kod: {{ offer.code }}",
        ),
        "essentials.reminder": (
            "Pre nego što počnete da kuvate, {{ first_name }}",
            "Nestaje vam PRODUCTS? BRAND ima za vas.",
        ),
        "inactivity.offer": (
            "Povoljnija sledeća kupovina u BRAND",
            "Prošlo je neko vreme. Niža cena dve nedelje, uz ovaj kod: {{ offer.code }}",
        ),
        "late-night.offer": (
            "Još ste budni? Večeras povoljnije u BRAND",
            "Samo večeras i sutra, uz ovaj kod: {{ offer.code }}",
        ),
    },
    "ro": {
        "parents-viber.idea": (
            "O idee pentru o după-amiază liberă",
            "În CATEGORY este ceva nou de încercat împreună. Vă așteaptă la SHOP, fără grabă.",
        ),
        "parents-viber.offer": (
            "Vă mulțumim, BRAND",
            "Următoarea vizită costă mai puțin, timp de două săptămâni. Arătați codul la SHOP: {{ offer.code }}",
        ),
    },
    "lv": {
        "parents-viber.idea": (
            "Ideja brīvai pēcpusdienai",
            "Sadaļā CATEGORY ir kas jauns, ko izmēģināt kopā. Tas gaida veikalā SHOP, apskatiet bez steigas.",
        ),
        "parents-viber.offer": (
            "Paldies no BRAND",
            "Nākamais pirkums maksās mazāk divas nedēļas. Uzrādiet kodu veikalā SHOP: {{ offer.code }}",
        ),
    },
    "da": {
        "parents-viber.idea": (
            "En idé til en ledig eftermiddag",
            "Der er noget nyt i CATEGORY, som I kan prøve sammen. Det står hos SHOP, og der er tid til at se sig om.",
        ),
        "parents-viber.offer": (
            "Tak fra BRAND",
            "Jeres næste besøg bliver billigere i to uger. Vis denne kode hos SHOP: {{ offer.code }}",
        ),
    },
}


def text_of(name: str, language: str, brand: str, categories: Sequence[str] = ()) -> Said:
    """Title and body of a message in that language, else in English. `categories`: of which it speaks."""
    languages = {tag: texts[name] for tag, texts in TEXTS.items() if name in texts}
    found = choose_text(languages, locale_chain(language, "en"))
    assert found is not None  # noqa: S101 - English has every text
    shown = {"BRAND": _plain(brand), "SHOP": _shop(brand), "CATEGORY": _category(categories), "PRODUCTS": _PRODUCTS}
    title, body = (_WORDS.sub(lambda word: shown[word[0]], text) for text in found[1])
    return title, body


_WORDS = re.compile("BRAND|SHOP|CATEGORY|PRODUCTS")
_PRODUCTS = (
    "{{ recommendations.due[0].name }}"
    "{% if recommendations.due[1].name %}, {{ recommendations.due[1].name }}{% endif %}"
)


def _shop(brand: str) -> str:
    return f'{{{{ usual_store.name | default: nearest_store.name | default: "{_plain(brand)}" }}}}'


def _category(categories: Sequence[str]) -> str:
    """The one of each that the person bought last; who is not to be known by that reads the first one's name."""
    names = [_plain(name) for name in categories]
    if not names:
        return ""
    last = " | default: ".join(f'bought["{name.lower()}"]' for name in names)
    return f'{{{{ {last} | default: "{names[0].rpartition(" > ")[2]}" }}}}'


def _plain(name: str) -> str:
    """A name of the tenant's is no Liquid: braces go, and what would end a text in it."""
    return name.translate(_NO_LIQUID)


_NO_LIQUID = str.maketrans({"{": None, "}": None, '"': "'"})
