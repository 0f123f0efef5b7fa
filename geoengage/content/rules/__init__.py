"""The pure half of content. No SQL, no HTTP, no clock.

`items` what an item says and how it moves, `words` its dates in a language, `ical` and `rss` the feeds, `links` short
links and their codes. Everything is imported from here; the files are a matter of size.
"""

from geoengage.content.rules.ical import Entry, calendar
from geoengage.content.rules.items import (
    ContentChanged,
    ContentKind,
    ContentStatus,
    Item,
    Reference,
    Words,
    after_cancel,
    after_publish,
    as_json,
    flaws,
    is_over,
    language_for,
    moment,
    values_of,
)
from geoengage.content.rules.links import (
    CODE,
    FEED_TOKEN,
    HOST,
    PNG_SCALE_MAX,
    is_machine,
    new_code,
    new_feed_token,
    qr_png,
    qr_svg,
    target_flaw,
)
from geoengage.content.rules.page import CSP as PAGE_CSP
from geoengage.content.rules.page import Page, accepted, item_page, note_page
from geoengage.content.rules.recipes import SEGMENT, Recipe, Where, recipe
from geoengage.content.rules.rss import feed
from geoengage.content.rules.words import locale_of, when

__all__ = [
    "CODE", "FEED_TOKEN", "HOST", "PAGE_CSP", "PNG_SCALE_MAX", "SEGMENT", "ContentChanged", "ContentKind",
    "ContentStatus", "Entry", "Item", "Page", "Recipe", "Reference", "Where", "Words", "accepted", "after_cancel",
    "after_publish", "as_json", "calendar", "feed", "flaws", "is_machine", "is_over", "item_page", "language_for",
    "locale_of", "moment", "new_code", "new_feed_token", "note_page", "qr_png", "qr_svg", "recipe", "target_flaw",
    "values_of", "when",
]  # fmt: skip
