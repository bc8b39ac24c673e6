"""Settings and counters of the live sessions of one process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RealtimeSettings:
    """Times in seconds, sizes in bytes. The defaults are the contract's; tests shorten times."""

    commands_per_minute: int = 120
    message_chars: int = 4000
    hello_timeout_s: float = 10.0
    outbox_bytes: int = 1024 * 1024
    send_deadline_s: float = 5.0  # a socket that takes nothing for so long is aborted
    close_grace_s: float = 1.0  # between a close frame and the abort of the transport
    ping_after_s: float = 25.0
    heal_after_s: float = 0.03  # how long a gap may close by itself before the log is read
    heal_retry_s: float = 0.2
    check_every_s: float = 10.0
    check_unhealthy_every_s: float = 1.0
    inbox_reread_s: float = 30.0
    recheck_every_s: float = 8.0  # so that a sign-in that ended is noticed within 10 s when its notice was lost
    presence_refresh_s: float = 10.0
    presence_grace_s: float = 15.0  # how long a closed connection still counts
    stream_found_s: float = 2.0  # how long another node has to say that a command's stream is there
    stream_answer_s: float = 30.0  # and then to carry the command out
    resume_events: int = 500
    resume_bytes: int = 900 * 1024  # a longer resume answer is replaced by a snapshot; a server frame has at most 1 MiB


@dataclass(slots=True)
class Counters:
    """Plain counts since start, read by the application's metrics."""

    connections_opened: int = 0
    hellos_refused: int = 0
    commands: int = 0
    commands_refused: int = 0
    commands_failed: int = 0
    frames_queued: int = 0
    gaps: int = 0
    heals: int = 0
    resyncs: int = 0
    slow_closed: int = 0
    stalled_aborted: int = 0
    revoked: int = 0
