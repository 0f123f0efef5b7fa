"""The plan of the demo mall: tables only, in metres of the mall frame (x along the main axis).

Every name, brand and address is invented. `build_demo_mall.py` cuts these boxes against the corridors and writes
the GeoJSON files. A box is (x0, y0, x1, y1); the origin is in the atrium. Some 220 by 90 m: a spine between two
anchors, an octagonal atrium in the middle, a wing to the north and one to the south, a side passage with lift and
stairs near each end.
"""

from typing import NamedTuple

Box = tuple[float, float, float, float]
Hours = list[dict[str, object]]

MALL = {
    "external_id": "ahornhof",
    "name": "Ahornhof",
    "address": "Ahornallee 1, 04356 Leipzig",
    "timezone": "Europe/Berlin",
    "territory": "DE",
    "origin": [12.439, 51.426],
    "bearing_deg": 27.0,
}
LEVELS = {0: ("Ground floor", "G"), 1: ("First floor", "1"), 2: ("Second floor", "2")}

WEEK = ["mon", "tue", "wed", "thu", "fri", "sat"]
DAILY = [*WEEK, "sun"]
SHOP: Hours = [{"days": WEEK, "open": "10:00", "close": "20:00"}]
EARLY: Hours = [{"days": WEEK, "open": "07:00", "close": "22:00"}]
FOOD: Hours = [{"days": DAILY, "open": "09:00", "close": "22:00"}]
NIGHT: Hours = [{"days": DAILY, "open": "12:00", "close": "23:30"}]

OWNERS = {
    "ow-morgenrot": "Morgenrot Kaffee GmbH",
    "ow-mira": "Mira Modehaus GmbH",
    "ow-spielwerk": "Spielwerk & Kinder KG",
    "ow-gipfel": "Sport Gipfel GmbH",
    "ow-voltenik": "Voltenik AG",
}


class Shop(NamedTuple):
    slug: str
    name: str
    level: int
    category: str
    color: str
    box: Box
    hours: Hours = SHOP
    owner: str | None = None


