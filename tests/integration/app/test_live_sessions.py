"""Who may connect, and what each command may touch: the product's side of the live sessions."""

from __future__ import annotations

import time
from typing import Any, get_args
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import update

from app.auth.identity import identity_hash
from app.auth.tokens import TokenKind, Tokens
from app.db import models
from app.domain.people import Role
from app.live.visitors import PROOF_S
from realtime.ports import Authenticated, CommandError, Peer, Principal, Sessions
from realtime.protocol import commands as wire
from tests.integration.app.rig import PASSWORD, Product

OWN = "http://127.0.0.1:8000"
SHOP_PAGE = "https://shop.example"


def sessions(rig: Product) -> Sessions:
    return rig.web.context.hub.sessions


def peer(origin: str | None = None, *, address: str = "192.0.2.1", **cookies: str) -> Peer:
    return Peer(address=address, origin=origin, host="127.0.0.1:8000", cookies=cookies)


async def connect(rig: Product, origin: str | None = None, **hello: Any) -> Authenticated:
    """Say hello as a visitor; `identity` is (id, hash, name?, email?)."""
    given = hello.pop("identity", None)
    identity = None if given is None else msgspec.convert(given, wire.Identity)
    values = {"id": "1", "widget_key": "wk_mine", **hello}
    return await sessions(rig).authenticate_visitor(wire.VisitorHello(identity=identity, **values), peer(origin))


def signed(rig: Product, customer: str, **hints: str) -> dict[str, str]:
    return {"id": customer, "hash": identity_hash(rig.mine.shop.widget_secret, customer), **hints}


async def principal(rig: Product, role: Role) -> Principal:
    token = (await rig.bearer(role))["Authorization"].removeprefix("Bearer ")
    return (await sessions(rig).authenticate_user(wire.AgentHello(id="1", token=token), peer())).principal


async def refused(rig: Product, origin: str | None = None, **hello: Any) -> str:
    with pytest.raises(CommandError) as refusal:
        await connect(rig, origin, **hello)
    assert refusal.value.code == "unauthorized"
    return refusal.value.message


async def test_a_visitor_keeps_its_token(rig: Product) -> None:
    first = await connect(rig)
    again = await connect(rig, token=first.token)
    assert again.principal == first.principal
    assert again.token == first.token
    assert not first.principal.verified
    assert (await connect(rig)).principal.id != first.principal.id


async def test_the_origin_must_be_the_shops_or_ours(rig: Product) -> None:
    async with rig.core.database.write_session() as session:
        await session.execute(update(models.Shop).where(models.Shop.id == rig.mine.shop.id).values(origins=[SHOP_PAGE]))
        await session.commit()
    for origin in (None, OWN, SHOP_PAGE):
        await connect(rig, origin)
    for origin in ("https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null", ""):
        assert "origin" in await refused(rig, origin)
    assert "origin" in await refused(rig, SHOP_PAGE, widget_key="wk_other")


async def test_keys_hashes_and_tokens_must_be_right(rig: Product) -> None:
    theirs = identity_hash(rig.other.shop.widget_secret, "cust_1")
    other = await connect(rig, widget_key="wk_other")
    staff = (await rig.bearer())["Authorization"].removeprefix("Bearer ")
    assert "widget key" in await refused(rig, widget_key="wk_nobody")
    assert "hash" in await refused(rig, identity={"id": "cust_1", "hash": theirs})
    assert "hash" in await refused(rig, identity={"id": "cust_2", "hash": signed(rig, "cust_1")["hash"]})
    assert "hash" in await refused(rig, identity={"id": "cust_1", "hash": ""})
    assert "another shop" in await refused(rig, token=other.token)
    assert "token" in await refused(rig, token="nonsense")
    assert "expected a token for visitor" in await refused(rig, token=staff)


async def test_a_signed_identity_is_the_same_visitor_everywhere(rig: Product) -> None:
    phone = await connect(rig, identity=signed(rig, "cust_1", name="Ana", email="ana@shop.test"))
    laptop = await connect(rig, identity=signed(rig, "cust_1", name="Mallory", email="mallory@evil.test"))
    assert phone.principal.verified
    assert laptop.principal.id == phone.principal.id
    (customer,) = await rig.rows(models.Customer)
    assert (customer.name, customer.email) == ("Ana", "ana@shop.test")  # hints never change a known customer


