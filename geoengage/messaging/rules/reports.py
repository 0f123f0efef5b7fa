"""Reports about e-mails that were sent: bounces as mail servers write them (RFC 3464), complaints as mailbox providers
do (ARF, RFC 5965). Pure.

Anybody can send one to the address that bounces go to. So a report counts by the Message-ID of the e-mail that it is
about, which only its reader and the servers on the way have seen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import default
from enum import StrEnum
from uuid import UUID

from geoengage.messaging.rules.smtp import Reply

MOST_BYTES = 1_000_000
_ID = re.compile(r"<?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})@[^>\s]+>?")


class MailReport(StrEnum):
    """What is reported of an e-mail. `bounce`: it did not arrive, and the address is dead; `refused`: it did not
    arrive, and the address may be good; `complaint`: its reader called it spam."""

    BOUNCE = "bounce"
    REFUSED = "refused"
    COMPLAINT = "complaint"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Report:
    """One report about one e-mail; `words`: what the server said."""

    kind: MailReport
    message_id: UUID
    words: str


def read_message_id(text: str | None) -> UUID | None:
    """The message that a Message-ID of ours names; None for others'."""
    found = _ID.fullmatch((text or "").strip())
    return None if found is None else UUID(found[1])


def read_report(raw: bytes) -> Report | None:
    """The report that an e-mail is; None when it is none, is about an e-mail of others, or about a mere delay."""
    report = message_from_bytes(raw, policy=default)
    parts = list(report.walk())
    about = next((id_ for part in parts if (id_ := _about(part)) is not None), None)
    if about is None:
        return None
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            return Report(MailReport.COMPLAINT, about, "the reader marked it as spam")
        if part.get_content_type() == "message/delivery-status":
            found = next((r for fields in _fields(part) if (r := _delivery(fields, about)) is not None), None)
            if found is not None:
                return found
    return None


def _about(part: Message) -> UUID | None:
    """Of the e-mail that a report carries, whole or its headers only."""
    if part.get_content_type() == "text/rfc822-headers":
        text = part.get_payload(decode=True)
        headers = message_from_bytes(text if isinstance(text, bytes) else b"", policy=default)
        return read_message_id(headers["Message-ID"])
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        first = inner[0] if isinstance(inner, list) and inner else None
        return None if not isinstance(first, Message) else read_message_id(first["Message-ID"])
    return None


def _fields(part: Message) -> Iterator[Message]:
    inner = part.get_payload()
    if isinstance(inner, list):
        yield from (block for block in inner if isinstance(block, Message))


def _delivery(fields: Message, about: UUID) -> Report | None:
    action = str(fields.get("Action", "")).strip().lower()
    status = str(fields.get("Status", "")).strip()
    words = " ".join(f"{status} {fields.get('Diagnostic-Code', '')}".split())[:300]
    if action == "delivered":
        return Report(MailReport.DELIVERED, about, words)
    if action != "failed":
        return None
    is_dead = status.startswith("5") and Reply(550, status).is_dead
    return Report(MailReport.BOUNCE if is_dead else MailReport.REFUSED, about, words)
