"""HTTP of the tenant: logging in and out, policy, owners, apps, keys, operators.

Everything that hands out rights needs the scope `admin`, which no credential restricted to stores can have.
"""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from geoengage.kit import errors
from geoengage.kit.db import Session, transaction
from geoengage.kit.http import CONFLICT, EDIT, PROBLEMS, IfMatch, NewId, Now, Paging, Problem, Tx, check_version, etag
from geoengage.kit.ids import TenantId
from geoengage.tenancy import rules, service, store
from geoengage.tenancy.auth import COOKIE, Admin, Operator, Reader, check_origin
from geoengage.tenancy.models import App, Credential, Owner
from geoengage.tenancy.models import Operator as OperatorRow
from geoengage.tenancy.shapes import (
    AppIn,
    AppOut,
    AppPage,
    AppPatch,
    Door,
    Doors,
    KeyCreated,
    KeyIn,
    KeyOut,
    KeyPage,
    LoginIn,
    MapBackground,
    Me,
    MyOperator,
    MyTenant,
    OperatorIn,
    OperatorLink,
    OperatorOut,
    OperatorPage,
    OwnerIn,
    OwnerOut,
    OwnerPage,
    OwnerPatch,
    TenantOut,
    TenantPatch,
)

router = APIRouter(tags=["tenant"], responses=PROBLEMS)


# --- the session --------------------------------------------------------------------------------------------------


@router.post("/v1/login", responses={**CONFLICT, 429: {"model": Problem, "description": "Too many attempts; wait."}})
async def log_in(body: LoginIn, request: Request, response: Response, now: Now) -> Me:
    """Log in to the console. Sets the cookie `geoengage_session`, which only the console's own pages can use.

    Ten attempts per e-mail and address in five minutes; then 429 with Retry-After.
    """
    check_origin(request)
    email = rules.normal_email(body.email)
    limit, caller = request.app.state.login_limit, f"{email} {request.client.host if request.client else ''}"
    limit.spend(caller, now)
    async with transaction(request.app.state.sessions, None) as session:  # the tenant is not known yet
        candidates = await store.list_logins(session, email)
    login = await service.match_password(candidates, body.password, body.tenant)
    if login is None:
        raise errors.Unauthenticated("e-mail or password is wrong")
    limit.forget(caller)
    async with transaction(request.app.state.sessions, login.tenant_id) as session:
        await _set_cookie(request, response, session, login.tenant_id, login.operator_id, now)
        return await _me(request, session, login.tenant_id, login.operator_id)


@router.post("/v1/logout", status_code=204)
async def log_out(request: Request, response: Response, me: Operator, tx: Tx) -> None:
    """End the console session."""
    await store.delete_session(tx, me.tenant_id, request.cookies[COOKIE].partition(".")[2])
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


@router.get("/v1/session")
async def get_session(request: Request, me: Operator, tx: Tx) -> Me:
    """Who is logged in; 401 when nobody is."""
    return await _me(request, tx, me.tenant_id, me.id)


@router.get("/v1/doors")
async def list_doors(request: Request, me: Operator, tx: Tx, now: Now) -> Doors:
    """The other demo tenants of this server in which you are an operator, with what is planted in each and what was
    found; `here`: the same of this one. 403 in a tenant that is no demo.

    Only between demo tenants, whose people are all simulated: elsewhere the same e-mail proves nothing.
    """
    if not me.is_demo:
        raise errors.Forbidden("doors lead from one demo tenant to another; this tenant is none")
    operator = await store.get_row(tx, me.tenant_id, OperatorRow, me.id)
    async with transaction(request.app.state.sessions, None) as session:
        found = await store.list_demo_logins(session, operator.email)
    key = request.app.state.signing_key
    return Doors(
        items=[
            Door(
                name=each.name,
                link=service.make_login_link(key, each.tenant_id, each.operator_id, now),
                story=each.story,
            )
            for each in found
            if each.tenant_id != me.tenant_id
        ],
        here=next((each.story for each in found if each.tenant_id == me.tenant_id), None),
    )


