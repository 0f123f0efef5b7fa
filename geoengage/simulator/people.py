"""Shoppers with names, phones and opinions about consent. Pure: the same seed, the same people.

Some refuse. Whoever refuses location still has an app that sends positions here: that the server throws them away is
part of what a simulation shows.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from geoengage.simulator.phone import PhoneNoise, some_phone

Consent = Literal["granted", "denied"]

NAMES_BY_LANGUAGE = {
    "de": "Anna Jonas Lea Emil Mia Paul Frieda Anton Greta Moritz Ida Karl Lotte Felix",
    "en": "Amara Owen Grace Callum Zoe Dylan Ruby Noor Harvey Priya",
    "tr": "Elif Emre Zeynep Deniz Aylin",
    "pl": "Zofia Kacper Maja Piotr Hanna",
    "fr": "Camille Hugo Inès Bastien",
    "uk": "Oksana Taras Daryna",
    "vi": "Linh Minh Thu",
    "ar": "Yasmin Karim Samira",
    "es": "Lucía Mateo Carmen",
}
NAMES = [(name, language) for language, names in NAMES_BY_LANGUAGE.items() for name in names.split()]
AGE_GROUPS = ["18-29", "30-44", "45-59", "60+"]
AGE_SHARES = [0.32, 0.31, 0.22, 0.15]
DENIES = {
    "location": 10,
    "marketing_push": 6,
    "personalisation": 5,
}  # every so manieth; counted out, so that few show all


@dataclass(frozen=True, slots=True)
class Person:
    """`external_id` is stable for a seed, so that a second run meets the same people again."""

    external_id: str
    first_name: str
    language: str
    platform: Literal["android", "ios"]
    consents: dict[str, Consent]
    permission: Literal["always", "while_in_use"]
    attributes: dict[str, str | bool]
    noise: PhoneNoise


def person(seed: int, number: int, round_: int = 0) -> Person:
    """Who walks as shopper `number` in that round: after each walk somebody else takes the place."""
    rng = np.random.default_rng([seed, number, round_])
    first_name, language = NAMES[(seed * 7 + number * 11 + round_ * 5) % len(NAMES)]
    return Person(
        external_id=f"sim-{seed}-{number:03d}-{round_}",
        first_name=first_name,
        language=language,
        platform="android" if rng.random() < 0.6 else "ios",
        consents={what: "denied" if (number + round_) % n == n - 1 else "granted" for what, n in DENIES.items()},
        permission="always" if rng.random() < 0.7 else "while_in_use",
        attributes={"age_group": str(rng.choice(AGE_GROUPS, p=AGE_SHARES)), "member": bool(rng.random() < 0.45)},
        noise=some_phone(rng),
    )
