/** Making or changing a campaign, with the push shown as it will look while it is written. */
import { ApiError, call, newKey, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { areaField, checkField, dayChips, numberIn, selectField, textField } from '../../ui/fields.js';
import { fromLocalField, toLocalField } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { livePreview } from './preview.js';
import { pushExtras, pushFields } from './push_fields.js';

/** @import {Campaign, Context} from '../../types' */
/** @import {Names} from './words.js' */

const VARIABLES = ['first_name', 'store.name', 'zone.name', 'mall.name'];
const HOUR = 3600;

/** @param {{context: Context, names: Names, campaign: Campaign | null, query: URLSearchParams}} options */
export function campaignForm({ context, names, campaign, query }) {
  const presetZone = names.zones.get(query.get('zone') ?? '');
  const trigger = campaign?.trigger ?? {
    kind: 'entered',
    zone_ids: presetZone ? [presetZone.id] : [],
    store_ids: [],
    dwell_s: 60,
  };
  const audience = campaign?.audience ?? { kind: 'all' };
  let etag = campaign ? `"v${campaign.version}"` : null;
  const once = newKey();

  const name = textField(
    'Name',
    { value: campaign?.name ?? '', required: true, maxlength: 120 },
    { testid: 'campaign-name', hint: 'Only your team sees it.' },
  );
  const store = selectField(
    'Shop',
    [['', 'The mall itself'], ...byName(names.stores)],
    campaign?.store_id ?? presetZone?.properties.store_id ?? '',
    { testid: 'campaign-store' },
  );
  const kind = selectField(
    'When somebody',
    [
      ['entered', 'enters'],
      ['dwelled', 'stays in'],
      ['exited', 'leaves'],
      ['segment', 'enters or leaves a segment'],
    ],
    !campaign && query.has('segment') ? 'segment' : trigger.kind,
    { testid: 'trigger-kind' },
  );
  const place = selectField(
    'Zone or shop',
    [['', 'Choose one'], ...places(names)],
    trigger.zone_ids[0] ? `zone:${trigger.zone_ids[0]}` : trigger.store_ids[0] ? `store:${trigger.store_ids[0]}` : '',
    { testid: 'trigger-place' },
  );
  const segment = selectField('Segment', segmentOptions(names), trigger.segment_id ?? query.get('segment') ?? '', {
    testid: 'trigger-segment',
  });
  const move = selectField(
    'What happens',
    [
      ['entered', 'somebody comes into it'],
      ['exited', 'somebody leaves it'],
    ],
    trigger.on ?? 'entered',
    { testid: 'trigger-move' },
  );
  const present = checkField('Also to everybody who is in it when the campaign starts', trigger.present ?? false, {
    testid: 'trigger-present',
  });
  const dwell = textField(
    'For (seconds)',
    { type: 'number', min: 1, value: trigger.dwell_s ?? 60, inputmode: 'numeric' },
    { testid: 'trigger-dwell' },
  );
  const who = selectField(
    'Audience',
    [
      ['all', 'Everybody who allows it'],
      ['attribute', 'Only people with an attribute'],
      ['segment', 'Only people in a segment'],
    ],
    audience.kind,
    { testid: 'audience-kind' },
  );
  const attribute = textField('Attribute', { value: audience.name ?? '' }, { testid: 'audience-name' });
  const op = selectField(
    'Test',
    [
      ['eq', 'is'],
      ['ne', 'is not'],
      ['gt', 'is above'],
      ['lt', 'is below'],
      ['exists', 'is known'],
    ],
    audience.op ?? 'eq',
    { testid: 'audience-op' },
  );
  const value = textField('Value', { value: audience.value ?? '' }, { testid: 'audience-value' });
  const among = selectField('In the segment', segmentOptions(names), audience.segment_id ?? '', {
    testid: 'audience-segment',
  });
  const days = dayChips(campaign?.days ?? [], 'campaign-days');
  const start = textField(
    'From (time of day)',
    { type: 'time', value: campaign?.hours?.start ?? '' },
    { testid: 'hours-start' },
  );
  const end = textField(
    'To (time of day)',
    { type: 'time', value: campaign?.hours?.end ?? '' },
    { testid: 'hours-end' },
  );
  const count = textField(
    'Pushes for each person',
    { type: 'number', min: 1, max: 100, value: campaign?.cap?.count ?? 1 },
    { testid: 'cap-count' },
  );
  const perDays = textField(
    'Within (days)',
    { type: 'number', min: 1, max: 365, value: campaign?.cap?.per_days ?? 1 },
    { testid: 'cap-days' },
  );
  const cooldown = textField(
    'Not again within (hours)',
    { type: 'number', min: 0, step: 0.25, value: (campaign?.cooldown_s ?? 4 * HOUR) / HOUR },
    { testid: 'cooldown' },
  );
  const from = textField(
    'Valid from',
    { type: 'datetime-local', value: toLocalField(campaign?.valid_from) },
    { testid: 'valid-from' },
  );
  const to = textField(
    'Valid to',
    { type: 'datetime-local', value: toLocalField(campaign?.valid_to) },
    { testid: 'valid-to' },
  );
  const service = checkField('Service message without any offer', campaign?.purpose === 'service', {
    testid: 'purpose-service',
  });
  const title = textField(
    'Title',
    { value: campaign?.title ?? '', maxlength: 120, required: true },
    { testid: 'push-title' },
  );
  const body = areaField(
    'Text',
    { value: campaign?.body ?? '', maxlength: 1000, rows: 3, required: true },
    { testid: 'push-body' },
  );
  const fallback = textField(
    'When the first name is unknown',
    { value: campaign?.fallback_name ?? 'there', maxlength: 60 },
    { testid: 'fallback-name' },
  );
  const push = pushFields(campaign?.push);
  const complaint = h('div', { class: 'form-error', role: 'alert', hidden: true, 'data-testid': 'form-error' });

  const dwellPart = h('div', { class: 'field-wrap' }, dwell.node);
  const placePart = h('div', { class: 'field-wrap' }, place.node);
  const segmentPart = h(
    'div',
    { class: 'stack', 'data-testid': 'segment-part' },
    h('div', { class: 'field-pair' }, segment.node, move.node),
    present.node,
    h(
      'p',
      { class: 'quiet' },
      'It waits for these hours and for the end of quiet hours, a day at most. Only people who allow personal content get it.',
    ),
  );
  const amongPart = h('div', { class: 'field-wrap' }, among.node);
  const audiencePart = h('div', { class: 'field-trio' }, attribute.node, op.node, value.node);
  const preview = livePreview(
    names,
    () => ({
      title: title.input.value,
      body: body.input.value,
      store_id: store.input.value || null,
      zone_id: target().zone_ids[0] ?? null,
    }),
    { title, body },
    () => pushExtras(push.read()),
  );

  function target() {
    if (kind.input.value === 'segment') return { zone_ids: [], store_ids: [] };
    const [type, id] = place.input.value.split(':');
    return { zone_ids: type === 'zone' ? [id] : [], store_ids: type === 'store' ? [id] : [] };
  }

  function show() {
    const ofSegment = kind.input.value === 'segment';
    dwellPart.hidden = kind.input.value !== 'dwelled';
    placePart.hidden = ofSegment;
    segmentPart.hidden = !ofSegment;
    present.node.hidden = move.input.value !== 'entered';
    audiencePart.hidden = who.input.value !== 'attribute';
    amongPart.hidden = who.input.value !== 'segment';
    value.node.hidden = op.input.value === 'exists';
    preview.update();
  }

  function moves() {
    if (kind.input.value !== 'segment') return { segment_id: null, on: 'entered', present: false };
    const entered = move.input.value === 'entered';
    return { segment_id: segment.input.value || null, on: move.input.value, present: entered && present.box.checked };
  }

  function addressed() {
    if (who.input.value === 'all') return { kind: 'all' };
    if (who.input.value === 'segment') return { kind: 'segment', segment_id: among.input.value || null };
    return {
      kind: 'attribute',
      name: attribute.input.value.trim(),
      op: op.input.value,
      ...(op.input.value !== 'exists' && { value: typed(value.input.value) }),
    };
  }

  function read() {
    return {
      name: name.input.value.trim(),
      store_id: store.input.value || null,
      trigger: {
        kind: kind.input.value,
        ...target(),
        dwell_s: kind.input.value === 'dwelled' ? numberIn(dwell.input) : null,
        ...moves(),
      },
      audience: addressed(),
      days: days.values(),
      hours: start.input.value && end.input.value ? { start: start.input.value, end: end.input.value } : null,
      cap: { count: numberIn(count.input), per_days: numberIn(perDays.input) },
      cooldown_s: Math.round((numberIn(cooldown.input) ?? 0) * HOUR),
      valid_from: fromLocalField(from.input.value),
      valid_to: fromLocalField(to.input.value),
      quiet_hours: campaign?.quiet_hours ?? 'tenant',
      purpose: service.box.checked ? 'service' : 'marketing',
      title: title.input.value,
      body: body.input.value,
      fallback_name: fallback.input.value.trim() || null,
      push: push.read(),
    };
  }

  /** @param {boolean} activate */
  async function save(activate) {
    showErrors(null);
    try {
      const made = campaign
        ? await call('PATCH', `/v1/campaigns/${campaign.id}`, { body: read(), etag })
        : await call('POST', '/v1/campaigns', { body: withoutNulls(read()), once });
      etag = made.etag;
      const done = activate ? await post(`/v1/campaigns/${made.data.id}/activate`) : made.data;
      context.toast(
        activate ? (done.status === 'in_review' ? 'Sent to review.' : 'The campaign is on.') : 'Saved as a draft.',
      );
      context.refreshReviewCount();
      context.navigate(`/campaigns?id=${made.data.id}`);
    } catch (error) {
      showErrors(error);
    }
  }

  /** @type {[string, {setError: (text: string | null) => void}][]} */
  const targets = [
    ...push.targets,
    ['/trigger/dwell_s', dwell],
    ['/trigger/segment_id', segment],
    ['/trigger', place],
    ['/audience/value', value],
    ['/audience/segment_id', among],
    ['/audience', attribute],
    ['/days', days],
    ['/hours', start],
    ['/cap/per_days', perDays],
    ['/cap', count],
    ['/cooldown_s', cooldown],
    ['/valid_from', from],
    ['/valid_to', to],
    ['/title', title],
    ['/body', body],
    ['/fallback_name', fallback],
    ['/name', name],
    ['/store_id', store],
  ];

  /** @param {unknown} error */
  function showErrors(error) {
    for (const [, field] of targets) field.setError(null);
    const errors = error instanceof ApiError ? error.errors : [];
    const rest = errors.filter(({ pointer = '', detail }) => {
      const found = targets.find(([path]) => pointer.replace(/^#/, '').startsWith(path));
      found?.[1].setError(detail);
      return !found;
    });
    const conflict = error instanceof ApiError && error.status === 412;
    const text = conflict
      ? 'Somebody else changed this campaign meanwhile. Reload the page to see their version.'
      : error && (errors.length === 0 || rest.length)
        ? rest.map((item) => item.detail).join(' · ') || explain(error)
        : null;
    fill(complaint, text);
    complaint.hidden = !text;
    /** @type {HTMLElement | null} */ (
      node.querySelector('.field-bad input, .field-bad select, .field-bad textarea')
    )?.focus();
  }

  const node = h(
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
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'What it is'),
      h('div', { class: 'field-pair' }, name.node, store.node),
    ),
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'When it happens'),
      h('div', { class: 'field-pair' }, kind.node, placePart),
      dwellPart,
      segmentPart,
      days.node,
      h('div', { class: 'field-pair' }, start.node, end.node),
      h('div', { class: 'field-pair field-dates' }, from.node, to.node),
    ),
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'Who gets it'),
      who.node,
      audiencePart,
      amongPart,
      h('div', { class: 'field-trio' }, count.node, perDays.node, cooldown.node),
      service.node,
    ),
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'What it says'),
      title.node,
      body.node,
      variableButtons(body.input, preview.update),
      fallback.node,
      push.node,
    ),
  );
  show();

  return h(
    'div',
    { class: 'stack' },
    h(
      'a',
      { class: 'back-link', href: campaign ? `/campaigns?id=${campaign.id}` : '/campaigns' },
      icon('back', 16),
      campaign ? campaign.name : 'Campaigns',
    ),
    h('header', { class: 'page-head' }, h('h1', null, campaign ? 'Edit campaign' : 'New campaign')),
    h(
      'div',
      { class: 'form-columns' },
      node,
      h(
        'aside',
        { class: 'form-aside', 'aria-label': 'Preview' },
        preview.node,
        h(
          'div',
          { class: 'foot-buttons' },
          h(
            'button',
            { type: 'button', class: 'button', 'data-testid': 'save-campaign', on: { click: () => save(false) } },
            'Save draft',
          ),
          h(
            'button',
            {
              type: 'button',
              class: 'button button-primary',
              'data-testid': 'save-activate',
              on: { click: () => save(true) },
            },
            'Save and activate',
          ),
        ),
      ),
    ),
  );
}

