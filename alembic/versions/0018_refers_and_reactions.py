"""What messages of customers refer to, and their reactions (pre)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("messages", sa.Column("refers", JSON, nullable=True))
    op.add_column("messages", sa.Column("reaction", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "reaction")
    op.drop_column("messages", "refers")
