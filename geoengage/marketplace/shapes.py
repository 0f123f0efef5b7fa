"""Answers of the marketplace."""

from uuid import UUID

from pydantic import BaseModel, Field

from geoengage.kit.shapes import Shape
from geoengage.marketplace.rules import MOST_ROWS, StoreRow
from geoengage.marketplace.service.results import RowOutcome


class StoreBatchIn(Shape):
    """A list of stores. It documents the body; each row is checked by itself, so that a bad one loses nothing else."""

    stores: list[StoreRow] = Field(min_length=1, max_length=MOST_ROWS, description="One row a store.")


class RowProblem(BaseModel):
    """Why a row failed."""

    pointer: str = Field(description="Where: a JSON pointer, or `line 17` of a file.")
    detail: str = Field(description="What is wrong; of a file with the name of the column.")


class StoreRowResult(BaseModel):
    """What came of a row."""

    row: int = Field(description="Which one, from 1; of a file its line, where the header is line 1.")
    external_id: str | None = Field(description="Your id of the store.")
    outcome: RowOutcome = Field(description="`created`, `updated`, `unchanged`, or `failed`: then nothing was done.")
    changes: list[str] = Field(description="The parts that are new or other than before.")
    problems: list[RowProblem] = Field(description="Why it failed.")
    store_id: UUID | None = Field(description="The store.")
    owner_id: UUID | None = Field(description="Its owner, where the row names one.")
    app_id: UUID | None = Field(description="Its app.")
    campaign_id: UUID | None = Field(description="The campaign of its recipe, where the row names one.")
    publishable_key: str | None = Field(description="A new key of the app, shown now and never again.")
    secret_key: str | None = Field(description="A new key that sees this store only, shown now and never again.")
    login_link: str | None = Field(
        description="Path by which a new operator comes in, good for 24 hours; put the server's address before it."
    )


class StoreBatchOut(BaseModel):
    """What came of a list."""

    created: int = Field(description="Rows whose store is new.")
    updated: int = Field(description="Rows that changed something.")
    unchanged: int = Field(description="Rows that changed nothing.")
    failed: int = Field(description="Rows of which nothing was done.")
    unknown_columns: list[str] = Field(description="Columns of the file that were not read.")
    items: list[StoreRowResult] = Field(description="One a row, in their order.")
