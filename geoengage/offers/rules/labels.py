"""What an offer gives, in a few words of one language. Pure.

A language has all the words or none, so that a label is never of two; a number stands apart from what it counts where a
language has many plurals.
"""

from collections.abc import Mapping
from typing import NamedTuple

ENGLISH = "en"


class Labels(NamedTuple):
    """Patterns: `{n}` a number, `{all}` and `{buy}` pieces, `{money}` an amount."""

    percent: str
    amount: str
    second: str
    second_of_category: str
    cheapest: str
    buy_get: str
    gift: str
    gifts: str
    delivery: str
    bundle: str
    one_more: str


LABELS: Mapping[str, Labels] = {
    ENGLISH: Labels(
        percent="{n} % off",
        amount="{money} off",
        second="{n} % off every second piece",
        second_of_category="{n} % off every second piece of a category",
        cheapest="{n} % off the cheaper half",
        buy_get="{all} for {buy}",
        gift="a gift",
        gifts="{n} gifts",
        delivery="free delivery",
        bundle="a set for {money}",
        one_more="one more for {money}",
    ),
    "de": Labels(
        percent="{n} % Rabatt",
        amount="{money} Rabatt",
        second="{n} % Rabatt auf jedes zweite Stück",
        second_of_category="{n} % Rabatt auf jedes zweite Stück einer Warengruppe",
        cheapest="{n} % Rabatt auf die günstigere Hälfte",
        buy_get="{all} für {buy}",
        gift="ein Geschenk",
        gifts="{n} Geschenke",
        delivery="kostenlose Lieferung",
        bundle="ein Set für {money}",
        one_more="noch eines für {money}",
    ),
    "da": Labels(
        percent="{n} % rabat",
        amount="{money} rabat",
        second="{n} % rabat på hver anden vare",
        second_of_category="{n} % rabat på hver anden vare i en kategori",
        cheapest="{n} % rabat på den billigste halvdel",
        buy_get="{all} for {buy}",
        gift="en gave",
        gifts="{n} gaver",
        delivery="gratis levering",
        bundle="et sæt for {money}",
        one_more="en mere for {money}",
    ),
    "ro": Labels(
        percent="{n} % reducere",
        amount="{money} reducere",
        second="{n} % reducere la fiecare al doilea produs",
        second_of_category="{n} % reducere la fiecare al doilea produs dintr-o categorie",
        cheapest="{n} % reducere la jumătatea mai ieftină",
        buy_get="{all} la preț de {buy}",
        gift="un cadou",
        gifts="cadouri: {n}",
        delivery="livrare gratuită",
        bundle="un set la {money}",
        one_more="încă unul la {money}",
    ),
    "sr": Labels(
        percent="{n} % popusta",
        amount="{money} popusta",
        second="{n} % popusta na svaki drugi artikal",
        second_of_category="{n} % popusta na svaki drugi artikal iz iste kategorije",
        cheapest="{n} % popusta na jeftiniju polovinu",
        buy_get="{all} za cenu {buy}",
        gift="poklon",
        gifts="pokloni: {n}",
        delivery="besplatna dostava",
        bundle="komplet za {money}",
        one_more="još jedan za {money}",
    ),
    "lv": Labels(
        percent="{n} % atlaide",
        amount="{money} atlaide",
        second="{n} % atlaide katrai otrajai precei",
        second_of_category="{n} % atlaide katrai otrajai vienas kategorijas precei",
        cheapest="{n} % atlaide lētākajai pusei",
        buy_get="{all} par {buy} cenu",
        gift="dāvana",
        gifts="dāvanas: {n}",
        delivery="bezmaksas piegāde",
        bundle="komplekts par {money}",
        one_more="vēl viens par {money}",
    ),
    "ar": Labels(
        percent="خصم {n} %",
        amount="خصم {money}",
        second="خصم {n} % على كل قطعة ثانية",
        second_of_category="خصم {n} % على كل قطعة ثانية من الفئة نفسها",
        cheapest="خصم {n} % على النصف الأرخص",
        buy_get="{all} بسعر {buy}",
        gift="هدية",
        gifts="هدايا: {n}",
        delivery="توصيل مجاني",
        bundle="مجموعة بسعر {money}",
        one_more="قطعة أخرى بسعر {money}",
    ),
}


def labels_in(language: str | None) -> Labels:
    """The words of a tag such as `de-CH`; English where there are none."""
    return LABELS.get((language or "").replace("_", "-").partition("-")[0].lower(), LABELS[ENGLISH])
