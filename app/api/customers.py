"""Customers, as staff see them."""

from __future__ import annotations

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.services.customers import CustomerCard


async def read_customer(call: Call) -> CustomerCard:
    """Return a customer with orders, conversations and recommendations."""
    card = await call.context.customers.card(call.staff.shop, call.request.path_params["id"])
    if card is None:
        raise Problem(404, "not_found", "there is no such customer")
    return card


OPERATIONS = (
    Operation("GET", "/api/customers/{id:uuid}/", read_customer, "A customer with orders and conversations",
              "customers", Permission.READ_CUSTOMERS, response=CustomerCard),
)  # fmt: skip
