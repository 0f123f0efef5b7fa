"""Request and answer shapes of people: their ids and why these are one person, what was said about them and by whom."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, model_validator

from geoengage.kit.shapes import Language, Name, Patch, Shape
from geoengage.profiles.rules import MOST_TRAITS, PER_PERSON, Aside, Kind
from geoengage.profiles.shapes import DeviceOut, TraitName

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
MOST_IDS = 500


class ProfileOut(Shape):
    """A person."""

    id: UUID = Field(description="Our id.")
    external_id: str | None = Field(description="Your id, the first one of several; null while you gave none.")
    first_name: str | None = Field(description="First name.")
    language: str | None = Field(description="Language the person reads.")
    attributes: dict[str, Any] = Field(description="Traits in force, by name; `traits` says where they come from.")
    suppressed_at: AwareDatetime | None = Field(description="Since when nothing is sent to this person.")
    created_at: AwareDatetime = Field(description="When the person became known.")
    updated_at: AwareDatetime = Field(description="Last change.")


class IdOut(Shape):
    """One id of a person: how a source calls them."""

    id: UUID = Field(description="Our id of this id; rows about the person name it.")
    kind: Kind = Field(description="The kind, the strongest first: a `claim` is what a browser says without proof.")
    value: str = Field(description="The id as it is compared. Shown in part to who is restricted to stores.")
    verified: bool = Field(description="A secret key, import, till or signed token named it, not only a browser.")
    shared: bool = Field(description="So many people have it that it joins nobody any more.")
    source: str = Field(description="Who named it first.")
    since: AwareDatetime = Field(description="Since when, by the source's clock.")
    profile_id: UUID = Field(description="Whose it is.")


class EvidenceOut(Shape):
    """Why two ids are taken for one person, or for two."""

    id: UUID = Field(description="Its id.")
    first: UUID = Field(description="An id (`id` in `ids` or `others`).")
    second: UUID = Field(description="The other.")
    says: Literal["same", "different"] = Field(description="What it says of the two.")
    by_operator: bool = Field(description="An operator said so, which stands before all evidence.")
    act_id: UUID | None = Field(description="What an operator said at once, to take back as one; null for evidence.")
    source: str = Field(description="Where the two came together, or `operator`.")
    reason: str | None = Field(description="The operator's reason.")
    at: AwareDatetime = Field(description="When, by the source's clock.")
    taken_back_at: AwareDatetime | None = Field(description="When the operator took it back.")
    set_aside: Aside | None = Field(
        description="Why it joins nothing: `limit` (the person would have too many ids of a kind), `shared` (one of the"
        " two belongs to many people), `different` (an operator said that they are two)."
    )


class StatementOut(Shape):
    """What a source said about a trait."""

    name: str = Field(description="The trait.")
    value: JsonValue = Field(description="What it said; null: nothing any more.")
    source: str = Field(description="Who said it; `computed`: we worked it out.")
    claimed: bool = Field(description="Said without proof; yields to whatever is proven or computed.")
    since: AwareDatetime = Field(description="When the source first said this value.")
    at: AwareDatetime = Field(description="When it last did.")
    identifier_id: UUID = Field(description="The id about which it was said.")
    in_force: bool = Field(description="This one counts: proven before claimed, then the newest.")


class StoreOut(Shape):
    """A store that may know the person."""

    store_id: UUID = Field(description="The store.")
    basis: str = Field(description="Why: `order`, `consent`, `app` or `import`.")
    since: AwareDatetime = Field(description="Since when.")


class ProfileDetail(ProfileOut):
    """A person with all that makes them one."""

    ids: list[IdOut] = Field(description="Their ids, the strongest first.")
    others: list[IdOut] = Field(description="Ids of others that came together with theirs, and were set aside.")
    evidence: list[EvidenceOut] = Field(description="Why the ids are one person, and what was set aside, oldest first.")
    traits: list[StatementOut] = Field(description="What was said about them, by name, what is in force first.")
    merged: list[UUID] = Field(description="Profiles that were merged into this one; messages may name them.")
    stores: list[StoreOut] = Field(description="The stores whose customer they are.")
    devices: list[DeviceOut] = Field(description="The devices that are proven to be theirs.")


class ProfilePage(Shape):
    """A page of people."""

    items: list[ProfileOut] = Field(description="People, in a lasting order.")
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class ProfilePatch(Patch):
    """What you know better about a person; null takes a trait away. It counts until a source says something newer."""

    nullable: ClassVar[frozenset[str]] = frozenset({"first_name", "language"})
    first_name: Name | None = Field(default=None, description="First name.")
    language: Language | None = Field(default=None, description="Language the person reads.")
    attributes: dict[TraitName, JsonValue] | None = Field(
        default=None, max_length=MOST_TRAITS, description="Other traits, by name; each value up to 2,000 characters."
    )

    def traits(self) -> dict[str, Any]:
        """What is said, by the trait's name."""
        changes = self.changes()
        return (changes.pop("attributes", None) or {}) | changes


