"""Alembic environment: the metadata of every domain, and `lock_timeout` so that a migration never queues."""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, text

import geoengage.buzz.models
import geoengage.campaigns.models
import geoengage.commerce.models
import geoengage.content.models
import geoengage.experiments.models
import geoengage.ingest.files.models
import geoengage.ingest.models
import geoengage.kit.events
import geoengage.kit.http
import geoengage.marketplace.models
import geoengage.masters.models
import geoengage.messaging.models
import geoengage.messaging.phone_models
import geoengage.messaging.reply_models
import geoengage.metrics.models
import geoengage.offers.models
import geoengage.presence.models
import geoengage.privacy.models
import geoengage.profiles.models
import geoengage.proof.models
import geoengage.recipes.models
import geoengage.recommendations.models
import geoengage.segments.lists.models
import geoengage.segments.models
import geoengage.simulation.models
import geoengage.tenancy.models
import geoengage.timing.models
import geoengage.venues.models
import geoengage.webhooks.models  # noqa: F401 - importing registers the tables
from geoengage.kit.db import Base


def include_object(obj, name, type_, reflected, compare_to):
    """Leave PostGIS's own tables and the dated partitions alone."""
    if type_ == "table" and reflected and compare_to is None and "_p2" in name:
        return False
    return alembic_helpers.include_object(obj, name, type_, reflected, compare_to)


engine = create_engine(context.config.attributes["url"])
with engine.begin() as connection:
    connection.execute(text("SET lock_timeout = '5s'"))
    context.configure(connection=connection, target_metadata=Base.metadata, include_object=include_object)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
