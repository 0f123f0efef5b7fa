"""Whom a campaign addresses. Pure; stored as JSON."""

from enum import StrEnum
from uuid import UUID

import msgspec


class Op(StrEnum):
    """How an attribute is compared."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    LT = "lt"
    EXISTS = "exists"


class Everyone(msgspec.Struct, frozen=True, tag_field="kind", tag="all"):
    """No choice by what is known of a person."""


class AttributeTest(msgspec.Struct, frozen=True, tag_field="kind", tag="attribute"):
    """One test of one profile attribute."""

    name: str
    op: Op
    value: str | int | float | bool = True


class InSegment(msgspec.Struct, frozen=True, tag_field="kind", tag="segment"):
    """Who is in a segment at that moment."""

    segment_id: UUID


Audience = Everyone | AttributeTest | InSegment
