"""The widget and the console in a browser, as their users handle them."""

from __future__ import annotations

from playwright.async_api import FrameLocator, Locator, Page, expect

from tests.e2e.demo_shop import ADA, DemoShop
from tests.fixtures.server_process import DEMO_PASSWORD

BOT = '[data-testid="message"][data-sender="bot"]'
OWN = '[data-testid="message"][data-sender="customer"]'


async def open_widget(page: Page) -> FrameLocator:
    """Open the chat on the shop's page."""
    await page.get_by_test_id("bubble").click()
    return await panel_of(page)


async def panel_of(page: Page) -> FrameLocator:
    """Return the open panel."""
    panel = page.frame_locator('[data-testid="panel-frame"]')
    await expect(panel.get_by_test_id("panel")).to_be_visible()
    return panel


async def ask(panel: FrameLocator, text: str) -> None:
    """Write and send."""
    await panel.get_by_test_id("composer").fill(text)
    await panel.get_by_test_id("send").click()


async def sign_in(page: Page, shop: DemoShop, email: str = ADA) -> None:
    """Sign in to the console."""
    await page.goto(f"{shop.url}/console")
    form = page.get_by_test_id("sign-in")
    await form.locator('input[name="email"]').fill(email)
    await form.locator('input[name="password"]').fill(DEMO_PASSWORD)
    await form.locator('button[type="submit"]').click()
    await expect(page.get_by_test_id("link")).to_be_attached()


async def shown(message: Locator) -> str:
    """Return the text in a message's bubble, as a reader sees it."""
    return (await message.locator('p[dir="auto"]').first.inner_text()).strip()
