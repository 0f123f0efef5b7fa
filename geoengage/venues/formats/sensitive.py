"""Which categories of other people's plans are sensitive places (DESIGN.md section 7). Pure."""

from geoengage.venues.rules import Sensitivity

_PARTS = {
    Sensitivity.RESTROOM: ("restroom", "toilet", "washroom", "shower"),
    Sensitivity.HEALTH: (
        "health", "medical", "clinic", "hospital", "pharmacy", "firstaid", "doctor", "dentist", "chemist",
    ),
    Sensitivity.WORSHIP: (
        "worship", "prayer", "religio", "chapel", "church", "mosque", "synagogue", "temple", "meditation",
    ),
    Sensitivity.CHILDREN: (
        "childcare", "nursery", "kindergarten", "daycare", "children", "mothersroom", "babycare", "playground", "kids",
    ),
}  # fmt: skip


def sensitivity_of(*categories: str | None) -> str:
    """The sensitivity that category words stand for, `none` when nothing is sensitive about them."""
    words = [category.lower().replace("_", "").replace(" ", "").replace("-", "") for category in categories if category]
    found = (kind for kind, parts in _PARTS.items() for part in parts if any(part in word for word in words))
    return next(found, Sensitivity.NONE).value
