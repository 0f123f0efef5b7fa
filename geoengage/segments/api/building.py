"""HTTP of what a builder needs: the words of the tenant, the classic segments, a condition in plain English."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from geoengage.kit.db import Session
from geoengage.kit.http import PROBLEMS, Tx
from geoengage.kit.ids import TenantId
from geoengage.profiles.rules import NOT_FOR_STORES
from geoengage.segments import service
from geoengage.segments.api.common import own_store, reading_out
from geoengage.segments.rules import Condition, labels, read_definition, templates
from geoengage.segments.rules.words import read, sentence
from geoengage.segments.service.reading import names_of
from geoengage.segments.shapes import (
    ChoiceWord,
    EventWord,
    MetricWord,
    NamedWord,
    StoreWord,
    TemplateIn,
    TemplateMadeOut,
    TemplateOut,
    TemplateParameter,
    TemplatesOut,
    TraitWord,
    VocabularyOut,
    WordsIn,
    WordsOut,
    ZoneWord,
)
from geoengage.segments.store import vocabulary
from geoengage.tenancy.auth import SegmentEditor, SegmentReader
from geoengage.tenancy.rules import Principal

router = APIRouter(tags=["segments"], responses=PROBLEMS)


def _choices(labelled: Mapping[str, str]) -> list[ChoiceWord]:
    return [ChoiceWord(value=value, label=label) for value, label in labelled.items()]


@router.get("/v1/segments/vocabulary")
async def get_vocabulary(me: SegmentReader, tx: Tx) -> VocabularyOut:
    """Everything that a condition can speak of in this tenant, by name.

    Traits and their values are those of the 10,000 people who changed last; a value is told when at least ten of them
    have it. Properties of an event are those of its latest ones. Who is restricted to stores sees what is theirs, and
    no events, which are of the whole tenant.
    """
    tenant_id, stores = TenantId(me.tenant_id), me.store_ids
    goods = await vocabulary.list_goods(tx, tenant_id, stores)
    places = await vocabulary.list_places(tx, tenant_id, stores)
    named = await vocabulary.list_named(tx, tenant_id, stores)
    return VocabularyOut(
        currency=(await names_of(tx, tenant_id, [])).currency,
        traits=await _traits(tx, me),
        events=[] if stores is not None else [_event(row) for row in await vocabulary.list_events(tx, tenant_id)],
        categories=_with_parents(goods["category"]),
        brands=goods["brand"],
        order_channels=_choices(labels.ORDER_CHANNELS),
        stores=[StoreWord(**row) for row in places["stores"]],
        malls=[NamedWord(**row) for row in places["malls"]],
        zones=[ZoneWord(**row) for row in places["zones"]],
        zone_kinds=_choices(labels.ZONE_KIND_LABELS),
        campaigns=[NamedWord(**row) for row in named["campaigns"]],
        segments=[NamedWord(**row) for row in named["segments"]],
        lists=[NamedWord(**row) for row in named["lists"]],
        channels=_choices(labels.CONTACT_CHANNELS),
        purposes=_choices(labels.CONTACT_PURPOSES),
        consent_states=_choices(labels.CONSENT_STATES),
        stages=_choices(labels.STAGE_LABELS),
        declines=_choices(labels.DEGREE_LABELS),
        metrics=[MetricWord(name=name, label=label, unit=unit) for name, label, unit in labels.METRICS],
    )


async def _traits(tx: Session, me: Principal) -> list[TraitWord]:
    rows = await vocabulary.list_traits(tx, TenantId(me.tenant_id), me.store_ids)
    hidden = NOT_FOR_STORES if me.store_ids is not None else ()
    return [TraitWord(**row) for row in rows if row["name"] not in hidden]


def _event(row: Mapping[str, Any]) -> EventWord:
    seen: dict[str, bool] = {}
    for properties in row["properties"]:
        for name, value in properties.items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            seen[name] = seen.get(name, True) and is_number
    numbers = sorted(name for name, is_number in seen.items() if is_number)
    return EventWord(
        name=row["name"], type=row["type"], last_at=row["last_at"], properties=sorted(seen), numbers=numbers
    )


def _with_parents(paths: list[str]) -> list[str]:
    """Categories with those above them: `Food > Bread` has `Food`."""
    steps = [path.split(" > ") for path in paths]
    return sorted({" > ".join(each[: i + 1]) for each in steps for i in range(len(each))})


@router.get("/v1/segments/templates")
async def list_segment_templates(me: SegmentReader) -> TemplatesOut:
    """The classic segments: best customers, new, second purchase due, at risk, lapsed, window shoppers, the RFM grid …

    Who is restricted to stores gets those that look at one store's orders and visits only.
    """
    usable = [each for each in templates.TEMPLATES if me.store_ids is None or templates.is_for_stores(each)]
    return TemplatesOut(items=[_template(each) for each in usable])


def _template(each: templates.Template) -> TemplateOut:
    return TemplateOut(
        name=each.name,
        title=each.title,
        about=each.about,
        group=each.group,
        parameters=[
            TemplateParameter(
                name=one.name,
                label=one.label,
                type=one.type,
                default=one.default,
                required=one.required,
                least=one.least,
                most=one.most,
                choices=[ChoiceWord(value=choice.value, label=choice.label) for choice in one.choices],
            )
            for one in each.parameters
        ],
    )


@router.post("/v1/segments/templates/{template_name}")
async def fill_segment_template(template_name: str, body: TemplateIn, me: SegmentEditor, tx: Tx) -> TemplateMadeOut:
    """A definition made of a template, to look at, change and save. Nothing is kept."""
    tenant_id = TenantId(me.tenant_id)
    template = templates.get_template(template_name)
    currency = (await names_of(tx, tenant_id, [])).currency
    definition = templates.fill(template, body.parameters, currency)
    said = await _said(tx, me, read_definition(definition), body.store_id)
    return TemplateMadeOut(
        name=template.title,
        description=template.about,
        definition=definition,
        sentence=said.sentence,
        reading=said.reading,
    )


@router.post("/v1/segments/words")
async def read_segment(body: WordsIn, me: SegmentEditor, tx: Tx) -> WordsOut:
    """A condition in plain English, at once and without looking anybody up. 422 names each member that is wrong."""
    return await _said(tx, me, body.definition, body.store_id)


async def _said(tx: Session, me: Principal, condition: Condition, store_id: UUID | None) -> WordsOut:
    tenant_id = TenantId(me.tenant_id)
    await service.check_definition(tx, tenant_id, condition, store_id=await own_store(tx, me, store_id))
    names = await names_of(tx, tenant_id, [condition])
    return WordsOut(sentence=sentence(condition, names), reading=reading_out(read(condition, names)))
