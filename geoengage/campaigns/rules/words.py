"""What a campaign does, in sentences that whoever runs a shop can read aloud. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from geoengage.campaigns.rules.audience import AttributeTest, Everyone, InSegment, Op
from geoengage.campaigns.rules.definition import Content, Move, TriggerKind
from geoengage.campaigns.rules.steps import Again, Bought, Branch, Condition, Did, Due, Say, Step, Wait, WaitUntil
from geoengage.campaigns.rules.triggers import OnCart, OnDate, OnEvent, OnOrder, OnSchedule, PropertyTest, Whose

DAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip
_ALL_DAYS = DAYS | {
    "weekday": "weekday", "weekend": "day of the weekend", "weekend_start": "first day of the weekend",
    "weekend_eve": "day before the weekend",
}  # fmt: skip
_OPS = {
    "eq": "is", "ne": "is not", "in": "is one of", "not_in": "is none of", "gt": "is above", "gte": "is at least",
    "lt": "is below", "lte": "is at most", "between": "is between", "contains": "contains",
    "not_contains": "does not contain", "starts_with": "begins with", "ends_with": "ends with",
    "exists": "is known", "not_exists": "is not known",
}  # fmt: skip
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def says(content: Content, names: Mapping[UUID, str]) -> list[str]:
    """First what starts it and for whom, then step by step, then what ends it. `names`: of zones, stores, segments."""
    return [
        f"{_when(content, names)}{_whom(content, names)}.",
        *_steps(content.course, names),
        *_ends(content, names),
        *_again(content),
    ]


def span(seconds: float) -> str:
    """3600 → `1 hour`, 5400 → `90 minutes`."""
    unit, name = next((u, n) for u, n in _UNITS if seconds % u == 0 or u == 1)
    count = int(seconds // unit)
    return f"{count} {name}{'' if count == 1 else 's'}"


def _named(ids: Iterable[UUID], names: Mapping[UUID, str]) -> str:
    found = [f"“{names[id_]}”" for id_ in ids if id_ in names]
    return " or ".join(found) or "a place that is not there any more"


def _when(content: Content, names: Mapping[UUID, str]) -> str:
    where, d = _named((*content.zone_ids, *content.store_ids), names), content.definition
    match content.kind:
        case TriggerKind.ENTERED:
            return f"When somebody comes into {where}"
        case TriggerKind.DWELLED:
            return f"When somebody has been in {where} for {span(d.dwell_s or 0)}"
        case TriggerKind.EXITED:
            return f"When somebody leaves {where}"
        case TriggerKind.SEGMENT:
            verb = "comes into" if d.move is Move.ENTERED else "leaves"
            return f"When somebody {verb} the segment {_segment(content.segment_id, names)}"
        case TriggerKind.API:
            return "When your system calls it for somebody"
        case _:
            return _other(content)


def _other(content: Content) -> str:
    match content.definition.when:
        case OnEvent(name=name, where=where):
            return f"When somebody does “{name}”{_tests(where)}"
        case OnSchedule() as when:
            if when.on is not None:
                return f"Once, on {when.on} {_time(when)}{_clock(when.clock)}"
            days = ", ".join(_ALL_DAYS[day] for day in when.days)
            return f"Every {days or 'day'} {_time(when)}{_clock(when.clock)}"
        case OnDate() as when:
            shift = (
                "On" if not when.days else f"{span(abs(when.days) * 86_400)} {'after' if when.days > 0 else 'before'}"
            )
            yearly = "every year" if when.yearly else "once"
            return f"{shift} the day in “{when.trait}”, {yearly}, at {when.at}{_clock(when.clock)}"
        case OnCart(after_minutes=minutes):
            return f"When a cart was left alone for {span(minutes * 60)} and nothing was ordered"
        case OnOrder(channels=channels):
            return "When an order is placed" + (f" ({', '.join(channels)})" if channels else "")
        case _:
            return "Never"


def _time(when: OnSchedule) -> str:
    if when.at is not None:
        return f"at {when.at}"
    if not when.before_minutes:
        return f"when “{when.day_part}” begins by the day parts,"
    return f"{span(when.before_minutes * 60)} before “{when.day_part}” begins by the day parts,"


def _clock(whose: Whose) -> str:
    return " of the person’s own time" if whose is Whose.PERSON else " of the store’s time"


def _tests(tests: Iterable[PropertyTest]) -> str:
    return "".join(f", and {t.property} {_OPS.get(t.op, t.op)}{_value(t.value)}" for t in tests)


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return " " + " and ".join(str(v) for v in value)
    return f" {value}"


def _segment(id_: UUID | None, names: Mapping[UUID, str]) -> str:
    return f"“{names[id_]}”" if id_ is not None and id_ in names else "that was deleted"


def _whom(content: Content, names: Mapping[UUID, str]) -> str:
    audience = content.definition.audience
    return "" if isinstance(audience, Everyone) else f", for those of whom this holds: {_condition(audience, names)}"


def _condition(condition: Condition, names: Mapping[UUID, str]) -> str:
    match condition:
        case AttributeTest(name=name, op=op, value=value):
            if op is Op.EXISTS:
                return f"{name} is {'known' if value else 'not known'}"
            return f"{name} {_OPS[op]} {value}"
        case InSegment(segment_id=id_):
            return f"is in the segment {_segment(id_, names)}"
        case Did(name=name, where=where):
            return f"has done “{name}” since coming in{_tests(where)}"
        case Bought():
            return "has bought something since coming in"
        case Due():
            return "something that they buy again and again is due, and was not in their last basket"


def _steps(steps: Iterable[Step], names: Mapping[UUID, str], inset: str = "") -> Iterator[str]:
    for step in steps:
        match step:
            case Wait(seconds=seconds):
                yield f"{inset}Wait {span(seconds)}."
            case WaitUntil():
                yield f"{inset}Wait until {_until(step)}."
            case Say(title=title, body=body, texts=texts):
                also = ", ".join(words.language or "" for words in texts)
                yield f"{inset}Send “{title}”: {body}" + (f" (also in: {also})" if also else "")
            case Branch():
                yield f"{inset}If this holds: {_condition(step.condition, names)} –"
                yield from _steps(step.then, names, f"{inset}· ")
                if step.otherwise:
                    yield f"{inset}If not –"
                    yield from _steps(step.otherwise, names, f"{inset}· ")


def _until(step: WaitUntil) -> str:
    if step.best_hour and step.free_time:
        return "the hour of the evening or the weekend, by their own clock, at which the person most likely answers"
    if step.best_hour:
        return "the hour of the next day at which the person most likely answers"
    if step.on is not None:
        return f"{step.on}, {step.clock}"
    days = " or ".join(DAYS[day] for day in step.days)
    clock = f"the {step.day_part} begins ({step.clock})" if step.day_part else f"it is {step.clock}"
    return clock + (f" on {days}" if days else "")


def _ends(content: Content, names: Mapping[UUID, str]) -> Iterator[str]:
    exits = content.definition.exits
    if not content.has_entries:
        return
    if exits.purchase:
        yield "Who buys something leaves it."
    if exits.segment_id is not None:
        yield f"Who is not in the segment {_segment(exits.segment_id, names)} leaves it."
    if exits.event is not None:
        yield f"Who does “{exits.event.name}”{_tests(exits.event.where)} leaves it."


def _again(content: Content) -> Iterator[str]:
    again = content.definition.reentry
    if content.definition.win_back:
        yield "Of all campaigns that win people back, nobody goes through more than one in six months."
    if again.kind is Again.NEVER:
        yield "Everybody goes through it once."
    elif again.kind is Again.AFTER:
        yield f"Nobody comes in again within {span(again.days * 86_400)}."
    elif content.is_journey:
        yield "Nobody is in it twice at a time."
