"""Request and answer shapes of segments. Numbers of people follow k-anonymity for who may not see people."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, WrapValidator

from geoengage.kit.shapes import Name, Patch, Shape
from geoengage.segments.rules import AnyKind, Condition, read_definition
from geoengage.segments.rules.labels import Unit
from geoengage.segments.rules.templates import ParameterType

About = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]


def _as_condition(value: Any, _handler: Any) -> Condition:
    """Read by the rules, whose complaints name the member that is wrong and not every kind that it is not."""
    return value if isinstance(value, Condition) else read_definition(value)


Definition = Annotated[AnyKind, WrapValidator(_as_condition)]
Written = dict[str, JsonValue]
TraitType = Literal["text", "number", "yes_no", "time", "list", "object"]
People = Annotated[
    int | None,
    Field(
        description="People. Who may not see people gets full tens, and null for one to nine, when `hidden` says why."
    ),
]
Hidden = Annotated[
    str | None,
    Field(description="Why there is no number: `fewer than 10 people`, `not looked up yet`. Null when there is one."),
]
DEFINITION = "The condition, a tagged union by `kind`; docs/segments.md lists all kinds with examples."


class ReadingOut(Shape):
    """What a condition says, in plain English, node by node."""

    pointer: str = Field(description="Where in the definition, a JSON pointer; empty for the whole.")
    kind: str = Field(description="The condition's `kind`.")
    text: str = Field(description="What it says, e.g. `bought at least 3 times in the last 90 days`.")
    of: list["ReadingOut"] = Field(default=[], description="The conditions that it joins, in their order.")


class SegmentIn(Shape):
    """A segment to make."""

    name: Name = Field(description="What people call it.")
    description: About = Field(default="", description="What it is for.")
    store_id: UUID | None = Field(
        default=None,
        description="Only people, orders, visits and messages of this store count. A credential that is restricted to"
        " stores must name one of them; with one store it may be left out.",
    )
    definition: Definition = Field(description=DEFINITION)


class SegmentPatch(Patch):
    """Changes of a segment as a JSON merge patch; `definition` is replaced as a whole."""

    name: Name | None = Field(default=None, description="What people call it.")
    description: About | None = Field(default=None, description="What it is for.")
    definition: Definition | None = Field(
        default=None,
        description=f"{DEFINITION} The new one is built beside the old one, which stays until it is ready.",
    )


class SegmentUseOut(Shape):
    """Something that rests on a segment or a list."""

    kind: Literal["campaign", "segment"] = Field(description="What it is.")
    id: UUID = Field(description="Its id.")
    name: str = Field(description="Its name.")
    status: str = Field(description="Its status.")


class SegmentSummary(Shape):
    """A segment as a list shows it."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What people call it.")
    description: str = Field(description="What it is for.")
    store_id: UUID | None = Field(description="Whose people it is about; null: the whole tenant's.")
    sentence: str = Field(description="The whole condition in one plain English sentence.")
    status: Literal["building", "ready", "failed"] = Field(
        description="`building`: people are being looked up for this definition, and until then those of the one before"
        " are in it. `failed`: see `problem`."
    )
    problem: str | None = Field(description="Why it failed.")
    people: People
    hidden: Hidden
    version: int = Field(description="Rises with every edit; the ETag is `v` and this number.")
    created_at: AwareDatetime = Field(description="When it was made.")
    updated_at: AwareDatetime = Field(description="Last edit.")
    built_at: AwareDatetime | None = Field(description="When its definition was last looked up for everybody.")
    archived_at: AwareDatetime | None = Field(description="Since when nobody goes in or out; null: it is alive.")


class SegmentOut(SegmentSummary):
    """A segment with all that is known of it."""

    definition: Written = Field(description=DEFINITION)
    reading: ReadingOut = Field(description="The condition in plain English, node by node.")
    used_by: list[SegmentUseOut] = Field(description="What rests on it; while there is something it is not deleted.")


