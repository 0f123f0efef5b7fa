"""What may be said about a person. Pure."""

import json
from typing import Any

COMPUTED = "computed"  # the source of what we worked out ourselves
TRAIT_NAME_MAX = 64
VALUE_MAX = 2_000  # characters of its JSON
NOT_FOR_STORES = frozenset({"home_area", "preferred_store"})  # they say where else the person goes
MOST_TRAITS = 100  # in one statement


def trait_problem(name: str, value: Any) -> str | None:
    """Why this cannot be kept; None when it can. `value` is JSON; null takes the trait away."""
    if not 0 < len(name) <= TRAIT_NAME_MAX or "\x00" in name:
        return f"a trait's name has 1 to {TRAIT_NAME_MAX} characters"
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return "the value is no JSON"
    if len(text) > VALUE_MAX:
        return f"the value has more than {VALUE_MAX:,} characters"
    if "\\u0000" in text:
        return "the value holds U+0000"
    if name in ("first_name", "language") and not (value is None or (isinstance(value, str) and len(value) <= 200)):
        return f"{name} is a text"
    return None
