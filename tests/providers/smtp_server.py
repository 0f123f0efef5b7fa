"""A mail server on this machine (aiosmtpd) that takes, refuses, hangs up and forgets, as told.

`certificate` makes one for `localhost` that is its own authority: a sender trusts it only when told to.
"""

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@dataclass
class Mail:
    """One e-mail that was taken."""

    sender: str
    to: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=POLICY)  # type: ignore[return-value]


@dataclass
class SmtpServer:
    """`answer(stage, address)` says what is refused: a line such as `550 5.1.1 no such user`; `drop`: it hangs up after
    the text came; `slow_s`: how long it takes for each."""

    mails: list[Mail] = field(default_factory=list)
    answer: Callable[[str, str], str | None] = lambda stage, address: None
    drop: bool = False
    slow_s: float = 0.0
    logins: list[str] = field(default_factory=list)
    password: str = "correct horse"
    connections: int = 0
    port: int = 0
    heard: Callable[[Mail], object] | None = None  # in the place of `mails`

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refused = self.answer("mail", address)
        if refused is None:
            envelope.mail_from = address
        return refused or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refused = self.answer("rcpt", address)
        if refused is None:
            envelope.rcpt_tos.append(address)
        return refused or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        refused = self.answer("data", envelope.rcpt_tos[0])
        if refused is not None:
            return refused
        content = envelope.original_content
        assert isinstance(content, bytes)
        mail = Mail(envelope.mail_from or "", envelope.rcpt_tos[0], content)
        (self.heard or self.mails.append)(mail)
        if self.drop:
            server.transport.abort()
        return "250 2.0.0 taken"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password.decode() == self.password, handled=False)

    @contextlib.asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> AsyncIterator["SmtpServer"]:
        """`tls`: offered as STARTTLS, or spoken from the first byte on (`at_once`)."""

        def protocol() -> SMTP:
            self.connections += 1
            return SMTP(
                self,
                hostname="localhost",
                tls_context=None if at_once else tls,
                authenticator=self.authenticate,
                auth_require_tls=False,
            )

        server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls if at_once else None)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await asyncio.sleep(0)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for `localhost`, and the file that makes a client trust it."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "mail.pem"
    pem.write_bytes(made.public_bytes(Encoding.PEM))
    secret = folder / "mail-key.pem"
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, pem
