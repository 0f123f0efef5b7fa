"""`/u/TOKEN`, the link under marketing e-mails, and under SMS and Viber messages that cannot be answered: without login
and without JavaScript.

A GET changes nothing, because mail scanners follow links; a POST unsubscribes at once, as mail programs do for their
user (RFC 8058). The token is in the address only: it is in no log, no referrer and no cache.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from geoengage.kit.db import transaction
from geoengage.kit.http import Now
from geoengage.messaging import service
from geoengage.profiles import service as profiles
from geoengage.profiles.models import PreferenceLink
from geoengage.profiles.rules import Channel, LinkKind, SignedLink, read_link

router = APIRouter(include_in_schema=False)
_CSP = "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_CHOOSING = timedelta(days=1)  # for how long the preference page that it leads to is open
_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "pages"), autoescape=True, undefined=StrictUndefined
)
_NAMES = {Channel.SMS: "SMS", Channel.WHATSAPP: "WhatsApp", Channel.VIBER: "Viber"}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Unsubscribe", "by": "by", "email": "e-mail",
        "ask": "No more offers {way} from {sender}?", "do": "Unsubscribe",
        "done": "You get no more offers {way} from {sender}. Receipts and the like still come.",
        "choose": "Choose what you get", "gone": "This link does not work any more.",
    },
    "de": {
        "title": "Abmelden", "by": "per", "email": "E-Mail",
        "ask": "Keine Angebote {way} von {sender} mehr?", "do": "Abmelden",
        "done": "Sie bekommen keine Angebote {way} von {sender} mehr. Belege und Ähnliches kommen weiterhin.",
        "choose": "Auswählen, was Sie bekommen", "gone": "Dieser Link gilt nicht mehr.",
    },
    "fr": {
        "title": "Se désabonner", "by": "par", "email": "e-mail",
        "ask": "Ne plus recevoir d’offres de {sender} {way} ?", "do": "Se désabonner",
        "done": "Vous ne recevrez plus d’offres de {sender} {way}. Les reçus arrivent toujours.",
        "choose": "Choisir ce que vous recevez", "gone": "Ce lien ne fonctionne plus.",
    },
    "it": {
        "title": "Annulla l’iscrizione", "by": "via", "email": "e-mail",
        "ask": "Niente più offerte {way} da {sender}?", "do": "Annulla",
        "done": "Non riceverai più offerte {way} da {sender}. Le ricevute arrivano ancora.",
        "choose": "Scegli cosa ricevere", "gone": "Questo link non funziona più.",
    },
    "es": {
        "title": "Darse de baja", "by": "por", "email": "correo",
        "ask": "¿No más ofertas de {sender} {way}?", "do": "Darse de baja",
        "done": "Ya no recibirás ofertas de {sender} {way}. Los recibos siguen llegando.",
        "choose": "Elegir qué recibes", "gone": "Este enlace ya no funciona.",
    },
    "da": {
        "title": "Afmeld", "by": "på", "email": "e-mail",
        "ask": "Ikke flere tilbud {way} fra {sender}?", "do": "Afmeld",
        "done": "Du får ikke flere tilbud {way} fra {sender}. Kvitteringer kommer stadig.",
        "choose": "Vælg, hvad du får", "gone": "Dette link virker ikke mere.",
    },
}  # fmt: skip


@router.get("/u/{token}")
async def ask_to_unsubscribe(token: str, request: Request) -> Response:
    """A button."""
    link = _read(request, token)
    if link is None:
        return _page(request, "gone", "", "", 404)
    async with transaction(request.app.state.sessions, link.tenant_id) as session:
        found = await service.find_subscription(session, link.tenant_id, link.id)
    if found is None:
        return _page(request, "gone", "", "", 404)
    return _page(request, "ask", token, found.sender, channel=found.channel)


@router.post("/u/{token}")
async def unsubscribe(token: str, request: Request, now: Now) -> Response:
    """No more marketing by that channel from that store, or from the tenant itself. Whatever the body says."""
    link = _read(request, token)
    if link is None:
        return _page(request, "gone", "", "", 404)
    async with transaction(request.app.state.sessions, link.tenant_id) as session:
        found = await service.find_subscription(session, link.tenant_id, link.id)
        if found is not None:
            await service.unsubscribe(session, link.tenant_id, found, now)
    if found is None:
        return _page(request, "gone", "", "", 404)
    return _page(request, "done", token, found.sender, channel=found.channel)


@router.post("/u/{token}/choices")
async def choose(token: str, request: Request, now: Now) -> Response:
    """To the preference page, where all that one may get is chosen; it is open for a day."""
    link = _read(request, token)
    if link is None:
        return _page(request, "gone", "", "", 404)
    state = request.app.state
    async with transaction(state.sessions, link.tenant_id) as session:
        found = await service.find_subscription(session, link.tenant_id, link.id)
        if found is None:
            return _page(request, "gone", "", "", 404)
        opened = PreferenceLink(identifier_id=found.address_id, is_full=False, expires_at=now + _CHOOSING)
        page = await profiles.make_link(session, link.tenant_id, opened, key=state.signing_key, now=now)
    return RedirectResponse(f"/p/{page}", 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _read(request: Request, token: str) -> SignedLink | None:
    return read_link(request.app.state.signing_key, LinkKind.UNSUBSCRIBE, token)


def _page(
    request: Request, state: str, token: str, sender: str, status: int = 200, *, channel: Channel = Channel.EMAIL
) -> Response:
    wanted = [part.strip()[:2].lower() for part in request.headers.get("accept-language", "")[:200].split(",")]
    language = next((tag for tag in wanted if tag in _WORDS), "en")
    nonce = secrets.token_urlsafe(16)
    words = _WORDS[language]
    way = f"{words['by']} {words['email'] if channel is Channel.EMAIL else _NAMES[channel]}"
    values: dict[str, Any] = {"t": words, "way": way, "language": language, "nonce": nonce, "state": state}
    html = _pages.get_template("unsubscribe.html").render(**values, token=token, sender=sender)
    headers = {
        "Content-Security-Policy": _CSP.format(nonce=nonce),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "Content-Language": language,
    }
    return HTMLResponse(html, status, headers)
