from __future__ import annotations

from realtime.live_reply.port import LiveText
from realtime.mirror import Mirror, MirroredReply
from realtime.protocol.shapes import Cut
from tests.unit.realtime.frames import control, delta, plain_event, reply_done, reply_id, started

REPLY = reply_id(1)


def test_it_holds_what_was_read_and_what_followed() -> None:
    mirror = Mirror()
    mirror.begin(LiveText(REPLY, 0, 1, 0, 4, "Grü", (), False))
    mirror.follow(delta(REPLY, 4, "ße"))
    assert mirror.held() == MirroredReply(REPLY, "Grüße")
    mirror.follow(delta(REPLY, 7, "!"))
    assert mirror.held() == MirroredReply(REPLY, "Grüße!")


def test_another_reply_takes_its_place() -> None:
    mirror = Mirror()
    mirror.follow(delta(REPLY, 0, "first"))
    mirror.follow(started(reply_id(2)))
    assert mirror.held() == MirroredReply(reply_id(2), "")
    mirror.follow(delta(reply_id(2), 0, "second"))
    assert mirror.held() == MirroredReply(reply_id(2), "second")


def test_an_end_of_any_kind_empties_it() -> None:
    for end in (reply_done(1, REPLY, "text"), control(1, 1, Cut(message=REPLY, text="te"))):
        mirror = Mirror()
        mirror.follow(delta(REPLY, 0, "text"))
        mirror.follow(plain_event(1))
        assert mirror.held() is not None
        mirror.follow(end)
        assert mirror.held() is None
