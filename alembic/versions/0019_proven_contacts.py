"""By what a customer is surely known: numbers that vendors vouch for, e-mail addresses of the shop's records (pre)."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Until now a number of a customer who is in no record of the shop's came from WhatsApp alone.
_VOUCHED = """
update channel_identities set phone = (
    select customers.phone from customers where customers.id = channel_identities.customer_id
)
where exists (
    select 1 from customers
    where customers.id = channel_identities.customer_id
    and channel_identities.address = 'whatsapp:' || customers.phone
)
"""


def upgrade() -> None:
    op.add_column("channel_identities", sa.Column("phone", sa.String(length=64), nullable=True))
    op.create_index("ix_channel_identities_shop_id_phone", "channel_identities", ["shop_id", "phone"])
    op.add_column("customers", sa.Column("email_proven", sa.Boolean(), nullable=True))
    op.create_index("ix_customers_shop_id_phone", "customers", ["shop_id", "phone"])
    op.execute(_VOUCHED)


def downgrade() -> None:
    op.drop_index("ix_customers_shop_id_phone", "customers")
    op.drop_column("customers", "email_proven")
    op.drop_index("ix_channel_identities_shop_id_phone", "channel_identities")
    op.drop_column("channel_identities", "phone")
