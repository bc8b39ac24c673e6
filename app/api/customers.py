"""Customers, as staff see them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.services.customers import CustomerCard, FoundCustomer


class CustomerQuery(Struct, frozen=True):
    """What is looked for."""

    q: Annotated[str, Meta(min_length=2, max_length=200)]


class FoundCustomers(Struct, frozen=True):
    """The newest first."""

    customers: list[FoundCustomer]


async def read_customer(call: Call) -> CustomerCard:
    """Return a customer with orders, conversations and recommendations."""
    card = await call.context.customers.card(call.staff.shop, call.request.path_params["id"])
    if card is None:
        raise Problem(404, "not_found", "there is no such customer")
    return card


async def find_customers(call: Call) -> FoundCustomers:
    """Find customers by a part of their name, e-mail address, number or id; at most 20, also who never wrote."""
    query: CustomerQuery = call.query
    return FoundCustomers(list(await call.context.customers.find(call.staff.shop, query.q.strip())))


OPERATIONS = (
    Operation("GET", "/api/customers/", find_customers, "Find customers", "customers", Permission.READ_CUSTOMERS,
              query=CustomerQuery, response=FoundCustomers),
    Operation("GET", "/api/customers/{id:uuid}/", read_customer, "A customer with orders and conversations",
              "customers", Permission.READ_CUSTOMERS, response=CustomerCard),
)  # fmt: skip
