"""Customers blocked, and let in again."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from app.api.operation import Call, Operation
from app.auth.roles import Permission


class Block(Struct, frozen=True):
    """Whether the shop takes messages of a customer."""

    customer: UUID
    blocked: bool


async def block_customer(call: Call) -> Block:
    """Take nothing more from a customer: their connections close, their messages are refused."""
    customer: UUID = call.request.path_params["id"]
    await call.context.cases.blocking.block(call.staff, customer)
    await call.context.audit.note(call.staff, "customer.blocked", "customer", customer, {})
    return Block(customer, True)


async def unblock_customer(call: Call) -> Block:
    """Take messages of a customer again."""
    customer: UUID = call.request.path_params["id"]
    await call.context.cases.blocking.unblock(call.staff, customer)
    await call.context.audit.note(call.staff, "customer.unblocked", "customer", customer, {})
    return Block(customer, False)


OPERATIONS = (
    Operation("POST", "/api/customers/{id:uuid}/block/", block_customer, "Take nothing more from a customer",
              "customers", Permission.WRITE_CONVERSATIONS, response=Block, errors=(404,)),
    Operation("POST", "/api/customers/{id:uuid}/unblock/", unblock_customer, "Take messages of a customer again",
              "customers", Permission.WRITE_CONVERSATIONS, response=Block, errors=(404,)),
)  # fmt: skip
