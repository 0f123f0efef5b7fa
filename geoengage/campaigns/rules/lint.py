"""Warnings: what is allowed and will probably disappoint. Each one says what to do about it. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from uuid import UUID

from geoengage.campaigns.rules.decision import PUSH_MAX_AGE_S, Policy
from geoengage.campaigns.rules.definition import Content, InSegment, QuietHours, TriggerKind, open_hours
from geoengage.campaigns.rules.steps import Did, conditions_of, messages_of
from geoengage.campaigns.rules.wording import (
    SAMPLE_CONTENT,
    SAMPLE_NAME,
    SAMPLE_OFFER,
    SAMPLE_RECOMMENDED,
    Names,
    recommends_unguarded,
    sample_said,
    write,
)
from geoengage.messaging.rules.text import TextError
from geoengage.venues.rules import DAYS, Hours, ZoneKind

LONGEST_TITLE = 65  # one line on most Android phones; iOS cuts earlier
LONGEST_BODY = 178  # four lines, what iOS shows on the lock screen
_DAY = 24 * 60
_STORE = re.compile(r"\{[{%][^}]*\bstore\.")
_PLACE = re.compile(r"\{[{%][^}]*\b(zone|mall)\.")


@dataclass(frozen=True, slots=True)
class TargetZone:
    """A zone that a campaign may wait at: its published version, or its newest draft while there is none."""

    zone_id: UUID
    name: str
    kind: str
    store_id: UUID | None
    is_published: bool
    is_sensitive: bool
    dwell_s: tuple[int, ...]
    exit_s: float


@dataclass(frozen=True, slots=True)
class TargetStore:
    """A store that a campaign belongs to or waits at. `opening_hours` empty: not known."""

    store_id: UUID
    name: str
    opening_hours: tuple[Hours, ...]


@dataclass(frozen=True, slots=True)
class TargetSegment:
    """A segment that a campaign names. `status`: `building | ready | failed`."""

    segment_id: UUID
    name: str
    store_id: UUID | None
    status: str
    is_built: bool


def warnings(
    content: Content,
    zones: Sequence[TargetZone],
    stores: Sequence[TargetStore],
    segments: Sequence[TargetSegment],
    policy: Policy,
) -> list[str]:
    """What to know before activating. `zones`: those named, and the zones of kind store of the trigger's stores;
    `segments`: all that it names.
    """
    return [
        *_about_segments(content, segments),
        *_about_journey(content),
        *_about_zones(content, zones, stores),
        *_about_times(content, stores, policy),
        *_about_texts(content),
        *_about_length(content, stores),
        *_about_limits(content, policy),
    ]


def _about_zones(content: Content, zones: Sequence[TargetZone], stores: Sequence[TargetStore]) -> Iterator[str]:
    mark = content.definition.dwell_s
    for zone in zones:
        if not zone.is_published:
            yield f"Zone “{zone.name}” is a draft: publish it, until then nothing fires there."
        if content.kind is TriggerKind.DWELLED and mark is not None and mark not in zone.dwell_s:
            marks = ", ".join(map(str, sorted({*zone.dwell_s, mark})))
            yield (
                f"Zone “{zone.name}” has no dwell mark of {mark} s: set its rules.dwell_s to [{marks}]"
                f" (PATCH /v1/zones/{zone.zone_id}) and publish it."
            )
        if content.kind is TriggerKind.EXITED and zone.exit_s >= PUSH_MAX_AGE_S:
            yield (
                f"Zone “{zone.name}” believes that somebody left after {zone.exit_s:.0f} s outside (rules.exit_s), and"
                f" messages go out within {PUSH_MAX_AGE_S} s: nothing will be sent. Lower it, and publish the zone."
            )
    with_zone = {zone.store_id for zone in zones if zone.kind == ZoneKind.STORE}
    for store in stores:
        if store.store_id in content.store_ids and store.store_id not in with_zone:
            yield f"Store “{store.name}” has no zone of kind store yet: draw one, or name zones in the trigger."


def segments_of(content: Content) -> frozenset[UUID]:
    """The segments that a campaign names."""
    d = content.definition
    asked = (d.audience, *conditions_of(d.steps))
    found = {content.segment_id, d.exits.segment_id, *(a.segment_id for a in asked if isinstance(a, InSegment))}
    return frozenset(id_ for id_ in found if id_ is not None)


def events_of(content: Content) -> frozenset[str]:
    """The names of events that its branches and exits ask for."""
    exit_ = content.definition.exits.event
    asked = {c.name for c in conditions_of(content.course) if isinstance(c, Did)}
    return frozenset(asked | ({exit_.name} if exit_ is not None else set()))


def _about_segments(content: Content, segments: Sequence[TargetSegment]) -> Iterator[str]:
    known = {segment.segment_id: segment for segment in segments}
    for id_ in sorted(segments_of(content)):
        segment = known.get(id_)
        if segment is None:
            yield "Its segment was deleted: nobody is in it, and nothing will be sent. Choose another."
        elif segment.status == "failed":
            yield f"Segment “{segment.name}” cannot be built as it is written now: open it to see why."
        elif not segment.is_built:
            yield f"Segment “{segment.name}” is being built for the first time; nobody is in it until then."
    if content.kind is TriggerKind.SEGMENT and _PLACE.search(content.title + content.body):
        yield "The text uses zone.name or mall.name; who enters a segment is at no place, so it will be empty."
    if content.segment_id is not None and content.definition.present and content.definition.cap.count:
        yield "Once activated it also goes to everybody who is in the segment, as far as consents and caps allow."


def _about_journey(content: Content) -> Iterator[str]:
    d = content.definition
    if content.is_journey and d.exits.purchase and content.kind is TriggerKind.ORDER:
        yield "It starts with an order and ends with an order: the next one ends it."
    texts = [text for step in messages_of(content.course) for w in step.written for text in (w.title, w.body)]
    if content.has_entries and any(_PLACE.search(text) for text in texts):
        yield "The text uses zone.name or mall.name; a journey is at no place, so it will be empty."
    if content.kind is TriggerKind.API and d.exits.purchase and not content.is_journey:
        yield "Nothing lies between the call and the message, so a purchase cannot end it."
    if len(messages_of(content.course)) > 1 and d.cap.count * 30 < len(messages_of(content.course)) * d.cap.per_days:
        yield (
            f"It has {len(messages_of(content.course))} messages, and one person gets at most {d.cap.count} in"
            f" {d.cap.per_days} × 24 hours: those beyond are not sent."
        )
    if d.never_repeat:
        yield "A message whose sending was cut off is not tried again: some may not arrive, none comes twice."


def _about_times(content: Content, stores: Sequence[TargetStore], policy: Policy) -> Iterator[str]:
    hours = open_hours(content.definition)
    for store in stores:
        if hours and store.opening_hours and not overlap(hours, store.opening_hours):
            yield f"The campaign's days and hours never meet the opening hours of “{store.name}”."
    if content.definition.quiet_hours is QuietHours.TENANT and hours:
        awake = _span(DAYS, policy.quiet_end, policy.quiet_start)
        if policy.quiet_start != policy.quiet_end and not overlap(hours, (awake,)):
            quiet = f"{policy.quiet_start:%H:%M} to {policy.quiet_end:%H:%M}"
            yield f"The campaign's hours lie within the quiet hours ({quiet}): nothing will be sent."


def _about_texts(content: Content) -> Iterator[str]:
    if content.store_id is None and not content.store_ids and _STORE.search(content.title + content.body):
        yield "The text uses store.name, and neither the campaign nor its trigger has a store: it may be empty."
    if any(recommends_unguarded(w.title, w.body) for step in messages_of(content.course) for w in step.written):
        yield (
            "The text names a recommended product, and there is none for who has not agreed to personalisation or buys"
            " nothing regularly: say what to write then, e.g."
            " {{ recommendations.due[0].name | default: recommendations.popular[0].name | default: 'something new' }}."
        )


def _about_length(content: Content, stores: Sequence[TargetStore]) -> list[str]:
    names = {store.store_id: store.name for store in stores}
    sample = Names(campaign=content.name, store=names.get(content.store_id) if content.store_id else None)
    try:
        name = content.definition.fallback_name or SAMPLE_NAME
        said = sample_said(content.title, content.body)
        text = write(content.title, content.body, sample, name, SAMPLE_RECOMMENDED, said, SAMPLE_OFFER, SAMPLE_CONTENT)
    except TextError as error:  # it was accepted once, by an older version of the language
        return [f"The {error.part} cannot be rendered: {error.detail}. Messages will be misconfigured."]
    return [*text.warnings, *length_warnings(text.title, text.body)]


def length_warnings(title: str, body: str) -> list[str]:
    """Warnings about rendered texts that phones will cut."""
    found = []
    if len(title) > LONGEST_TITLE:
        found.append(f"The title has {len(title)} characters; phones cut it after about {LONGEST_TITLE}.")
    if len(body) > LONGEST_BODY:
        found.append(f"The text has {len(body)} characters; phones show about {LONGEST_BODY}.")
    return found


def _about_limits(content: Content, policy: Policy) -> Iterator[str]:
    cap = content.definition.cap
    if cap.count == 0:
        yield "The cap is 0: nobody will get a message."
    elif content.is_marketing and cap.count > policy.daily_cap * cap.per_days:
        yield f"The cap is above what anybody may get from all campaigns ({policy.daily_cap} a day): that limit holds."


def overlap(left: Iterable[Hours], right: Iterable[Hours]) -> bool:
    """Whether two sets of weekly spans have a minute in common."""
    others = [week for hours in right for week in _week(hours)]
    return any(a < d and c < b for hours in left for a, b in _week(hours) for c, d in others)


def _span(days: Iterable[str], start: time, end: time) -> Hours:
    return Hours(frozenset(days), start.hour * 60 + start.minute, end.hour * 60 + end.minute)


def _week(hours: Hours) -> Iterator[tuple[int, int]]:
    """The spans as minutes of a week that starts on Monday; one over Sunday's midnight is cut in two."""
    for day in hours.days:
        start = DAYS.index(day) * _DAY + hours.opens
        length = hours.closes - hours.opens if hours.opens < hours.closes else hours.closes - hours.opens + _DAY
        end = start + length
        yield start, min(end, 7 * _DAY)
        if end > 7 * _DAY:
            yield 0, end - 7 * _DAY
