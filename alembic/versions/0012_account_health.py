"""What a vendor said of a channel account, and quick reads of its last verdicts and errors (pre)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("channel_accounts", sa.Column("vendor_state", JSON, nullable=True))
    op.create_index(
        "ix_webhook_logs_account_id_status_received_at", "webhook_logs", ["account_id", "status", "received_at"]
    )
    op.create_index("ix_deliveries_account_id_status_changed_at", "deliveries", ["account_id", "status", "changed_at"])


def downgrade() -> None:
    op.drop_index("ix_deliveries_account_id_status_changed_at", table_name="deliveries")
    op.drop_index("ix_webhook_logs_account_id_status_received_at", table_name="webhook_logs")
    op.drop_column("channel_accounts", "vendor_state")
