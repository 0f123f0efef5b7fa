"""The preference page: `/p/TOKEN` for whoever has the link, without login and without JavaScript; and
`/p/confirm/TOKEN`, which proves an address.

A GET changes nothing, because mail scanners follow links; deleting takes a second page and a tick. The token is in the
address only: it is in no log, no referrer and no cache.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from geoengage.kit import errors
from geoengage.kit.db import Session, transaction
from geoengage.kit.http import Now
from geoengage.kit.ids import TenantId
from geoengage.messaging import store as messaging
from geoengage.messaging.rules import PREFERENCE_TRAIT, MessageChannel
from geoengage.messaging.rules.phone import PHONE_CHANNELS
from geoengage.privacy import page, service, store
from geoengage.profiles import rules
from geoengage.profiles import service as consents
from geoengage.profiles import store as profiles
from geoengage.profiles.rules import ConsentState, LinkKind, Proof, SignedLink
from geoengage.tenancy import store as tenancy

router = APIRouter(include_in_schema=False)
SOURCE = "preference page"
_WAYS = {  # what may be tried first, with the word for it
    "": "prefer_any",
    MessageChannel.PUSH.value: "push",
    MessageChannel.EMAIL.value: "email",
    MessageChannel.INBOX.value: "in_app",
}
_SAYS = ("saved", "stopped")  # what a page may be told to say after a form
Work = Callable[[Session, SignedLink, store.Page], Awaitable[None]]
Language = Annotated[str | None, Query(alias="lang", max_length=35)]


@router.get("/p/confirm/{token}")
async def show_proof(token: str, request: Request, now: Now, lang: Language = None) -> Response:
    """A button; pressing it proves the address."""
    frame = _plain(request, f"/p/confirm/{token}", lang)
    link = _read(request, LinkKind.PROOF, token)
    if link is None:
        return _gone(request, lang)
    async with transaction(request.app.state.sessions, link.tenant_id) as session:
        if await profiles.lock_proof(session, link.tenant_id, now, proof_id=link.id) is None:
            return _gone(request, lang)
    t = page.words(frame.language)
    return _html(page.render(frame, "note", "proof_title", text=t["proof_text"], action=t["proof_do"]), frame)


@router.post("/p/confirm/{token}")
async def prove(token: str, request: Request, now: Now, lang: Language = None) -> Response:
    """The address is proven."""
    link = _read(request, LinkKind.PROOF, token)
    if link is None:
        return _gone(request, lang)
    async with transaction(request.app.state.sessions, link.tenant_id) as session:
        proven = await consents.prove_by_link(session, link.tenant_id, link.id, now)
    if not proven:
        return _gone(request, lang)
    frame = _plain(request, "", lang)
    text = page.words(frame.language)["proof_done"]
    return _html(page.render(frame, "note", "proof_title", text=text, action=None), frame)


@router.get("/p/{token}")
async def show_page(
    token: str, request: Request, now: Now, lang: Language = None, said: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """The person's choices, and what else they may do."""
    link = _read(request, LinkKind.PREFERENCES, token)
    if link is None:
        return _gone(request, lang)
    async with transaction(request.app.state.sessions, link.tenant_id) as session:
        found = await store.find_page(session, link.tenant_id, link.id, now)
        if found is None:
            return _gone(request, lang)
        frame = _frame(request, found, f"/p/{token}", lang)
        standing = (await profiles.list_standings(session, link.tenant_id, [found.profile_id]))[found.profile_id]
        senders = await _senders(session, link.tenant_id, found)
        groups = await _groups(session, link.tenant_id, found) if found.is_full else []
        ways = await _ways(session, link.tenant_id, found)
        await _audit(session, link, "consents.read", found.profile_id, now)
    paused = rules.hold_of(standing.holds).paused_until
    return _html(
        page.render(
            frame,
            "preferences",
            "title",
            said=page.words(frame.language)[said] if said in _SAYS else "",
            senders=senders,
            groups=groups,
            is_full=found.is_full,
            ways=ways.items(),
            first=found.first,
            paused_until=page.shown_date(paused, frame.language) if paused and paused > now else "",
        ),
        frame,
    )


@router.post("/p/{token}/choices")
async def save_choices(token: str, request: Request, now: Now, lang: Language = None) -> Response:
    """Record what was ticked and unticked; what the page did not show is not touched."""
    form = await _form(request)

    async def work(session: Session, link: SignedLink, found: store.Page) -> None:
        senders = await _senders(session, link.tenant_id, found)
        changed = page.changed(senders, form.get("shown", []), form.get("on", []))
        await consents.wish(
            session,
            link.tenant_id,
            found.profile_id,
            [
                consents.Wish(
                    c.channel,
                    c.purpose,
                    c.store_id,
                    ConsentState.SUBSCRIBED if c.is_on else ConsentState.UNSUBSCRIBED,
                )
                for c in changed
            ],
            text_version=page.TEXT_VERSION,
            source=SOURCE,
            at=now,
            now=now,
        )

    return await _change(request, token, lang, now, "saved", work)