/** @param {Map<string, {id: string, properties: {name: string}}>} items @returns {[string, string][]} */
const byName = (items) =>
  [...items.values()]
    .map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name]))
    .sort((a, b) => a[1].localeCompare(b[1]));

/** @param {Names} names @returns {[string, string][]} */
const segmentOptions = ({ segments }) => [
  ['', segments.size ? 'Choose one' : 'There is no segment yet'],
  ...[...segments.values()]
    .map(({ id, name }) => /** @type {[string, string]} */ ([id, name]))
    .sort((a, b) => a[1].localeCompare(b[1])),
];

/** @param {Names} names @returns {[string, string][]} */
function places({ zones, stores }) {
  return [
    ...byName(zones).map(([id, text]) => /** @type {[string, string]} */ ([`zone:${id}`, `Zone: ${text}`])),
    ...byName(stores).map(([id, text]) => /** @type {[string, string]} */ ([`store:${id}`, `Shop: ${text}`])),
  ];
}

/** A number stays a number, true and false stay what they are. @param {string} text */
function typed(text) {
  const trimmed = text.trim();
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

/** @param {Record<string, unknown>} group */
const withoutNulls = (group) => Object.fromEntries(Object.entries(group).filter(([, item]) => item !== null));

/** Buttons that put a variable where the cursor is. @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} input @param {() => void} then */
function variableButtons(input, then) {
  return h(
    'p',
    { class: 'variables' },
    h('span', { class: 'quiet' }, 'Insert:'),
    VARIABLES.map((variable) =>
      h(
        'button',
        {
          type: 'button',
          class: 'button button-small',
          on: {
            click: () => {
              const area = /** @type {HTMLTextAreaElement} */ (input);
              area.setRangeText(`{{ ${variable} }}`, area.selectionStart, area.selectionEnd, 'end');
              area.focus();
              then();
            },
          },
        },
        variable,
      ),
    ),
  );
}
