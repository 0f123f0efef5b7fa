"""positions of a device in records, one row a run

The view `ping` shows the positions one by one, as the table did. Existing positions become runs of one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

VIEW = """
CREATE VIEW ping AS SELECT r.tenant_id, r.device_id,
 r.event_at + n.us * interval '1 microsecond' AS event_at, r.at + n.us * interval '1 microsecond' AS at,
 r.received_at,
 ping_number(r.fixes, n.at, 1) / 1e7::float8 AS lon, ping_number(r.fixes, n.at, 2) / 1e7::float8 AS lat,
 ping_number(r.fixes, n.at, 3) / 1e3::float8 AS accuracy_m,
 nullif(ping_number(r.fixes, n.at, 5), -2147483648) AS level,
 nullif(ping_number(r.fixes, n.at, 4), -2147483648) / 1e3::float8 AS speed_mps,
 r.source, ping_number(r.fixes, n.at, 6) / 1e6::float8 AS trust, r.late, r.said_zone_id, r.said_left,
 (ARRAY['impossible_speed'])[ping_number(r.fixes, n.at, 7)] AS verdict,
 r.event_at AS run_from, r.at AS run_at, r.last_at AS run_until
FROM ping_run r CROSS JOIN LATERAL (
 SELECT i AS at, ('x' || encode(substr(r.fixes, i + 1, 4), 'hex'))::bit(32)::bigint AS us
 FROM generate_series(0, length(r.fixes) - 32, 32) i
) n
"""
NUMBER = """
CREATE FUNCTION ping_number(fixes bytea, record int, part int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || encode(substr(fixes, record + part * 4 + 1, 4), 'hex'))::bit(32)::int
"""
PARTITIONS = """
DO $$ DECLARE p record; BEGIN
 FOR p IN SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '{old}'::regclass
 LOOP EXECUTE format('CREATE TABLE %I PARTITION OF {new} %s', replace(p.relname, '{old}_p', '{new}_p'), p.bound);
 END LOOP; END $$
"""
TO_RUNS = """
INSERT INTO ping_run (tenant_id, device_id, event_at, at, last_at, received_at, source, late, said_zone_id,
 said_left, fixes)
SELECT tenant_id, device_id, event_at, at, event_at, received_at, source, late, said_zone_id, said_left,
 int4send(0) || int4send(round(lon * 1e7)::int) || int4send(round(lat * 1e7)::int)
 || int4send(greatest(1, round(accuracy_m * 1000))::int)
 || int4send(CASE WHEN speed_mps IS NULL THEN -2147483648
  ELSE round(least(greatest(speed_mps, -2e6), 2e6) * 1000)::int END)
 || int4send(coalesce(level, -2147483648)) || int4send(round(trust * 1e6)::int)
 || int4send(coalesce(array_position(ARRAY['impossible_speed'], verdict), 0))
FROM ping
"""
FROM_RUNS = """
INSERT INTO ping_old (tenant_id, device_id, event_at, at, received_at, lon, lat, accuracy_m, level, speed_mps, source,
 trust, late, said_zone_id, said_left, verdict) SELECT tenant_id, device_id, event_at, at, received_at, lon, lat,
 accuracy_m, level, speed_mps, source, trust, late, said_zone_id, said_left, verdict FROM ping
"""


def upgrade() -> None:
    op.create_table(
        "ping_run",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("said_zone_id", sa.Uuid(), nullable=True),
        sa.Column("said_left", sa.Boolean(), nullable=True),
        sa.Column("fixes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", "event_at", "at", name=op.f("pk_ping_run")),
        postgresql_partition_by="RANGE (event_at)",
    )
    # Neither compressed nor moved out of the row: a run is small, and read and written whole.
    op.execute("ALTER TABLE ping_run ALTER COLUMN fixes SET STORAGE PLAIN")
    op.execute(PARTITIONS.format(old="ping", new="ping_run"))
    op.execute(TO_RUNS)
    op.drop_table("ping")
    op.execute(NUMBER)
    op.execute(VIEW)


def downgrade() -> None:
    op.create_table(
        "ping_old",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("speed_mps", sa.Double(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("trust", sa.Double(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("said_zone_id", sa.Uuid(), nullable=True),
        sa.Column("said_left", sa.Boolean(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "device_id", "event_at", "at", name=op.f("pk_ping")),
        postgresql_partition_by="RANGE (event_at)",
    )
    op.execute(PARTITIONS.format(old="ping_run", new="ping_old"))
    op.execute(FROM_RUNS)
    op.execute("DROP VIEW ping")
    op.execute("DROP FUNCTION ping_number")
    op.drop_table("ping_run")
    op.rename_table("ping_old", "ping")
    op.execute(
        "DO $$ DECLARE p record; BEGIN FOR p IN SELECT relname FROM pg_class WHERE relname ~ '^ping_old_p[0-9]{8}$'"
        " LOOP EXECUTE format('ALTER TABLE %I RENAME TO %I', p.relname, replace(p.relname, 'ping_old_', 'ping_'));"
        " END LOOP; END $$"
    )