@router.post("/p/{token}/first")
async def prefer(token: str, request: Request, now: Now, lang: Language = None) -> Response:
    """Which channel is tried first, where a message may take several."""
    wanted = (await _form(request)).get("first", [""])[0]

    async def work(session: Session, link: SignedLink, found: store.Page) -> None:
        ways = await _ways(session, link.tenant_id, found)
        order = [wanted] if wanted and wanted in ways else None
        await consents.set_traits(
            session,
            link.tenant_id,
            found.identifier_id,
            {PREFERENCE_TRAIT: order},
            source=SOURCE,
            at=now,
            proof=Proof.LINK,
            now=now,
        )

    return await _change(request, token, lang, now, "saved", work)


@router.post("/p/{token}/pause")
async def pause(token: str, request: Request, now: Now, lang: Language = None) -> Response:
    """Hold back marketing for 30 days, or end that."""
    form = await _form(request)
    until = None if "end" in form else rules.pause_until(now, None)

    async def work(session: Session, link: SignedLink, found: store.Page) -> None:
        await consents.pause(session, link.tenant_id, found.profile_id, until, source=SOURCE, now=now)

    return await _change(request, token, lang, now, "saved", work)


@router.post("/p/{token}/stop")
async def stop(token: str, request: Request, now: Now, lang: Language = None) -> Response:
    """Withdraw all marketing. Mail programs post here too when their user presses "unsubscribe" (RFC 8058)."""

    async def work(session: Session, link: SignedLink, found: store.Page) -> None:
        await consents.stop_everything(session, link.tenant_id, found.profile_id, source=SOURCE, at=now, now=now)

    return await _change(request, token, lang, now, "stopped", work)


