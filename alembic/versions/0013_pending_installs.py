"""Installations at vendors that were begun and not finished (pre)."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pending_installs",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_hash", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_pending_installs_shop_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_pending_installs_user_id")),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_pending_installs")),
    )
    op.create_index(op.f("ix_pending_installs_expires_at"), "pending_installs", ["expires_at"])


def downgrade() -> None:
    op.drop_table("pending_installs")
