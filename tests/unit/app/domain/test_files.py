"""What a file is, by its first bytes."""

from __future__ import annotations

import pytest

from app.domain.files import is_shown, safe_name, type_of

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("content", "declared", "found"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "text/html", "image/png"),
        (b"\xff\xd8\xff\xe0rest", "", "image/jpeg"),
        (b"GIF89arest", "", "image/gif"),
        (b"RIFF\0\0\0\0WEBPrest", "", "image/webp"),
        (b"RIFF\0\0\0\0AVI rest", "video/avi", None),
        (b"\0\0\0\x18ftypmp42", "", "video/mp4"),
        (b"\0\0\0\x18ftyp3gp5", "", "video/3gpp"),
        (b"\0\0\0\x18ftypM4A ", "", "audio/mp4"),
        (b"OggS\0", "audio/ogg; codecs=opus", "audio/ogg"),
        (b"%PDF-1.7", "", "application/pdf"),
        (b"PK\x03\x04rest", DOCX, DOCX),
        (b"PK\x03\x04rest", "application/zip", None),
        (b"hello, world", "text/plain; charset=utf-8", "text/plain"),
        (b"a;b\n1;2", "text/csv", "text/csv"),
        (b"hel\0lo", "text/plain", None),
        (b"<html><script>", "text/html", None),
        (b"<html><script>", "image/png", None),
        (b"<svg xmlns=", "image/svg+xml", None),
        (b"MZ\x90\0", "application/pdf", None),
        (b"\x7fELF", "", None),
        (b"", "image/png", None),
    ],
)
def test_type_by_content(content: bytes, declared: str, found: str | None) -> None:
    assert type_of(content, declared) == found


def test_what_is_shown_in_its_place() -> None:
    assert all(map(is_shown, ("image/png", "audio/ogg", "video/mp4")))
    assert not any(map(is_shown, ("application/pdf", "text/plain", "image/heic")))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("receipt.pdf", "receipt.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\secret\\a.png", "a.png"),
        ('a"b<c>\r\n.png', "abc.png"),
        ("...", "file"),
        ("", "file"),
        ("größe.png", "größe.png"),
        ("x" * 300, "x" * 120),
    ],
)
def test_names_are_made_safe(name: str, kept: str) -> None:
    assert safe_name(name, "file") == kept
