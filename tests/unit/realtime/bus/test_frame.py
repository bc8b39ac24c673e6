"""The fixed prefix: what goes in comes out, and what is not a frame is refused."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.bus.frame import (
    NO_MESSAGE,
    PREFIX_BYTES,
    Audience,
    BadFrameError,
    Frame,
    Kind,
    decode_frame,
    encode_frame,
)

U32 = st.integers(0, 2**32 - 1)
FRAMES = st.builds(
    Frame,
    kind=st.sampled_from(Kind),
    body=st.binary(max_size=64),
    audience=st.sampled_from(Audience),
    seq=st.integers(0, 2**64 - 1),
    epoch=U32,
    attempt=U32,
    message=st.uuids(),
    start=U32,
    end=U32,
)


@given(FRAMES)
def test_decoding_gives_back_what_was_encoded(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)) == frame


def test_the_layout_is_the_documented_one() -> None:
    message = UUID("00112233-4455-6677-8899-aabbccddeeff")
    frame = Frame(Kind.DELTA, b"{}", Audience.STAFF, seq=1, epoch=2, attempt=3, message=message, start=4, end=5)
    assert encode_frame(frame) == (
        b"\x01\x01\x03\x00"
        + bytes(7)
        + b"\x01"
        + b"\0\0\0\x02"
        + b"\0\0\0\x03"
        + message.bytes
        + b"\0\0\0\x04\0\0\0\x05{}"
    )
    assert PREFIX_BYTES == 44


def test_a_frame_without_a_message_carries_zeros() -> None:
    assert decode_frame(encode_frame(Frame(Kind.NOTICE, b""))).message == NO_MESSAGE


def test_an_unknown_audience_is_staff() -> None:
    data = bytearray(encode_frame(Frame(Kind.EVENT, b"{}")))
    data[1] = 7
    assert decode_frame(bytes(data)).audience is Audience.STAFF


@pytest.mark.parametrize(("index", "value"), [(0, 2), (2, 0), (2, 99)], ids=["version", "kind zero", "kind unknown"])
def test_a_frame_of_another_version_or_kind_is_refused(index: int, value: int) -> None:
    data = bytearray(encode_frame(Frame(Kind.EVENT, b"{}")))
    data[index] = value
    with pytest.raises(BadFrameError):
        decode_frame(bytes(data))


def test_a_short_frame_is_refused() -> None:
    with pytest.raises(BadFrameError, match="at least 44 bytes, got 43"):
        decode_frame(encode_frame(Frame(Kind.EVENT, b""))[:43])
