"""People whom another system wants erased: a shop system that passes on its customer's wish (`erasure.requested`)."""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from geoengage.kit import errors
from geoengage.kit.db import Session, Sessions
from geoengage.kit.events import Recorded
from geoengage.kit.ids import TenantId
from geoengage.kit.settings import Settings
from geoengage.privacy.rules import Asked, AskedBy, ErasureReason
from geoengage.privacy.service.erasing import Traces, erase_profile


class Eraser:
    """Reads the ledger for requests. Each person is erased in a transaction of their own, which is safe to repeat."""

    def __init__(self, sessions: Sessions, traces: Traces) -> None:
        self._sessions, self._traces = sessions, traces

    @classmethod
    def of(cls, sessions: Sessions, settings: Settings) -> "Eraser":
        """That of an installation."""
        return cls(sessions, Traces.of(settings, settings.signing_key()))

    async def on_requested(
        self, session: Session, tenant_id: TenantId, recorded: Sequence[Recorded], now: datetime
    ) -> None:
        """Erase who was named; somebody who is gone already is no error."""
        for request in recorded:
            asked = Asked(by=AskedBy.SERVER, reason=ErasureReason.REQUEST, actor=str(request.payload["source"]))
            with contextlib.suppress(errors.NotFound):
                await erase_profile(
                    self._sessions, tenant_id, UUID(request.payload["profile_id"]), asked, self._traces, now
                )
