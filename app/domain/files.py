"""What a file is, by its first bytes: names and headers of strangers are not believed."""

from __future__ import annotations

from collections.abc import Mapping

MAX_FILE_BYTES = 25_000_000
NAME_CHARS = 120

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"#!AMR", "audio/amr"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_BRANDS: Mapping[bytes, str] = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"avif": "image/avif",
}
_RIFF: Mapping[bytes, str] = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_ZIPPED = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
_TEXTS = frozenset({"text/plain", "text/csv"})
_SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})


def type_of(content: bytes, declared: str = "") -> str | None:
    """Return the type of a file; None for one that is not taken (web pages, drawings with scripts, programs).

    `declared` decides only between kinds that look alike: documents that are zip archives, and texts.
    """
    declared = declared.partition(";")[0].strip().lower()
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        return "video/3gpp" if brand.startswith(b"3gp") else _BRANDS.get(brand, "video/mp4")
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12])
    for prefix, found in _PREFIXES:
        if content.startswith(prefix):
            return found
    if content.startswith(b"PK\x03\x04"):
        return declared if declared in _ZIPPED else None
    return declared if declared in _TEXTS and _is_text(content) else None


def is_from_customers(media_type: str) -> bool:
    """Whether strangers may send files of a type: pictures and PDF."""
    return media_type.startswith("image/") or media_type == "application/pdf"


def is_shown(media_type: str) -> bool:
    """Whether a browser may show a file in its place; others are downloaded."""
    return media_type in _SHOWN or media_type.startswith(("audio/", "video/"))


def safe_name(name: str, otherwise: str) -> str:
    """Return a file's name without a path and without what cannot be printed."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in last if character.isprintable() and character not in '"<>|:*?')
    return kept.strip(". ")[:NAME_CHARS] or otherwise


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return "\0" not in text
