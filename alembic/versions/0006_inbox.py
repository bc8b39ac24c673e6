"""Events of vendors one by one, secrets of accounts, merged customers (pre: nothing wrote webhook_logs before)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
OF_A_VENDOR = sa.text("kind <> 'web' and active")
WAITS = sa.text("processed_at is null")


def upgrade() -> None:
    op.add_column("channel_accounts", sa.Column("alias", sa.String(length=255), nullable=True))
    op.add_column("channel_accounts", sa.Column("secrets", JSON, nullable=True))
    op.create_index("ix_channel_accounts_kind_alias", "channel_accounts", ["kind", "alias"], unique=False)
    op.create_index(
        "uq_channel_accounts_active",
        "channel_accounts",
        ["kind", "external_id"],
        unique=True,
        postgresql_where=OF_A_VENDOR,
        sqlite_where=OF_A_VENDOR,
    )
    op.drop_table("webhook_logs")
    op.create_table(
        "webhook_logs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("account_ref", sa.String(length=255), nullable=True),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=320), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("headers", JSON, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("event", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("received_at", UTC, nullable=False),
        sa.Column("processed_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["channel_accounts.id"], name=op.f("fk_webhook_logs_account_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_webhook_logs_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_logs")),
        sa.UniqueConstraint(
            "channel", "account_ref", "provider_id", name=op.f("uq_webhook_logs_channel_account_ref_provider_id")
        ),
    )
    op.create_index(op.f("ix_webhook_logs_message_id"), "webhook_logs", ["message_id"], unique=False)
    op.create_index("ix_webhook_logs_post_id", "webhook_logs", ["post_id"], unique=False)
    op.create_index("ix_webhook_logs_received_at", "webhook_logs", ["received_at"], unique=False)
    op.create_index(
        "ix_webhook_logs_shop_id_received_at", "webhook_logs", ["shop_id", "received_at", "id"], unique=False
    )
    op.create_index(
        "ix_webhook_logs_waiting",
        "webhook_logs",
        ["account_id", "address", "id"],
        unique=False,
        postgresql_where=WAITS,
        sqlite_where=WAITS,
    )
    op.create_table(
        "customer_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("moved", JSON, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("undone_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["customers.id"], name=op.f("fk_customer_merges_from_id")),
        sa.ForeignKeyConstraint(["into_id"], ["customers.id"], name=op.f("fk_customer_merges_into_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_customer_merges_shop_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_customer_merges_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_merges")),
    )
    op.create_index(op.f("ix_customer_merges_from_id"), "customer_merges", ["from_id"], unique=False)
    op.create_index(op.f("ix_customer_merges_into_id"), "customer_merges", ["into_id"], unique=False)
    op.create_index("ix_customer_merges_shop_id_at", "customer_merges", ["shop_id", "at", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("customer_merges")
    op.drop_table("webhook_logs")
    op.create_table(
        "webhook_logs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("headers", JSON, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("received_at", UTC, nullable=False),
        sa.Column("processed_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["channel_accounts.id"], name=op.f("fk_webhook_logs_account_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_webhook_logs_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_logs")),
        sa.UniqueConstraint("channel", "provider_id", name=op.f("uq_webhook_logs_channel_provider_id")),
    )
    op.create_index(
        "ix_webhook_logs_shop_id_received_at", "webhook_logs", ["shop_id", "received_at", "id"], unique=False
    )
    op.drop_index("uq_channel_accounts_active", table_name="channel_accounts")
    op.drop_index("ix_channel_accounts_kind_alias", table_name="channel_accounts")
    op.drop_column("channel_accounts", "secrets")
    op.drop_column("channel_accounts", "alias")
