"""Files of malls, read and written. Pure: bytes in, things in our own words out, and back; no SQL, no HTTP, no clock.

One structure both ways (`base.Reading`): each reader gives it, each writer takes it. Which reader a body gets is told
by what is in it, never by its name or its media type.
"""

from typing import Any

from geoengage.venues.formats import floors, imdf, imdf_parts, own, plain
from geoengage.venues.formats.base import Item, Options, Reading, unreadable
from geoengage.venues.formats.documents import Files, files_of, parse

DEFAULT = Options()

__all__ = ["Files", "Item", "Options", "Reading", "files_of", "read"]


def read(files: Files, options: Options = DEFAULT) -> Reading:
    """What the files of a folder, an archive or one document hold. ItemErrors, each with its place: none of ours."""
    if own.MALL in files:
        return own.read_folder(files)
    if imdf_parts.is_archive(files):
        return imdf.read(imdf_parts.take_apart(files), options)
    if floors.is_floors(files):
        return floors.read(files, options)
    if len(files) == 1:
        ((name, content),) = files.items()
        return _document(parse(name, content), name, options)
    kinds = "mall.json (ours), manifest.json or venue.geojson (IMDF), FLOOR/geojson_map.json (floors), or one document"
    found = ", ".join(sorted(files)[:5]) or "no .json or .geojson at all"
    raise unreadable("", "#", f"no mall is in these files; expected: {kinds}; found: {found}")


def _document(document: Any, name: str, options: Options) -> Reading:
    if own.is_own(document):
        return own.read_document(document, name)
    if imdf_parts.is_document(document):
        return imdf.read(imdf_parts.take_document_apart(document, name), options)
    return plain.read(document, name, options)
