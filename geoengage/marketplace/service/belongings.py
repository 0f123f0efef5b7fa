"""What belongs to a store of a list: who logs in, its app with keys and looks, its senders, its recipe.

Each part is compared with what is there first, so that the same row changes nothing.
"""

from typing import Any

import msgspec

from geoengage.kit import errors
from geoengage.kit.db import Session
from geoengage.marketplace import store as spend
from geoengage.marketplace.rules import StoreRow
from geoengage.marketplace.rules.spend import Cap
from geoengage.marketplace.service import spending
from geoengage.marketplace.service.results import Desk, RowResult
from geoengage.masters.service import operating as masters
from geoengage.messaging import service as messaging
from geoengage.messaging import store as senders
from geoengage.messaging.phone_models import PhoneSender
from geoengage.messaging.phone_senders import account_of, secrets_of
from geoengage.messaging.rules import BrandKit, MessageChannel
from geoengage.messaging.rules.phone import SmsAccount, WhatsappAccount
from geoengage.recipes import store as launches
from geoengage.recipes.rules import RECIPES, RecipeKey, Shop
from geoengage.recipes.service import launching
from geoengage.recipes.service.planning import check_settings, plan_for
from geoengage.tenancy import service as tenancy
from geoengage.tenancy import store as tenants
from geoengage.tenancy.models import App, Operator, Owner
from geoengage.tenancy.rules import ROLE_SCOPES, KeyKind, NewApp, NewKey, NewOperator, Role, normal_email
from geoengage.venues.models import Store


async def put_operator(session: Session, desk: Desk, row: StoreRow, owner: Owner | None, result: RowResult) -> None:
    """Who logs in for the owner. They have no password: the link that is shown once lets them in."""
    if row.owner is None or row.owner.email is None or owner is None:
        return
    email = normal_email(row.owner.email)
    known = await tenants.find_by(session, desk.tenant_id, Operator, email=email)
    if known is not None:
        if known.owner_id != owner.id:
            raise errors.field("owner/email", "somebody else logs in with this e-mail: of the tenant, or another owner")
        return
    new = NewOperator(email, owner.name, Role.SHOP, None, owner.id)
    operator = await tenancy.create_operator(session, desk.tenant_id, new, now=desk.now, by=desk.me)
    result.made["login_link"] = await tenancy.invite(session, desk.signing_key, operator.id, desk.me, desk.now)
    result.changes.append("operator")


async def put_app(session: Session, desk: Desk, row: StoreRow, store: Store, result: RowResult) -> None:
    """The store's app: the oldest one that is its own, or a new one with its keys; and how its e-mails look."""
    app = None if result.is_new else await tenants.find_by(session, desk.tenant_id, App, store_id=store.id)
    if app is None and row.app is None and row.brand is None:
        return
    said: dict[str, Any] = {} if row.app is None else row.app.model_dump(exclude_none=True)
    if row.brand_color is not None:
        said["brand_color"] = row.brand_color
    if app is None:
        new = NewApp(**({"name": store.name, "brand_color": store.brand_color} | said), store_id=store.id)
        app = await tenancy.create_app(session, desk.tenant_id, new, now=desk.now)
        result.changes.append("app")
    elif other := {name: value for name, value in said.items() if getattr(app, name) != value}:
        await tenants.update_row(session, desk.tenant_id, app, other, "the app cannot be changed so")
        result.changes.append("app")
    result.app_id = app.id
    await _put_keys(session, desk, app, store, result)
    await _put_brand(session, desk, row, app, result)


async def _put_keys(session: Session, desk: Desk, app: App, store: Store, result: RowResult) -> None:
    """A publishable key of the app, and a secret one that sees this store only. One that was revoked stays so."""
    test, scopes = desk.me.is_test, ROLE_SCOPES[Role.SHOP]
    of_app = NewKey(KeyKind.PUBLISHABLE, store.name, app_id=app.id, is_test=test)
    of_store = NewKey(KeyKind.SECRET, store.name, scopes, frozenset({store.id}), is_test=test)
    for name, new in (("publishable_key", of_app), ("secret_key", of_store)):
        stores = None if new.store_ids is None else list(new.store_ids)
        known = None if result.is_new else await tenants.find_key(session, desk.tenant_id, new.kind, new.app_id, stores)
        if known is None:
            _, text = await tenancy.create_key(session, desk.tenant_id, new, now=desk.now, by=desk.me)
            result.made[name] = text
            result.changes.append(name)


async def _put_brand(session: Session, desk: Desk, row: StoreRow, app: App, result: RowResult) -> None:
    said: dict[str, Any] = {} if row.brand is None else row.brand.model_dump(exclude_none=True)
    if row.brand_color is not None:
        said["color"] = row.brand_color.lower()
    if not said:
        return
    before = await messaging.get_brand(session, desk.tenant_id, app.id) if not result.is_new else BrandKit()
    kit = msgspec.structs.replace(before, **said)
    if kit != before:
        await messaging.put_brand(session, desk.me, app.id, BrandKit(**msgspec.structs.asdict(kit)), desk.now)
        result.changes.append("brand")


