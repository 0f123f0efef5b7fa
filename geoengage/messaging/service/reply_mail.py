"""Answers to e-mails, as a mail provider or the mail server itself hands them in.

Whose answer it is tells the signed address that our e-mail named, and never From, which anybody can write: it is its
reader's, and what is answered goes to the reader, also where somebody wrote from elsewhere.
"""

from datetime import datetime
from uuid import UUID

from geoengage.kit import events
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging import store
from geoengage.messaging.models import EmailSender
from geoengage.messaging.phone_recording import withdraw
from geoengage.messaging.rules import MessageChannel
from geoengage.messaging.rules.inbound_mail import Letter, read_token
from geoengage.messaging.rules.phone import command_of, is_stop
from geoengage.messaging.service.replies import Wrote, keep, keep_command
from geoengage.profiles import store as profiles_store
from geoengage.profiles.rules import Channel, masked_value


async def take_letter(
    session: Session, tenant_id: TenantId, sender: EmailSender, letter: Letter, key: str, now: datetime
) -> bool:
    """Keep what somebody answered; False for what is none to an e-mail of this app, or was written by a program.

    Ends with the ledger: call it last.
    """
    message_id = read_token(key, sender.app_id, letter.token)
    if message_id is None or letter.is_automatic or not letter.text:
        return False
    message = await store.find_message(session, tenant_id, message_id)
    if message is None or message.channel != MessageChannel.EMAIL or message.address_id is None:
        return False
    writer: UUID = message.address_id
    profile_id = await store.find_reader(session, tenant_id, writer)
    if profile_id is None or await store.is_known_inbound(session, tenant_id, sender.app_id, letter.id):
        return False
    _, address = await profiles_store.get_address(session, tenant_id, profile_id, writer)
    elsewhere = "" if letter.from_address == address else f"[from {masked_value('email', letter.from_address)}]\n"
    wrote = Wrote(
        sender_id=sender.app_id,
        channel=MessageChannel.EMAIL,
        store_id=message.store_id,
        identifier_id=writer,
        profile_id=profile_id,
        provider_id=letter.id,
        text=elsewhere + letter.text,
        at=now,
        subject=letter.subject or None,
    )
    if is_stop(command_of(letter.text)):
        stores = {message.store_id}
        await withdraw(session, tenant_id, writer, Channel.EMAIL, stores, source="STOP", at=now, now=now)
        await keep_command(session, tenant_id, wrote, stops=True, now=now)
        return True
    await events.publish(session, tenant_id, await keep(session, tenant_id, wrote, now), now)
    return True
