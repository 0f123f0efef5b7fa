"""What the two chains sell. Prices are plausible; costs leave the margin that each category has in trade."""

from geoengage.demo.chains.plan import Item

# category: (share of the price that is cost, (name, brand, price in minor units, days until bought again), …)
_GROCERIES: dict[str, tuple[float, list[tuple[str, str, int, float | None]]]] = {
    "dairy": (0.78, [
        ("Whole milk 1 l", "Lindenhof", 129, 5), ("Oat drink 1 l", "Haferwerk", 199, 7),
        ("Butter 250 g", "Lindenhof", 249, 11), ("Natural yoghurt 500 g", "Lindenhof", 139, 6),
        ("Gouda slices 400 g", "Weidegold", 329, 10), ("Eggs, free range, 10", "Hof Kranz", 319, 9),
        ("Cream 200 g", "Lindenhof", 99, 14), ("Mozzarella 125 g", "Bellina", 119, 12),
        ("Feta 200 g", "Bellina", 249, 16), ("Quark 500 g", "Weidegold", 149, 9),
    ]),
    "bakery": (0.60, [
        ("Rye bread 750 g", "Backstube Hille", 329, 4), ("Toast 500 g", "Kornblume", 149, 8),
        ("Rolls, 6", "Backstube Hille", 239, 3), ("Croissants, 4", "Kornblume", 279, 10),
        ("Crispbread 250 g", "Kornblume", 179, 24),
    ]),
    "fruit and vegetables": (0.66, [
        ("Bananas 1 kg", "", 179, 5), ("Apples 1 kg", "", 289, 7), ("Tomatoes 500 g", "", 249, 5),
        ("Cucumber", "", 99, 6), ("Potatoes 2.5 kg", "", 349, 14), ("Carrots 1 kg", "", 129, 11),
        ("Onions 1 kg", "", 149, 15), ("Lettuce", "", 149, 6), ("Peppers, 3", "", 229, 7),
        ("Oranges 2 kg", "", 399, 12), ("Strawberries 500 g", "", 399, None), ("Avocados, 2", "", 249, 9),
    ]),
    "meat and fish": (0.74, [
        ("Chicken breast 500 g", "Hof Kranz", 649, 8), ("Minced beef 500 g", "Hof Kranz", 549, 9),
        ("Smoked salmon 200 g", "Nordfang", 549, 20), ("Sausages 300 g", "Hof Kranz", 349, 13),
        ("Cooked ham 200 g", "Hof Kranz", 279, 10), ("Fish fingers 450 g", "Nordfang", 399, 21),
    ]),
    "pantry": (0.68, [
        ("Spaghetti 500 g", "Bellina", 119, 14), ("Basmati rice 1 kg", "Goldkorn", 299, 26),
        ("Tomato passata 500 g", "Bellina", 99, 12), ("Olive oil 500 ml", "Bellina", 799, 45),
        ("Sunflower oil 1 l", "Goldkorn", 219, 50), ("Flour 1 kg", "Goldkorn", 89, 30),
        ("Sugar 1 kg", "Goldkorn", 119, 55), ("Muesli 750 g", "Kornblume", 399, 17),
        ("Honey 500 g", "Imkerei Sander", 549, 60), ("Lentils 500 g", "Goldkorn", 199, 40),
        ("Tinned tuna", "Nordfang", 169, 18), ("Stock cubes", "Goldkorn", 139, 50),
        ("Ketchup 500 ml", "Rotfass", 249, 45), ("Mustard", "Rotfass", 119, 70),
    ]),
    "drinks": (0.62, [
        ("Coffee beans 1 kg", "Röstkontor", 1299, 21), ("Ground coffee 500 g", "Röstkontor", 699, 16),
        ("Black tea 100 g", "Teehaus Sieben", 449, 35), ("Mineral water 6 x 1.5 l", "Quellwald", 359, 8),
        ("Orange juice 1 l", "Fruchtig", 249, 9), ("Cola 1.5 l", "Fruchtig", 179, 9),
        ("Pils 6 x 0.5 l", "Ahornbräu", 599, 11), ("Riesling 0.75 l", "Weingut Falk", 699, 18),
    ]),
    "sweets and snacks": (0.56, [
        ("Milk chocolate 100 g", "Schokothek", 149, 7), ("Dark chocolate 100 g", "Schokothek", 179, 12),
        ("Crisps 175 g", "Knusper", 199, 9), ("Biscuits 300 g", "Knusper", 189, 13), ("Nuts 200 g", "Knusper", 299, 18),
        ("Ice cream 900 ml", "Eisdiele Polare", 499, 20), ("Gum bears 200 g", "Knusper", 129, 12),
        ("Advent calendar", "Schokothek", 499, None),
    ]),
    "household": (0.64, [
        ("Toilet paper, 10", "Sanft", 449, 22), ("Kitchen roll, 4", "Sanft", 299, 26),
        ("Detergent 1.5 l", "Klarwerk", 699, 38), ("Washing-up liquid", "Klarwerk", 149, 34),
        ("Bin bags, 20", "Klarwerk", 199, 40), ("Dishwasher tabs, 40", "Klarwerk", 799, 42),
        ("Baking paper", "Klarwerk", 189, 60), ("Batteries AA, 8", "Voltenik", 599, 90),
    ]),
    "baby": (0.80, [
        ("Nappies size 3, 50", "Sanft", 1099, 12), ("Wet wipes, 4", "Sanft", 399, 14),
        ("Baby porridge 400 g", "Kornblume", 429, 11), ("Follow-on milk 600 g", "Lindenhof", 1599, 9),
    ]),
    "pets": (0.70, [
        ("Cat food, 12 tins", "Samtpfote", 649, 11), ("Dog food 4 kg", "Wuff", 1399, 24),
        ("Cat litter 10 l", "Samtpfote", 599, 20),
    ]),
}  # fmt: skip

