"""Names of topics. A topic is a bus address; the hash tag keeps a conversation's keys and its topic in one slot."""

from __future__ import annotations

from uuid import UUID


def conversation_topic(conversation: UUID) -> str:
    """Everything of one conversation: events, live frames, typing, presence."""
    return f"conversation:{{{conversation}}}"


def inbox_topic(shop: UUID) -> str:
    """Summaries of a shop's conversations, for the console's lists."""
    return f"inbox:{{{shop}}}"


def user_topic(user: UUID) -> str:
    """Notifications and revocation of one member of staff."""
    return f"user:{{{user}}}"


def visitor_topic(visitor: UUID) -> str:
    """Revocation and new conversations of one visitor."""
    return f"visitor:{{{visitor}}}"


def connection_topic(connection: UUID) -> str:
    """Commands for a stream that lives in another process (SSE), suggestions for one connection."""
    return f"connection:{{{connection}}}"


def node_topic(node: UUID) -> str:
    """Answers for commands that one web process passed on to another (SSE), and to its questions (shown text)."""
    return f"node:{{{node}}}"


JOBS_TOPIC = "jobs"
"""Nudges to workers: a job of the lane named in the body may be waiting."""

REPLIES_TOPIC = "replies"
"""Nudges to workers: the reply in the body was ended (taken over, stopped): cancel its sequence."""
