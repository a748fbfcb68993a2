"""An issuer of ID tokens with keys of its own."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

AUDIENCE = "https://worker.example"
CALLER = "push@project.example"
ISSUER = "https://accounts.google.com"


class Key:
    """A signing key and its certificate, as Google publishes them."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.private_pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def mint(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token that is good but for what is given; None leaves a claim out."""
        now = int(time.time())
        plain = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 3600,
            "email": CALLER,
            "email_verified": True,
        } | claims
        signer = crypt.RSASigner.from_string(self.private_pem, self.kid)
        payload = {name: value for name, value in plain.items() if value is not None}
        return str(jwt.encode(signer, payload, header=dict(header or {})).decode())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
