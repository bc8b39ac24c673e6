"""The staff of a shop: who there is, and who may sign in."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.domain.staff import StaffRecord

TAG = "users"


class StaffUser(Struct, frozen=True):
    """A member of staff; one who is not active cannot sign in."""

    id: UUID
    name: str
    email: str
    role: str
    active: bool


class StaffUsers(Struct, frozen=True):
    """The staff of a shop, by name."""

    users: list[StaffUser]


async def list_users(call: Call) -> StaffUsers:
    """Return the staff of the shop."""
    return StaffUsers([_user(record) for record in await call.context.staff.colleagues(call.staff)])


async def deactivate_user(call: Call) -> StaffUser:
    """Put a colleague out: no sign-in any more, and all live connections close at once."""
    return await _set_active(call, False)


async def activate_user(call: Call) -> StaffUser:
    """Let a colleague sign in again."""
    return await _set_active(call, True)


async def _set_active(call: Call, active: bool) -> StaffUser:
    user: UUID = call.request.path_params["id"]
    if user == call.staff.id:
        raise Problem(409, "conflict", "nobody can put themselves out: ask another owner")
    record = await call.context.staff.set_active(call.staff, user, active)
    if record is None:
        raise Problem(404, "not_found", "there is no such user")
    return _user(record)


def _user(record: StaffRecord) -> StaffUser:
    member = record.member
    return StaffUser(id=member.id, name=member.name, email=member.email, role=member.role, active=record.active)


OPERATIONS = (
    Operation("GET", "/api/users/", list_users, "The staff", TAG, Permission.MANAGE_USERS, response=StaffUsers),
    Operation("POST", "/api/users/{id:uuid}/deactivate/", deactivate_user, "Put a colleague out", TAG,
              Permission.MANAGE_USERS, response=StaffUser, errors=(404, 409)),
    Operation("POST", "/api/users/{id:uuid}/activate/", activate_user, "Let a colleague in again", TAG,
              Permission.MANAGE_USERS, response=StaffUser, errors=(404, 409)),
)  # fmt: skip