SHOPS = [
    # Ground floor: the anchors, then west to east on the north side, then on the south side, then the kiosks.
    Shop("marktkorb", "Marktkorb", 0, "supermarket", "#2e7d32", (-110, -36, -80, 36), EARLY),
    Shop("voltenik", "Voltenik", 0, "electronics", "#c62828", (80, -36, 110, 0), SHOP, "ow-voltenik"),
    Shop("pflanz-heim", "Pflanz & Heim", 0, "garden", "#558b2f", (80, 0, 110, 36)),
    Shop("blumen-ottilie", "Blumen Ottilie", 0, "flowers", "#d81b60", (-72, 7, -60, 17.2), EARLY),
    Shop("apotheke", "Apotheke am Ahorn", 0, "pharmacy", "#b71c1c", (-60, 7, -44, 26), EARLY),
    Shop("lindhaus", "Lindhaus Living", 0, "home", "#6d4c41", (-44, 7, -26, 26)),
    Shop("cafe-morgenrot", "Café Morgenrot", 0, "coffee", "#8d4f2a", (-26, 7, -5, 24), FOOD, "ow-morgenrot"),
    Shop("backstube-hille", "Backstube Hille", 0, "bakery", "#b9770e", (-26, 24, -5, 34.5), EARLY),
    Shop("zeitungstreff", "Zeitungstreff", 0, "newsagent", "#37474f", (-26, 34.5, -5, 45), EARLY),
    Shop("reisefink", "Reisefink", 0, "travel", "#0277bd", (5, 24, 26, 45)),
    Shop("nordfaden", "Nordfaden", 0, "fashion", "#263238", (5, 7, 26, 24)),
    Shop("mira-moda", "Mira Moda", 0, "fashion", "#ad1457", (26, 7, 46, 26), SHOP, "ow-mira"),
    Shop("glanzwerk", "Glanzwerk", 0, "jewellery", "#9e7c0c", (46, 7, 54, 26)),
    Shop("sehstern", "Optik Sehstern", 0, "optician", "#1565c0", (54, 7, 66, 26)),
    Shop("fusswerk", "Fußwerk", 0, "shoes", "#4e342e", (66, 7, 80, 26)),
    Shop("seifenkraut", "Drogerie Seifenkraut", 0, "drugstore", "#00838f", (-80, -26, -60, -7), EARLY),
    Shop("handyhafen", "Handyhafen", 0, "phones", "#283593", (-60, -26, -52, -7)),
    Shop("lederer", "Lederer & Tochter", 0, "bags", "#5d4037", (-52, -26, -40, -7)),
    Shop("hemd-kragen", "Hemd & Kragen", 0, "fashion", "#1a237e", (-40, -26, -26, -7)),
    Shop("lavandou", "Parfümerie Lavandou", 0, "perfume", "#6a1b9a", (-26, -24, -6, -7)),
    Shop("sparbruecke", "Sparbrücke", 0, "bank", "#01579b", (-26, -45, -6, -24)),
    Shop("eis-polare", "Eisdiele Polare", 0, "ice_cream", "#0097a7", (6, -45, 26, -24), FOOD),
    Shop("schokothek", "Schokothek", 0, "sweets", "#4a2c2a", (6, -24, 26, -7)),
    Shop("kinderkram", "Kinderkram", 0, "kids", "#f57c00", (26, -26, 44, -7), SHOP, "ow-spielwerk"),
    Shop("teehaus", "Teehaus Sieben", 0, "tea", "#33691e", (44, -26, 60, -7)),
    Shop("schnittpunkt", "Friseur Schnittpunkt", 0, "hairdresser", "#424242", (60, -17.2, 72, -7)),
    Shop("pressgut", "Pressgut", 0, "juice", "#ef6c00", (-31, -2.5, -25, 2.5), FOOD),
    Shop("sohle-schluessel", "Sohle & Schlüssel", 0, "repair", "#546e7a", (57, -2.5, 63, 2.5)),
    # First floor.
    Shop("brandau", "Kaufhaus Brandau", 1, "department_store", "#0d47a1", (-110, -36, -80, 36)),
    Shop("kormann", "Textilhaus Kormann", 1, "fashion", "#311b92", (80, -36, 110, 36)),
    Shop("nagel-perle", "Nagelstudio Perle", 1, "beauty", "#c2185b", (-72, 7, -60, 17.2)),
    Shop("indigo-kontor", "Indigo Kontor", 1, "fashion", "#1f3a6d", (-60, 7, -44, 26), SHOP, "ow-mira"),
    Shop("wolle-wir", "Wolle & Wir", 1, "crafts", "#8e24aa", (-44, 7, -26, 26)),
    Shop("sport-gipfel", "Sport Gipfel", 1, "sports", "#d84315", (-26, 7, 26, 45), SHOP, "ow-gipfel"),
    Shop("spielwerk", "Spielwerk", 1, "toys", "#e53935", (26, 7, 46, 26), SHOP, "ow-spielwerk"),
    Shop("blatt-papier", "Papeterie Blatt", 1, "stationery", "#00695c", (46, 7, 54, 26)),
    Shop("lesesaal", "Buchhandlung Lesesaal", 1, "books", "#795548", (54, 7, 70, 26)),
    Shop("konsolero", "Konsolero", 1, "games", "#4527a0", (70, 7, 80, 26)),
    Shop("laufsteg", "Laufsteg", 1, "shoes", "#212121", (-80, -26, -66, -7)),
    Shop("casa-lino", "Casa Lino", 1, "home", "#a1887f", (-66, -26, -48, -7)),
    Shop("hoerbar", "Hörbar", 1, "hearing", "#0288d1", (-48, -26, -40, -7)),
    Shop("fjellvik", "Fjellvik Outdoor", 1, "outdoor", "#1b5e20", (-40, -26, -26, -7)),
    Shop("taktvoll", "Uhren Taktvoll", 1, "watches", "#3e2723", (-26, -24, -6, -7)),
    Shop("tonart", "Musikhaus Tonart", 1, "music", "#7b1fa2", (-26, -45, -6, -24)),
    Shop("roestkontor", "Röstkontor", 1, "coffee", "#5d3a1a", (6, -24, 26, -7), FOOD, "ow-morgenrot"),
    Shop("blende-acht", "Foto Blende Acht", 1, "photo", "#455a64", (6, -45, 26, -24)),
    Shop("luna-seide", "Luna Seide", 1, "lingerie", "#880e4f", (26, -26, 42, -7)),
    Shop("tally-kids", "Tally Kids", 1, "kids", "#fb8c00", (42, -26, 60, -7), SHOP, "ow-spielwerk"),
    Shop("nadelohr", "Nadelöhr", 1, "tailor", "#616161", (60, -17.2, 72, -7)),
    # Second floor: leisure and food; the east end is set back behind a roof.
    Shop("parallax", "Kino Parallax", 2, "cinema", "#1a1a40", (-110, -36, -80, 36), NIGHT),
    Shop("puls", "Fitnesswerk Puls", 2, "fitness", "#ff5722", (80, -36, 100, 36), EARLY),
    Shop("barbier", "Barbier Kante", 2, "hairdresser", "#3e3e3e", (-72, 7, -60, 17.2)),
    Shop("zahnwerk", "Praxis Zahnwerk", 2, "dentist", "#0288a7", (-60, 7, -44, 26)),
    Shop("escape-kammer", "Escape Kammer", 2, "leisure", "#4e2a84", (-44, 7, -26, 26), NIGHT),
    Shop("kegelbahn", "Kegelwerk", 2, "leisure", "#00796b", (-26, 7, 0, 45), NIGHT),
    Shop("tobeland", "Tobeland", 2, "kids_play", "#fbc02d", (0, 7, 26, 45)),
    Shop("piazzetta", "Piazzetta", 2, "restaurant", "#9a2b1e", (26, 7, 46, 26), FOOD),
    Shop("kaze", "Kaze Sushi", 2, "restaurant", "#b23a48", (46, 7, 60, 26), FOOD),
    Shop("glut", "Steakhaus Glut", 2, "restaurant", "#6d1b0b", (60, 7, 80, 26), FOOD),
    Shop("tanzraum", "Tanzraum", 2, "leisure", "#ab47bc", (-80, -26, -60, -7)),
    Shop("griffig", "Boulderhalle Griffig", 2, "climbing", "#689f38", (-60, -26, -26, -7), NIGHT),
    Shop("wok-hana", "Wok Hana", 2, "food_court", "#c0392b", (-26, -45, -15.6, -36), FOOD),
    Shop("burger-bruder", "Burger Bruder", 2, "food_court", "#d35400", (-15.6, -45, -5.2, -36), FOOD),
    Shop("pasta-pronta", "Pasta Pronta", 2, "food_court", "#27832f", (-5.2, -45, 5.2, -36), FOOD),
    Shop("levante", "Levante Falafel", 2, "food_court", "#7d6608", (5.2, -45, 15.6, -36), FOOD),
    Shop("loeffel", "Suppenküche Löffel", 2, "food_court", "#ca6f1e", (15.6, -45, 26, -36), FOOD),
    Shop("ahornbraeu", "Ahornbräu", 2, "restaurant", "#a04000", (26, -26, 60, -7), NIGHT),
    Shop("waffelstube", "Waffelstube", 2, "snacks", "#af601a", (60, -17.2, 72, -7), FOOD),
]