async def test_who_was_signed_in_is_forgotten_with_the_signature(rig: Product) -> None:
    ana = await connect(rig, identity=signed(rig, "cust_1"))
    guest = await connect(rig, token=ana.token)
    unsigned = await connect(rig, token=ana.token, identity={"id": "cust_1", "hash": None})
    ben = await connect(rig, token=ana.token, identity=signed(rig, "cust_2"))
    people = {one.principal.id for one in (ana, guest, unsigned, ben)}
    assert len(people) == 4
    assert [one.principal.verified for one in (ana, guest, unsigned, ben)] == [True, False, False, True]


async def test_a_customers_token_that_was_found_in_a_browser_opens_no_stream(rig: Product) -> None:
    ana = await connect(rig, identity=signed(rig, "cust_1"))
    assert ana.token is not None
    settings = rig.web.context.settings
    earlier = Tokens(settings.resolved_secret_key(), now=lambda: time.time() - PROOF_S - 1)
    shop = rig.mine.shop.id
    old = earlier.issue(TokenKind.VISITOR, ana.principal.id, shop, ttl_s=86_400, identity="cust_1")
    guests = earlier.issue(TokenKind.VISITOR, uuid4(), shop, ttl_s=86_400)
    assert (await sessions(rig).open_stream(ana.token, peer())).principal.verified
    assert not (await sessions(rig).open_stream(guests, peer())).principal.verified
    with pytest.raises(CommandError, match="say hello first"):
        await sessions(rig).open_stream(old, peer())
    again = await connect(rig, token=old, identity=signed(rig, "cust_1"))
    assert again.token is not None
    assert (await sessions(rig).open_stream(again.token, peer())).principal.id == ana.principal.id


async def test_a_visitor_who_signs_in_leaves_the_guests_conversation_behind(rig: Product) -> None:
    guest = await connect(rig)
    opened = await sessions(rig).execute(guest.principal, uuid4(), wire.ConversationOpen(id="1"))
    ana = await connect(rig, token=guest.token, identity=signed(rig, "cust_1"))
    with pytest.raises(CommandError, match="no such conversation"):
        await sessions(rig).check_watch(ana.principal, opened["conversation"])


async def test_a_token_is_refreshed_by_its_own_visitor_alone(rig: Product) -> None:
    first, second = await connect(rig), await connect(rig)
    assert first.token is not None
    assert second.token is not None
    assert (await sessions(rig).refresh(first.principal, first.token)).token == first.token
    with pytest.raises(CommandError, match="another visitor"):
        await sessions(rig).refresh(first.principal, second.token)


async def test_staff_connect_with_token_or_cookie_from_our_own_pages(rig: Product) -> None:
    token = (await rig.bearer())["Authorization"].removeprefix("Bearer ")
    member = await rig.core.staff.check_password(rig.mine.email(), PASSWORD)
    cookie = (await rig.core.staff.start_session(member, None)).cookie
    ours = sessions(rig)
    by_token = await ours.authenticate_user(wire.AgentHello(id="1", token=token), peer(OWN))
    by_cookie = await ours.authenticate_user(wire.AgentHello(id="1"), peer(OWN, assistify_session=cookie))
    assert by_token.principal.id == by_cookie.principal.id == member.id
    assert by_token.expires_at is not None
    visitor = await connect(rig)
    for hello, where in (
        (wire.AgentHello(id="1"), peer(OWN)),
        (wire.AgentHello(id="1", token="nonsense"), peer(OWN, assistify_session=cookie)),
        (wire.AgentHello(id="1", token=visitor.token), peer(OWN)),
        (wire.AgentHello(id="1"), peer("https://evil.example", assistify_session=cookie)),
        (wire.AgentHello(id="1", token=token), peer("null")),
    ):
        with pytest.raises(CommandError) as refusal:
            await ours.authenticate_user(hello, where)
        assert refusal.value.code == "unauthorized"
    other = (await rig.bearer(Role.OWNER))["Authorization"].removeprefix("Bearer ")
    with pytest.raises(CommandError, match="another user"):
        await ours.refresh(by_token.principal, other)


def every_command(conversation: UUID) -> list[wire.Command]:
    """Return one of each command that names a conversation."""
    values: dict[str, Any] = {
        "conversation": str(conversation),
        "client_id": str(uuid4()),
        "message": str(uuid4()),
        "text": "hello",
        "seq": 0,
        "value": "up",
        "to": "bot",
        "user": None,
        "score": 5,
        "on": True,
        "state": "away",
        "labels": ["vip"],
    }
    made = []
    for kind in get_args(wire.Command):
        names = {field.encode_name for field in msgspec.structs.fields(kind)}
        if "conversation" in names:
            made.append(
                msgspec.convert(
                    {
                        "id": "1",
                        "type": kind.__struct_config__.tag,
                        **{name: value for name, value in values.items() if name in names},
                    },
                    kind,
                )
            )
    return made


