"""Changing the keys that encrypt senders' credentials: the newest one closes what an older one closed."""

from geoengage.kit import sealed
from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.messaging import store
from geoengage.messaging.phone_senders import phone_about
from geoengage.messaging.senders import account_about, mail_about

_ABOUT = {"firebase_sender": account_about, "email_sender": mail_about, "phone_sender": phone_about}


async def reseal(session: Session, tenant_id: TenantId, sealing_keys: sealed.Keys) -> tuple[int, int]:
    """Close all credentials of a tenant's senders with the newest key; returns how many it did, and how many no key
    opens.

    Sending goes on meanwhile: every key opens, and no revision changes. Safe to repeat.
    """
    done = closed = 0
    for kept in await store.lock_sealed(session, tenant_id):
        about = _ABOUT[kept.table](tenant_id, kept.id)
        secret = sealed.unseal(sealing_keys, about, kept.sealed)
        if secret is None:
            closed += 1
        elif not sealed.is_sealed_with_newest(sealing_keys, about, kept.sealed):
            await store.set_sealed(session, tenant_id, kept, sealed.seal(sealing_keys, about, secret))
            done += 1
    return done, closed
