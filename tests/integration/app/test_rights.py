"""Who may do what: roles, and the wall between shops, walked over every operation there is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.api.operation import Operation
from app.api.routes import DEMO_OPERATIONS, OPERATIONS
from app.auth.roles import Permission, is_allowed
from app.channels.registry import BY_KIND
from app.domain.people import Role, Visitor
from app.services.accounts import AccountDesk
from app.services.ids import new_id
from tests.integration.app.rig import PASSWORD, Product
from tests.integration.app.vendors import MESSENGER

GUARDED = [operation for operation in OPERATIONS if operation.permission is not None]
OF_THE_SERVER = {"/api/models/evaluations/", "/api/models/promote/", "/api/models/rollback/"}  # not of a shop
IN_A_BROWSER = (
    "/api/channels/shopify/install/",
    "/api/channels/meta/connect/",
    "/api/channels/instagram/connect/",
)  # these take no token
OPEN = {
    "/api/recommendations/{id:uuid}/click/",  # the customer who was shown it
    "/go/{link}",  # its address is signed, and leads to a product of the shop alone
    "/api/attachments/{id:uuid}/file/",  # its address is signed
    "/api/attachments/visitor/",  # by the visitor's token
    "/api/auth/token/",
    "/api/auth/token/refresh/",
    "/api/auth/session/",
    "/api/storefront/shopify/",  # Shopify signs
    "/api/webhooks/{channel}/",  # the vendor signs
    "/healthz",
    "/readyz",
    "/metrics",
}


def named(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


async def the_ids(rig: Product) -> dict[str, str]:
    """Return ids of the other shop's records, by the operation that takes them."""
    visitor = Visitor(new_id(), rig.other.shop.id, "Theirs")
    conversation = await rig.parts.cases.ingest.open_conversation(visitor)
    await rig.ask(visitor, conversation, "a secret of the other shop")
    record = await rig.record(conversation)
    user = rig.other.staff[Role.AGENT].id
    file = await rig.web.context.attachments.upload(
        rig.other.staff[Role.AGENT],
        conversation,
        "secret.png",
        "image/png",
        b"\x89PNG\r\n\x1a\n a secret of the other shop",
    )
    theirs = await rig.core.staff_store.by_email(rig.other.email())
    assert theirs is not None
    await rig.core.staff.start_session(theirs.member, "192.0.2.9", "a secret of the other shop")
    (session,) = await rig.core.staff.sessions(theirs.member)
    account = await AccountDesk(rig.core.accounts, BY_KIND).add(rig.other.shop.id, "messenger", MESSENGER)
    return {
        "conversations": str(conversation),
        "customers": str(record.customer),
        "users": str(user),
        "channels": str(account),
        "merges": str(new_id()),
        "models": str(new_id()),
        "attachments": str(file.id),
        "auth": str(session.id),
    }


async def call(rig: Product, operation: Operation, role: Role, ids: dict[str, str]) -> Any:
    """Call an operation with the other shop's ids wherever it takes one."""
    path = operation.path.replace("{id:uuid}", ids[operation.path.split("/")[2]] if "{" in operation.path else "")
    query = {"conversation_id": ids["conversations"]} if "get_conversation_messages" in path else {}
    if path == "/api/attachments/":
        query = {"conversation": ids["conversations"]}
    if path == "/api/customers/":
        query = {"q": "cust"}
    bodies = {
        "/api/messages/process_message/": {"conversation_id": ids["conversations"], "text": "hello"},
        "/api/conversations/create_conversation/": {"customer": "cust_1"},
        "/api/users/": {"email": "new@mine.test", "name": "New"},
        "/api/users/{id:uuid}/": {"role": "viewer"},
        "/api/auth/password/": {"current": PASSWORD, "new": f"{PASSWORD} and more"},
        "/api/settings/": {},
        "/api/models/evaluations/": {"task": "intent", "version": "starter"},
        "/api/models/promote/": {"task": "intent", "version": "starter"},
        "/api/models/rollback/": {"task": "intent"},
        "/api/customers/{id:uuid}/merge/": {"into": str(new_id())},
        "/api/channels/accounts/": {
            "kind": "messenger",
            "fields": {**MESSENGER, "page_id": "3003", "api_base": "http://127.0.0.1:1"},
        },
        "/api/channels/accounts/{id:uuid}/": {"active": False},
        "/api/channels/accounts/{id:uuid}/rotate/": {"secret": "app_secret", "value": "x"},
        "/api/channels/accounts/{id:uuid}/sync/": {},
        "/api/conversations/{id:uuid}/send_template/": {"client_id": str(new_id()), "template": "HX1"},
        "/api/conversations/{id:uuid}/resend/": {"message": str(new_id()), "client_id": str(new_id())},
        "/api/conversations/{id:uuid}/correct_intent/": {"message": str(new_id()), "intent": "thanks"},
    }
    async with await rig.signed_in(role) as client:
        return await client.request(operation.method, path, params=query, json=bodies.get(operation.path))


def test_operations_without_a_permission_are_those_known_to_be_open() -> None:
    assert {operation.path for operation in OPERATIONS if operation.permission is None} == OPEN
    assert all(operation.path.startswith("/demo/") for operation in DEMO_OPERATIONS)


async def test_another_shops_records_do_not_exist(rig: Product) -> None:
    ids = await the_ids(rig)
    for operation in GUARDED:
        answer = await call(rig, operation, Role.OWNER, ids)
        assert "secret of the other" not in answer.text
        if operation.path.startswith(IN_A_BROWSER):
            assert answer.status_code == 422, named(operation)
            continue
        if operation.method == "POST" and operation.path in OF_THE_SERVER:
            assert (answer.status_code, answer.json()["code"]) == (409, "shared_models"), named(operation)
            continue
        if (
            "{" in operation.path
            or "conversation" in answer.request.url.query.decode()
            or "process_message" in operation.path
        ):
            assert answer.status_code == 404, named(operation)
            assert answer.headers["content-type"] == "application/problem+json"
        else:
            assert answer.status_code in (200, 201, 204), (named(operation), answer.text)
            assert ids["conversations"] not in answer.text
            assert ids["customers"] not in answer.text
    assert (await rig.record(UUID(ids["conversations"]))).control.epoch == 1


async def test_nothing_is_told_without_signing_in(rig: Product) -> None:
    ids = await the_ids(rig)
    async with rig.client() as client:
        for operation in GUARDED:
            path = operation.path.replace("{id:uuid}", ids["conversations"])
            answer = await client.request(operation.method, path)
            assert answer.status_code == 401, named(operation)


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_may_do_what_its_permissions_say(rig: Product, role: Role) -> None:
    ids = await the_ids(rig)
    for operation in GUARDED:
        assert operation.permission is not None
        answer = await call(rig, operation, role, ids)
        assert (answer.status_code == 403) is not is_allowed(role, operation.permission), named(operation)


def test_a_viewer_changes_nothing_and_an_unknown_role_may_nothing() -> None:
    assert {one for one in Permission if is_allowed(Role.VIEWER, one)} == {
        Permission.READ_CONVERSATIONS,
        Permission.READ_ANALYTICS,
        Permission.READ_CUSTOMERS,
    }
    assert not any(is_allowed(role, one) for role in ("root", "", None) for one in Permission)
