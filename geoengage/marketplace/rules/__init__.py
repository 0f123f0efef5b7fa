"""The pure half of the marketplace: what a row of the list says, and the list as a spreadsheet saves it."""

from geoengage.marketplace.rules.rows import MOST_ROWS, StoreRow
from geoengage.marketplace.rules.sheet import COLUMNS, Table, place_of, read_table

__all__ = ["COLUMNS", "MOST_ROWS", "StoreRow", "Table", "place_of", "read_table"]
