"""Changes of control, as steps within a change: the same wherever they come from."""

from __future__ import annotations

from app.domain.conversation import Control, HeldError, Status
from app.domain.job import Lane, NewJob
from app.domain.people import Staff
from app.services.change import Change
from app.services.notifying import settle_handoff, tell_team
from realtime.ports import CommandError
from realtime.protocol import events, shapes

HANDOFF_TIMEOUT_KIND = "handoff_timeout"


def ref_of(staff: Staff) -> shapes.UserRef:
    """Return a member of staff as others see them."""
    return shapes.UserRef(id=staff.id, name=staff.name)


async def take(change: Change, staff: Staff) -> None:
    """Give control to `staff`; nothing when they have it.

    Raises: CommandError `closed`, or `conflict` with the holder.
    """
    try:
        control = change.conversation.control.take(staff.id)
    except HeldError as error:
        raise await held_by_other(change, error) from None
    if control is change.conversation.control:
        return
    await change.change_control(control, ref_of(staff))
    await assign(change, ref_of(staff))
    await settle_handoff(change)


async def held_by_other(change: Change, error: HeldError) -> CommandError:
    """Return the refusal that names who has control."""
    holder = await change.tx.people.user(error.holder, change.conversation.shop)
    name = holder.name if holder is not None else ""
    fields = {"holder": {"id": str(error.holder), "name": name}}
    return CommandError("conflict", f"{name or 'another agent'} has control", fields=fields)


async def assign(change: Change, user: shapes.UserRef | None) -> None:
    """Say whose conversation it is; nothing when it is theirs."""
    assignee = None if user is None else user.id
    if change.conversation.assignee != assignee:
        change.conversation.assignee = assignee
        await change.append(events.ConversationAssigned, user=user)


async def queue(
    change: Change, control: Control, reason: str, *, covers: bool = False, by: Staff | None = None
) -> None:
    """Move to the queue, where somebody must take it in time: all who may are told, but not who did it."""
    await change.change_control(control, covers=covers)
    change.conversation.handoff_reason = reason
    await assign(change, None)
    rules = await change.rules()
    await change.add_job(
        NewJob(
            lane=Lane.SYNC,
            kind=HANDOFF_TIMEOUT_KIND,
            cause=f"{change.conversation.id}:{control.epoch}",
            shop=change.conversation.shop,
            conversation=change.conversation.id,
            epoch=control.epoch,
            delay_s=rules.handoff_timeout_s,
        )
    )
    await tell_team(change, "handoff", f"{change.conversation.id}:{control.epoch}", by=by)


async def to_bot(change: Change, control: Control) -> None:
    """Give control to the bot."""
    await change.change_control(control)
    await assign(change, None)


async def close(change: Change, user: shapes.UserRef | None) -> None:
    """Close, and ask for a rating when the shop wants one and somebody answered."""
    await change.change_control(change.conversation.control.close())
    change.conversation.status_seq = await change.append(events.ConversationClosed, user=user)
    was_answered = change.conversation.agent_seq > 0 or change.conversation.covered_seq > 0
    if change.conversation.csat is None and was_answered and (await change.rules()).ask_csat:
        change.conversation.csat = {"score": None, "comment": None}
        await change.append(events.CsatRequested)


async def reopen(change: Change, staff: Staff | None) -> None:
    """Open again: for the bot, or held by `staff`.

    Raises: CommandError `conflict` when the customer has another open conversation at this address.
    """
    conversation = change.conversation
    if await change.tx.conversations.find_open(conversation.identity) is not None:
        raise CommandError("conflict", "the customer has another open conversation")
    user = None if staff is None else ref_of(staff)
    control = conversation.control.reopen(None if staff is None else staff.id)
    if control.status is not Status.OPEN:
        raise RuntimeError("expected an open conversation")
    conversation.status_seq = await change.append(events.ConversationReopened, user=user)
    await change.change_control(control, user)
    await assign(change, user)
