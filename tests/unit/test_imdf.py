"""Readers of malls' files: IMDF as it should be and as it is, archives that are traps, documents judged."""

import io
import json
import struct
import zipfile
from random import Random
from typing import Any

import pytest

from geoengage.kit import errors
from geoengage.venues import formats
from geoengage.venues.formats import Item, Options, Reading
from geoengage.venues.formats.documents import parse
from geoengage.venues.formats.floors import ordinal_of
from geoengage.venues.formats.imdf_words import REQUIRED
from geoengage.venues.formats.sensitive import sensitivity_of
from geoengage.venues.report import ImportFormat, ItemKind
from geoengage.venues.rules.geojson import judge
from tests import imdf_sample
from tests.imdf_sample import Json, archive, at, document, id_of, layers, mutated, zipped


def read(body: bytes, **options: Any) -> Reading:
    return formats.read(formats.files_of(body), Options(**options))


def by_id(reading: Reading) -> dict[str | None, Item]:
    return {item.external_id: item for item in reading.items}


def kinds(reading: Reading) -> dict[str, int]:
    found = [item.kind.value for item in reading.items if not item.is_refused]
    return {kind: found.count(kind) for kind in dict.fromkeys(found)}


def problems(body: bytes, **options: Any) -> list[Json]:
    """The errors of a body that cannot be read."""
    with pytest.raises(errors.ItemErrors) as caught:
        read(body, **options)
    found: list[Json] = caught.value.extra["errors"]
    return found


def test_the_sample_has_every_type_with_every_member() -> None:
    assert set(layers()) == set(REQUIRED)
    for type_, features in layers().items():
        for feature in features:
            assert set(REQUIRED[type_]) <= set(feature["properties"]), type_


@pytest.mark.parametrize("make", [archive, document])
def test_both_forms_of_imdf(make: Any) -> None:
    reading = read(make(layers()))
    assert reading.format == "imdf"
    assert kinds(reading) == {"level": 2, "store": 2, "unit": 3, "zone": 4, "feature": 10}
    assert not any(item.problems for item in reading.items if item.kind not in (ItemKind.ZONE,))
    assert reading.mall is not None
    mall = reading.mall.properties
    assert (mall["external_id"], mall["address"]) == (id_of("venue"), "Ahornallee 1, 04356 Leipzig")
    assert mall["territory"] == "DE-SN"
    assert mall["name"] == ("Ulmenhof" if make is archive else "Elms")  # the manifest names the language
    things = by_id(reading)
    bakery, juice = things[id_of("bakery")], things[id_of("juice")]
    assert bakery.geometry == imdf_sample.box(-40, 5, 12, 10)
    assert (bakery.properties["level"], bakery.properties["category"]) == (0, "bakery")
    assert bakery.properties["point"] == at(-38, 7)
    assert juice.geometry == imdf_sample.box(0, -1, 2, 2)
    assert juice.properties["level"] == 1
    assert things[id_of("aisle")].properties["category"] == "corridor"
    assert things[id_of("lift")].properties["category"] == "lift"
    assert things[id_of("toilets")].properties["category"] == "restroom"
    assert id_of("room of bakery") not in things
    assert id_of("stall") not in things
    assert things[id_of("cash")].properties["level"] == 0  # by its unit
    assert things[id_of("door")].properties["properties"]["door"]["material"] == "glass"


def test_zones_of_geofences_and_sections() -> None:
    things = by_id(read(archive(layers())))
    both = things[id_of("both floors")].properties
    assert (both["name"], both["levels"]) == ("Mitte", [0, 1])
    assert both["metadata"]["imdf"]["properties"]["correlation_id"] == id_of("elsewhere")
    toilets = things[id_of("toilet zone")]
    assert (toilets.properties["sensitivity"], toilets.properties["levels"]) == ("restroom", [0])
    assert toilets.properties["metadata"]["imdf"]["properties"]["parents"] == [id_of("both floors")]
    assert "anonymous totals only" in toilets.problems[0].detail
    assert things[id_of("everywhere")].properties["levels"] == [0, 1]
    quiet = things[id_of("quiet")].properties
    assert (quiet["sensitivity"], quiet["levels"]) == ("worship", [1])


