/** Making or changing a campaign: its parts side by side, the message shown as it will look, complaints at their fields. */
import { ApiError, call, get, newKey, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { complain } from './editor/complaints.js';
import { experimentPart } from './editor/experiment.js';
import { numberField } from './editor/fields.js';
import { leavesPart } from './editor/leaves.js';
import { messagePart } from './editor/message.js';
import { livePreview } from './editor/preview.js';
import { pushExtras, pushFields } from './editor/push_fields.js';
import { stepList } from './editor/steps.js';
import { OF_PLACES, triggerPart } from './editor/trigger.js';
import { whatPart } from './editor/what.js';
import { whenPart } from './editor/when.js';
import { channelsPart, whoPart } from './editor/who.js';

/** @import {Campaign, Context, Experiment, Step, Target, Trigger, World} from '../../types' */
/** @import {MessagePart} from './editor/message.js' */
/** @import {Names} from './words.js' */

/** What texts may name, by what starts the campaign. @type {Record<string, string[]>} */
const VARIABLES = {
  order: ['trigger.order', 'trigger.total', 'trigger.currency', 'trigger.channel'],
  cart: ['trigger.lines'],
  entered: ['zone.name', 'mall.name'],
  dwelled: ['zone.name', 'mall.name'],
  exited: ['zone.name', 'mall.name'],
};

/**
 * @param {{context: Context, names: Names, world: World, campaign: Campaign | null, plan: Experiment | null,
 *   query: URLSearchParams}} options
 */
export function campaignForm({ context, names, world, campaign: first, plan, query }) {
  let campaign = first;
  let etag = campaign ? `"v${campaign.version}"` : null;
  const once = newKey();
  const trigger = triggerPart({ trigger: campaign?.trigger ?? presetTrigger(names, query), world });
  const zone = names.zones.get(query.get('zone') ?? '');
  const what = whatPart({ campaign, world, storeId: zone?.properties.store_id ?? null });
  const when = whenPart(campaign);
  const who = whoPart(campaign, world);
  const leaves = leavesPart(campaign, world);
  const channels = channelsPart(campaign);
  const push = pushFields(campaign?.push);
  const single = messagePart({
    words: campaign?.steps.length ? {} : (campaign ?? {}),
    world,
    testid: 'push',
    onActive: activate,
  });
  const experiment = experimentPart({ plan, first: () => pick(single.read(), 'title', 'body') });
  let active = /** @type {MessagePart} */ (single);
  const steps = stepList({ world, onChange: show, onActive: activate, newId }, campaign?.steps ?? []);
  const shape = selectField(
    'It sends',
    [
      ['one', 'One message'],
      ['journey', 'Several steps, one after the other'],
    ],
    campaign?.steps.length ? 'journey' : 'one',
    { testid: 'campaign-shape' },
  );
  const fallback = textField(
    'When the first name is unknown',
    { value: campaign ? (campaign.fallback_name ?? '') : 'there', maxlength: 60 },
    { testid: 'fallback-name' },
  );
  const offerDays = numberField('A coupon is good for (days)', campaign?.offer_days ?? 14, {
    testid: 'offer-days',
    min: 1,
    max: 366,
  });
  const stepsError = h('p', { class: 'field-error', role: 'alert' });
  const complaint = h('div', { class: 'form-error', role: 'alert', hidden: true, 'data-testid': 'form-error' });
  const preview = livePreview({
    context,
    names,
    draft: () => ({
      message: isJourney() ? active : single,
      storeId: what.storeId(),
      zoneId: trigger.zone(),
      purpose: what.purpose(),
      strict: who.read().strict,
      push: push.read(),
      name: what.name(),
    }),
    extras: () => pushExtras(push.read()),
  });
  const singlePart = h('div', { class: 'stack' }, single.node);
  const stepsPart = h('div', { class: 'stack', 'data-testid': 'steps-part' }, steps.node, stepsError);

  function isJourney() {
    return shape.input.value === 'journey';
  }

  /** @param {MessagePart} part */
  function activate(part) {
    active = part;
    preview?.update();
  }

  /** Steps keep their ids for ever, so a new one gets one that none has or had here. @param {string} kind */
  function newId(kind) {
    const taken = new Set([...steps.ids(), ...idsOf(campaign?.steps)]);
    let n = 1;
    while (taken.has(`${kind.replace('_', '-')}-${n}`)) n += 1;
    return `${kind.replace('_', '-')}-${n}`;
  }

  /** What was written as one message becomes the first step, and the other way round. */
  function reshape() {
    const { title, body, offer_id, content_id } = single.read();
    if (isJourney() && steps.items.length === 0) steps.append('message', { title, body, offer_id, content_id });
    const [message] = steps.messages();
    if (!isJourney() && message && !title && !body) {
      single.title.input.value = message.title.input.value;
      single.body.input.value = message.body.input.value;
    }
    [active] = isJourney() ? steps.messages() : [single];
    active ??= single;
  }
  shape.input.addEventListener('change', reshape);

  function show() {
    const kind = trigger.kind();
    const atOnce = OF_PLACES.has(kind) || kind === 'segment';
    const variables = ['first_name', 'store.name', ...(VARIABLES[kind] ?? [])];
    for (const part of [single, ...steps.messages()]) part.show(variables, what.isMarketing());
    what.show();
    who.show(isJourney() && what.isMarketing());
    leaves.show();
    leaves.node.hidden = atOnce && !isJourney();
    channels.show(atOnce && !isJourney());
    singlePart.hidden = isJourney();
    stepsPart.hidden = !isJourney();
    experiment.node.hidden = !what.isMarketing();
    experiment.show(!isJourney());
    offerDays.node.hidden = !written().some(({ offer_id }) => offer_id);
    preview.update();
  }

  const written = () => (isJourney() ? steps.messages() : [single]).map((part) => part.read());

  function read() {
    const { title, body, offer_id, content_id } = single.read();
    return {
      ...what.read(),
      trigger: trigger.read(),
      ...who.read(),
      ...when.read(),
      ...leaves.read(),
      channels: channels.ways(),
      steps: isJourney() ? steps.read() : [],
      title: isJourney() ? '' : title,
      body: isJourney() ? '' : body,
      offer_id: isJourney() ? null : offer_id,
      content_id: isJourney() ? (campaign?.steps.length ? campaign.content_id : null) : content_id,
      offer_days: Number(offerDays.input.value),
      fallback_name: fallback.input.value.trim() || null,
      push: push.read(),
    };
  }

  /** @param {boolean} andActivate */
  async function save(andActivate) {
    showErrors(null, []);
    try {
      const body = read();
      const made = campaign
        ? await call('PATCH', `/v1/campaigns/${campaign.id}`, { body, etag })
        : await call('POST', '/v1/campaigns', { body, once });
      campaign = /** @type {Campaign} */ (made.data);
      etag = made.etag;
    } catch (error) {
      return showErrors(error, targets());
    }
    try {
      const changed = what.isMarketing() ? experiment.read() : null;
      if (changed) await call('PUT', `/v1/campaigns/${campaign.id}/experiment`, { body: changed });
    } catch (error) {
      return showErrors(error, experiment.targets());
    }
    try {
      const done = andActivate ? await post(`/v1/campaigns/${campaign.id}/activate`) : campaign;
      context.toast(andActivate ? (done.status === 'in_review' ? 'Sent to review.' : 'The campaign is on.') : 'Saved.');
      context.refreshReviewCount();
      context.navigate(`/campaigns?id=${campaign.id}`);
    } catch (error) {
      showErrors(error, targets());
    }
  }

  /** @returns {Target[]} */
  function targets() {
    return [
      ...what.targets(),
      ...trigger.targets(),
      ...who.targets(),
      ...when.targets(),
      ...leaves.targets(),
      ...channels.targets,
      ...push.targets,
      ...(isJourney() ? steps.targets('/steps') : single.targets('')),
      ['/steps', { setError: (text) => void (stepsError.textContent = text ?? '') }],
      ['/fallback_name', fallback],
      ['/offer_days', offerDays],
    ];
  }

  /** @param {unknown} error @param {Target[]} places */
  function showErrors(error, places) {
    complain([], [...targets(), ...experiment.targets()]);
    const errors = error instanceof ApiError ? error.errors : [];
    const rest = complain(errors, places);
    const isConflict = error instanceof ApiError && error.status === 412;
    const text =
      error && (errors.length === 0 || rest.length) ? rest.map((e) => e.detail).join(' · ') || explain(error) : '';
    fill(
      complaint,
      isConflict
        ? [
            'Somebody else changed this campaign meanwhile. What you typed is still here. ',
            h(
              'button',
              { type: 'button', class: 'link', 'data-testid': 'keep-mine', on: { click: keepMine } },
              'Save it over theirs',
            ),
          ]
        : text,
    );
    complaint.hidden = !isConflict && !text;
    if (!complaint.hidden) complaint.scrollIntoView({ block: 'nearest' });
    /** @type {HTMLElement | null} */ (
      form.querySelector('.field-bad input, .field-bad select, .field-bad textarea')
    )?.focus();
  }

  async function keepMine() {
    if (!campaign) return;
    const theirs = await get(`/v1/campaigns/${campaign.id}`).catch(() => null);
    if (theirs) etag = `"v${theirs.version}"`;
    save(false);
  }

  const form = h(
    'form',
    {
      class: 'campaign-form',
      novalidate: true,
      'data-testid': 'campaign-form',
      on: {
        input: show,
        change: show,
        submit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          save(false);
        },
      },
    },
    complaint,
    what.node,
    h('section', { class: 'card' }, h('h2', null, 'When it happens'), trigger.node, when.node),
    who.node,
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'What it sends'),
      shape.node,
      singlePart,
      stepsPart,
      h('div', { class: 'field-pair' }, fallback.node, offerDays.node),
      channels.node,
      push.node,
    ),
    leaves.node,
    experiment.node,
  );
  show();

  return h(
    'div',
    { class: 'stack campaign-editor' },
    h(
      'a',
      { class: 'back-link', href: first ? `/campaigns?id=${first.id}` : '/campaigns' },
      icon('back', 16),
      first ? first.name : 'Campaigns',
    ),
    h('header', { class: 'page-head' }, h('h1', null, first ? 'Edit campaign' : 'New campaign')),
    h(
      'div',
      { class: 'form-columns' },
      form,
      h(
        'aside',
        { class: 'form-aside', 'aria-label': 'Preview' },
        preview.node,
        h(
          'div',
          { class: 'foot-buttons' },
          saveButton('Save', false, () => save(false)),
          !first?.archived_at && saveButton('Save and activate', true, () => save(true)),
        ),
      ),
    ),
  );
}

/** @param {Step[] | undefined} steps @returns {string[]} */
const idsOf = (steps = []) => steps.flatMap(({ id, then, otherwise }) => [id, ...idsOf(then), ...idsOf(otherwise)]);

/** @param {string} words @param {boolean} isMain @param {() => void} click */
const saveButton = (words, isMain, click) =>
  h(
    'button',
    {
      type: 'button',
      class: isMain ? 'button button-primary' : 'button',
      'data-testid': isMain ? 'save-activate' : 'save-campaign',
      on: { click },
    },
    words,
  );

/** What the address asks for: a zone of the map, or a segment. @param {Names} names @param {URLSearchParams} query @returns {Trigger} */
function presetTrigger(names, query) {
  const zone = names.zones.get(query.get('zone') ?? '');
  return {
    kind: query.has('segment') ? 'segment' : 'entered',
    zone_ids: zone ? [zone.id] : [],
    store_ids: [],
    segment_id: query.get('segment'),
  };
}

/** @template {object} T @template {keyof T} K @param {T} from @param {...K} names @returns {Pick<T, K>} */
const pick = (from, ...names) =>
  /** @type {Pick<T, K>} */ (Object.fromEntries(names.map((name) => [name, from[name]])));
