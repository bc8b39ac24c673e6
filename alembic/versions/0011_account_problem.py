"""Why nothing is sent for a channel account (pre)."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channel_accounts", sa.Column("problem", sa.String(length=255), nullable=True))


def downgrade() -> None:
    op.drop_column("channel_accounts", "problem")
