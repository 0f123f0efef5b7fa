"""Words that name places where nobody's presence should be recorded: data, in the languages of the tenants so far.

Compared as whole words without case and accents; `PHRASES` as consecutive words; `BEGINNINGS` and `ENDINGS` because
German writes compounds in one word. An apostrophe belongs to its word, so that "Church's" is a shoe shop.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from geoengage.venues.rules import Sensitivity

WORDS: dict[Sensitivity, str] = {
    Sensitivity.HEALTH: (
        "pharmacy pharmacies chemist doctor doctors clinic clinics hospital dentist dentists dental medical"
        " orthodontist physiotherapy physiotherapist psychologist psychiatrist gynaecologist gynecologist dermatologist"
        " apotheke apotheken arzt arztin arzte zahnarzt zahnarztin praxis klinik kliniken krankenhaus sanitatshaus"
        " sanitatsraum physiotherapie hebamme"
        " pharmacie pharmacies medecin medecins clinique hopital dentiste infirmerie kinesitherapeute"
        " farmacia farmacias medico medica clinica dentista enfermeria fisioterapia"
        " صيدلية عيادة مستشفى طبيب طبيبة اسنان"
        " apoteka lekar lekarka klinika bolnica zubar stomatolog ordinacija ambulanta"
        " апотека лекар лекарка клиника болница зубар стоматолог ординација амбуланта"
    ),
    Sensitivity.WORSHIP: (
        "prayer church chapel mosque synagogue worship musalla"
        " kirche kapelle moschee synagoge gebetsraum andachtsraum gebet"
        " eglise chapelle mosquee priere"
        " iglesia capilla mezquita sinagoga oracion"
        " مسجد مصلى كنيسة"
        " crkva kapela dzamija sinagoga molitva црква капела џамија синагога молитва"
    ),
    Sensitivity.CHILDREN: (
        "nursery daycare creche kindergarten playground playroom preschool"
        " kita kinderkrippe spielplatz spielecke bambini"
        " garderie maternelle"
        " guarderia ludoteca"
        " حضانة"
        " vrtic obdaniste igraonica igraliste вртић обданиште играоница игралиште"
    ),
    Sensitivity.RESTROOM: (
        "restroom restrooms toilet toilets washroom washrooms lavatory wc bathroom bathrooms"
        " toilette toiletten damentoilette herrentoilette wickelraum sanitaranlage"
        " toilettes sanitaires"
        " aseo aseos bano banos sanitarios"
        " مرحاض مراحيض حمام حمامات"
        " toalet toaleti kupatilo тоалет тоалети купатило"
    ),
}
PHRASES: dict[Sensitivity, tuple[str, ...]] = {
    Sensitivity.HEALTH: (
        "health centre", "health center", "first aid", "cabinet medical", "centro de salud", "hitna pomoc",
        "хитна помоћ",
    ),
    Sensitivity.WORSHIP: ("quiet room", "place of worship", "salle de priere", "raum der stille"),
    Sensitivity.CHILDREN: (
        "kids club", "kids corner", "kids zone", "kids area", "play area", "child care", "aire de jeux",
        "zona infantil", "area infantil", "منطقة الاطفال", "العاب الاطفال", "decji kutak", "дечји кутак",
    ),
    Sensitivity.RESTROOM: ("baby changing", "دورة مياه", "دورات مياه"),
}  # fmt: skip
BEGINNINGS: dict[Sensitivity, tuple[str, ...]] = {
    Sensitivity.CHILDREN: ("kinderbetreu", "kindergart", "kinderspiel", "kinderland", "kinderkrippe"),
}
ENDINGS: dict[Sensitivity, tuple[str, ...]] = {
    Sensitivity.HEALTH: ("arzt", "arztin", "arztpraxis", "apotheke", "klinik"),
    Sensitivity.WORSHIP: ("kirche", "kapelle", "moschee"),
    Sensitivity.CHILDREN: ("spielplatz",),
    Sensitivity.RESTROOM: ("toilette", "toiletten"),
}
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_ARTICLE = "ال"  # Arabic writes "the" in front of the word, without a gap


def sensitive_word(texts: Iterable[str]) -> tuple[Sensitivity, str] | None:
    """The first word in the texts that suggests a sensitivity, with it; None when there is none."""
    for text in texts:
        words = list(_words(text))
        for sensitivity in WORDS:
            if found := _find(sensitivity, words):
                return sensitivity, found
    return None


def _words(text: str) -> Iterator[tuple[str, str]]:
    """(as written, as compared) of each word."""
    for match in _WORD.finditer(unicodedata.normalize("NFC", text)):
        yield match[0], _plain(match[0])


def _plain(word: str) -> str:
    """Lower case without accents; đ and ł have no accent to take away and stay."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
    return bare.removeprefix(_ARTICLE) if len(bare) > len(_ARTICLE) + 2 else bare


def _find(sensitivity: Sensitivity, words: list[tuple[str, str]]) -> str | None:
    for written, plain in words:
        if (
            plain in _LISTED[sensitivity]
            or plain.startswith(BEGINNINGS.get(sensitivity, ()))
            or plain.endswith(ENDINGS.get(sensitivity, ()))
        ):
            return written
    plains = [plain for _, plain in words]
    for phrase in _PHRASES[sensitivity]:
        for start in range(len(plains) - len(phrase) + 1):
            if plains[start : start + len(phrase)] == phrase:
                return " ".join(written for written, _ in words[start : start + len(phrase)])
    return None


_LISTED = {s: frozenset(map(_plain, words.split())) for s, words in WORDS.items()}
_PHRASES = {s: [[_plain(w) for w in phrase.split()] for phrase in phrases] for s, phrases in PHRASES.items()}
