"""What is recommended, to whom, and how it is learnt. Everything is imported from here."""

from geoengage.recommendations.service.choosing import Answer, Ask, Hindrance, Recommended, hindrance_of, recommend
from geoengage.recommendations.service.fitting import fit_tenant
from geoengage.recommendations.service.values import values_for

__all__ = [
    "Answer", "Ask", "Hindrance", "Recommended", "fit_tenant", "hindrance_of", "recommend", "values_for",
]  # fmt: skip
