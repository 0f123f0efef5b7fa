"""What an import of places did, item by item: the same report for a mall's archive and for a list of stores.

The service fills it, the API answers with it and the command prints it. A preview holds what a commit would do.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema, computed_field

from geoengage.kit import errors

Position = Annotated[
    tuple[float, float],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]


class ImportMode(StrEnum):
    """Whether an import only says what it would do."""

    PREVIEW = "preview"
    COMMIT = "commit"


class ImportFormat(StrEnum):
    """What was read."""

    GEOENGAGE = "geoengage"
    GEOJSON = "geojson"
    IMDF = "imdf"
    FLOORS = "floors"
    CSV = "csv"


class ItemKind(StrEnum):
    """What an item is; in the order in which they are taken, for later ones refer to earlier ones."""

    MALL = "mall"
    OWNER = "owner"
    LEVEL = "level"
    UNIT = "unit"
    STORE = "store"
    ZONE = "zone"
    FEATURE = "feature"


class Outcome(StrEnum):
    """What became of an item."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Severity(StrEnum):
    """An error keeps an item out, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class ImportProblem(BaseModel):
    """One thing about an item that somebody should look at."""

    severity: Severity = Field(description="`error`: the item is refused; `warning`: it is taken.")
    pointer: str = Field(description="Where in the file: a JSON pointer, or `line 7`.")
    detail: str = Field(description="What is wrong and what to do.")
    place: Position | None = Field(default=None, description="[lon, lat] of the flaw, where it has a place.")


class ImportItem(BaseModel):
    """One thing of the file and what became of it."""

    kind: ItemKind = Field(description="What it is.")
    external_id: str | None = Field(description="Its id in the file.")
    name: str | None = Field(description="Its name.")
    level: int | None = Field(default=None, description="Ordinal of its level.")
    outcome: Outcome = Field(description="What became of it; in a preview, what would.")
    file: str | None = Field(default=None, description="The file of the archive; null when there is only one.")
    pointer: str = Field(description="Where in the file: a JSON pointer, or `line 7`.")
    problems: list[ImportProblem] = Field(default=[], description="What is wrong with it, or odd.")
    geometry: dict[str, Any] | None = Field(default=None, description="Its GeoJSON geometry; in a preview only.")


class ImportWarning(BaseModel):
    """Something about a file as a whole."""

    file: str | None = Field(default=None, description="The file; null when there is only one.")
    pointer: str = Field(description="Where in it.")
    detail: str = Field(description="What is odd.")


class ImportCounts(BaseModel):
    """How many items of a kind came out how."""

    added: int = Field(default=0, description="Items that were not there before.")
    updated: int = Field(default=0, description="Items that changed.")
    unchanged: int = Field(default=0, description="Items that were there just so.")
    refused: int = Field(default=0, description="Items that were not taken.")


class ImportReport(BaseModel):
    """What an import did, or would do."""

    mode: ImportMode = Field(description="`preview`: nothing was stored.")
    format: ImportFormat = Field(description="What was read.")
    mall_id: UUID | None = Field(default=None, description="The mall; null when there is none, or not yet.")
    mall_name: str | None = Field(default=None, description="Name of the mall.")
    items: list[ImportItem] = Field(default=[], description="Item by item, in the order of the file.")
    warnings: list[ImportWarning] = Field(default=[], description="What is odd about the file as a whole.")

    @computed_field(description="By kind, how many came out how.")  # type: ignore[prop-decorator]
    @property
    def counts(self) -> dict[ItemKind, ImportCounts]:
        """By kind, how many came out how; every kind is there."""
        result = {kind: ImportCounts() for kind in ItemKind}
        for item in self.items:
            counts = result[item.kind]
            setattr(counts, item.outcome.value, getattr(counts, item.outcome.value) + 1)
        return result

    def refused(self) -> Iterable[ImportItem]:
        """The items that were not taken."""
        return (item for item in self.items if item.outcome is Outcome.REFUSED)


class ImportRefused(errors.Invalid):
    """A commit without `skip_invalid` of a file in which something is wrong; nothing was stored."""

    code = "import-refused"
    title = "Something in the file is wrong; nothing was stored"

    def __init__(self, report: ImportReport) -> None:
        self.report = report
        lines = [
            problem.model_dump(include={"pointer", "detail", "place"}) | {"in": "body", "file": item.file}
            for item in report.refused()
            for problem in item.problems
            if problem.severity is Severity.ERROR
        ]
        shown = "; ".join(f"{line['pointer']}: {line['detail']}" for line in lines[:5])
        super().__init__(
            f"{shown}. Correct it, or import the rest with skip_invalid=true",
            errors=lines,
            report=report.model_dump(mode="json"),
        )