class Unit(NamedTuple):
    """A piece of public or technical floor; `levels` says on which floors it repeats."""

    slug: str
    name: str
    category: str
    levels: tuple[int, ...]
    box: Box


ALL, UPPER = (0, 1, 2), (1, 2)
UNITS = [
    Unit("west-mall", "West mall", "corridor", ALL, (-80, -7, -18, 7)),
    Unit("east-mall", "East mall", "corridor", ALL, (18, -7, 80, 7)),
    Unit("nw-passage", "North-west passage", "corridor", ALL, (-80, 7, -72, 26)),
    Unit("se-passage", "South-east passage", "corridor", ALL, (72, -26, 80, -7)),
    Unit("north-passage", "North passage", "corridor", (0,), (-5, 18, 5, 41)),
    Unit("south-passage", "South passage", "corridor", (0,), (-6, -41, 6, -18)),
    Unit("south-gallery", "South gallery", "corridor", (1,), (-6, -37, 6, -18)),
    Unit("food-court", "Food court", "corridor", (2,), (-26, -36, 26, -7)),
    Unit("quiet-lounge", "Quiet lounge", "other", (1,), (-6, -45, 6, -37)),
    Unit("entrance-nw", "Entrance north-west", "entrance", (0,), (-80, 26, -72, 30)),
    Unit("entrance-n", "Entrance north", "entrance", (0,), (-5, 41, 5, 45)),
    Unit("entrance-s", "Main entrance", "entrance", (0,), (-6, -45, 6, -41)),
    Unit("entrance-se", "Entrance south-east", "entrance", (0,), (72, -30, 80, -26)),
    Unit("lift-atrium", "Atrium lift", "lift", ALL, (-2.5, 10.5, 2.5, 13.5)),
    Unit("lift-west", "West lift", "lift", ALL, (-72, 17.2, -69, 19.7)),
    Unit("lift-east", "East lift", "lift", ALL, (69, -19.7, 72, -17.2)),
    Unit("stairs-west", "West stairs", "stairs", ALL, (-72, 19.7, -66, 22.5)),
    Unit("stairs-east", "East stairs", "stairs", ALL, (66, -22.5, 72, -19.7)),
    Unit("restroom-west", "Restrooms west", "restroom", ALL, (-72, 22.5, -60, 26)),
    Unit("restroom-east", "Restrooms east", "restroom", ALL, (60, -26, 72, -22.5)),
    Unit("escalator-west", "West escalators", "escalator", ALL, (-52, -1.6, -36, 1.6)),
    Unit("escalator-east", "East escalators", "escalator", ALL, (36, -1.6, 52, 1.6)),
    Unit("void-w1", "Void", "void", UPPER, (-67, -3, -55, 3)),
    Unit("void-w2", "Void", "void", UPPER, (-33, -3, -21, 3)),
    Unit("void-e1", "Void", "void", UPPER, (21, -3, 33, 3)),
    Unit("void-e2", "Void", "void", UPPER, (55, -3, 67, 3)),
    Unit("service-core-w", "Service", "back_of_house", ALL, (-69, 17.2, -60, 22.5)),
    Unit("service-core-e", "Service", "back_of_house", ALL, (60, -22.5, 69, -17.2)),
    Unit("service-nw", "Deliveries", "back_of_house", (0,), (-72, 26, -26, 30)),
    Unit("service-nw", "Service", "back_of_house", UPPER, (-80, 26, -26, 30)),
    Unit("service-ne", "Service", "back_of_house", ALL, (26, 26, 80, 30)),
    Unit("service-sw", "Service", "back_of_house", ALL, (-80, -30, -26, -26)),
    Unit("service-se", "Service", "back_of_house", (0,), (26, -30, 72, -26)),
    Unit("service-se", "Service", "back_of_house", UPPER, (26, -30, 80, -26)),
]
ATRIUM_M = 18.0  # half widths of three nested octagons: the atrium floor, the void above it, the events area
VOID_M = 10.5
EVENTS_M = 9.5

