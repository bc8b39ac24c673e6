"""Secrets of vendors at rest: encrypted with a key made from the server's secret key.

Why so: docs/adr/0012-secrets-of-channel-accounts.md.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import ConfigurationError

KEY_BYTES = 32
_PURPOSE = b"assistify: secrets of channel accounts"


class Vault:
    """Encrypts and decrypts (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=_PURPOSE).derive(secret_key.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def lock(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Encrypt every value."""
        return {name: self._fernet.encrypt(value.encode()).decode() for name, value in secrets.items()}

    def unlock(self, stored: Mapping[str, str]) -> dict[str, str]:
        """Decrypt every value.

        Raises: ConfigurationError when they were encrypted under another secret key.
        """
        try:
            return {name: self._fernet.decrypt(value.encode()).decode() for name, value in stored.items()}
        except InvalidToken as error:
            raise ConfigurationError(
                "the secrets of a channel account were stored under another ASSISTIFY_SECRET_KEY: "
                "enter them again, or restore that key"
            ) from error
