"""Use cases of places: creating, editing, publishing, importing. Every check that needs the database is here.

A change of what presence matches raises the tenant's venue epoch and is published as VenueChanged, in the same
transaction and last (`announce`). What happens to those inside a changed zone is presence's business.
"""

from geoengage.venues.service.exporting import ExportFormat, export_venue
from geoengage.venues.service.founding import find_mall
from geoengage.venues.service.malls import (
    create_level,
    create_mall,
    create_unit,
    delete_level,
    delete_mall,
    delete_unit,
    edit_level,
    edit_mall,
    edit_unit,
)
from geoengage.venues.service.plans import check_picture, edit_plan, placement_of, points_like, put_picture
from geoengage.venues.service.store_csv import import_stores
from geoengage.venues.service.stores import create_store, delete_store, edit_store
from geoengage.venues.service.taking import ImportOptions, import_venue
from geoengage.venues.service.zones import check_zone, create_zone, delete_zone, edit_zone, publish_zone, unpublish_zone

__all__ = [
    "ExportFormat", "ImportOptions", "check_picture", "check_zone", "create_level", "create_mall", "create_store",
    "create_unit", "create_zone", "delete_level", "delete_mall", "delete_store", "delete_unit", "delete_zone",
    "edit_level", "edit_mall", "edit_plan", "edit_store", "edit_unit", "edit_zone", "export_venue", "find_mall",
    "import_stores", "import_venue", "placement_of", "points_like", "publish_zone", "put_picture", "unpublish_zone",
]  # fmt: skip
