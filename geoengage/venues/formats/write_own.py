"""A mall as one FeatureCollection of our own format. The same things give the same bytes."""

import json
from typing import Any

from geoengage.venues.formats.base import Item, Json, Reading
from geoengage.venues.formats.own import MEMBER, VERSION
from geoengage.venues.report import ItemKind


def write(reading: Reading) -> bytes:
    """One Feature per line, so that a comparison of two exports shows what moved."""
    mall = {} if reading.mall is None else reading.mall.properties
    owners = [{"external_id": id_, "name": name} for id_, name in sorted(reading.owners.items())]
    about = {"version": VERSION, "mall": mall, "owners": owners}
    features = ",\n".join(dump(_feature(item)) for item in in_order(reading))
    text = f'{{"type":"FeatureCollection","{MEMBER}":{dump(about)},"features":[\n{features}\n]}}\n'
    return text.encode()


def dump(value: Any) -> str:
    """JSON whose members are sorted, without needless spaces."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def in_order(reading: Reading) -> list[Item]:
    """Things by kind, levels from below, others by external id."""
    kinds = list(ItemKind)
    return sorted(
        reading.items,
        key=lambda i: (kinds.index(i.kind), i.properties.get("ordinal", 0), i.external_id or ""),
    )


def standing(item: Item) -> Json:
    """The foreign member of a Feature: what it is and, for a zone, how it stands."""
    about: Json = {"kind": item.kind.value}
    if item.kind is ItemKind.ZONE:
        about["status"] = "draft" if item.is_draft else "published"
    return about if item.in_force is None else about | {"in_force": item.in_force}


def _feature(item: Item) -> Json:
    about = {MEMBER: standing(item), "geometry": item.geometry, "properties": item.properties, "type": "Feature"}
    return about if item.external_id is None else about | {"id": item.external_id}
