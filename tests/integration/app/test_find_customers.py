"""Customers are looked for by what the shop's records say of them."""

from __future__ import annotations

from app.db.import_store import SqlImportStore
from app.domain.people import Role
from app.services.imports import CustomerRow
from tests.integration.app.rig import Product


async def test_customers_are_found_by_their_record_also_who_never_wrote(rig: Product) -> None:
    shop = rig.mine.shop.id
    rows = [
        CustomerRow(external_id="7001", name="Cleo Never", email="cleo@shop.test", phone="+15550001"),
        CustomerRow(external_id="7002", name="Ben 100% Other"),
    ]
    await SqlImportStore(rig.core.database).upsert(shop, rows)
    await SqlImportStore(rig.core.database).upsert(
        rig.other.shop.id, [CustomerRow(external_id="1", name="Cleo Theirs")]
    )
    async with await rig.signed_in(Role.ADMIN) as client:

        async def found(words: str) -> list[str]:
            answer = await client.get("/api/customers/", params={"q": words})
            assert answer.status_code == 200, answer.text
            return [one["name"] for one in answer.json()["customers"]]

        assert await found("cleo") == await found("CLEO@shop") == await found("5550001") == ["Cleo Never"]
        assert await found("0%") == ["Ben 100% Other"]
        assert await found("nobody at all") == []
        assert (await client.get("/api/customers/", params={"q": "c"})).status_code == 422
