"""The walk through all records of a vendor's account, and when each was told of last (pre)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("sync_marks", sa.Column("seen_at", TIME, nullable=True))
    op.create_table(
        "sync_runs",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("phase", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("since", JSON, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("touched_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("due_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["channel_accounts.id"], name=op.f("fk_sync_runs_account_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_sync_runs_shop_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_sync_runs")),
    )
    op.create_index(op.f("ix_sync_runs_shop_id"), "sync_runs", ["shop_id"])
    op.create_index(op.f("ix_sync_runs_due_at"), "sync_runs", ["due_at"])


def downgrade() -> None:
    op.drop_table("sync_runs")
    op.drop_column("sync_marks", "seen_at")
