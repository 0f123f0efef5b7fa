"""SQL of content: `items` with their revisions and places, `links` with feeds, hosts and counts."""

from geoengage.content.store.items import (
    ContentNotFound,
    Filter,
    Located,
    delete_item,
    get_item,
    insert_item,
    insert_revision,
    item_of,
    list_items,
    list_located,
    list_revisions,
    list_wing,
    mall_of,
    place_timezone,
    set_item,
    target_of,
)
from geoengage.content.store.links import (
    Found,
    LinkNotFound,
    count_opened,
    delete_feed,
    delete_link,
    find_by_code,
    find_feed,
    get_feed,
    get_link,
    insert_feed,
    insert_link,
    list_codes,
    list_feeds,
    list_hosts,
    list_links,
    move_links,
    opened_by,
    set_hosts,
)

__all__ = [
    "ContentNotFound", "Filter", "Found", "LinkNotFound", "Located", "count_opened", "delete_feed", "delete_item",
    "delete_link", "find_by_code", "find_feed", "get_feed", "get_item", "get_link", "insert_feed", "insert_item",
    "insert_link", "insert_revision", "item_of", "list_codes", "list_feeds", "list_hosts", "list_items", "list_links",
    "list_located", "list_revisions", "list_wing", "mall_of", "move_links", "opened_by", "place_timezone", "set_hosts",
    "set_item", "target_of",
]  # fmt: skip