class MergeIn(Shape):
    """That two people are one."""

    profile_id: UUID = Field(description="The other one.")
    reason: Reason = Field(description="Why, in a few words. It is kept with the evidence and in the audit log.")


class UnmergeIn(Shape):
    """That a person is two. Name the ids that are somebody else's, or the operator's act that joined too much."""

    identifier_ids: list[UUID] | None = Field(
        default=None, min_length=1, max_length=MOST_IDS, description="Ids of theirs that are somebody else's."
    )
    act_id: UUID | None = Field(default=None, description="Takes back what an operator said (`act_id` in `evidence`).")
    reason: Reason = Field(description="Why, in a few words. It is kept with the evidence and in the audit log.")

    @model_validator(mode="after")
    def _names_one(self) -> "UnmergeIn":
        if (self.identifier_ids is None) is (self.act_id is None):
            raise ValueError("send either identifier_ids or act_id")
        return self


class MergedOut(Shape):
    """The one person."""

    profile_id: UUID = Field(description="Whose all the ids are now.")


class PartedOut(Shape):
    """The people who came out of it. Whose ids are known the longest keeps the profile's id."""

    profile_id: UUID = Field(description="Who the person is without what was parted, or with their strongest id.")
    parted: list[UUID] = Field(description="Whose the other ids are.")


class Limits(Shape):
    """A number a kind of id; kinds left out keep the default."""

    external_id: int | None = Field(default=None, ge=1, le=1_000, description="Your own ids.")
    loyalty_card: int | None = Field(default=None, ge=1, le=1_000, description="Cards.")
    source_id: int | None = Field(default=None, ge=1, le=1_000, description="Ids of other systems, of each system.")
    email: int | None = Field(default=None, ge=1, le=1_000, description="E-mail addresses.")
    phone: int | None = Field(default=None, ge=1, le=1_000, description="Phone numbers.")
    anonymous_id: int | None = Field(default=None, ge=1, le=1_000, description="Browsers and apps before a log-in.")

    def as_row(self) -> dict[str, int]:
        return self.model_dump(exclude_none=True)


class PolicyPut(Shape):
    """How ids of this tenant are read. It holds for what comes from now on."""

    region: str | None = Field(
        default=None, pattern="^[A-Z]{2}$", description="Country (ISO 3166-1) of phone numbers without a prefix."
    )
    blocked: list[Annotated[str, StringConstraints(min_length=1, max_length=255)]] = Field(
        default=[],
        max_length=1_000,
        description="Values that are nobody's id, such as the shop's own e-mail address, as `value` is shown.",
    )
    limits: Limits = Field(
        default=Limits(),
        description="So many ids of a kind a person may have;"
        f" {', '.join(f'{k.value} {n}' for k, n in PER_PERSON.items() if k is not Kind.CLAIM)} unless said otherwise.",
    )
    shared_after: Limits = Field(
        default=Limits(),
        description="An id that came with more than so many accounts or cards of one kind is a family's or a shop's,"
        " and joins nobody; 3, of cards and of other systems' ids 4, unless said otherwise.",
    )


class PolicyOut(Shape):
    """How ids of this tenant are read, with the defaults filled in."""

    region: str | None = Field(description="Country of phone numbers without a prefix.")
    blocked: list[str] = Field(description="Values that are nobody's id, beside those that programs write everywhere.")
    limits: dict[str, int] = Field(description="So many ids of a kind a person may have.")
    shared_after: dict[str, int] = Field(description="Beyond so many accounts of one kind an id joins nobody.")
