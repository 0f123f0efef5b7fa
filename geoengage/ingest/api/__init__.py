"""HTTP of ingest: the clients' own URLs (bare routes, `/ingest/…`) and the administration of scanners (`/v1/…`)."""

from geoengage.ingest.api.documents import openapi_paths
from geoengage.ingest.api.meraki import routes as meraki
from geoengage.ingest.api.phones import routes as phones
from geoengage.ingest.api.scanners import router

routes = [*phones, *meraki]

__all__ = ["openapi_paths", "router", "routes"]
