"""The staff of a shop: who there is, and who may sign in."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.domain.message import check_text
from app.domain.people import Role
from app.domain.staff import StaffRecord

TAG = "users"
NAME_CHARS = 255
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


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


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """A colleague to be."""

    email: Annotated[str, Meta(max_length=NAME_CHARS)]
    name: str
    role: Role = Role.AGENT


class UserChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The role to come."""

    role: Role


class NewPassword(Struct, frozen=True):
    """A colleague, and the password to be passed on; it cannot be read again."""

    user: StaffUser
    password: str


async def list_users(call: Call) -> StaffUsers:
    """Return the staff of the shop."""
    return StaffUsers([_user(record) for record in await call.context.staff.colleagues(call.staff)])


async def deactivate_user(call: Call) -> StaffUser:
    """Put a colleague out: no sign-in any more, and all live connections close at once."""
    return await _set_active(call, False)


async def activate_user(call: Call) -> StaffUser:
    """Let a colleague sign in again."""
    return await _set_active(call, True)


async def invite_user(call: Call) -> NewPassword:
    """Add a colleague; the answer holds the password to be passed on, this once."""
    body: NewUser = call.body
    email, name = body.email.strip().lower(), body.name.strip()
    check_text(name, NAME_CHARS)
    if not (_ADDRESS.fullmatch(email) and email.isprintable()):
        raise Problem(422, "bad_request", "email: this is no e-mail address")
    added = await call.context.staff.invite(call.staff, email, name, body.role)
    if added is None:
        raise Problem(409, "conflict", "somebody has this e-mail address already")
    record, password = added
    await call.context.audit.note(call.staff, "user.invited", "user", record.member.id, {"role": body.role.value})
    return NewPassword(_user(record), password)


async def change_user(call: Call) -> StaffUser:
    """Give a colleague another role; they are signed out everywhere."""
    user, body = _somebody_else(call, "nobody can change their own role: ask another owner"), call.body
    record = await call.context.staff.set_role(call.staff, user, body.role)
    if record is None:
        raise _nobody()
    await call.context.audit.note(call.staff, "user.role_changed", "user", user, {"role": body.role.value})
    return _user(record)


async def reset_user_password(call: Call) -> NewPassword:
    """Give a colleague a new password, which the answer holds this once; they are signed out everywhere."""
    user = _somebody_else(call, "change your own password at /api/auth/password/")
    password = await call.context.staff.reset_password(call.staff, user)
    if password is None:
        raise _nobody()
    await call.context.audit.note(call.staff, "user.password_reset", "user", user, {})
    records = {record.member.id: record for record in await call.context.staff.colleagues(call.staff)}
    return NewPassword(_user(records[user]), password)


def _somebody_else(call: Call, refusal: str) -> UUID:
    user: UUID = call.request.path_params["id"]
    if user == call.staff.id:
        raise Problem(409, "conflict", refusal)
    return user


def _nobody() -> Problem:
    return Problem(404, "not_found", "there is no such user")


async def _set_active(call: Call, active: bool) -> StaffUser:
    user = _somebody_else(call, "nobody can put themselves out: ask another owner")
    record = await call.context.staff.set_active(call.staff, user, active)
    if record is None:
        raise _nobody()
    return _user(record)


def _user(record: StaffRecord) -> StaffUser:
    member = record.member
    return StaffUser(id=member.id, name=member.name, email=member.email, role=member.role, active=record.active)


OPERATIONS = (
    Operation("GET", "/api/users/", list_users, "The staff", TAG, Permission.MANAGE_USERS, response=StaffUsers),
    Operation("POST", "/api/users/", invite_user, "Add a colleague", TAG, Permission.MANAGE_USERS, NewUser,
              response=NewPassword, status=201, errors=(409,)),
    Operation("PATCH", "/api/users/{id:uuid}/", change_user, "Change a colleague's role", TAG,
              Permission.MANAGE_USERS, UserChange, response=StaffUser, errors=(404, 409)),
    Operation("POST", "/api/users/{id:uuid}/reset_password/", reset_user_password, "Reset a colleague's password",
              TAG, Permission.MANAGE_USERS, response=NewPassword, errors=(404, 409)),
    Operation("POST", "/api/users/{id:uuid}/deactivate/", deactivate_user, "Put a colleague out", TAG,
              Permission.MANAGE_USERS, response=StaffUser, errors=(404, 409)),
    Operation("POST", "/api/users/{id:uuid}/activate/", activate_user, "Let a colleague in again", TAG,
              Permission.MANAGE_USERS, response=StaffUser, errors=(404, 409)),
)  # fmt: skip
