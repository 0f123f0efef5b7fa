"""Tables of the outbox and of its senders. `message` and `receipt` are partitioned by UUIDv7 id; `message_due` is the
small hot queue.

`send_key` keeps (campaign, person, step, occurrence) unique for longer than a partition lives.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from geoengage.kit.db import Base, Mapped, TenantRow, mapped_column


class Message(TenantRow, Base):
    """One message to a person, from decision to receipt.

    `device_id`: the device that it was decided for or went to; null: it is to the person, wherever they are reached.
    `channels`: the kinds of way still to try, the one that is used first (`rules.MessageChannel`); `address_id`: the id
    of the person whose address it went to. `email` and `card`: what these channels say beyond the text, null for none.
    `person_id` is the profile, or the device while nobody is linked. `gates` are texts such as `campaign:<id>`; while
    one is closed the message is not sent. `reason` is the first blocker of a skipped message (`blockers` has all of
    them) or the provider's code of a failed one. `channel` is null until a channel has taken it. `timezone` is where
    quiet hours are judged (null: the tenant's). `outlives_visit`: the end of its visit does not hold it back, for that
    is what it is about. `attempts` counts sendings, so 1 is the normal case. `push` are its `rules.PushOptions`, null
    for none. `never_repeat`: a try that may have arrived was the last one. `wording`: its `rules.Wording`,
    where it names a content item. `passed_over`: which of its channels it did not take and why, `sms:spend_limit`.
    """

    __tablename__ = "message"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    store_id: Mapped[UUID | None]
    zone_id: Mapped[UUID | None]
    zone_version: Mapped[int | None]
    visit_id: Mapped[UUID | None]
    outlives_visit: Mapped[bool] = mapped_column(server_default="false")
    event_id: Mapped[UUID | None]
    purpose: Mapped[str] = mapped_column(Text)
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{push}")
    channel: Mapped[str | None] = mapped_column(Text)
    passed_over: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    address_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    blockers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    gates: Mapped[list[str]] = mapped_column(ARRAY(Text))
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    push: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    email: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    card: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    wording: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    answering: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    collapse_key: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int]
    never_repeat: Mapped[bool] = mapped_column(server_default="false")
    provider_answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    clicked_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_message_device", "tenant_id", "device_id", "id"),
        Index("ix_message_person", "tenant_id", "person_id"),
        Index("ix_message_campaign", "tenant_id", "campaign_id", "id"),
        Index("ix_message_visit", "tenant_id", "visit_id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )


class MessageDue(TenantRow, Base):
    """A message that waits to be sent, or is being sent: then `lease` names the claim and `due_at` is when it runs out.

    So one index on `due_at` finds both what is due and what a dead worker left behind. `is_urgent`: somebody waits for
    it (transactional, service); such messages have an index and a loop of their own.
    """

    __tablename__ = "message_due"
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    lease: Mapped[UUID | None]
    is_urgent: Mapped[bool] = mapped_column(server_default="false")
    __table_args__ = (
        Index("ix_message_due_due", "due_at", postgresql_where=text("NOT is_urgent")),
        Index("ix_message_due_urgent", "due_at", postgresql_where=text("is_urgent")),
    )


class SendKey(TenantRow, Base):
    """Says once: this campaign has decided about this person for this occurrence."""

    __tablename__ = "send_key"
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(Text, primary_key=True)
    occurrence: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (Index("ix_send_key_person", "tenant_id", "person_id"),)


class PersonBudget(TenantRow, Base):
    """How much attention a person has been asked for. The row is the lock under which caps are decided.

    `sends`: newest last, `{campaign_id, message_id, at, store_id, marketing}` of messages queued or sent in the last 31
    days. A message that is given up is taken out again.
    """

    __tablename__ = "person_budget"
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    sends: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    updated_on: Mapped[date]


class Gate(TenantRow, Base):
    """A closed gate: `tenant`, `campaign:<id>`, `zone:<id>`, `content:<id>` or `entry:<id>`. Open gates have no row."""

    __tablename__ = "gate"
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime]


class Receipt(TenantRow, Base):
    """What the app says became of a message."""

    __tablename__ = "receipt"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID]
    device_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    __table_args__ = (
        Index("ix_receipt_device", "tenant_id", "device_id"),
        {"postgresql_partition_by": "RANGE (id)"},
    )


class FirebaseSender(TenantRow, Base):
    """The Firebase project that an app's messages go through. Apps without a row use the installation's, if it has one.

    `sealed`: the service account, encrypted (`kit/sealed.py`). `revision` changes whenever another one is put, so that
    every process notices and no outcome of the old one is written to the new. `since`: when `status` became what it is;
    `detail`: what Google said, for people.
    """

    __tablename__ = "firebase_sender"
    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[UUID]
    project_id: Mapped[str] = mapped_column(Text)
    client_email: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes]
    status: Mapped[str] = mapped_column(Text, server_default="unchecked")
    since: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    detail: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "app_id"], ["app.tenant_id", "app.id"], ondelete="CASCADE"),
        CheckConstraint("status IN ('unchecked', 'works', 'fails')", name="status"),
    )


class EmailSender(TenantRow, Base):
    """The SMTP server that an app's e-mails go through, and in whose name. An app without a row sends none.

    `sealed`: the password, encrypted (`kit/sealed.py`), null where the server wants none. `per_minute`: most e-mails in
    a minute, all workers together. `takes_answers`: each e-mail names an address of its own, made of `reply_to`. The
    other columns are those of `FirebaseSender`.
    """

    __tablename__ = "email_sender"
    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[UUID]
    host: Mapped[str] = mapped_column(Text)
    port: Mapped[int]
    tls: Mapped[str] = mapped_column(Text)
    username: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[bytes | None]
    from_address: Mapped[str] = mapped_column(Text)
    from_name: Mapped[str] = mapped_column(Text)
    reply_to: Mapped[str | None] = mapped_column(Text)
    takes_answers: Mapped[bool] = mapped_column(server_default="false")
    per_minute: Mapped[int]
    status: Mapped[str] = mapped_column(Text, server_default="unchecked")
    since: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    detail: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "app_id"], ["app.tenant_id", "app.id"], ondelete="CASCADE"),
        CheckConstraint("tls IN ('starttls', 'tls', 'none')", name="tls"),
        CheckConstraint("status IN ('unchecked', 'works', 'fails')", name="status"),
    )


class AppBrand(TenantRow, Base):
    """How an app's e-mails look: its `rules.BrandKit`. An app without a row has its name and colour only."""

    __tablename__ = "app_brand"
    app_id: Mapped[UUID] = mapped_column(primary_key=True)
    kit: Mapped[dict[str, Any]] = mapped_column(JSONB)
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "app_id"], ["app.tenant_id", "app.id"], ondelete="CASCADE"),)


class ChannelPolicy(TenantRow, Base):
    """In which order a tenant tries the channels to whoever has not said otherwise. No row: as the message says."""

    __tablename__ = "channel_policy"
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)


class SenderPace(TenantRow, Base):
    """What all workers share about a way to a provider: how fast it may go, and until when it is left alone.

    `route` is `project:<id>` (limits and pauses of a Firebase project), `account:<app>` or `account:<app>/<platform>`
    (credentials that were refused), `webpush:<host>`; `sms:<id>` and `phone:<id>`, with `/<purpose>` behind it, are the
    same of an account of SMS. Those of the installation's own sender have the nil UUID as
    tenant, so that no tenant's trouble can touch them. `tokens` were left in the bucket at `drawn_at`; the rate rises
    from `ramp_from` on.
    """

    __tablename__ = "sender_pace"
    route: Mapped[str] = mapped_column(Text, primary_key=True)
    tokens: Mapped[float] = mapped_column(server_default="0")
    drawn_at: Mapped[datetime | None]
    ramp_from: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
