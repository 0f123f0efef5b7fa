"""How a phone is told to report: the whole table of what is known and what follows."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from geoengage.presence.rules.reporting import FAR_M, FRESH, NEAR_M, Known, Mode, Reason, advise, words

AT_THE_DOOR = Known(consent=True, permission="always", has_zones=True, nearest_m=0.0, age=timedelta(seconds=5))
LATER = FRESH + timedelta(seconds=1)

TABLE: list[tuple[str, dict[str, object], Mode, Reason]] = [
    ("inside", {}, Mode.RESPONSIVE, Reason.NEAR_A_ZONE),
    ("beside", {"nearest_m": NEAR_M}, Mode.RESPONSIVE, Reason.NEAR_A_ZONE),
    ("a little further", {"nearest_m": NEAR_M + 1}, Mode.EFFICIENT, Reason.SOME_WAY_OFF),
    ("as far as efficient goes", {"nearest_m": FAR_M}, Mode.EFFICIENT, Reason.SOME_WAY_OFF),
    ("far", {"nearest_m": FAR_M + 1}, Mode.FAR_AWAY, Reason.FAR_FROM_ALL_ZONES),
    ("far since yesterday", {"nearest_m": 9e5, "age": timedelta(1)}, Mode.FAR_AWAY, Reason.FAR_FROM_ALL_ZONES),
    ("beside it, as long ago as that counts", {"age": FRESH}, Mode.RESPONSIVE, Reason.NEAR_A_ZONE),
    ("beside it a while ago", {"age": LATER}, Mode.EFFICIENT, Reason.POSITION_OLD),
    ("some way off a while ago", {"nearest_m": 900.0, "age": LATER}, Mode.EFFICIENT, Reason.SOME_WAY_OFF),
    ("nothing known", {"nearest_m": None}, Mode.EFFICIENT, Reason.NO_POSITION),
    ("no zone", {"has_zones": False, "nearest_m": None}, Mode.FAR_AWAY, Reason.NO_ZONES),
    ("only while in use", {"permission": "while_in_use"}, Mode.RESPONSIVE, Reason.NEAR_A_ZONE),
    ("permission never told", {"permission": "unknown"}, Mode.RESPONSIVE, Reason.NEAR_A_ZONE),
    ("not permitted", {"permission": "denied"}, Mode.FAR_AWAY, Reason.PERMISSION_DENIED),
    ("no consent", {"consent": False}, Mode.FAR_AWAY, Reason.NO_LOCATION_CONSENT),
    ("neither", {"consent": False, "permission": "denied"}, Mode.FAR_AWAY, Reason.NO_LOCATION_CONSENT),
]


@pytest.mark.parametrize(("known", "mode", "reason"), [pytest.param(*t[1:], id=t[0]) for t in TABLE])
def test_the_table(known: dict[str, object], mode: Mode, reason: Reason) -> None:
    advice = advise(replace(AT_THE_DOOR, **known))  # type: ignore[arg-type]
    assert (advice.mode, advice.reason) == (mode, reason)
    assert advice.send_pings == (mode is not Mode.FAR_AWAY)


def test_every_reason_is_reached_and_has_words() -> None:
    assert {row[3] for row in TABLE} == set(Reason)
    assert all(words(reason).endswith(".") for reason in Reason)


def test_whatever_is_known_there_is_an_answer_that_spares_the_battery() -> None:
    """Further away never costs more, and without consent or permission nothing is watched."""
    for consent, permission, zones in product((True, False), ("always", "while_in_use", "denied"), (True, False)):
        steps = [advise(Known(consent, permission, zones, m, timedelta())) for m in (0.0, 1_000.0, 50_000.0)]
        intervals = [s.ping_interval_s for s in steps]
        assert intervals == sorted(intervals)
        if not consent or permission == "denied":
            assert not any(s.send_pings or s.monitors_regions for s in steps)
        if permission == "while_in_use":
            assert not any(s.monitors_regions for s in steps)