async def put_senders(session: Session, desk: Desk, row: StoreRow, store: Store, result: RowResult) -> None:
    """The store's own accounts. What is the same as before is not sealed anew, and stays checked."""
    if (whatsapp := row.whatsapp) is not None:
        known = await _known(session, desk, store, MessageChannel.WHATSAPP, result)
        kept = None if known is None else account_of(known)
        templates = kept.templates if isinstance(kept, WhatsappAccount) else {}
        if whatsapp.templates is not None:
            templates = {purpose.value: name for purpose, name in whatsapp.templates.items()}
        account = WhatsappAccount(
            phone_number_id=whatsapp.phone_number_id, business_account_id=whatsapp.business_account_id,
            templates=templates,
        )  # fmt: skip
        secrets = {"access_token": whatsapp.access_token, "app_secret": whatsapp.app_secret}
        pace = whatsapp.per_minute or (1200 if known is None else known.per_minute)
        new = messaging.NewPhoneSender(MessageChannel.WHATSAPP, store.id, account, secrets, pace)
        await _put_sender(session, desk, new, known, result)
    if (sms := row.sms) is not None:
        known = await _known(session, desk, store, MessageChannel.SMS, result)
        kept = None if known is None else account_of(known)
        at_twilio = SmsAccount(
            account_sid=sms.account_sid, sender=sms.sender, messaging_service_sid=sms.messaging_service_sid,
            senders=kept.senders if isinstance(kept, SmsAccount) else {},
        )  # fmt: skip
        pace = sms.per_minute or (60 if known is None else known.per_minute)
        token = {"auth_token": sms.auth_token}
        new = messaging.NewPhoneSender(MessageChannel.SMS, store.id, at_twilio, token, pace)
        await _put_sender(session, desk, new, known, result)


async def _known(
    session: Session, desk: Desk, store: Store, channel: MessageChannel, result: RowResult
) -> PhoneSender | None:
    if result.is_new:
        return None
    return await senders.find_sender_of_store(session, desk.tenant_id, channel, store.id)


async def _put_sender(
    session: Session, desk: Desk, new: messaging.NewPhoneSender, known: PhoneSender | None, result: RowResult
) -> None:
    if known is not None:
        before = secrets_of(desk.sealing_keys, known) or {}
        same = all(value is None or before.get(name) == value for name, value in new.secrets.items())
        if same and account_of(known) == new.account and known.per_minute == new.per_minute:
            return
    try:
        await messaging.put_phone_sender(session, desk.me, new, sealing_keys=desk.sealing_keys, now=desk.now)
    except errors.ItemErrors as error:
        raise error.below(new.channel.value) from error
    result.changes.append(new.channel.value)


async def put_limit(session: Session, desk: Desk, row: StoreRow, store: Store, result: RowResult) -> None:
    """What the store may spend on messages in a month."""
    if row.limit is None:
        return
    cap = Cap(row.limit.minor, row.limit.currency)
    if result.is_new or (await spend.list_caps(session, desk.tenant_id, [store.id])).get(store.id) != cap:
        await spending.put_limit(session, desk.me, store.id, cap, desk.now)
        result.changes.append("limit")


async def put_recipe(
    session: Session, desk: Desk, row: StoreRow, store: Store, currency: str | None, result: RowResult
) -> None:
    """Switch the recipe on for the store. What was switched on with these settings stays as it is, running or not."""
    if row.recipe is None:
        return
    key, given = row.recipe.recipe, row.recipe.settings
    if key is RecipeKey.MALL_ZONES:
        raise errors.field("recipe/recipe", f"{RECIPES[key].name!r} is about an item and not about a store")
    try:
        check_settings(key, given)
    except errors.ItemErrors as error:
        raise error.below("recipe/settings") from error
    if key is RecipeKey.SECOND_ITEM and given.below_minor is None:
        raise errors.field("recipe/settings/below_minor", "say it: a list does not work out each store's average order")
    sold_in = row.recipe.currency or currency
    language = (await tenants.get_tenant(session, desk.tenant_id)).default_language
    own = None if sold_in is None else Shop(store.name, language, sold_in, None)
    planned = plan_for(key, given, store.id, own)
    there = [] if result.is_new else await launches.list_launches(session, desk.tenant_id, [store.id], key)
    if there and there[0].settings == planned.given:
        result.campaign_id = there[0].campaign_id
        return
    launched = await launching.launch(session, desk.me, planned, desk.now)
    result.campaign_id = launched.campaign.id
    result.changes.append("recipe")


async def put_master(session: Session, desk: Desk, row: StoreRow, store: Store, result: RowResult) -> None:
    """Let the store take the master recipe, with values of its own. The worker switches it on."""
    if row.master is None:
        return
    try:
        changed = await masters.follow(
            session, desk.tenant_id, row.master.name, store.id, row.master.settings, row.master.currency, desk.now
        )
    except errors.ItemErrors as error:
        raise error.below("master") from error
    if changed:
        result.changes.append("master")
