"""Who promoted a version of a model, and versions scored beside others (pre)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("model_versions") as table:
        table.add_column(sa.Column("activated_by", sa.Uuid(), nullable=True))
        table.create_foreign_key(
            op.f("fk_model_versions_activated_by"), "users", ["activated_by"], ["id"], ondelete="SET NULL"
        )
    op.create_table(
        "model_evaluations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("candidate", sa.String(length=255), nullable=False),
        sa.Column("against", sa.String(length=255), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("candidate_scores", JSON, nullable=False),
        sa.Column("against_scores", JSON, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("done_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_evaluations")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_model_evaluations_user_id"), ondelete="SET NULL"
        ),
    )
    op.create_index("ix_model_evaluations_task_created_at", "model_evaluations", ["task", "created_at", "id"])


def downgrade() -> None:
    op.drop_table("model_evaluations")
    with op.batch_alter_table("model_versions") as table:
        table.drop_constraint(op.f("fk_model_versions_activated_by"), type_="foreignkey")
        table.drop_column("activated_by")
