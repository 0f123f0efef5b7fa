"""An IMDF archive or document taken apart into its features, letting pass what real exporters write.

Let pass and told: no feature_type (the file's name says it), members that are missing instead of null, coordinates that
are empty, `crs` members, times without an offset, ids that are no UUIDs, geometries where there should be none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from geoengage.venues.formats.base import Item, Json, Notes, unreadable
from geoengage.venues.formats.documents import ONE_FILE, Files, parse
from geoengage.venues.formats.imdf_words import REQUIRED, VERSION, WITHOUT_GEOMETRY
from geoengage.venues.report import ItemKind

MANIFEST = "manifest.json"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?")


@dataclass(slots=True)
class Part:
    """One feature. `properties` has every member that its type must have."""

    type: str
    id: str
    file: str
    pointer: str
    geometry: Any
    properties: Json


@dataclass(slots=True)
class Parts:
    """All features of an archive in its order, the manifest, and those that cannot be told what they are."""

    manifest: Json = field(default_factory=dict)
    found: list[Part] = field(default_factory=list)
    refused: list[Item] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    def of(self, *types: str) -> list[Part]:
        """Features of these types."""
        return [part for part in self.found if part.type in types]

    def by_id(self, type_: str) -> dict[str, Part]:
        """Features of a type by their ids."""
        return {part.id: part for part in self.found if part.type == type_}


def is_archive(files: Files) -> bool:
    """Whether the files are an IMDF archive."""
    return MANIFEST in files or "venue.geojson" in files


def is_document(document: Any) -> bool:
    """Whether a document is the one-file form: its features carry `feature_type`."""
    features = document.get("features") if isinstance(document, dict) else document
    return isinstance(features, list) and any(
        isinstance(f, dict) and isinstance(f.get("feature_type"), str) for f in features
    )


def take_apart(files: Files) -> Parts:
    """The features of an archive."""
    parts = Parts()
    if MANIFEST in files:
        manifest = parse(MANIFEST, files[MANIFEST])
        if not isinstance(manifest, dict):
            raise unreadable(MANIFEST, "#", "an object is expected")
        _manifest(manifest, MANIFEST, parts)
    else:
        parts.notes.add(MANIFEST, "#", "the archive has no manifest: version 1.0.0 and English are assumed")
    for name in sorted(files):
        if name.endswith(".geojson"):
            _collect(parse(name, files[name]), name, PurePosixPath(name).stem, parts)
    return parts


def take_document_apart(document: Any, name: str = ONE_FILE) -> Parts:
    """The features of the one-file form: a FeatureCollection, or just an array."""
    parts = Parts()
    if isinstance(document, dict) and isinstance(document.get("manifest"), dict):
        _manifest(document["manifest"], name, parts)
    _collect(document, name, None, parts)
    return parts


def _manifest(manifest: Json, name: str, parts: Parts) -> None:
    if manifest.get("version") != VERSION:
        parts.notes.add(name, "#/version", f"version {manifest.get('version')!r}; it is read as {VERSION}")
    parts.manifest = manifest
    _times(manifest, name, "#", parts.notes)


def _collect(document: Any, name: str, of_file: str | None, parts: Parts) -> None:
    start = "#" if isinstance(document, list) else "#/features"
    features = (
        document if isinstance(document, list) else document.get("features") if isinstance(document, dict) else None
    )
    if not isinstance(features, list):
        raise unreadable(name, "#", "a FeatureCollection with an array `features` is expected")
    if isinstance(document, dict) and "crs" in document:
        parts.notes.add(name, "#/crs", "a crs member is left out of account: IMDF is WGS 84 longitude, latitude")
    seen = {part.id for part in parts.found}
    for i, feature in enumerate(features):
        pointer = f"{start}/{i}"
        found, why = _part(feature, name, pointer, of_file, parts.notes)
        if found is not None and found.id not in seen:
            seen.add(found.id)
            parts.found.append(found)
            continue
        item = Item(ItemKind.FEATURE, name, pointer, {}, words={})
        item.refuse((), why if found is None else f"there is another feature with the id {found.id}")
        parts.refused.append(item)


def _part(feature: Any, name: str, pointer: str, of_file: str | None, notes: Notes) -> tuple[Part | None, str]:
    """One feature, or why it is none."""
    if not isinstance(feature, dict):
        return None, "a Feature is expected here"
    type_ = feature.get("feature_type")
    if not isinstance(type_, str):
        if of_file not in REQUIRED:
            return None, "the member feature_type is missing, and nothing else says what it is"
        notes.add(name, pointer, f"feature_type is missing; the file's name says {of_file}")
        type_ = of_file
    id_ = feature.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= 255:
        return None, "the member id is missing: a UUID, by which the next import finds it again"
    if not _is_uuid(id_):
        notes.add(name, f"{pointer}/id", "the id is no UUID, as IMDF wants it")
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        notes.add(name, pointer, "there are no properties: all are taken as null")
        properties = {}
    missing = [member for member in REQUIRED.get(type_, ()) if member not in properties]
    for member in missing:
        notes.add(name, f"{pointer}/properties", f"{type_} without the member {member!r}: taken as null")
    _times(properties.get("validity"), name, f"{pointer}/properties/validity", notes)
    geometry = _geometry(feature, type_, name, pointer, notes)
    return Part(type_, id_, name, pointer, geometry, {**dict.fromkeys(missing), **properties}), ""


def _geometry(feature: Json, type_: str, name: str, pointer: str, notes: Notes) -> Any:
    geometry = feature.get("geometry")
    if "crs" in feature or (isinstance(geometry, dict) and "crs" in geometry):
        notes.add(name, pointer, "a crs member is left out of account: IMDF is WGS 84 longitude, latitude")
    if not isinstance(geometry, dict):
        return None
    if geometry.get("coordinates") == [] or geometry.get("geometries") == []:
        notes.add(name, f"{pointer}/geometry", f"{type_} with empty coordinates: taken as one without geometry")
        return None
    if type_ in WITHOUT_GEOMETRY:
        notes.add(name, f"{pointer}/geometry", f"{type_} with a geometry, which IMDF does not want: it is left out")
        return None
    return {member: value for member, value in geometry.items() if member != "crs"}


def _times(holder: Any, name: str, pointer: str, notes: Notes) -> None:
    for member, value in _members(holder):
        if isinstance(value, str) and _TIME.fullmatch(value):
            notes.add(name, f"{pointer}/{member}", "a time without an offset: kept as it is")


def _members(holder: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(holder, dict):
        yield from holder.items()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
