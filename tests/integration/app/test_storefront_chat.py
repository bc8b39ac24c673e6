"""A customer of a Shopify storefront from her first word to her erasure: the real block, widget, server and model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import FrameLocator, Page, expect

from app.bootstrap.worker import Models, build_worker
from app.db import models
from app.db.shopify_accounts import SqlInstalledAccounts
from app.db.vault import Vault
from app.domain.people import Role
from app.services.ids import new_id
from app.services.worker.reply_run import ResponderModel
from app.simulate.loopback import serving as standing_in
from app.simulate.shopify_storefront import Storefront
from nlp.engine.engine import Engine
from nlp.engine.settings import EngineSettings
from nlp.registry import STARTER_RESPONDER
from nlp.sentences import Sentences
from tests.fixtures.browser import chromium, new_page
from tests.fixtures.port import free_port
from tests.fixtures.signed import shopify as webhook
from tests.integration.app.rig import analyzer, encoder, serving, working
from tests.integration.app.shopify_nodes import customer, order, shipped
from tests.integration.app.shopify_shop import CLIENT_SECRET, DOMAIN, Shopify, shopify_shop
from tests.integration.app.vendors import Vendors

pytestmark = pytest.mark.timeout(180)

EXTENSION = Path(__file__).parents[3] / "deploy" / "shopify" / "extensions" / "assistify-chat"
SETTINGS = {
    "position": "left",
    "colour": "#ffd400",
    "greeting": "Coats, and all about them.",
    "proxy": "/apps/assistify",
}
WAIT_MS = 30_000
BOT = '[data-testid="message"][data-sender="bot"]'
NEEDLES = (b"ana-needle@shop.test", b"Needleworth", b"a needle in my question", b"1ZNEEDLE99")


@dataclass
class Street:
    """The shop at Shopify, its storefront and this server."""

    shopify: Shopify
    storefront: Storefront
    page: str

    async def conversation(self) -> UUID:
        (row,) = await self.shopify.rig.rows(models.Conversation)
        found: UUID = row.id
        return found


@asynccontextmanager
async def street(folder: Path) -> AsyncIterator[Street]:
    port = free_port()
    async with shopify_shop(folder, public_url=f"http://127.0.0.1:{port}", port=port) as shopify:
        storefront = Storefront(
            DOMAIN,
            CLIENT_SECRET,
            f"http://127.0.0.1:{port}/api/storefront/shopify/",
            (EXTENSION / "blocks" / "chat.liquid").read_text("utf-8"),
            {path.name: path.read_bytes() for path in (EXTENSION / "assets").iterdir()},
            SETTINGS,
        )
        rig = shopify.rig
        sentences = Sentences.load(STARTER_RESPONDER)
        engine = Engine.load(STARTER_RESPONDER, EngineSettings(threads=1))
        responder = ResponderModel(engine=engine, name="starter", has_pointers=True, max_tokens=96, sentences=sentences)
        worker = build_worker(rig.core, rig.parts, Models(encoder(), analyzer(), responder))
        async with standing_in(storefront.app) as page, serving(rig, port), working(worker):
            yield Street(shopify, storefront, page)


async def opened(page: Page) -> FrameLocator:
    await page.get_by_test_id("bubble").click()
    panel = page.frame_locator('[data-testid="panel-frame"]')
    await expect(panel.get_by_test_id("panel")).to_be_visible()
    return panel


async def ask(panel: FrameLocator, text: str) -> None:
    await panel.get_by_test_id("composer").fill(text)
    await panel.get_by_test_id("send").click()


async def install(street: Street) -> None:
    """Let the shop install the app, and fetch its records."""
    ana = customer(1, lastName="Needleworth", defaultEmailAddress={"emailAddress": "ana-needle@shop.test"})
    tracking = [{"company": "UPS", "number": "1ZNEEDLE99", "url": "https://ups.test/1ZNEEDLE99"}]
    shop, rig = street.shopify.shop, street.shopify.rig
    shop.put("customers", ana)
    shop.put("orders", order(1042, customer=ana, fulfillments=[shipped(trackingInfo=tracking)]))
    account = await street.shopify.install()
    installed = SqlInstalledAccounts(rig.core.database, Vault(rig.settings.resolved_secret_key()))
    await installed.allow_origins(account.shop_id, [street.page])


async def redact(street: Street) -> None:
    """Let Shopify ask that she is erased."""
    told = {
        "shop_id": 1,
        "shop_domain": DOMAIN,
        "customer": {"id": 1, "email": "ana-needle@shop.test", "phone": None},
        "orders_to_redact": [1042],
    }
    taken = await Vendors(street.shopify.rig).post(webhook("customers/redact", told, "redact-1"))
    assert taken.status_code == 200


def needles_left(folder: Path) -> set[tuple[str, bytes]]:
    """Return what still tells of her, and in which file of the database."""
    files = [path for path in folder.iterdir() if path.name.startswith("assistify.db")]
    return {(path.name, needle) for path in files for needle in NEEDLES if needle in path.read_bytes()}


async def synced(street: Street) -> None:
    """Wait until a worker has fetched the records."""
    rig = street.shopify.rig
    while not await rig.rows(models.Order, number="1042"):
        await rig.core.database.ping()


async def test_from_the_first_word_to_the_erasure(folder: Path, tmp_path: Path) -> None:
    expect.set_options(timeout=WAIT_MS)
    async with street(folder) as there, chromium() as browser, new_page(browser, tmp_path) as visitor:
        rig, page = there.shopify.rig, visitor.page
        await install(there)
        await synced(there)
        there.storefront.customer = 1
        await page.goto(there.page)
        bubble = page.get_by_test_id("bubble")
        await expect(bubble).to_have_css("background-color", "rgb(255, 212, 0)")
        box = await bubble.bounding_box()
        assert box is not None
        assert box["x"] < 100
        panel = await opened(page)
        await expect(panel.get_by_text(SETTINGS["greeting"])).to_be_visible()

        # Shopify's word says who she is: the answer has what only she may know.
        await ask(panel, "Where is my order #1042? (a needle in my question)")
        answer = panel.locator(BOT).first
        await expect(answer).to_have_attribute("data-state", "done")
        await expect(answer).to_contain_text("1ZNEEDLE99")
        conversation = await there.conversation()
        (buyer,) = await rig.rows(models.Customer, external_id="1")
        assert (await rig.record(conversation)).customer == buyer.id

        # Her identity is renewed without a word of hers.
        asked = len(there.storefront.asked)
        async with page.expect_response("**/apps/assistify"):
            await page.evaluate("dispatchEvent(new CustomEvent('assistify:unidentified'))")
        assert there.storefront.asked[asked:] == [200]

        ada = rig.mine.staff[Role.AGENT]
        await rig.parts.cases.control.take(ada, conversation)
        await rig.parts.cases.sending.send(ada, conversation, str(new_id()), "Ada here: I have asked the carrier.")
        await expect(panel.get_by_text("Ada here: I have asked the carrier.", exact=True)).to_be_visible()
        visitor.check()

        await redact(there)
        await expect(panel.get_by_text("a needle in my question")).to_have_count(0)
        while not await rig.rows(models.PrivacyRequest, kind="erase"):
            await rig.core.database.ping()
        assert await rig.rows(models.Customer, external_id="1") == []
    assert needles_left(folder) == set()
