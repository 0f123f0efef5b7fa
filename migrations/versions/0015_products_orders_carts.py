"""products, orders, carts"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("image_urls", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("locales", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('active', 'archived')", name=op.f("ck_product_status")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"], ["store.tenant_id", "store.id"], name=op.f("fk_product_store_tenant_id_store_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_product_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_product")),
        sa.UniqueConstraint(
            "tenant_id",
            "store_id",
            "external_id",
            name=op.f("uq_product_tenant_id_store_id_external_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_product_category", "product", ["tenant_id", "category"], unique=False)
    op.create_index("ix_product_external_id", "product", ["tenant_id", "external_id"], unique=False)
    op.create_table(
        "shop_order",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stated_status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=True),
        sa.Column("customer_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_erased", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("coupons", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("return_of", sa.Text(), nullable=True),
        sa.Column("return_of_source", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("channel IN ('web', 'app', 'pos', 'phone', 'other')", name=op.f("ck_shop_order_channel")),
        sa.CheckConstraint(
            "status IN ('pending', 'paid', 'cancelled', 'partially_refunded', 'refunded') AND stated_status IN ('pending', 'paid', 'cancelled', 'partially_refunded', 'refunded')",
            name=op.f("ck_shop_order_status"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_shop_order_identifier_tenant_id_identifier_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_shop_order_store_tenant_id_store_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_shop_order_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shop_order")),
        sa.UniqueConstraint(
            "tenant_id", "source", "external_id", name=op.f("uq_shop_order_tenant_id_source_external_id")
        ),
    )
    op.create_index(
        "ix_shop_order_identifier_id",
        "shop_order",
        ["tenant_id", "identifier_id", "ordered_at"],
        unique=False,
        postgresql_where="identifier_id IS NOT NULL",
    )
    op.create_index("ix_shop_order_ordered_at", "shop_order", ["tenant_id", "ordered_at", "id"], unique=False)
    op.create_index("ix_shop_order_store_id", "shop_order", ["tenant_id", "store_id", "ordered_at", "id"], unique=False)
    op.create_table(
        "cart",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("abandoned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recovered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('open', 'ordered')", name=op.f("ck_cart_status")),
        sa.CheckConstraint("num_nonnulls(identifier_id, device_id) = 1", name=op.f("ck_cart_one_owner")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "device_id"],
            ["device.tenant_id", "device.id"],
            name=op.f("fk_cart_device_tenant_id_device_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "identifier_id"],
            ["identifier.tenant_id", "identifier.id"],
            name=op.f("fk_cart_identifier_tenant_id_identifier_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"], ["store.tenant_id", "store.id"], name=op.f("fk_cart_store_tenant_id_store_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_cart_tenant_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cart")),
    )
    op.create_index("ix_cart_device_id", "cart", ["tenant_id", "device_id"], unique=False)
    op.create_index("ix_cart_identifier_id", "cart", ["tenant_id", "identifier_id"], unique=False)
    op.create_index(
        "ix_cart_waiting",
        "cart",
        ["tenant_id", "changed_at"],
        unique=False,
        postgresql_where="status = 'open' AND abandoned_at IS NULL",
    )
    op.create_index(
        "uq_cart_open_device_id",
        "cart",
        ["tenant_id", "device_id", "store_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where="status = 'open' AND device_id IS NOT NULL",
    )
    op.create_index(
        "uq_cart_open_identifier_id",
        "cart",
        ["tenant_id", "identifier_id", "store_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where="status = 'open' AND identifier_id IS NOT NULL",
    )
    op.create_table(
        "order_claim",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("claim_kind", sa.Text(), nullable=False),
        sa.Column("claim_value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["shop_order.tenant_id", "shop_order.id"],
            name=op.f("fk_order_claim_shop_order_tenant_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", "claim_kind", name=op.f("pk_order_claim")),
    )
    op.create_index(
        "ix_order_claim_claim_value", "order_claim", ["tenant_id", "claim_kind", "claim_value"], unique=False
    )
    op.create_table(
        "order_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("variant_id", sa.Uuid(), nullable=True),
        sa.Column("product_external_id", sa.Text(), nullable=True),
        sa.Column("variant_external_id", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["shop_order.tenant_id", "shop_order.id"],
            name=op.f("fk_order_line_shop_order_tenant_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", "n", name=op.f("pk_order_line")),
    )
    op.create_index(
        "ix_order_line_product_id",
        "order_line",
        ["tenant_id", "product_id"],
        unique=False,
        postgresql_where="product_id IS NOT NULL",
    )
    op.create_index(
        "ix_order_line_unknown_product",
        "order_line",
        ["tenant_id", "product_external_id"],
        unique=False,
        postgresql_where="product_id IS NULL",
    )
    op.create_table(
        "product_variant",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("was_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("cost_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.CheckConstraint(
            "currency IS NOT NULL OR num_nonnulls(price_minor, was_price_minor, cost_minor) = 0",
            name=op.f("ck_product_variant_price_has_currency"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["product.tenant_id", "product.id"],
            name=op.f("fk_product_variant_product_tenant_id_product_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_product_variant")),
        sa.UniqueConstraint(
            "tenant_id", "product_id", "external_id", name=op.f("uq_product_variant_tenant_id_product_id_external_id")
        ),
    )
    op.create_index("ix_product_variant_barcode", "product_variant", ["tenant_id", "barcode"], unique=False)
    op.create_index("ix_product_variant_external_id", "product_variant", ["tenant_id", "external_id"], unique=False)
    op.create_index("ix_product_variant_sku", "product_variant", ["tenant_id", "sku"], unique=False)
    op.create_table(
        "refund",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["shop_order.tenant_id", "shop_order.id"],
            name=op.f("fk_refund_shop_order_tenant_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", "external_id", name=op.f("pk_refund")),
    )
    op.create_table(
        "cart_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("variant_id", sa.Uuid(), nullable=True),
        sa.Column("product_external_id", sa.Text(), nullable=True),
        sa.Column("variant_external_id", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity_milli > 0", name=op.f("ck_cart_line_quantity_milli")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cart_id"],
            ["cart.tenant_id", "cart.id"],
            name=op.f("fk_cart_line_cart_tenant_id_cart_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "cart_id", "item", name=op.f("pk_cart_line")),
    )
    op.create_table(
        "refund_line",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("refund_external_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("product_external_id", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id", "refund_external_id"],
            ["refund.tenant_id", "refund.order_id", "refund.external_id"],
            name=op.f("fk_refund_line_refund_tenant_id_order_id_refund_external_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", "refund_external_id", "n", name=op.f("pk_refund_line")),
    )
    op.create_table(
        "stock",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["store.tenant_id", "store.id"],
            name=op.f("fk_stock_store_tenant_id_store_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "variant_id"],
            ["product_variant.tenant_id", "product_variant.id"],
            name=op.f("fk_stock_product_variant_tenant_id_variant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "store_id", "variant_id", name=op.f("pk_stock")),
    )
    op.create_index("ix_stock_variant_id", "stock", ["tenant_id", "variant_id"], unique=False)
    op.add_column("tenant", sa.Column("cart_abandoned_after_s", sa.Integer(), server_default="3600", nullable=False))


def downgrade() -> None:
    op.drop_column("tenant", "cart_abandoned_after_s")
    op.drop_index("ix_stock_variant_id", table_name="stock")
    op.drop_table("stock")
    op.drop_table("refund_line")
    op.drop_table("cart_line")
    op.drop_table("refund")
    op.drop_index("ix_product_variant_sku", table_name="product_variant")
    op.drop_index("ix_product_variant_external_id", table_name="product_variant")
    op.drop_index("ix_product_variant_barcode", table_name="product_variant")
    op.drop_table("product_variant")
    op.drop_index("ix_order_line_unknown_product", table_name="order_line", postgresql_where="product_id IS NULL")
    op.drop_index("ix_order_line_product_id", table_name="order_line", postgresql_where="product_id IS NOT NULL")
    op.drop_table("order_line")
    op.drop_index("ix_order_claim_claim_value", table_name="order_claim")
    op.drop_table("order_claim")
    op.drop_index(
        "uq_cart_open_identifier_id",
        table_name="cart",
        postgresql_nulls_not_distinct=True,
        postgresql_where="status = 'open' AND identifier_id IS NOT NULL",
    )
    op.drop_index(
        "uq_cart_open_device_id",
        table_name="cart",
        postgresql_nulls_not_distinct=True,
        postgresql_where="status = 'open' AND device_id IS NOT NULL",
    )
    op.drop_index("ix_cart_waiting", table_name="cart", postgresql_where="status = 'open' AND abandoned_at IS NULL")
    op.drop_index("ix_cart_identifier_id", table_name="cart")
    op.drop_index("ix_cart_device_id", table_name="cart")
    op.drop_table("cart")
    op.drop_index("ix_shop_order_store_id", table_name="shop_order")
    op.drop_index("ix_shop_order_ordered_at", table_name="shop_order")
    op.drop_index("ix_shop_order_identifier_id", table_name="shop_order", postgresql_where="identifier_id IS NOT NULL")
    op.drop_table("shop_order")
    op.drop_index("ix_product_external_id", table_name="product")
    op.drop_index("ix_product_category", table_name="product")
    op.drop_table("product")
