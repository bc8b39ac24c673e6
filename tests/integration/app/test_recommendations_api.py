"""Products shown with answers: a click is noted once, learnt from, and counted with the orders that followed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from app.db import models
from app.domain.people import Role
from app.services.ids import new_id
from app.services.imports import ProductRow
from tests.integration.app.rig import Product

STATS = "/api/analytics/recommendation_stats/"


async def shown(rig: Product, *titles: str) -> tuple[list[UUID], dict[str, UUID], UUID]:
    """Show products in an answer; return the recommendations, the products' ids, and the customer."""
    shop = rig.mine.shop.id
    rows = [ProductRow(external_id=one, title=one, price=Decimal(5), currency="EUR", stock=3) for one in titles]
    await rig.core.imports.upsert(shop, rows)
    products = {row.external_id: row.id for row in await rig.rows(models.Product)}
    visitor, conversation = await rig.open()
    await rig.ask(visitor, conversation)
    (message,) = await rig.messages(conversation)
    ids = [new_id() for _ in titles]
    async with rig.core.database.write_session() as session:
        for rank, (identifier, title) in enumerate(zip(ids, titles, strict=True)):
            session.add(
                models.Recommendation(
                    id=identifier,
                    shop_id=shop,
                    message_id=message.id,
                    product_id=products[title],
                    rank=rank,
                    reason="on sale now",
                )
            )
        await session.commit()
    (row,) = await rig.rows(models.Conversation, id=conversation)
    customer: UUID = row.customer_id
    return ids, products, customer


async def order(rig: Product, customer: UUID, product: UUID, placed: datetime, status: str = "shipped") -> None:
    async with rig.core.database.write_session() as session:
        session.add(
            models.Order(
                id=new_id(),
                shop_id=rig.mine.shop.id,
                customer_id=customer,
                number=f"#{uuid4().hex[:6]}",
                status=status,
                placed_at=placed,
                total_minor=500,
                currency="EUR",
                items=[{"title": "x", "quantity": 1, "product": str(product)}],
            )
        )
        await session.commit()


async def test_a_click_is_noted_once_and_learnt_from(rig: Product) -> None:
    (one, _), products, customer = await shown(rig, "tent", "mug")
    async with rig.client() as client:
        for _ in range(2):
            assert (await client.post(f"/api/recommendations/{one}/click/")).status_code == 204
        assert (await client.post(f"/api/recommendations/{uuid4()}/click/")).status_code == 404
    (interaction,) = await rig.rows(models.Interaction)
    assert (interaction.kind, interaction.customer_id, interaction.product_id) == ("click", customer, products["tent"])


async def test_orders_after_a_click_are_counted_and_others_are_not(rig: Product) -> None:
    (tent, mug, _), products, customer = await shown(rig, "tent", "mug", "pan")
    async with rig.client() as client:
        for one in (tent, mug):
            await client.post(f"/api/recommendations/{one}/click/")
    soon = datetime.now(UTC) + timedelta(hours=1)
    await order(rig, customer, products["tent"], soon)
    await order(rig, customer, products["mug"], soon + timedelta(days=30))  # too late
    await order(rig, customer, products["mug"], soon, "cancelled")
    await order(rig, customer, products["pan"], soon)  # shown, not clicked
    async with await rig.signed_in(Role.OWNER) as client:
        found = (await client.get(STATS)).json()
    assert found["total"] == {"shown": 3, "clicked": 2, "ordered": 1}
    assert found["by_reason"] == {"on sale now": found["total"]}
    assert found["attribution_days"] == 7
    async with await rig.signed_in(Role.OWNER, rig.other) as client:
        assert (await client.get(STATS)).json()["total"] == {"shown": 0, "clicked": 0, "ordered": 0}
