"""Customers from whom the shop takes nothing (pre)."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BLOCKED = sa.text("blocked_at is not null")


def upgrade() -> None:
    op.add_column("customers", sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_customers_blocked_at", "customers", ["blocked_at"], postgresql_where=BLOCKED, sqlite_where=BLOCKED
    )


def downgrade() -> None:
    op.drop_index("ix_customers_blocked_at", "customers")
    op.drop_column("customers", "blocked_at")
