"""How far the log of a conversation was removed (pre)."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PRUNABLE = sa.text("status = 'closed' AND pruned_seq < last_seq")


def upgrade() -> None:
    op.add_column("conversations", sa.Column("pruned_seq", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_conversations_prunable",
        "conversations",
        ["closed_at"],
        postgresql_where=PRUNABLE,
        sqlite_where=PRUNABLE,
    )


def downgrade() -> None:
    op.drop_index("ix_conversations_prunable", table_name="conversations")
    op.drop_column("conversations", "pruned_seq")
