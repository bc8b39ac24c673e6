"""Products shown with answers: a click is noted once, learnt from, and counted with the orders that followed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urljoin, urlsplit
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

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


async def page(rig: Product, url: str | None) -> None:
    async with rig.core.database.write_session() as session:
        await session.execute(update(models.Product).values(url=url))
        await session.commit()


async def clicks(rig: Product) -> int:
    return len(await rig.rows(models.Interaction, kind="click"))


def path_of(rig: Product, recommendation: UUID) -> str:
    return urlsplit(rig.web.context.product_links.link(recommendation)).path


@pytest.mark.parametrize(
    ("url", "target"),
    [("https://shop.test/tent?a=1", "https://shop.test/tent?a=1"), ("/products/tent", "/products/tent")],
)
async def test_a_link_on_a_channel_leads_to_the_product_and_counts_once(rig: Product, url: str, target: str) -> None:
    (one,), products, customer = await shown(rig, "tent")
    await page(rig, url)
    async with rig.client() as client:
        for _ in range(2):
            answer = await client.get(path_of(rig, one), headers={"User-Agent": "Mozilla/5.0 (iPhone) Instagram 300.0"})
            assert answer.status_code == 302
            assert answer.headers["location"] == urljoin(rig.settings.resolved_public_url, target)
            assert answer.headers["cache-control"] == "no-store"
    (interaction,) = await rig.rows(models.Interaction, kind="click")
    assert (interaction.customer_id, interaction.product_id) == (customer, products["tent"])


@pytest.mark.parametrize(
    "agent",
    ["WhatsApp/2.23.20.0 A", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
     "TelegramBot (like TwitterBot)", "Mozilla/5.0 (compatible; Googlebot/2.1)"],
)  # fmt: skip
async def test_a_preview_of_a_link_is_not_an_opening(rig: Product, agent: str) -> None:
    (one,), _, _ = await shown(rig, "tent")
    await page(rig, "https://shop.test/tent")
    async with rig.client() as client:
        assert (await client.get(path_of(rig, one), headers={"User-Agent": agent})).status_code == 302
        assert (await client.head(path_of(rig, one))).status_code == 302
    assert await clicks(rig) == 0


async def test_a_link_leads_nowhere_but_to_what_this_server_showed(rig: Product) -> None:
    (one,), _, _ = await shown(rig, "tent")
    good = path_of(rig, one)
    forged = [good[:-1] + ("A" if good[-1] != "A" else "B"), "/go/https:%2F%2Fevil.test", "/go/%2F%2Fevil.test",
              "/go/é", f"/go/{one}", f"{good}=", good + "AAAA"]  # fmt: skip
    for url in (None, "javascript:alert(1)", "data:text/html,x"):
        await page(rig, url)
        async with rig.client() as client:
            assert (await client.get(good)).status_code == 404
    await page(rig, "https://shop.test/tent")
    async with rig.client() as client:
        for link in forged:
            answer = await client.get(link)
            assert (answer.status_code, "location" in answer.headers) == (404, False), link
        unknown = await client.get(path_of(rig, uuid4()))
        assert (unknown.status_code, unknown.text) == (404, "This product is not shown any more.")
    assert await clicks(rig) == 0


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
    assert found["by_channel"] == {"web": found["total"]}
    assert found["attribution_days"] == 7
    async with await rig.signed_in(Role.OWNER, rig.other) as client:
        assert (await client.get(STATS)).json()["total"] == {"shown": 0, "clicked": 0, "ordered": 0}