def test_what_real_exporters_write_is_taken_and_told() -> None:
    reading = read(imdf_sample.as_real_exporters_write_it())
    assert kinds(reading) == {"level": 2, "store": 2, "feature": 12, "unit": 3, "zone": 3}
    told = " | ".join(note.detail for note in reading.notes)
    for words in (
        "feature_type is missing; the file's name says unit (4 times, first here)",
        "unit without the member 'alt_name': taken as null (4 times, first here)",
        "occupant with empty coordinates",
        "amenity with empty coordinates",
        "geofence with empty coordinates",
        "a crs member is left out of account",
        "a time without an offset: kept as it is",
    ):
        assert words in told, words
    places = {(note.file, note.pointer) for note in reading.notes}
    assert ("manifest.json", "#/created") in places
    assert ("occupant.geojson", "#/features/0/properties/validity/start") in places
    things = by_id(reading)
    warned = {item.external_id: item.problems[0].detail for item in reading.items if item.problems}
    assert "no unit category 'paternoster'" in warned[id_of("lift")]
    assert things[id_of("lift")].properties["category"] == "other"
    assert warned.pop(None) == "the level has no short_name: 1 is taken"
    assert "no anchor, unit or kiosk says where it is" in warned[id_of("lost")]
    assert things[id_of("lost")].kind is ItemKind.FEATURE
    assert things[id_of("toilet zone")].kind is ItemKind.FEATURE
    assert things[id_of("aisle")].properties["metadata"]["imdf"]["properties"]["alt_name"] is None


def test_levels_of_two_buildings_at_one_height_are_one() -> None:
    content = layers()
    second = imdf_sample.feature(
        "level", "annex", imdf_sample.box(60, -25, 30, 50), **content["level"][0]["properties"]
    )
    content["level"].append(second)
    ground = next(item for item in read(archive(content)).items if item.properties.get("ordinal") == 0)
    assert ground.geometry["type"] == "MultiPolygon"
    assert [part["id"] for part in ground.properties["metadata"]["imdf"]["parts"]] == [id_of("level 0"), id_of("annex")]
    assert "2 levels have this ordinal" in ground.problems[0].detail


def test_features_that_nobody_can_find_again_are_refused() -> None:
    content = layers()
    del content["unit"][0]["id"]
    content["unit"][1]["id"] = content["unit"][2]["id"]
    content["unit"][3] = "no object"  # type: ignore[call-overload]
    refused = [item for item in read(archive(content)).items if item.is_refused]
    assert [item.pointer for item in refused] == ["#/features/0", "#/features/2", "#/features/3"]
    without = {type_: features for type_, features in layers().items() if type_ != "venue"}
    assert problems(archive(without))[0]["file"] == "venue.geojson"


def with_size(body: bytes, claimed: int) -> bytes:
    """The archive with another unpacked size of its first member in the index."""
    start = body.index(b"PK\x01\x02") + 24
    return body[:start] + struct.pack("<L", claimed) + body[start + 4 :]


@pytest.mark.parametrize(
    "body, words",
    [
        (zipped({"../venue.geojson": b"{}"}), "leads out"),
        (zipped({"/etc/venue.geojson": b"{}"}), "leads out"),
        (zipped({"a\\..\\venue.geojson": b"{}"}), "leads out"),
        (zipped({f"{i}.geojson": b"{}" for i in range(501)}), "at most 500"),
        (zipped({"venue.geojson": b"0" * 210_000_000}), "more than 200,000,000 bytes"),
        (zipped({"readme.txt": b""}), "no mall is in these files"),
        (zipped({"a.geojson": b"{}", "b.geojson": b"{}"}), "no mall is in these files"),
        (b"PK\x03\x04 and then nothing", "cannot be read"),
        (archive(layers())[:-200], "cannot be read"),
        (zipped({"venue.geojson": b'{"features": [{"id": "\\u0000"}]}'}), "U+0000"),
        (zipped({"venue.geojson": b"\xff"}), "not UTF-8"),
    ],
)
def test_archives_that_are_traps(body: bytes, words: str) -> None:
    assert words in problems(body)[0]["detail"]


def test_an_index_that_lies_does_not_unpack_more() -> None:
    body = with_size(zipped({"venue.geojson": b"0" * 1_000_000}), 10)
    with pytest.raises(errors.ItemErrors):
        read(body)
    with zipfile.ZipFile(io.BytesIO(body)) as archive_:
        assert archive_.infolist()[0].file_size == 10


@pytest.mark.parametrize(
    "text, line, column",
    [
        ('{"type": "Point",\n "coordinates": [1, 2],\n "type": "Point"}', 3, 2),
        ('{"a": {"b": 1}, "c": [{"b": 1, "x": "b", "b": 2}]}', 1, 42),
        ('{"type" "Point"}', 1, 9),
        ("", 1, 1),
    ],
)
def test_the_place_of_bad_json(text: str, line: int, column: int) -> None:
    found = problems(text.encode())[0]
    assert (found["line"], found["column"]) == (line, column)
    assert f"line {line}, column {column}" in found["detail"]


