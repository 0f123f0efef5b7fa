"""What recipes say, by language: title and body of each message, Liquid. English is what every recipe has. Pure.

`BRAND` stands for the name of the shop or of the programme, `SHOP` for the person's usual store, `CATEGORY` for that of
the recipe's categories of which they bought last, `PRODUCTS` for what is due. The languages are those of offers' labels
(`offers.rules.labels`), so that a message is never of two. Serbian is in Latin letters.
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
        "parents-viber.idea": (
            "En idé til en ledig eftermiddag",
            "Der er noget nyt i CATEGORY, som I kan prøve sammen. Det står hos SHOP, og der er tid til at se sig om.",
        ),
        "parents-viber.offer": (
            "Tak fra BRAND",
            "Jeres næste besøg bliver billigere i to uger. Vis denne kode hos SHOP: {{ offer.code }}",
        ),
        "fresh-weekend.offer": (
            "Frisk til weekenden hos BRAND",
            "CATEGORY billigere i tre dage, med denne kode: {{ offer.code }}",
        ),
        "essentials.reminder": (
            "Før du laver mad, {{ first_name }}",
            "Er du ved at løbe tør for PRODUCTS? BRAND har det til dig.",
        ),
        "inactivity.offer": (
            "Dit næste køb hos BRAND bliver billigere",
            "Det er et stykke tid siden. Billigere i to uger, med denne kode: {{ offer.code }}",
        ),
        "late-night.offer": (
            "Stadig vågen? Billigere i aften hos BRAND",
            "Kun i nat og i morgen, med denne kode: {{ offer.code }}",
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
        "parents-viber.idea": (
            "O idee pentru o după-amiază liberă",
            "În CATEGORY este ceva nou de încercat împreună. Vă așteaptă la SHOP, fără grabă.",
        ),
        "parents-viber.offer": (
            "Vă mulțumim, BRAND",
            "Următoarea vizită costă mai puțin, timp de două săptămâni. Arătați codul la SHOP: {{ offer.code }}",
        ),
        "fresh-weekend.offer": (
            "Proaspăt pentru weekend la BRAND",
            "CATEGORY la preț mai mic, timp de trei zile, cu acest cod: {{ offer.code }}",
        ),
        "essentials.reminder": (
            "Înainte să gătești, {{ first_name }}",
            "Se termină PRODUCTS? La BRAND găsești.",
        ),
        "inactivity.offer": (
            "Următoarea comandă la BRAND costă mai puțin",
            "A trecut ceva timp. Reducere timp de două săptămâni, cu acest cod: {{ offer.code }}",
        ),
        "late-night.offer": (
            "Încă nu dormi? Reducere în seara asta la BRAND",
            "Doar în noaptea asta și mâine, cu acest cod: {{ offer.code }}",
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
        "parents-viber.idea": (
            "Ideja brīvai pēcpusdienai",
            "Sadaļā CATEGORY ir kas jauns, ko izmēģināt kopā. Tas gaida veikalā SHOP, apskatiet bez steigas.",
        ),
        "parents-viber.offer": (
            "Paldies no BRAND",
            "Nākamais pirkums maksās mazāk divas nedēļas. Uzrādiet kodu veikalā SHOP: {{ offer.code }}",
        ),
        "fresh-weekend.offer": (
            "Svaigs nedēļas nogalei: BRAND",
            "CATEGORY par zemāku cenu trīs dienas, ar šo kodu: {{ offer.code }}",
        ),
        "essentials.reminder": (
            "Pirms sākat gatavot, {{ first_name }}",
            "Vai beidzas PRODUCTS? Mums tas ir. – BRAND",
        ),
        "inactivity.offer": (
            "Nākamais pirkums lētāk: BRAND",
            "Pagājis kāds laiks. Divas nedēļas lētāk, ar šo kodu: {{ offer.code }}",
        ),
        "late-night.offer": (
            "Vēl neguļat? Šovakar lētāk: BRAND",
            "Tikai šonakt un rīt, ar šo kodu: {{ offer.code }}",
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
        "parents-viber.idea": (
            "فكرة لما بعد ظهر يوم هادئ",
            "جديد في CATEGORY لتجربوه معًا. تجدونه في SHOP، خذوا وقتكم في التجول.",
        ),
        "parents-viber.offer": (
            "شكرًا لكم من BRAND",
            "زيارتكم القادمة بسعر أقل، لمدة أسبوعين. أظهروا هذا الرمز في SHOP: {{ offer.code }}",
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