@router.get(
    "/go/{token}", status_code=303, response_class=RedirectResponse, responses={303: {"description": "To `/`."}}
)
async def follow_login_link(token: str, request: Request, now: Now) -> Response:
    """Open the console from a signed link. A link that is forged or over leads to the login page."""
    answer = RedirectResponse(
        "/login?link=expired", 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )
    found = service.read_login_link(request.app.state.signing_key, token, now)
    if found is None:
        return answer
    tenant_id, operator_id = found
    async with transaction(request.app.state.sessions, tenant_id) as session:
        if await store.find_operator(session, tenant_id, operator_id) is not None:
            answer.headers["location"] = "/"
            await _set_cookie(request, answer, session, tenant_id, operator_id, now)
    return answer


async def _set_cookie(
    request: Request, response: Response, session: Session, tenant_id: TenantId, operator_id: UUID, now: datetime
) -> None:
    response.set_cookie(
        COOKIE,
        await service.open_session(session, tenant_id, operator_id, now),
        max_age=int(service.SESSION_LIFETIME.total_seconds()),
        path="/",
        httponly=True,
        # Lax, so that a link to the console in a mail or chat works; what changes anything checks the Origin besides.
        samesite="lax",
        secure=(request.app.state.settings.public_url or "").startswith("https://"),
    )


async def _me(request: Request, session: Session, tenant_id: TenantId, operator_id: UUID) -> Me:
    operator = await store.get_row(session, tenant_id, OperatorRow, operator_id)
    tenant = await store.get_tenant(session, tenant_id)
    settings = request.app.state.settings
    background = MapBackground(tiles_url=settings.tiles_url, tiles_attribution=settings.tiles_attribution or None)
    return Me(
        operator=MyOperator.model_validate(operator),
        tenant=MyTenant.model_validate(tenant),
        map=background,
        pictures_from=settings.picture_origins,
    )


# --- the tenant's policy ------------------------------------------------------------------------------------------


@router.get("/v1/tenant")
async def get_tenant(me: Reader, response: Response, tx: Tx) -> TenantOut:
    """The tenant and its policy."""
    tenant = await store.get_tenant(tx, me.tenant_id)
    response.headers["ETag"] = etag(tenant.version)
    return TenantOut.model_validate(tenant)


@router.patch("/v1/tenant", responses=EDIT)
async def change_tenant(body: TenantPatch, me: Admin, response: Response, tx: Tx, now: Now, seen: IfMatch) -> TenantOut:
    """Change the tenant's policy. It holds for everything decided from now on."""
    tenant = await store.lock_tenant(tx, me.tenant_id)
    check_version(tenant.version, seen)
    await store.update_row(tx, me.tenant_id, tenant, body.changes(), "the policy is not possible")
    await service.audit(tx, me, "tenant.change", me.tenant_id, now, ", ".join(sorted(body.changes())))
    response.headers["ETag"] = etag(tenant.version)
    return TenantOut.model_validate(tenant)


# --- owners -------------------------------------------------------------------------------------------------------


@router.get("/v1/owners")
async def list_owners(me: Reader, tx: Tx, page: Paging) -> OwnerPage:
    """Owners of stores. Empty for a credential that is restricted to stores."""
    if me.store_ids is not None:
        return OwnerPage(items=[], next=None)
    items, after = page.cut(await store.list_rows(tx, me.tenant_id, Owner, page.after, page.limit + 1), _id)
    return OwnerPage(items=[OwnerOut.model_validate(row) for row in items], next=after)


@router.post("/v1/owners", status_code=201, responses=CONFLICT)
async def create_owner(body: OwnerIn, me: Admin, response: Response, tx: Tx, now: Now, new: NewId) -> OwnerOut:
    """Add an owner of stores."""
    if new.replayed:
        owner = await store.get_row(tx, me.tenant_id, Owner, new.id)
    else:
        owner = await service.create_owner(tx, me.tenant_id, body.name, body.external_id, now=now, id_=new.id)
        await service.audit(tx, me, "owner.create", new.id, now)
    response.headers["ETag"] = etag(owner.version)
    return OwnerOut.model_validate(owner)