BAR: Box = (-110, -30, 110, 30)
BULGE: Box = (-26, -45, 26, 45)
WEST_ANCHOR: Box = (-110, -36, -80, 36)
EAST_ANCHOR: Box = (80, -36, 110, 36)
ROOF_EAST: Box = (100, -40, 112, 40)
BEVEL_M = 8.0
CAR_PARK: Box = (-150, -95, 150, 80)

# Shops with a zone of their own, three floors. The pharmacy's is sensitive: nothing may be inferred from it.
STORE_ZONES = [
    "cafe-morgenrot",
    "marktkorb",
    "voltenik",
    "mira-moda",
    "kinderkram",
    "apotheke",
    "seifenkraut",
    "spielwerk",
    "sport-gipfel",
    "lesesaal",
    "roestkontor",
    "brandau",
    "parallax",
    "ahornbraeu",
]
SENSITIVITY = {"apotheke": "health"}
DWELL_S = {"spielwerk": [45], "voltenik": [60], "lesesaal": [30], "brandau": [60], "marktkorb": [60, 600]}

# Beacons: in the middle of these shops, and in every lift on every floor, where phones lose theirs.
BEACON_UUID = "61686f72-6e68-4f66-8000-626561636f6e"
BEACON_SHOPS = ["cafe-morgenrot", "lesesaal", "roestkontor", "kinderkram", "pressgut"]
LIFTS = ["lift-west", "lift-atrium", "lift-east"]
# Codes to check in with: (name, shop or none, level, place).
CHECK_INS = [
    ("Counter of Café Morgenrot", "cafe-morgenrot", 0, (-12.0, 12.0)),
    ("Information desk in the atrium", None, 0, (0.0, -6.0)),
]

# Small shops of the mall's own in town, as a chain would list them in a spreadsheet: columns as POST /v1/imports/stores
# has them. Streets and house numbers are invented, the places are in the middle of Leipzig.
STREET_STORES = [
    ("external_id", "name", "lon", "lat", "address", "category", "brand_color", "catchment_m", "delivery_m"),
    (
        "st-express-ring",
        "Ahornhof Express Ring",
        "12.3802",
        "51.3442",
        "Ringpassage 4",
        "grocery",
        "#00695c",
        "150",
        "1500",
    ),
    ("st-express-sued", "Ahornhof Express Süd", "12.3738", "51.3214", "Südallee 58", "grocery", "#00695c", "150", ""),
    ("st-express-gohlis", "Ahornhof Express Gohlis", "12.3665", "51.3581", "Gasse 12", "grocery", "#00695c", "200", ""),
]
