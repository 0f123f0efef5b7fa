"""HTTP of content: `items` to write and read them, `feeds` for web sites and calendars, `links` for `/l/CODE`."""

from fastapi import APIRouter

from geoengage.content.api import feeds, items, links

router = APIRouter()
for part in (feeds.router, items.router, links.router):  # /v1/content.rss before /v1/content/{content_id}
    router.include_router(part)
