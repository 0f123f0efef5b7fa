"""Items as RSS 2.0 (rssboard.org/rss-specification), for a shop's web site. Pure: XML is made by the library, never by
hand, so every word is escaped; `description` is plain text. What was cancelled is not in it."""

from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree

from geoengage.content.rules.ical import Entry

_ATOM = "http://www.w3.org/2005/Atom"
_MEDIA = "http://search.yahoo.com/mrss/"
_NAMES = {"atom": _ATOM, "media": _MEDIA}
_CONTROLS = {code: None for code in range(32) if code not in (9, 10, 13)}  # XML 1.0 has no such characters
_CONTROLS |= {0xFFFE: None, 0xFFFF: None}


def feed(title: str, url: str, home: str, language: str, entries: Iterable[Entry], built_at: datetime) -> bytes:
    """The whole document. `url`: its own address; `home`: the site that it belongs to."""
    for prefix, name in _NAMES.items():
        ElementTree.register_namespace(prefix, name)
    root = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(root, "channel")
    _add(channel, "title", title)
    _add(channel, "link", home)
    _add(channel, "description", f"What is on: {title}")
    _add(channel, "language", language.lower())
    _add(channel, "lastBuildDate", format_datetime(built_at))
    ElementTree.SubElement(channel, f"{{{_ATOM}}}link", href=url, rel="self", type="application/rss+xml")
    for entry in entries:
        if not entry.cancelled:
            _item(channel, entry)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _item(channel: ElementTree.Element, entry: Entry) -> None:
    item = ElementTree.SubElement(channel, "item")
    _add(item, "title", entry.title)
    if entry.url:
        _add(item, "link", entry.url)
    _add(item, "description", "\n\n".join(part for part in (entry.text, entry.terms) if part))
    _add(item, "guid", entry.uid, isPermaLink="false")
    _add(item, "pubDate", format_datetime(entry.updated_at))
    for category in (entry.kind.value.replace("_", " "), *entry.categories):
        _add(item, "category", category)
    if entry.image_url:
        ElementTree.SubElement(item, f"{{{_MEDIA}}}content", url=entry.image_url, medium="image")


def _add(parent: ElementTree.Element, name: str, words: str, **attributes: str) -> None:
    ElementTree.SubElement(parent, name, attributes).text = words.translate(_CONTROLS)
