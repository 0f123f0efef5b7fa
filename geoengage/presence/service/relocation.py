"""Moving a device to another place, or back to where it is: everything it was believed of at the old place ends."""

from datetime import datetime
from uuid import UUID

from geoengage.kit.db import Session
from geoengage.kit.ids import TenantId
from geoengage.presence import store
from geoengage.presence.rules import decide as engine
from geoengage.presence.rules.relocation import Relocation, relocate
from geoengage.presence.rules.state import DeviceState
from geoengage.presence.service.outcome import Outcome, write


def true_position(device: store.LockedDevice, state: DeviceState) -> tuple[float, float]:
    """Where the phone itself says it is, lon, lat degrees: its state lies where it was moved to."""
    if device.relocation is None:
        return state.lon, state.lat
    return relocate(state.lon, state.lat, device.relocation.back)


async def relocate_device(
    session: Session, tenant_id: TenantId, device_id: UUID, relocation: Relocation | None, now: datetime
) -> None:
    """From its next position on, a locked device is moved so; None: no more.

    Its visits end (`relocated`) and its positions are forgotten: beside the new ones they would look like a flight.
    """
    states = await store.list_states(session, tenant_id, [device_id])
    outcome = Outcome()
    for state in states.values():
        outcome.transitions.extend((device_id, t) for t in engine.end_all(state, now, "relocated"))
    await store.forget_positions(session, tenant_id, [device_id])
    if relocation is not None:
        await store.set_relocation(session, tenant_id, device_id, relocation)
    await write(session, tenant_id, outcome, now)