class SegmentPage(Shape):
    """A page of segments."""

    items: list[SegmentSummary] = Field(description="Segments, oldest first.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class SegmentPreviewIn(Shape):
    """A condition to try. Nothing is kept."""

    definition: Definition = Field(description=DEFINITION)
    store_id: UUID | None = Field(default=None, description="As of the segment that it would become.")


class PersonShort(Shape):
    """Somebody, as far as the caller may see before they say why they look."""

    profile_id: UUID = Field(description="The person.")
    name: str | None = Field(description="First and last name; null when none is known.")
    masked: bool = Field(description="The name is shortened: no reason was given yet to look at them.")


class SegmentPreviewOut(Shape):
    """Who would be in it now."""

    people: People
    hidden: Hidden
    everyone: int | None = Field(description="How many people there are to choose from; null for one to nine.")
    sentence: str = Field(description="The whole condition in one plain English sentence.")
    reading: ReadingOut = Field(description="The condition in plain English, node by node.")
    sample: list[PersonShort] = Field(
        description="Five of them, drawn at random; none for who has neither the scope `people` nor, with a restriction"
        " to stores, `customers`."
    )


class WordsIn(Shape):
    """A condition to read."""

    definition: Definition = Field(description=DEFINITION)
    store_id: UUID | None = Field(default=None, description="As of the segment that it would become.")


class WordsOut(Shape):
    """A condition in plain English."""

    sentence: str = Field(description="The whole in one sentence.")
    reading: ReadingOut = Field(description="Node by node.")


class MemberOut(PersonShort):
    """Somebody who is in a segment."""

    since: AwareDatetime = Field(description="Since when, without a break.")


class MembersPage(Shape):
    """A page of the people in a segment."""

    items: list[MemberOut] = Field(description="People, in a lasting order.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class CheckOut(Shape):
    """One condition held against one person."""

    pointer: str = Field(description="Where in the definition, a JSON pointer; empty for the whole.")
    kind: str = Field(description="The condition's `kind`.")
    text: str = Field(description="What it says.")
    met: bool = Field(description="Whether the person meets it.")
    found: str | None = Field(
        description="What is known of the person about it, in words, e.g. `2 times`; null for and, or, not."
    )
    value: JsonValue = Field(description="The same as a value; null when nothing is known.")
    changes_at: AwareDatetime | None = Field(
        description="When time alone may change the answer; null: never, or only something that happens."
    )
    of: list["CheckOut"] = Field(default=[], description="The conditions that it joins, in their order.")


class WhyOut(Shape):
    """Why somebody is in a segment, or is not."""

    segment_id: UUID = Field(description="The segment.")
    profile_id: UUID = Field(description="The person; another id than asked for when the two were joined.")
    inside: bool = Field(description="Whether they are in it.")
    since: AwareDatetime | None = Field(description="Since when; null when they are not.")
    left_at: AwareDatetime | None = Field(description="When they left last; null when they never did, or are in it.")
    because: str = Field(description="The deciding conditions in one sentence.")
    check: CheckOut = Field(description="Every condition with what was found, now.")


class SizePoint(Shape):
    """How many were in it at a moment."""

    at: AwareDatetime = Field(description="When.")
    people: People
    hidden: Hidden
    entered: int | None = Field(description="Came in since the point before; null for one to nine.")
    exited: int | None = Field(description="Went out since the point before; null for one to nine.")


class SizesOut(Shape):
    """How large a segment was."""

    segment_id: UUID = Field(description="The segment.")
    step: Literal["hour", "day"] = Field(description="From one point to the next.")
    points: list[SizePoint] = Field(description="Oldest first.")


class OverlapSet(Shape):
    """One of the compared segments."""

    id: UUID = Field(description="The segment.")
    name: str = Field(description="Its name.")
    people: People
    hidden: Hidden


class OverlapPair(Shape):
    """Two of them."""

    first: UUID = Field(description="One segment.")
    second: UUID = Field(description="The other.")
    people: Annotated[int | None, Field(description="In both; null for one to nine.")]
    hidden: Hidden


class OverlapPart(Shape):
    """People who are in exactly these of the segments and in none of the others."""

    segment_ids: list[UUID] = Field(description="The segments that they are in.")
    people: People
    hidden: Hidden


class OverlapOut(Shape):
    """Who is in several segments."""

    segments: list[OverlapSet] = Field(description="As they were named.")
    pairs: list[OverlapPair] = Field(description="Each two of them.")
    parts: list[OverlapPart] = Field(description="Every combination that somebody is in, the largest first.")
    people: Annotated[int | None, Field(description="In at least one; null for one to nine.")]
    hidden: Hidden


# --- what a builder needs -----------------------------------------------------------------------------------------


class TraitWord(Shape):
    """A trait that people have."""

    name: str = Field(description="Its name.")
    types: list[TraitType] = Field(description="What its values are.")
    values: list[JsonValue] = Field(
        description="Its usual values, the most frequent first: those that at least ten people have."
    )


class EventWord(Shape):
    """An event that sites, apps or servers sent."""

    name: str = Field(description="Its name.")
    type: str = Field(description="`track`, `page`, `screen` or `group`.")
    last_at: AwareDatetime = Field(description="When the last one came.")
    properties: list[str] = Field(description="Names of its properties, as lately seen.")
    numbers: list[str] = Field(description="Those of them that are numbers, for sums and averages.")


class NamedWord(Shape):
    """Something that a condition may name by its id."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="Its name.")


class ZoneWord(NamedWord):
    """A zone. Sensitive ones are not among them."""

    kind: str = Field(description="Its kind.")
    mall_id: UUID | None = Field(description="Its mall.")
    store_id: UUID | None = Field(description="Its store.")


class StoreWord(NamedWord):
    """A store."""

    mall_id: UUID | None = Field(description="Its mall.")


class ChoiceWord(Shape):
    """One of a closed list."""

    value: str = Field(description="As a definition has it.")
    label: str = Field(description="As people read it.")


class MetricWord(Shape):
    """A figure of a person that a condition may compare."""

    name: str = Field(description="As a definition has it.")
    label: str = Field(description="As people read it.")
    unit: Unit = Field(description="`money`: minor units of `currency`; `share`: 0 to 1; `stage`: one of `stages`.")


class VocabularyOut(Shape):
    """Everything that a condition can speak of in this tenant. Who is restricted to stores sees what is theirs."""

    currency: str | None = Field(description="The one of most orders, in which metrics of people are; null: no orders.")
    traits: list[TraitWord] = Field(description="Traits of people.")
    events: list[EventWord] = Field(description="Events, by name.")
    categories: list[str] = Field(description="Categories of products.")
    brands: list[str] = Field(description="Brands of products.")
    order_channels: list[ChoiceWord] = Field(description="Ways to order.")
    stores: list[StoreWord] = Field(description="Stores.")
    malls: list[NamedWord] = Field(description="Malls.")
    zones: list[ZoneWord] = Field(description="Published zones, without sensitive ones.")
    zone_kinds: list[ChoiceWord] = Field(description="Kinds of zones.")
    campaigns: list[NamedWord] = Field(description="Campaigns.")
    segments: list[NamedWord] = Field(description="Segments that a condition may build on.")
    lists: list[NamedWord] = Field(description="Static lists.")
    channels: list[ChoiceWord] = Field(description="Channels of messages and consents.")
    purposes: list[ChoiceWord] = Field(description="Purposes of consents.")
    consent_states: list[ChoiceWord] = Field(description="States of a consent.")
    stages: list[ChoiceWord] = Field(description="Stages of a customer's life.")
    declines: list[ChoiceWord] = Field(description="Degrees of decline against one's own habit.")
    metrics: list[MetricWord] = Field(description="Figures of a person.")


class TemplateParameter(Shape):
    """What a template leaves open."""

    name: str = Field(description="Its name.")
    label: str = Field(description="As people read it.")
    type: ParameterType = Field(
        description="What is asked for. `money`: minor units of the tenant's currency; `store`: the id of one."
    )
    default: JsonValue = Field(description="What it is unless it is said; null: nothing, and it may be left empty.")
    required: bool = Field(description="It must be said.")
    least: int | None = Field(description="Smallest number.")
    most: int | None = Field(description="Largest number.")
    choices: list[ChoiceWord] = Field(description="What can be chosen.")


class TemplateOut(Shape):
    """A classic segment to start from."""

    name: str = Field(description="Its name, for `POST /v1/segments/templates/{name}`.")
    title: str = Field(description="As people read it.")
    about: str = Field(description="Whom it finds and what for.")
    group: Literal["value", "life", "habit", "place", "consent"] = Field(description="Where it belongs.")
    parameters: list[TemplateParameter] = Field(description="What it leaves open.")


class TemplatesOut(Shape):
    """The classic segments."""

    items: list[TemplateOut] = Field(description="In the order in which people look for them.")


class TemplateIn(Shape):
    """What a template leaves open; what is left out is as usual."""

    parameters: dict[str, JsonValue] = Field(default={}, description="Name to value.")
    store_id: UUID | None = Field(default=None, description="As of the segment that it would become.")


class TemplateMadeOut(Shape):
    """A segment to look at, change and save. Nothing is kept yet."""

    name: str = Field(description="A name for it.")
    description: str = Field(description="What it is for.")
    definition: Written = Field(description=DEFINITION)
    sentence: str = Field(description="The whole condition in one plain English sentence.")
    reading: ReadingOut = Field(description="Node by node.")
