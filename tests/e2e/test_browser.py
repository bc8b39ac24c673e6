"""The product as people meet it: the demo shop's page with the widget, and the console, in real Chromium."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, FrameLocator, Locator, Page, expect

from tests.e2e.demo_shop import ADA, LONG_QUESTION, ORDER_QUESTION, OWNER, DemoShop
from tests.e2e.pages import BOT, OWN, ask, open_widget, shown, sign_in
from tests.fixtures.browser import new_page

SILENCE_S = 2.5
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)

pytestmark = pytest.mark.timeout(180)


async def _grows(message: Locator) -> int:
    """Return how many different lengths a text had while it was being written."""
    lengths = set()
    while await message.get_attribute("data-state") == "live":
        lengths.add(len(await shown(message)))
        await asyncio.sleep(0.05)
    return len(lengths)


async def _both_hold(panel: FrameLocator, console: Page, nth: int) -> str:
    """Wait until widget and console show the same cut text, marked as such; return it."""
    sides = (panel.locator(BOT).nth(nth), console.locator(BOT).nth(nth))
    for side in sides:
        await expect(side).to_have_attribute("data-state", "cut")
        await expect(side).to_contain_text("stopped here")
    kept = await shown(sides[0])
    assert kept
    assert kept == await shown(sides[1])
    return kept


async def test_an_answer_is_watched_taken_over_and_handed_back(
    slow_shop: DemoShop, browser: Browser, tmp_path: Path
) -> None:
    async with new_page(browser, tmp_path) as visitor, new_page(browser, tmp_path, width=1440) as agent:
        await visitor.page.goto(slow_shop.url)
        await visitor.page.get_by_test_id("be-ana").click()
        panel = await open_widget(visitor.page)
        await _is_told_of_the_order(slow_shop, panel)
        await visitor.page.screenshot(path=tmp_path / "1-answered.png")

        await sign_in(agent.page, slow_shop)
        agent.problems.clear()  # asking who is signed in, before anybody was, is answered with 401
        await agent.page.get_by_test_id("queue-bot").click()
        await agent.page.get_by_test_id("conversation-row").filter(has_text="Ana Demo").click()
        await ask(panel, LONG_QUESTION)
        watched = agent.page.locator(BOT).nth(1)
        await expect(watched).to_have_attribute("data-state", "live")
        await expect(watched).to_contain_text(re.compile(r"\w{3}"))
        await agent.page.screenshot(path=tmp_path / "2-watched.png")
        await agent.page.keyboard.press("t")
        kept = await _both_hold(panel, agent.page, 1)
        await asyncio.sleep(SILENCE_S)
        assert await _both_hold(panel, agent.page, 1) == kept
        assert await panel.locator(BOT).count() == await agent.page.locator(BOT).count() == 2
        await expect(agent.page.get_by_text("is typing")).to_have_count(0)
        await agent.page.screenshot(path=tmp_path / "3-taken-over.png")

        await agent.page.get_by_test_id("composer").fill("Ada here, I will look after you.")
        await agent.page.get_by_test_id("send").click()
        said = panel.locator('[data-testid="message"][data-sender="agent"]')
        await expect(said).to_contain_text("Ada here, I will look after you.")
        await visitor.page.screenshot(path=tmp_path / "4-agent-in-widget.png")

        await agent.page.get_by_test_id("hand-back").click()
        await expect(agent.page.get_by_test_id("take-over")).to_be_visible()
        await ask(panel, "Hello")
        await expect(panel.locator(BOT).nth(2)).to_have_attribute("data-state", "done")
        assert await _both_hold(panel, agent.page, 1) == kept
        await agent.page.screenshot(path=tmp_path / "5-handed-back.png")
        visitor.check()
        agent.check()


async def _is_told_of_the_order(shop: DemoShop, panel: FrameLocator) -> None:
    """Ask for the known order: the answer grows before the eyes, and names carrier and tracking number."""
    order = await shop.order("#1042")
    await ask(panel, ORDER_QUESTION)
    answer = panel.locator(BOT)
    await expect(answer).to_have_attribute("data-state", "live")
    assert await _grows(answer) >= 5
    await expect(answer).to_contain_text(order["tracking"])
    await expect(answer).to_contain_text(order["carrier"])


async def test_a_reload_in_mid_answer_goes_on_where_it_was(
    slow_shop: DemoShop, browser: Browser, tmp_path: Path
) -> None:
    async with new_page(browser, tmp_path) as visitor:
        await visitor.page.goto(slow_shop.url)
        panel = await open_widget(visitor.page)
        await ask(panel, LONG_QUESTION)
        answer = panel.locator(BOT)
        await expect(answer).to_contain_text(re.compile(r"\w+ \w+ \w+"))
        before = await shown(answer)
        await visitor.page.reload()
        await expect(answer).to_have_attribute("data-state", "live")
        assert (await shown(answer)).startswith(before)
        await visitor.page.screenshot(path=tmp_path / "reloaded.png")
        await expect(answer).to_have_attribute("data-state", "done")
        async with await slow_shop.guest() as undisturbed:
            whole = (await undisturbed.ask(await undisturbed.open(), LONG_QUESTION))["text"]
        assert await shown(answer) == whole
        assert await panel.get_by_test_id("message").count() == 2
        visitor.check()


async def test_the_visitor_stops_an_answer(slow_shop: DemoShop, browser: Browser, tmp_path: Path) -> None:
    async with new_page(browser, tmp_path) as visitor:
        await visitor.page.goto(slow_shop.url)
        panel = await open_widget(visitor.page)
        await ask(panel, LONG_QUESTION)
        answer = panel.locator(BOT)
        await expect(answer).to_contain_text(re.compile(r"\w+ \w+"))
        await panel.get_by_test_id("stop").click()
        await expect(answer).to_have_attribute("data-state", "cut")
        kept = await shown(answer)
        await asyncio.sleep(1)
        assert await shown(answer) == kept
        visitor.check()


async def test_rules_are_changed_and_taken_back_on_a_phone(
    slow_shop: DemoShop, browser: Browser, tmp_path: Path
) -> None:
    async with new_page(browser, tmp_path, width=390, height=844) as owner:
        page = owner.page
        await sign_in(page, slow_shop, OWNER)
        owner.problems.clear()
        await page.get_by_test_id("menu").click()
        await page.get_by_role("dialog").get_by_test_id("settings").click()
        await page.get_by_test_id("settings-rules").click()
        stars = page.get_by_role("switch", name="Ask how it was")
        await expect(stars).to_be_checked()
        await stars.click()
        await page.get_by_test_id("save").click()
        await expect(page.get_by_test_id("save-bar")).to_have_count(0)
        token = await slow_shop.token(OWNER)
        assert (await slow_shop.get("/api/settings/", token))["ask_csat"] is False
        await page.get_by_test_id("undo").click()
        await expect(stars).to_be_checked()
        assert (await slow_shop.get("/api/settings/", token))["ask_csat"] is True
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        for section in ("channels", "team", "models", "privacy", "account"):
            await page.get_by_test_id(f"settings-{section}").click()
            await expect(page.locator("h1")).to_be_visible()
            assert await page.evaluate(overflow) == 0, f"{section} is wider than the phone"
        owner.check()


async def test_a_customer_is_played_beside_the_console(slow_shop: DemoShop, browser: Browser, tmp_path: Path) -> None:
    async with new_page(browser, tmp_path, width=1440) as owner:
        page = owner.page
        await sign_in(page, slow_shop, OWNER)
        owner.problems.clear()
        await page.get_by_test_id("simulator").click()
        await page.get_by_test_id("play-whatsapp").click()
        await page.get_by_test_id("phone-field").fill("I want to talk to a person")
        await page.get_by_test_id("phone-send").click()
        await page.get_by_test_id("take-over").click()
        await page.get_by_test_id("composer").fill("Olga here, what can I do for you?")
        await page.get_by_test_id("send").click()
        heard = page.locator('[data-testid="phone-line"][data-by="shop"]').filter(has_text="Olga here")
        await expect(heard).to_be_visible()
        sent = page.locator('[data-testid="message"][data-sender="agent"]')
        await expect(sent.get_by_test_id("delivery")).to_have_attribute("data-status", "read")
        await page.get_by_test_id("settings").click()
        account = page.locator('[data-testid="account"][data-kind="whatsapp"]')
        await expect(account).to_contain_text("accepted")
        owner.check()


async def _conversation_with(shop: DemoShop, text: str) -> str:
    """Return the conversation with this message, once it is stored: the page shows one before that."""
    token = await shop.token(ADA)
    async with asyncio.timeout(30):
        while True:
            for one in (await shop.get("/api/conversations/list/", token))["conversations"]:
                if text in [message["text"] for message in (await shop.stored(one["id"])).values()]:
                    return str(one["id"])
            await asyncio.sleep(0.2)


async def test_a_picture_and_a_pdf_go_from_the_widget_to_the_console(
    slow_shop: DemoShop, browser: Browser, tmp_path: Path
) -> None:
    async with new_page(browser, tmp_path) as visitor, new_page(browser, tmp_path, width=1440) as agent:
        await visitor.page.goto(slow_shop.url)
        panel = await open_widget(visitor.page)
        files = [("shoe.png", "image/png", PNG), ("bill.pdf", "application/pdf", b"%PDF-1.7 a bill")]
        chosen = [FilePayload(name=name, mimeType=kind, buffer=content) for name, kind, content in files]
        await panel.get_by_test_id("files").set_input_files(chosen)
        await expect(panel.locator('[data-testid="uploads"] [data-state="done"]')).to_have_count(2)
        await panel.get_by_role("button", name="Remove bill.pdf").press("Enter")
        await panel.get_by_test_id("files").set_input_files(chosen[1:])
        await expect(panel.locator('[data-testid="uploads"] [data-state="done"]')).to_have_count(2)
        await ask(panel, "The sole came off")
        await expect(panel.locator(OWN).get_by_role("img", name="shoe.png")).to_be_attached()
        await sign_in(agent.page, slow_shop)
        agent.problems.clear()
        await agent.page.get_by_test_id("queue-all").click()
        conversation = await _conversation_with(slow_shop, "The sole came off")
        await agent.page.locator(f'[data-testid="conversation-row"][data-conversation="{conversation}"]').click()
        sent = agent.page.locator(OWN).filter(has_text="The sole came off")
        await expect(sent.get_by_role("button", name="Open shoe.png")).to_be_visible()
        async with agent.page.expect_download() as download:
            await sent.get_by_role("link", name="bill.pdf").click()
        kept = await (await download.value).path()
        assert kept.read_bytes() == b"%PDF-1.7 a bill"
        agent.problems.clear()  # the picture of this test is none that can be drawn
        visitor.problems.clear()