@router.get("/v1/owners/{owner_id}")
async def get_owner(owner_id: UUID, me: Reader, response: Response, tx: Tx) -> OwnerOut:
    """One owner."""
    if me.store_ids is not None:
        raise errors.NotFound(f"owner {owner_id} does not exist")
    owner = await store.get_row(tx, me.tenant_id, Owner, owner_id)
    response.headers["ETag"] = etag(owner.version)
    return OwnerOut.model_validate(owner)


@router.patch("/v1/owners/{owner_id}", responses={**EDIT, **CONFLICT})
async def change_owner(
    owner_id: UUID, body: OwnerPatch, me: Admin, response: Response, tx: Tx, now: Now, seen: IfMatch
) -> OwnerOut:
    """Change an owner."""
    owner = await store.get_row(tx, me.tenant_id, Owner, owner_id, lock=True)
    check_version(owner.version, seen)
    await store.update_row(tx, me.tenant_id, owner, body.changes(), "another owner has this external_id")
    await service.audit(tx, me, "owner.change", owner_id, now)
    response.headers["ETag"] = etag(owner.version)
    return OwnerOut.model_validate(owner)


@router.delete("/v1/owners/{owner_id}", status_code=204, responses=CONFLICT)
async def delete_owner(owner_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Remove an owner who has no stores and operators any more."""
    owner = await store.get_row(tx, me.tenant_id, Owner, owner_id)
    await store.delete_row(tx, me.tenant_id, owner, "it still has stores or operators")
    await service.audit(tx, me, "owner.delete", owner_id, now)


# --- apps ---------------------------------------------------------------------------------------------------------


@router.get("/v1/apps")
async def list_apps(me: Reader, tx: Tx, page: Paging) -> AppPage:
    """Apps; to a credential that is restricted to stores only theirs."""
    rows = await store.list_apps(tx, me.tenant_id, me.store_ids, page.after, page.limit + 1)
    items, after = page.cut(rows, _id)
    return AppPage(items=[AppOut.model_validate(row) for row in items], next=after)


@router.post("/v1/apps", status_code=201, responses=CONFLICT)
async def create_app(body: AppIn, me: Admin, response: Response, tx: Tx, now: Now, new: NewId) -> AppOut:
    """Add a branded application. Make a publishable key for it next."""
    if new.replayed:
        app = await store.get_row(tx, me.tenant_id, App, new.id)
    else:
        app = await service.create_app(tx, me.tenant_id, body.as_new(), now=now, id_=new.id)
        await service.audit(tx, me, "app.create", new.id, now)
    response.headers["ETag"] = etag(app.version)
    return AppOut.model_validate(app)


@router.get("/v1/apps/{app_id}")
async def get_app(app_id: UUID, me: Reader, response: Response, tx: Tx) -> AppOut:
    """One app."""
    app = await store.get_row(tx, me.tenant_id, App, app_id)
    if not me.sees_store(app.store_id):
        raise errors.NotFound(f"app {app_id} does not exist")
    response.headers["ETag"] = etag(app.version)
    return AppOut.model_validate(app)


@router.patch("/v1/apps/{app_id}", responses=EDIT)
async def change_app(
    app_id: UUID, body: AppPatch, me: Admin, response: Response, tx: Tx, now: Now, seen: IfMatch
) -> AppOut:
    """Change an app. User tokens signed with a key that is not listed any more stop counting at once."""
    app = await store.get_row(tx, me.tenant_id, App, app_id, lock=True)
    check_version(app.version, seen)
    await service.check_app(tx, me.tenant_id, body.store_id, tuple(body.user_token_keys or ()))
    await store.update_row(tx, me.tenant_id, app, body.changes(), "the app cannot be changed so")
    await service.audit(tx, me, "app.change", app_id, now, ", ".join(sorted(body.changes())))
    response.headers["ETag"] = etag(app.version)
    return AppOut.model_validate(app)


@router.delete("/v1/apps/{app_id}", status_code=204, responses=CONFLICT)
async def delete_app(app_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Remove an app that never had a device or key."""
    app = await store.get_row(tx, me.tenant_id, App, app_id)
    await store.delete_row(tx, me.tenant_id, app, "it has devices or keys; revoke its keys instead")
    await service.audit(tx, me, "app.delete", app_id, now)


# --- keys ---------------------------------------------------------------------------------------------------------


@router.get("/v1/keys")
async def list_keys(me: Admin, tx: Tx, page: Paging) -> KeyPage:
    """Keys with what they may do; their secrets are not kept and cannot be shown."""
    items, after = page.cut(await store.list_rows(tx, me.tenant_id, Credential, page.after, page.limit + 1), _id)
    return KeyPage(items=[KeyOut.model_validate(row) for row in items], next=after)


@router.post("/v1/keys", status_code=201)
async def create_key(body: KeyIn, me: Admin, response: Response, tx: Tx, now: Now, new: NewId) -> KeyCreated:
    """Make a publishable, secret or write key. The answer is the only place where the key itself is shown."""
    response.headers["Cache-Control"] = "no-store"
    if new.replayed:
        key, text = await store.get_row(tx, me.tenant_id, Credential, new.id), None
    else:
        key, text = await service.create_key(tx, me.tenant_id, body.as_new(), now=now, by=me, id_=new.id)
    return KeyCreated(**KeyOut.model_validate(key).model_dump(), key=text)


@router.get("/v1/keys/{key_id}")
async def get_key(key_id: UUID, me: Admin, tx: Tx) -> KeyOut:
    """One key, without its secret."""
    return KeyOut.model_validate(await store.get_row(tx, me.tenant_id, Credential, key_id))


@router.delete("/v1/keys/{key_id}", status_code=204)
async def revoke_key(key_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Revoke a key: it is refused from now on. Devices registered with it keep working, events that it sent stay."""
    await service.revoke_key(tx, me.tenant_id, key_id, me, now)


# --- operators ----------------------------------------------------------------------------------------------------


@router.get("/v1/operators")
async def list_operators(me: Admin, tx: Tx, page: Paging) -> OperatorPage:
    """Everybody who may log in to the console, or once could."""
    items, after = page.cut(await store.list_rows(tx, me.tenant_id, OperatorRow, page.after, page.limit + 1), _id)
    return OperatorPage(items=[OperatorOut.model_validate(row) for row in items], next=after)


@router.post("/v1/operators", status_code=201, responses=CONFLICT)
async def create_operator(body: OperatorIn, me: Admin, tx: Tx, now: Now, new: NewId) -> OperatorOut:
    """Let somebody log in to the console. Role shop sees the stores of one owner only."""
    if new.replayed:
        operator = await store.get_row(tx, me.tenant_id, OperatorRow, new.id)
    else:
        operator = await service.create_operator(tx, me.tenant_id, body.as_new(), now=now, by=me, id_=new.id)
    return OperatorOut.model_validate(operator)


@router.post("/v1/operators/{operator_id}/disable", status_code=204, responses=CONFLICT)
async def disable_operator(operator_id: UUID, me: Admin, tx: Tx, now: Now) -> None:
    """Keep an operator out from now on; open sessions end at once. The last owner cannot be disabled."""
    await service.disable_operator(tx, me.tenant_id, operator_id, me, now)


@router.post("/v1/operators/{operator_id}/link", responses=CONFLICT)
async def invite_operator(
    operator_id: UUID, request: Request, response: Response, me: Admin, tx: Tx, now: Now
) -> OperatorLink:
    """A link that logs somebody of role shop in, good for 24 hours. Send it to them alone. 409 for other roles."""
    response.headers["Cache-Control"] = "no-store"
    return OperatorLink(link=await service.invite(tx, request.app.state.signing_key, operator_id, me, now))


def _id(row: Owner | App | Credential | OperatorRow) -> UUID:
    return row.id
