"""Leaves on consents and on being reachable, in SQL: what `profiles.rules.may_contact` says of one person, for all."""

from uuid import UUID

from geoengage.profiles.rules import ADDRESS_KIND, Channel, Purpose
from geoengage.segments.leaves.base import Part, Terms, earliest, people
from geoengage.segments.rules import ConsentCondition, ReachableCondition

_LATEST = "c.at DESC, array_position(ARRAY['subscribed', 'pending', 'unsubscribed', 'redacted'], c.state) DESC"
_PUSHES = (Channel.PUSH, Channel.WEB_PUSH)


def _deciding(column: str, store: str) -> str:
    """A column of the decision in force: the store's before the tenant's, but redacted by the tenant for all."""

    def newest(of: str, only: str) -> str:
        return f"(array_agg({of} ORDER BY {_LATEST}) FILTER (WHERE {only}))[1]"

    general, general_state = newest(column, "c.store_id IS NULL"), newest("c.state", "c.store_id IS NULL")
    if not store:
        return general
    own = newest(column, f"c.store_id = {store}")
    return f"CASE WHEN {general_state} = 'redacted' THEN {general} ELSE coalesce({own}, {general}) END"


def _decisions(terms: Terms, channels: tuple[Channel, ...], purpose: Purpose, store_id: UUID | None) -> tuple[str, str]:
    """A source of the decisions that concern a channel and a purpose, and the store as a parameter."""
    store = "" if store_id is None else terms.bind(store_id, "uuid")
    source = (
        "FROM identifier i JOIN consent c ON c.tenant_id = i.tenant_id AND c.identifier_id = i.id"
        f" WHERE i.tenant_id = :tenant_id {people('i.profile_id')}"
        f" AND c.channel = ANY({terms.bind([*channels], 'text[]')})"
        f" AND c.purpose = {terms.bind(purpose.value, 'text')}"
    )
    return source + (
        f" AND (c.store_id IS NULL OR c.store_id = {store})" if store else " AND c.store_id IS NULL"
    ), store


def consent(terms: Terms, leaf: ConsentCondition) -> Part:
    """The decision in force."""
    source, store = _decisions(terms, (leaf.channel,), leaf.purpose, leaf.store_id or terms.store_id)
    state = _deciding("c.state", store)
    nothing = leaf.state == "none"
    holds = f"{state} IS NULL" if nothing else f"{state} = {terms.bind(leaf.state, 'text')}"
    return Part(source, "i.profile_id", holds, f"to_jsonb({state})", otherwise=nothing)


def reachable(terms: Terms, leaf: ReachableCondition) -> Part:
    """Address, consent and holds together; a pause ends by itself."""
    pushes = leaf.channel in _PUSHES
    channels = _PUSHES if pushes else (leaf.channel,)
    decisions, store = _decisions(terms, channels, leaf.purpose, terms.store_id)
    holds = (
        "LEFT JOIN (SELECT i.profile_id, max(h.paused_until) AS paused_until, max(h.stopped_at) AS stopped_at"
        " FROM identifier i JOIN consent_hold h ON h.tenant_id = i.tenant_id AND h.identifier_id = i.id"
        f" WHERE i.tenant_id = :tenant_id {people('i.profile_id')} GROUP BY 1) h ON h.profile_id = p.id"
    )
    decided = (
        f"LEFT JOIN (SELECT i.profile_id, {_deciding('c.state', store)} AS state, {_deciding('c.at', store)} AS at"
        f" {decisions} GROUP BY 1) c ON c.profile_id = p.id"
    )
    source = (
        f"FROM profile p {decided} {holds} WHERE p.tenant_id = :tenant_id AND p.merged_into IS NULL {people('p.id')}"
        f" AND p.suppressed_at IS NULL AND {_address(terms, leaf)}"
    )
    allowed, due = _allowed(terms, leaf.purpose, is_push=pushes)
    return Part(source, "p.id", allowed, f"to_jsonb({allowed})", due, grouped=False)


def _allowed(terms: Terms, purpose: Purpose, *, is_push: bool) -> tuple[str, str]:
    """`profiles.rules.may_contact` and `push_hindrance`: a device that agrees needs no further yes."""
    if purpose is Purpose.TRANSACTIONAL:
        return "c.state IS DISTINCT FROM 'redacted'", ""
    if purpose is Purpose.SERVICE:
        return "coalesce(c.state NOT IN ('redacted', 'unsubscribed'), true)", ""
    now = terms.now_sql
    not_paused = f"coalesce(h.paused_until <= {now}, true)"
    agreed = f"(c.state = 'subscribed' AND coalesce(c.at > h.stopped_at, true) AND {not_paused})"
    none = f"(c.state IS NULL AND {not_paused})" if is_push else "false"
    return f"coalesce({agreed} OR {none}, false)", earliest(f"CASE WHEN h.paused_until > {now} THEN h.paused_until END")


def _address(terms: Terms, leaf: ReachableCondition) -> str:
    if leaf.channel in _PUSHES:
        agreed = " AND d.marketing_push = 'granted'" if leaf.purpose is Purpose.MARKETING else ""
        sign = "=" if leaf.channel is Channel.WEB_PUSH else "<>"
        return (
            "EXISTS (SELECT FROM device d WHERE d.tenant_id = :tenant_id AND d.profile_id = p.id AND NOT d.is_test"
            f" AND d.push_address IS NOT NULL AND d.push_retired_at IS NULL AND d.push_provider {sign} 'webpush'"
            f"{agreed})"
        )
    if leaf.channel not in ADDRESS_KIND:
        return "true"
    states = ["reachable"] + ["stopped", "complained"] * (leaf.purpose is Purpose.TRANSACTIONAL)
    return (
        "EXISTS (SELECT FROM identifier a JOIN contact_point t ON t.tenant_id = a.tenant_id AND t.identifier_id = a.id"
        f" WHERE a.tenant_id = :tenant_id AND a.profile_id = p.id"
        f" AND a.kind = {terms.bind(ADDRESS_KIND[leaf.channel], 'text')}"
        f" AND t.channel = {terms.bind(leaf.channel.value, 'text')} AND t.state = ANY({terms.bind(states, 'text[]')}))"
    )
