"""What recipes say, by language: title and body of each message, Liquid. English is what every recipe has. Pure.

`BRAND` stands for the name of the shop or of the programme. The languages are those of offers' labels
(`offers.rules.labels`), so that a message is never of two.
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
            "Für Sie: {{ offer.label }} bei BRAND",
            "Kommen Sie in den nächsten zwei Wochen vorbei und zeigen Sie diesen Code: {{ offer.code "
            "}}. Wir freuen uns auf Sie.",
        ),
        "first-purchase.welcome": (
            "Willkommen bei BRAND, {{ first_name }}",
            "Ihr erster Einkauf: {{ offer.label }}, zwei Wochen lang, mit diesem Code: {{ offer.code }}",
        ),
        "second-item.offer": (
            "{{ offer.label }} bei BRAND",
            "Nehmen Sie noch eines mit, zwei Wochen lang, mit diesem Code: {{ offer.code }}",
        ),
        "abandoned-cart.reminder": (
            "Noch am Überlegen, {{ first_name }}?",
            "Was Sie bei BRAND in den Warenkorb gelegt haben, liegt noch da.",
        ),
        "abandoned-cart.offer": (
            "Ihr Warenkorb bei BRAND: {{ offer.label }}",
            "Zwei Wochen lang, mit diesem Code: {{ offer.code }}",
        ),
    },
    "da": {
        "win-back.reminder": (
            "Vi har savnet dig, {{ first_name }}",
            "Der har været lidt mere stille end normalt. Der venter gode ting på dig hos BRAND.",
        ),
        "win-back.offer": (
            "Til dig: {{ offer.label }} hos BRAND",
            "Kig forbi inden for de næste to uger, og vis denne kode: {{ offer.code }}. Vi glæder os til at se dig.",
        ),
        "first-purchase.welcome": (
            "Velkommen til BRAND, {{ first_name }}",
            "Dit første køb: {{ offer.label }}, i to uger, med denne kode: {{ offer.code }}",
        ),
        "second-item.offer": (
            "{{ offer.label }} hos BRAND",
            "Tag en mere med af det, du kan lide, i to uger, med denne kode: {{ offer.code }}",
        ),
        "abandoned-cart.reminder": (
            "Tænker du stadig over det, {{ first_name }}?",
            "Det, du har lagt i kurven hos BRAND, ligger der endnu.",
        ),
        "abandoned-cart.offer": (
            "Din kurv hos BRAND: {{ offer.label }}",
            "I to uger, med denne kode: {{ offer.code }}",
        ),
    },
    "ro": {
        "win-back.reminder": (
            "Ne-a fost dor de tine, {{ first_name }}",
            "A fost mai liniște decât de obicei. La BRAND te așteaptă lucruri bune.",
        ),
        "win-back.offer": (
            "Pentru tine: {{ offer.label }} la BRAND",
            "Vino în următoarele două săptămâni și arată acest cod: {{ offer.code }}. Te așteptăm cu drag.",
        ),
        "first-purchase.welcome": (
            "Bun venit la BRAND, {{ first_name }}",
            "Prima ta cumpărătură: {{ offer.label }}, timp de două săptămâni, cu acest cod: {{ offer.code }}",
        ),
        "second-item.offer": (
            "{{ offer.label }} la BRAND",
            "Mai ia unul din ce îți place, timp de două săptămâni, cu acest cod: {{ offer.code }}",
        ),
        "abandoned-cart.reminder": (
            "Încă te gândești, {{ first_name }}?",
            "Ce ai pus în coș la BRAND este încă acolo.",
        ),
        "abandoned-cart.offer": (
            "Coșul tău de la BRAND: {{ offer.label }}",
            "Timp de două săptămâni, cu acest cod: {{ offer.code }}",
        ),
    },
    "sr": {
        "win-back.reminder": (
            "Nedostajete nam, {{ first_name }}",
            "Bilo je malo tiše nego obično. U prodavnici BRAND vas čekaju dobre stvari.",
        ),
        "win-back.offer": (
            "Za vas: {{ offer.label }} – BRAND",
            "Svratite u naredne dve nedelje i pokažite ovaj kod: {{ offer.code }}. Radujemo se vašem dolasku.",
        ),
        "first-purchase.welcome": (
            "Dobro došli, {{ first_name }}, kaže BRAND",
            "Vaša prva kupovina: {{ offer.label }}, dve nedelje, uz ovaj kod: {{ offer.code }}",
        ),
        "second-item.offer": (
            "{{ offer.label }} – BRAND",
            "Uzmite još jedan artikal koji volite, dve nedelje, uz ovaj kod: {{ offer.code }}",
        ),
        "abandoned-cart.reminder": (
            "Još razmišljate, {{ first_name }}?",
            "Ono što ste stavili u korpu još je tu. – BRAND",
        ),
        "abandoned-cart.offer": (
            "Vaša korpa: {{ offer.label }} – BRAND",
            "Dve nedelje, uz ovaj kod: {{ offer.code }}",
        ),
    },
    "lv": {
        "win-back.reminder": (
            "Mums jūs pietrūka, {{ first_name }}",
            "Bija mazliet klusāk nekā parasti. BRAND jūs gaida daudz laba.",
        ),
        "win-back.offer": (
            "Jums: {{ offer.label }} – BRAND",
            "Atnāciet nākamo divu nedēļu laikā un parādiet šo kodu: {{ offer.code }}. Priecāsimies jūs redzēt.",
        ),
        "first-purchase.welcome": (
            "Laipni lūdzam, {{ first_name }}! BRAND",
            "Jūsu pirmais pirkums: {{ offer.label }}, divas nedēļas, ar šo kodu: {{ offer.code }}",
        ),
        "second-item.offer": (
            "{{ offer.label }} – BRAND",
            "Paņemiet vēl vienu no tā, kas jums patīk, divas nedēļas, ar šo kodu: {{ offer.code }}",
        ),
        "abandoned-cart.reminder": (
            "Vēl domājat, {{ first_name }}?",
            "Tas, ko ielikāt grozā, joprojām ir tur. – BRAND",
        ),
        "abandoned-cart.offer": (
            "Jūsu grozs: {{ offer.label }} – BRAND",
            "Divas nedēļas, ar šo kodu: {{ offer.code }}",
        ),
    },
    "ar": {
        "win-back.reminder": (
            "اشتقنا إليك، {{ first_name }}",
            "كانت الأيام أهدأ من المعتاد. أشياء جميلة في انتظارك لدى BRAND.",
        ),
        "win-back.offer": (
            "لك: {{ offer.label }} لدى BRAND",
            "تفضّل بزيارتنا خلال الأسبوعين القادمين مع هذا الرمز: {{ offer.code }}. يسعدنا أن نراك.",
        ),
        "first-purchase.welcome": (
            "أهلاً بك لدى BRAND، {{ first_name }}",
            "أول عملية شراء لك: {{ offer.label }}، لمدة أسبوعين، بهذا الرمز: {{ offer.code }}",
        ),
        "second-item.offer": (
            "{{ offer.label }} لدى BRAND",
            "خذ قطعة أخرى مما يعجبك، لمدة أسبوعين، بهذا الرمز: {{ offer.code }}",
        ),
        "abandoned-cart.reminder": (
            "ما زلت تفكّر، {{ first_name }}؟",
            "ما وضعته في سلّتك لدى BRAND ما زال موجوداً.",
        ),
        "abandoned-cart.offer": (
            "سلّتك لدى BRAND: {{ offer.label }}",
            "لمدة أسبوعين، بهذا الرمز: {{ offer.code }}",
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
