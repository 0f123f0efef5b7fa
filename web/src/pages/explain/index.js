/** The explain page: a device and a time in, what happened and why out. The address holds the question, so it can be sent. */
import { get, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { ago, fromLocalField, toLocalField } from '../../ui/format.js';
import { logo, whileLoading } from '../../ui/widgets.js';
import { messageStatus, reasonText } from '../../ui/words.js';
import { MINUTES } from './panel.js';
import { showExplanation } from './view.js';

/** @import {Message} from '../../types' */

const RECENT = 12;

/** @type {import('../../types').Page} */
export function explainPage(root, context, query) {
  const abort = new AbortController();
  const who = query.get('device_id') ?? query.get('pseudonym') ?? '';
  const at = query.get('at');
  const device = textField(
    'Device or dot',
    { value: who, required: true, spellcheck: 'false' },
    { testid: 'explain-device', hint: 'A device id, or the sixteen characters of a dot.' },
  );
  const when = textField(
    'Around',
    { type: 'datetime-local', step: 1, value: toLocalField(at ?? new Date().toISOString()) },
    { testid: 'explain-at' },
  );
  const minutes = selectField(
    'Window',
    ['5', '10', '30', '60', '120'].map((m) => [m, `${m} minutes`]),
    query.get('minutes') ?? String(MINUTES),
    { testid: 'explain-minutes' },
  );
  const reason = textField(
    'Reason',
    { value: query.get('reason') ?? '', maxlength: 200 },
    { testid: 'explain-reason', hint: 'Needed for a real person; it is kept in the audit log.' },
  );
  const result = h('div', { 'aria-live': 'polite' });

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault();
    const value = device.input.value.trim();
    const moment =
      when.input.value === toLocalField(at ?? '') && at ? at : fromLocalField(when.input.value.slice(0, 16));
    context.navigate(
      `/explain${queryString({ ...key(value), at: moment, minutes: minutes.input.value, reason: reason.input.value.trim() })}`,
    );
  }

  fill(
    root,
    h(
      'div',
      { class: 'page' },
      h('header', { class: 'page-head' }, h('h1', null, 'Why did it happen, or not?')),
      h(
        'details',
        // on a narrow screen the answer comes first
        { class: 'explain-ask', open: !who || window.matchMedia('(min-width: 901px)').matches },
        h('summary', null, 'Which device, which time'),
        h(
          'form',
          { class: 'filters explain-form', on: { submit }, 'data-testid': 'explain-form' },
          device.node,
          when.node,
          minutes.node,
          reason.node,
          h('button', { class: 'button button-primary' }, 'Explain'),
        ),
      ),
      result,
    ),
  );
  if (who)
    showExplanation(
      result,
      { ...key(who), at, minutes: query.get('minutes') ?? MINUTES, reason: query.get('reason') },
      { signal: abort.signal },
    );
  else
    whileLoading(
      result,
      () => get('/v1/messages', { limit: 200 }, abort.signal),
      ({ items }) => recent(items),
    );
  return () => abort.abort();
}

/** A dot's name is sixteen hex digits, a device id has dashes. @param {string} value */
const key = (value) => (/^[0-9a-f]{16}$/i.test(value) ? { pseudonym: value.toLowerCase() } : { device_id: value });

/** @param {Message[]} items */
function recent(items) {
  const newest = [...items].sort((a, b) => (b.created_at ?? '').localeCompare(a.created_at ?? '')).slice(0, RECENT);
  if (newest.length === 0)
    return h('p', { class: 'quiet' }, 'Click a dot on the map, or “why?” under a push. Or paste a device id above.');
  return h(
    'section',
    null,
    h('h2', null, 'Start from a recent message'),
    h(
      'ul',
      { class: 'cards' },
      newest.map((message) =>
        h(
          'li',
          null,
          h(
            'a',
            {
              class: 'row-link',
              href: `/explain${queryString({ pseudonym: message.pseudonym, device_id: message.pseudonym ? null : message.device_id, at: message.created_at, minutes: MINUTES })}`,
            },
            logo(message.store_name, message.brand_color),
            h(
              'span',
              { class: 'row-text' },
              h('strong', null, message.title ?? message.campaign_name ?? 'Push'),
              h(
                'span',
                { class: 'quiet' },
                `${messageStatus(message.status)}${message.reason ? `: ${reasonText(message.reason)}` : ''} · ${ago(message.created_at ?? '')}`,
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
