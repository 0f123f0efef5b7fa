"""Table of how far the computing has come."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint

from geoengage.kit.db import Base, Mapped, TenantRow


class ComputedMark(TenantRow, Base):
    """Whatever changed in a tenant before `until` is in its people's computed traits."""

    __tablename__ = "computed_mark"
    until: Mapped[datetime]
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
