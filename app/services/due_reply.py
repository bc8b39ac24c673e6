"""Invariant: no customer message is left without an outcome."""

from __future__ import annotations

from datetime import datetime

from app.domain.conversation import Conversation
from app.domain.job import Lane, NewJob
from app.domain.reply import Reply, ReplyStatus
from app.services.ids import new_id
from app.services.ports import Transaction

REPLY_KIND = "reply"


async def ensure_reply(tx: Transaction, conversation: Conversation, now: datetime) -> bool:
    """Insert the reply that is due, with its job; true when there is a new job.

    Ends every transaction that changes messages, control or replies. A queued reply takes a newer question in; a
    running one is left: its end comes here again.
    """
    if not conversation.awaits_reply or conversation.question is None:
        return False
    active = await tx.replies.find_active(conversation.id)
    if active is not None:
        if active.status is ReplyStatus.QUEUED and active.covers_seq < conversation.customer_seq:
            await tx.replies.take_in(active.id, conversation.question, conversation.customer_seq)
        return False
    reply = new_id()
    job = tx.jobs.enqueue(
        NewJob(
            lane=Lane.ANSWER,
            kind=REPLY_KIND,
            cause=str(reply),
            shop=conversation.shop,
            conversation=conversation.id,
            epoch=conversation.control.epoch,
        )
    )
    await tx.replies.add(
        Reply(
            id=reply,
            shop=conversation.shop,
            conversation=conversation.id,
            question=conversation.question,
            job=job,
            covers_seq=conversation.customer_seq,
            epoch=conversation.control.epoch,
            attempt=0,
            status=ReplyStatus.QUEUED,
            created_at=now,
        )
    )
    return True