def test_json_that_parses_and_is_none() -> None:
    assert parse("x", b"\xef\xbb\xbf[1]") == [1]
    assert "no number that JSON knows" in problems(b"[NaN]")[0]["detail"]
    assert "nested too deeply" in problems(b"[" * 100_000)[0]["detail"]
    assert "too large" in problems(b'{"type": "Point", "coordinates": [1e999, 2]}')[0]["detail"]


def test_style_is_let_pass_when_lenient() -> None:
    left_handed = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]}
    assert [c.style for c in judge(left_handed)] == [True]
    (strict,) = read(json.dumps(left_handed).encode()).items
    assert strict.is_refused
    assert strict.problems[0].pointer == "#/coordinates/0"
    (lenient,) = read(json.dumps(left_handed).encode(), lenient=True).items
    assert not lenient.is_refused
    assert lenient.problems[0].severity == "warning"
    assert lenient.properties["name"] == "Area"


@pytest.mark.parametrize(
    "properties, levels",
    [({"level": 1}, [1]), ({"floor": "EG"}, [0]), ({"ordinal": "-1"}, [-1]), ({"level": 2.0}, [2]), ({}, None)],
)
def test_areas_of_others_find_their_level(properties: Json, levels: list[int] | None) -> None:
    feature = {"type": "Feature", "id": 7, "geometry": imdf_sample.box(0, 0, 5, 5), "properties": properties}
    body = json.dumps(feature).encode()
    (inside,) = read(body, into_mall=True, level_names={"EG": 0}).items
    assert inside.properties.get("levels") == levels
    assert inside.in_mall == (levels is not None)
    assert inside.external_id == "7"
    (outside,) = read(body).items
    assert "levels" not in outside.properties
    assert outside.properties["metadata"] == properties


def test_an_area_on_a_level_that_nobody_knows_is_refused() -> None:
    feature = {"type": "Feature", "geometry": imdf_sample.box(0, 0, 5, 5), "properties": {"level": "Mezzanine"}}
    (item,) = read(json.dumps(feature).encode(), into_mall=True, level_names={"EG": 0}).items
    assert item.problems[0].pointer == "#/properties/level"
    assert item.problems[0].detail == "the mall has no level 'Mezzanine'; its levels: EG"


def test_circles_and_sensitive_places_of_others() -> None:
    properties = {"name": "Apotheke", "amenity": "pharmacy", "radius_m": 20}
    feature = {"type": "Feature", "geometry": imdf_sample.point(0, 0), "properties": properties}
    (item,) = read(json.dumps(feature).encode()).items
    assert (item.properties["radius_m"], item.properties["sensitivity"]) == (20, "health")


@pytest.mark.parametrize(
    "floor, ordinal",
    [("F1", 0), ("F12", 11), ("B2", -2), ("G", 0), ("3", 2), ("L2", 1), ("2F", 1), ("F0", None), ("roof", None)],
)
def test_names_of_floors(floor: str, ordinal: int | None) -> None:
    assert ordinal_of(floor) == ordinal


@pytest.mark.parametrize(
    "category, sensitivity",
    [
        ("restroom.female", "restroom"), ("first_aid", "health"), ("Prayer Room", "worship"),
        ("mothersroom", "children"), ("walkway", "none"), (None, "none"),
    ],
)  # fmt: skip
def test_sensitive_categories(category: str | None, sensitivity: str) -> None:
    assert sensitivity_of(category) == sensitivity


@pytest.mark.parametrize("seed", range(300))
def test_whatever_is_broken_is_read_or_refused_with_its_place(seed: int) -> None:
    """No document makes a reader or a writer fall over."""
    random = Random(seed)
    content: Any = layers()
    for _ in range(random.randrange(1, 6)):
        type_ = random.choice(sorted(content))
        content[type_] = mutated(content[type_], random)
    files = {f"{type_}.geojson": json.dumps({"features": f}).encode() for type_, f in content.items()}
    if random.random() < 0.5:
        features = [
            feature for layer in content.values() for feature in (layer if isinstance(layer, list) else [layer])
        ]
        files = {"one.geojson": json.dumps({"type": "FeatureCollection", "features": features}).encode()}
    try:
        reading = formats.read(files)
    except errors.ItemErrors as error:
        pointers = [line["pointer"] for line in error.extra["errors"]]
        reading = Reading(ImportFormat.IMDF)
    else:
        pointers = []
    assert all(pointer.startswith("#") for pointer in pointers)
    for item in reading.items:
        assert item.pointer.startswith("#/")
        assert all(problem.pointer.startswith("#/") for problem in item.problems)