# Carried out by the session itself.
BY_HUB = (wire.ConversationWatch, wire.ConversationUnwatch, wire.Typing, wire.PresenceSet)


async def events_of(rig: Product, conversation: UUID) -> int:
    return len(await rig.rows(models.Event, conversation_id=conversation))


async def test_no_command_reaches_another_shop(rig: Product) -> None:
    _, theirs = await rig.open(rig.other)
    owner, visitor = await principal(rig, Role.OWNER), (await connect(rig)).principal
    for who, forbidden in ((owner, wire.VISITOR_ONLY), (visitor, wire.STAFF_ONLY)):
        for command in every_command(theirs):
            if isinstance(command, (*forbidden, *BY_HUB)):
                continue
            with pytest.raises(CommandError) as refusal:
                await sessions(rig).execute(who, uuid4(), command)
            assert refusal.value.code == "not_found", command
        with pytest.raises(CommandError, match="no such conversation"):
            await sessions(rig).check_watch(who, theirs)
    assert await events_of(rig, theirs) == 0
    assert list(await sessions(rig).inbox(owner, "all")) == []


async def test_no_command_reaches_another_visitors_conversation(rig: Product) -> None:
    _, theirs = await rig.open()
    me = (await connect(rig)).principal
    for command in every_command(theirs):
        if isinstance(command, (*wire.STAFF_ONLY, *BY_HUB)):
            continue
        with pytest.raises(CommandError) as refusal:
            await sessions(rig).execute(me, uuid4(), command)
        assert refusal.value.code == "not_found", command
    assert await events_of(rig, theirs) == 0


async def test_a_viewer_changes_nothing(rig: Product) -> None:
    _, conversation = await rig.open()
    viewer = await principal(rig, Role.VIEWER)
    await sessions(rig).check_watch(viewer, conversation)
    for command in every_command(conversation):
        if isinstance(command, (*wire.VISITOR_ONLY, *BY_HUB, wire.Read)):
            continue
        with pytest.raises(CommandError) as refusal:
            await sessions(rig).execute(viewer, uuid4(), command)
        assert refusal.value.code == "forbidden", command
    read = wire.Read(id="1", conversation=conversation, seq=0)
    assert await sessions(rig).execute(viewer, uuid4(), read) == {}
    assert await events_of(rig, conversation) == 0


async def test_visitors_do_not_act_as_staff(rig: Product) -> None:
    _, conversation = await rig.open()
    me = (await connect(rig)).principal
    for command in every_command(conversation):
        if isinstance(command, wire.STAFF_ONLY):
            with pytest.raises(CommandError):
                await sessions(rig).execute(me, uuid4(), command)
    with pytest.raises(CommandError) as refusal:
        await sessions(rig).inbox(me, "all")
    assert refusal.value.code == "forbidden"


async def test_attachments_that_do_not_exist_are_not_sent(rig: Product) -> None:
    me = (await connect(rig)).principal
    opened = await sessions(rig).execute(me, uuid4(), wire.ConversationOpen(id="1"))
    send = wire.MessageSend(
        id="2", conversation=opened["conversation"], client_id=uuid4(), text="see", attachments=[uuid4()]
    )
    with pytest.raises(CommandError, match="no such attachment"):
        await sessions(rig).execute(me, uuid4(), send)


async def test_what_hello_says_of_page_and_language_is_known_of_the_conversation_that_follows(rig: Product) -> None:
    page = wire.Page(url="https://shop.example/jacket", title="Jacket", product_id="p1")
    other = wire.Page(url="https://shop.example/", title="All")
    for identity in (None, signed(rig, "cust_7")):
        me = (await connect(rig, page=page, locale="pt-BR", identity=identity)).principal
        opened = await sessions(rig).execute(me, uuid4(), wire.ConversationOpen(id="1"))
        assert (await rig.record(opened["conversation"])).page == msgspec.to_builtins(page)
    assert {row.locale for row in await rig.rows(models.Customer)} == {"pt-BR"}
    me = (await connect(rig, page=page)).principal
    opened = await sessions(rig).execute(me, uuid4(), wire.ConversationOpen(id="1", page=other))
    record = await rig.record(opened["conversation"])
    assert record.page is not None
    assert record.page["title"] == "All"


async def test_a_page_with_odd_texts_does_not_cost_the_conversation(rig: Product) -> None:
    me = (await connect(rig)).principal
    page = wire.Page(url="https://shop.example/\0", title="a\0b", product_id="p1")
    opened = await sessions(rig).execute(me, uuid4(), wire.ConversationOpen(id="1", page=page))
    record = await rig.record(opened["conversation"])
    assert record.page == {"product_id": "p1"}
