"""Drawn zones as the console sends them, in the mall of `tests.places`: for lint, preview and ghost."""

from typing import Any
from uuid import UUID

from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from tests.places import on_earth


def drawn(shape: BaseGeometry, mall_id: UUID | None = None, **over: Any) -> dict[str, Any]:
    """A Feature of a shape in metres; on floor 0 if it is in a mall. `over` goes to the properties."""
    properties: dict[str, Any] = {"name": "Draft", "kind": "store"}
    if mall_id is not None:
        properties |= {"mall_id": str(mall_id), "levels": [0]}
    return {"type": "Feature", "geometry": mapping(on_earth(shape)), "properties": properties | over}