@router.get("/p/{token}/export")
async def export(token: str, request: Request, now: Now) -> Response:
    """Everything about the person as one document."""
    link = _read(request, LinkKind.PREFERENCES, token)
    if link is None:
        return _gone(request, None)
    async with transaction(request.app.state.sessions, link.tenant_id) as session:
        found = await store.find_page(session, link.tenant_id, link.id, now)
        if found is None or not found.is_full:
            return _gone(request, None)
        person = await store.find_profile_person(session, link.tenant_id, found.profile_id)
        await _audit(session, link, "person.export", found.profile_id, now)
    headers = {
        "Content-Disposition": f'attachment; filename="my-data-{now:%Y-%m-%d}.json"',
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    pieces = service.export(request.app.state.sessions, link.tenant_id, person, now)
    return StreamingResponse(pieces, media_type="application/json", headers=headers)


@router.get("/p/{token}/delete")
async def ask_to_delete(token: str, request: Request, now: Now, lang: Language = None) -> Response:
    """The second step: what would be deleted, and a box to tick."""
    return await _delete_page(request, token, lang, now, said="")


@router.post("/p/{token}/delete")
async def delete(token: str, request: Request, now: Now, lang: Language = None) -> Response:
    """Erase the person, if the box is ticked."""
    if "sure" not in await _form(request):
        return await _delete_page(request, token, lang, now, said="required")
    link = _read(request, LinkKind.PREFERENCES, token)
    state = request.app.state
    if link is None:
        return _gone(request, lang)
    async with transaction(state.sessions, link.tenant_id) as session:
        found = await store.find_page(session, link.tenant_id, link.id, now)
    if found is None or not found.is_full:
        return _gone(request, lang)
    frame = _frame(request, found, "", lang)
    traces = service.Traces.of(state.settings, state.signing_key)
    try:
        await service.erase_profile(
            state.sessions, link.tenant_id, found.profile_id, service.BY_THEMSELVES, traces, now
        )
    except errors.NotFound:
        return _gone(request, lang)
    except errors.Conflict:
        text = page.words(frame.language)["busy_text"]
        return _html(page.render(frame, "note", "busy_title", text=text, action=None), frame, 409)
    text = page.words(frame.language)["deleted_text"]
    return _html(page.render(frame, "note", "deleted_title", text=text, action=None), frame)


# --- what they share ----------------------------------------------------------------------------------------------


async def _change(request: Request, token: str, lang: str | None, now: datetime, says: str, work: Work) -> Response:
    """Do `work` for whoever the link names, then show the page anew."""
    link = _read(request, LinkKind.PREFERENCES, token)
    if link is None:
        return _gone(request, lang)
    async with transaction(request.app.state.sessions, link.tenant_id) as session:
        found = await store.find_page(session, link.tenant_id, link.id, now)
        if found is None:
            return _gone(request, lang)
        await work(session, link, found)
        await _audit(session, link, "consents.change", found.profile_id, now)
    language = page.choose_language(lang, "en") if lang else ""
    address = f"/p/{token}?said={says}" + (f"&lang={language}" if language else "")
    return RedirectResponse(address, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def _delete_page(request: Request, token: str, lang: str | None, now: datetime, said: str) -> Response:
    link = _read(request, LinkKind.PREFERENCES, token)
    if link is None:
        return _gone(request, lang)
    async with transaction(request.app.state.sessions, link.tenant_id) as session:
        found = await store.find_page(session, link.tenant_id, link.id, now)
        if found is None or not found.is_full:
            return _gone(request, lang)
        groups = await _groups(session, link.tenant_id, found)
    frame = _frame(request, found, f"/p/{token}", lang)
    words = page.words(frame.language)[said] if said else ""
    html = page.render(frame, "delete", "delete_question", said=words, groups=groups)
    return _html(html, frame, 422 if said else 200)


async def _senders(session: Session, tenant_id: TenantId, found: store.Page) -> list[page.Sender]:
    standing = (await profiles.list_standings(session, tenant_id, [found.profile_id]))[found.profile_id]
    decided = {d.store_id for d in standing.decisions if d.store_id is not None}
    channels, stores = await store.list_choices(session, tenant_id, found.profile_id, decided)
    return page.list_senders(standing, channels, found.controller, stores)


async def _ways(session: Session, tenant_id: TenantId, found: store.Page) -> Mapping[str, str]:
    """What this person may choose to be tried first, with the word for it; what they have chosen stays in it."""
    reach = (await profiles.list_reaches(session, tenant_id, [found.profile_id]))[found.profile_id]
    decided = {d.store_id for d in reach.standing.decisions if d.store_id is not None}
    _, stores = await store.list_choices(session, tenant_id, found.profile_id, decided)
    accounts = [
        (rules.Channel(each.channel), each.account.get("business_account_id"))
        for each in await messaging.list_phone_senders(session, tenant_id, stores)
    ]
    by_phone = [channel.value for channel in page.phone_ways(reach, accounts)]
    if found.first not in (*_WAYS, *by_phone) and found.first in PHONE_CHANNELS:
        by_phone.append(found.first)
    return _WAYS | {name: name for name in by_phone}


async def _groups(session: Session, tenant_id: TenantId, found: store.Page) -> list[tuple[str, int]]:
    person = await store.find_profile_person(session, tenant_id, found.profile_id)
    kept = await service.list_kept(session, tenant_id, person)
    return page.grouped({k.name: k.count for k in kept})


async def _form(request: Request) -> Mapping[str, list[str]]:
    return parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True, max_num_fields=20_000)


def _read(request: Request, kind: LinkKind, token: str) -> SignedLink | None:
    return rules.read_link(request.app.state.signing_key, kind, token)


def _frame(request: Request, found: store.Page, here: str, lang: str | None) -> page.Frame:
    own, read, of_app, of_tenant = found.languages
    wanted = page.accepted(request.headers.get("accept-language", ""))
    return page.Frame(
        language=page.choose_language(lang, own, read, *wanted, of_app, of_tenant),
        brand=page.Brand(found.app_name or found.controller, found.brand_color or page.DEFAULT_COLOR),
        controller=found.controller,
        here=here,
        nonce=secrets.token_urlsafe(16),
    )


def _plain(request: Request, here: str, lang: str | None) -> page.Frame:
    """Of a page that is nobody's."""
    wanted = page.accepted(request.headers.get("accept-language", ""))
    brand = page.Brand("geoengage", page.DEFAULT_COLOR)
    return page.Frame(page.choose_language(lang, *wanted), brand, "", here, secrets.token_urlsafe(16))


def _gone(request: Request, lang: str | None) -> Response:
    frame = _plain(request, "", lang)
    text = page.words(frame.language)["gone_text"]
    return _html(page.render(frame, "note", "gone_title", text=text, action=None), frame, 404)


def _html(html: str, frame: page.Frame, status: int = 200) -> Response:
    headers = {
        "Content-Security-Policy": page.CSP.format(nonce=frame.nonce),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "Content-Language": frame.language,
    }
    return HTMLResponse(html, status, headers)


async def _audit(session: Session, link: SignedLink, action: str, profile_id: UUID, now: datetime) -> None:
    await tenancy.insert_audit_entry(
        session, link.tenant_id, actor="the person", action=action, subject=str(profile_id), now=now
    )
