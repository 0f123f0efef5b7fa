"""Passwords: what an unknown e-mail costs, and that links are read by the caller's clock."""

from datetime import UTC, datetime, timedelta

from geoengage.kit.ids import new_id
from geoengage.tenancy import service

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "a-key-for-tests-only-0123456789abcdef"


def test_checking_nobody_costs_what_checking_somebody_costs() -> None:
    # Same parameters, so the same work; and it is a readable hash, else the check would end at once.
    assert not service._HASHER.check_needs_rehash(service._NOBODY)
    assert not service._matches(service._NOBODY, "anything")


async def test_no_candidate_no_match() -> None:
    assert await service.match_password([], "anything", None) is None


def test_a_link_lasts_a_day() -> None:
    tenant_id, operator_id = new_id(), new_id()
    token = service.make_login_link(KEY, tenant_id, operator_id, NOW).removeprefix("/go/")
    assert service.read_login_link(KEY, token, NOW + timedelta(hours=23, minutes=59)) == (tenant_id, operator_id)
    assert service.read_login_link(KEY, token, NOW + timedelta(hours=24)) is None
    assert service.read_login_link("another-key-0123456789-0123456789", token, NOW) is None
