"""HTTP of ingest: the clients' own URLs (bare routes: `/ingest/…`, Segment's `/v1/…`) and their administration."""

from typing import Any

from fastapi import APIRouter

from geoengage.ingest.api import documents, segment_documents
from geoengage.ingest.api.connections import router as connections
from geoengage.ingest.api.events import router as events
from geoengage.ingest.api.meraki import routes as meraki
from geoengage.ingest.api.phones import routes as phones
from geoengage.ingest.api.scanners import router as scanners
from geoengage.ingest.api.segment import routes as segment
from geoengage.ingest.api.shopify import routes as shopify

routes = [*phones, *meraki, *segment, *shopify]
router = APIRouter()
for part in (scanners, events, connections):
    router.include_router(part)


def openapi_paths() -> dict[str, Any]:
    """The path items of all bare routes."""
    return documents.openapi_paths() | segment_documents.openapi_paths()


__all__ = ["openapi_paths", "router", "routes"]
