"""Which decision counts over a person's ids and stores, whom one may contact, links and codes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoengage.kit import errors
from geoengage.kit.ids import TenantId
from geoengage.profiles.rules import (
    Channel,
    ConsentRefused,
    ConsentState,
    Decision,
    Hindrance,
    Hold,
    LinkKind,
    PointState,
    Purpose,
    SignedLink,
    Standing,
    check_channel,
    check_decision,
    confirmed,
    deciding,
    hash_code,
    hold_of,
    make_code,
    may_contact,
    pause_until,
    point_after,
    push_hindrance,
    read_link,
    same_code,
    sign_link,
    withdrawn_by_stop,
    withdrawn_by_stop_all,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MAIL, CARD = UUID(int=1), UUID(int=2)
TOYS, BOOKS = UUID(int=11), UUID(int=12)
YES, NO, PENDING, REDACTED = (
    ConsentState.SUBSCRIBED, ConsentState.UNSUBSCRIBED, ConsentState.PENDING, ConsentState.REDACTED,
)  # fmt: skip
KEY = "a-key-for-tests-only-0123456789abcdef"


def said(state: ConsentState, days_ago: float = 1, **over: object) -> Decision:
    values: dict[str, object] = {
        "identifier_id": MAIL, "channel": Channel.EMAIL, "purpose": Purpose.MARKETING, "store_id": None,
        "text_version": "1", "source": "settings", "at": NOW - timedelta(days=days_ago),
    } | over  # fmt: skip
    return Decision(state=state, **values)  # type: ignore[arg-type]


def may(
    *decisions: Decision, store: UUID | None = None, purpose: Purpose = Purpose.MARKETING, **over: object
) -> object:
    standing = Standing(decisions, **over)  # type: ignore[arg-type]
    return may_contact(standing, Channel.EMAIL, purpose, store, now=NOW)


@pytest.mark.parametrize(
    "decisions, store, expected",
    [
        ([], None, Hindrance.NO_CONSENT),
        ([said(YES)], None, None),
        ([said(YES)], TOYS, None),  # nothing was said about the store: the tenant's holds
        ([said(YES, store_id=TOYS)], None, Hindrance.NO_CONSENT),  # a yes to one shop is none to the mall
        ([said(YES, store_id=TOYS)], BOOKS, Hindrance.NO_CONSENT),  # nor to another shop
        ([said(PENDING)], None, Hindrance.PENDING),
        ([said(REDACTED)], TOYS, Hindrance.REDACTED),
        ([said(REDACTED), said(YES, 0, store_id=TOYS)], TOYS, Hindrance.REDACTED),
        # the newest of several ids, whatever the order
        ([said(YES, 2), said(NO, 1, identifier_id=CARD)], None, Hindrance.UNSUBSCRIBED),
        ([said(NO, 2), said(YES, 1, identifier_id=CARD)], None, None),
        # a no wins a tie
        ([said(YES, 1), said(NO, 1, identifier_id=CARD)], None, Hindrance.UNSUBSCRIBED),
        ([said(YES, 1), said(PENDING, 1, identifier_id=CARD)], None, Hindrance.PENDING),
        # the store's before the tenant's, also when it is older
        ([said(NO, 9, store_id=TOYS), said(YES, 1)], TOYS, Hindrance.UNSUBSCRIBED),
        ([said(YES, 9, store_id=TOYS), said(NO, 1)], TOYS, None),
        ([said(YES, 9, store_id=TOYS), said(NO, 1)], BOOKS, Hindrance.UNSUBSCRIBED),
        # other channels and purposes say nothing
        ([said(YES, channel=Channel.SMS)], None, Hindrance.NO_CONSENT),
        ([said(YES, purpose=Purpose.SERVICE)], None, Hindrance.NO_CONSENT),
    ],
)
def test_marketing(decisions: list[Decision], store: UUID | None, expected: Hindrance | None) -> None:
    for order in permutations(decisions):
        assert may(*order, store=store) == expected


def test_service_needs_no_yes_and_heeds_a_no() -> None:
    assert may(purpose=Purpose.SERVICE) is None
    assert may(said(NO, purpose=Purpose.SERVICE), purpose=Purpose.SERVICE) is Hindrance.UNSUBSCRIBED
    assert may(said(NO), purpose=Purpose.SERVICE) is None


def test_transactional_is_always_due_but_to_a_redacted_address() -> None:
    assert may(said(NO), purpose=Purpose.TRANSACTIONAL, holds=[Hold(NOW + timedelta(days=9), NOW)]) is None
    redacted = said(REDACTED, purpose=Purpose.TRANSACTIONAL)
    assert may(redacted, purpose=Purpose.TRANSACTIONAL) is Hindrance.REDACTED
    with pytest.raises(ConsentRefused, match="transactional"):
        check_decision(said(NO, purpose=Purpose.TRANSACTIONAL), NOW)


def test_holds() -> None:
    pause = Hold(paused_until=NOW + timedelta(days=1))
    assert may(said(YES), holds=[pause]) is Hindrance.PAUSED
    assert may(said(YES), holds=[replace(pause, paused_until=NOW)]) is None
    assert may(said(YES), holds=[pause], purpose=Purpose.SERVICE) is None
    # "everything" outlives a yes that is older and comes in later, and ends with a new one
    stop = Hold(stopped_at=NOW - timedelta(days=1))
    assert may(said(YES, 2, store_id=TOYS), holds=[stop], store=TOYS) is Hindrance.STOPPED
    assert may(said(YES, 0.5), holds=[stop]) is None
    assert hold_of([Hold(), pause, stop]) == Hold(pause.paused_until, stop.stopped_at)
    assert hold_of([]) == Hold()


@pytest.mark.parametrize(
    "state, marketing, transactional",
    [
        (None, False, False),  # of which nothing is known: as good as imported without proof
        (PointState.UNPROVEN, False, False),
        (PointState.BOUNCED, False, False),
        (PointState.COMPLAINED, False, True),
        (PointState.STOPPED, False, True),
        (PointState.REACHABLE, True, True),
    ],
)
def test_reachability(state: PointState | None, marketing: bool, transactional: bool) -> None:
    points = {} if state is None else {(MAIL, Channel.EMAIL): state}
    standing = Standing([said(YES)], [], points)
    for purpose, reaches in ((Purpose.MARKETING, marketing), (Purpose.TRANSACTIONAL, transactional)):
        found = may_contact(standing, Channel.EMAIL, purpose, None, now=NOW, address_id=MAIL)
        assert found == (None if reaches else Hindrance.UNREACHABLE)


def test_an_address_learns() -> None:
    assert point_after(None, PointState.UNPROVEN) is PointState.UNPROVEN
    assert point_after(PointState.REACHABLE, PointState.UNPROVEN) is PointState.REACHABLE
    assert point_after(PointState.UNPROVEN, PointState.REACHABLE) is PointState.REACHABLE
    assert point_after(PointState.BOUNCED, PointState.REACHABLE) is PointState.REACHABLE
    assert point_after(PointState.COMPLAINED, PointState.REACHABLE) is PointState.COMPLAINED
    assert point_after(PointState.REACHABLE, PointState.BOUNCED) is PointState.BOUNCED


def test_a_push_asks_the_person_too() -> None:
    def push(*decisions: Decision, store: UUID | None = None, hold: Hold | None = None) -> Hindrance | None:
        return push_hindrance(Standing(decisions, [hold] if hold else []), store, now=NOW)

    over = {"channel": Channel.PUSH}
    assert push() is None  # the device's own yes is enough
    assert push(said(NO, **over, store_id=TOYS), store=TOYS) is Hindrance.UNSUBSCRIBED
    assert push(said(NO, **over, store_id=TOYS), store=BOOKS) is None
    assert push(said(NO, 2, **over), said(YES, 1, channel=Channel.WEB_PUSH)) is None
    assert push(said(YES, 2, **over), said(NO, 1, channel=Channel.WEB_PUSH)) is Hindrance.UNSUBSCRIBED
    assert push(hold=Hold(NOW + timedelta(days=1))) is Hindrance.PAUSED
    assert push(hold=Hold(stopped_at=NOW)) is None  # it denied every device, and a device that agrees did so later
    assert push(said(YES, **over), hold=Hold(stopped_at=NOW)) is Hindrance.STOPPED


def test_stop_to_a_sender_withdraws_no_more_than_its_marketing() -> None:
    (stop,) = withdrawn_by_stop([MAIL], Channel.SMS, TOYS, source="sms", at=NOW)
    assert (stop.purpose, stop.channel, stop.store_id, stop.state) == (Purpose.MARKETING, Channel.SMS, TOYS, NO)
    sms = [said(YES, channel=Channel.SMS, store_id=s) for s in (TOYS, BOOKS, None)]
    standing = Standing([*sms, said(YES), stop])
    blocked = {s: may_contact(standing, Channel.SMS, Purpose.MARKETING, s, now=NOW) for s in (TOYS, BOOKS, None)}
    assert blocked == {TOYS: Hindrance.UNSUBSCRIBED, BOOKS: None, None: None}
    assert may_contact(standing, Channel.EMAIL, Purpose.MARKETING, TOYS, now=NOW) is None


def test_everything_withdraws_all_marketing_and_nothing_else() -> None:
    before = [said(YES), said(PENDING, store_id=TOYS), said(NO, store_id=BOOKS), said(YES, purpose=Purpose.SERVICE)]
    stops = withdrawn_by_stop_all(before, source="page", at=NOW)
    assert {(d.store_id, d.state, d.at) for d in stops} == {(None, NO, NOW), (TOYS, NO, NOW)}
    assert {d.purpose for d in stops} == {Purpose.MARKETING}


def test_refused() -> None:
    with pytest.raises(ConsentRefused, match="future"):
        check_decision(said(YES, -1), NOW)
    check_decision(said(YES, 0), NOW)
    assert pause_until(NOW, None) == NOW + timedelta(days=30)
    for wrong in (NOW, NOW + timedelta(days=366)):
        with pytest.raises(ConsentRefused):
            pause_until(NOW, wrong)
    check_channel("phone", Channel.VIBER)
    for channel in (Channel.EMAIL, Channel.PUSH):
        with pytest.raises(errors.Invalid):
            check_channel("phone", channel)


decisions = st.lists(
    st.builds(
        said,
        st.sampled_from(ConsentState),
        st.integers(0, 3),
        identifier_id=st.sampled_from([MAIL, CARD]),
        store_id=st.sampled_from([None, TOYS, BOOKS]),
    ),
    max_size=6,
)


@given(decisions, st.randoms())
def test_the_order_of_decisions_does_not_matter(found: list[Decision], chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    for store in (None, TOYS):
        left, right = (deciding(d, Channel.EMAIL, Purpose.MARKETING, store) for d in (found, shuffled))
        assert (left and (left.state, left.at)) == (right and (right.state, right.at))


def test_confirmed() -> None:
    yes = confirmed(said(PENDING), source="double opt-in", at=NOW)
    assert (yes.state, yes.at, yes.text_version) == (YES, NOW, "1")


# --- codes and links ----------------------------------------------------------------------------------------------


def test_a_code_fits_its_proof_and_key_only() -> None:
    code, proof = make_code(), uuid4()
    stored = hash_code(KEY, proof, code)
    assert len(code) == 6
    assert same_code(KEY, proof, code, stored)
    assert not same_code(KEY, uuid4(), code, stored)
    assert not same_code(KEY + "x", proof, code, stored)
    assert code not in stored


def test_a_link_cannot_be_changed() -> None:
    tenant, row = TenantId(uuid4()), uuid4()
    token = sign_link(KEY, LinkKind.PREFERENCES, tenant, row)
    assert len(token) == 64
    assert read_link(KEY, LinkKind.PREFERENCES, token) == SignedLink(tenant, row)
    assert read_link(KEY, LinkKind.PROOF, token) is None
    assert read_link(KEY + "x", LinkKind.PREFERENCES, token) is None
    other = sign_link(KEY, LinkKind.PREFERENCES, tenant, uuid4())
    forged = [token[:-4], token + "AAAA", token[:22] + other[22:42] + token[42:], "x", "", "ä" * 64, token.lower()]
    assert [read_link(KEY, LinkKind.PREFERENCES, t) for t in forged] == [None] * len(forged)
