"""What a delivery needs to be sent, and what messages and conversations keep of it (pre)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
OPEN = sa.text("status in ('queued', 'sending')")


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        # Nothing wrote deliveries before: there are no rows that would need other values.
        table.add_column(sa.Column("sender_kind", sa.String(length=64), nullable=False))
        table.add_column(sa.Column("end_byte", sa.Integer(), nullable=False))
        table.add_column(sa.Column("content", JSON, nullable=False))
        table.add_column(sa.Column("attempt", sa.Integer(), nullable=False))
        table.add_column(sa.Column("retry_at", UTC, nullable=True))
        table.add_column(sa.Column("sending_at", UTC, nullable=True))
    op.create_index("ix_deliveries_open", "deliveries", ["changed_at"], postgresql_where=OPEN, sqlite_where=OPEN)
    op.add_column("messages", sa.Column("delivery", JSON, nullable=True))
    op.add_column("conversations", sa.Column("bot_notice", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("conversations", "bot_notice")
    op.drop_column("messages", "delivery")
    op.drop_index("ix_deliveries_open", table_name="deliveries")
    with op.batch_alter_table("deliveries") as table:
        for name in ("sending_at", "retry_at", "attempt", "content", "end_byte", "sender_kind"):
            table.drop_column(name)