_TOYS: dict[str, tuple[float, list[tuple[str, str, int, tuple[int, int]]]]] = {
    "baby": (0.55, [
        ("Grasping ring", "Holzwald", 1290, (0, 1)), ("Stacking cups", "Holzwald", 1490, (0, 2)),
        ("Cloth book", "Lesefink", 1290, (0, 1)), ("Baby gym", "Kuschel", 4990, (0, 1)),
        ("Push-along duck", "Holzwald", 2490, (1, 2)), ("First blocks", "Holzwald", 2990, (1, 3)),
    ]),
    "building": (0.60, [
        ("Big bricks, 80", "Stecki", 2999, (1, 4)), ("Fire engine set", "Stecki", 3499, (4, 8)),
        ("Space station set", "Stecki", 5999, (6, 11)), ("Marble run", "Rollwerk", 4499, (4, 10)),
        ("Motor set", "Stecki", 8999, (8, 12)), ("Castle set", "Stecki", 7499, (5, 10)),
    ]),
    "dolls and plush": (0.52, [
        ("Plush bear", "Kuschel", 1999, (0, 5)), ("Plush fox", "Kuschel", 1799, (0, 6)),
        ("Doll Mila", "Puppa", 3499, (2, 7)),
        ("Doll's pram", "Puppa", 3999, (2, 6)), ("Doll's house", "Holzwald", 8999, (3, 8)),
    ]),
    "vehicles": (0.56, [
        ("Wooden train", "Holzwald", 3999, (2, 6)), ("Rails, 20", "Holzwald", 2499, (2, 7)),
        ("Remote-control car", "Flitz", 4999, (6, 12)), ("Balance bike", "Flitz", 7999, (2, 4)),
        ("Scooter", "Flitz", 6999, (4, 10)), ("Toy cars, 5", "Flitz", 1299, (3, 8)),
    ]),
    "games and puzzles": (0.50, [
        ("Picture lotto", "Spielhof", 1299, (2, 5)), ("Puzzle 48", "Spielhof", 999, (4, 7)),
        ("Puzzle 200", "Spielhof", 1299, (7, 12)), ("Memory", "Spielhof", 1499, (3, 8)),
        ("Board game Hafen", "Spielhof", 3499, (8, 12)), ("Card game Fuchs", "Spielhof", 899, (6, 12)),
    ]),
    "crafts": (0.48, [
        ("Finger paints", "Klecks", 1299, (1, 4)), ("Crayons, 24", "Klecks", 899, (2, 7)),
        ("Modelling clay", "Klecks", 1199, (2, 7)), ("Bead set", "Klecks", 1699, (5, 10)),
        ("Science kit", "Neugier", 3999, (8, 12)), ("Origami set", "Klecks", 999, (6, 12)),
    ]),
    "outdoor": (0.55, [
        ("Bucket and spade", "Sandfloh", 899, (1, 6)), ("Swing", "Sandfloh", 3999, (2, 9)),
        ("Football", "Flitz", 1999, (5, 12)), ("Kite", "Sandfloh", 2499, (5, 12)),
        ("Water pistol", "Sandfloh", 999, (5, 11)),
    ]),
    "books": (0.62, [
        ("Board book farm", "Lesefink", 899, (0, 3)), ("Picture book bears", "Lesefink", 1499, (2, 6)),
        ("First reader", "Lesefink", 999, (6, 8)), ("Adventure novel", "Lesefink", 1299, (8, 12)),
    ]),
}  # fmt: skip


def groceries() -> list[Item]:
    """The supermarket's products."""
    return [
        Item(f"fm-{number:03d}", name, category, brand, price, round(price * cost), cycle)
        for number, (category, cost, (name, brand, price, cycle)) in enumerate(
            ((category, cost, row) for category, (cost, rows) in _GROCERIES.items() for row in rows), 1
        )
    ]


def toys() -> list[Item]:
    """The toy chain's products."""
    return [
        Item(f"ll-{number:03d}", name, category, brand, price, round(price * cost), ages=ages)
        for number, (category, cost, (name, brand, price, ages)) in enumerate(
            ((category, cost, row) for category, (cost, rows) in _TOYS.items() for row in rows), 1
        )
    ]
