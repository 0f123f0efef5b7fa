/** Every message, sent or held back, with its reasons; newest first. */
import { get, queryString } from '../api.js';
import { fill, h } from '../ui/dom.js';
import { selectField } from '../ui/fields.js';
import { day, clock } from '../ui/format.js';
import { empty, explain, failure, loading, logo, pill } from '../ui/widgets.js';
import { MESSAGE_STATUS, messageStatus, REASONS, reasonText } from '../ui/words.js';
import { MINUTES } from './explain/panel.js';

/** @import {Message} from '../types' */

const PAGE = 50;
const MOST_PAGES = 6;
/** @type {Record<string, string>} */
const TONES = {
  sent: 'ok',
  queued: 'info',
  sending: 'info',
  skipped: 'warn',
  failed: 'bad',
  misconfigured: 'bad',
  unknown: 'warn',
};

/** @type {import('../types').Page} */
export function messagesPage(root, context, query) {
  const abort = new AbortController();
  const status = selectField(
    'Status',
    [['', 'Every status'], ...Object.entries(MESSAGE_STATUS)],
    query.get('status') ?? '',
    { testid: 'filter-status' },
  );
  const reason = selectField('Reason', [['', 'Every reason'], ...Object.entries(REASONS)], query.get('reason') ?? '', {
    testid: 'filter-reason',
  });
  const campaign = query.get('campaign_id');
  const list = h('ul', { class: 'cards', 'data-testid': 'message-list' });
  const foot = h('div', null);
  let cursor = /** @type {string | null} */ (null);
  let shown = 0;

  function apply() {
    const wanted = reason.input.value && !status.input.value ? 'skipped' : status.input.value;
    context.navigate(`/messages${queryString({ status: wanted, reason: reason.input.value, campaign_id: campaign })}`);
  }

  /** The API filters by status; a reason is picked out here, over as many pages as it takes. */
  async function next() {
    const wanted = query.get('reason');
    /** @type {Message[]} */
    const found = [];
    let pages = 0;
    do {
      const page = await get(
        '/v1/messages',
        { status: query.get('status'), campaign_id: campaign, limit: wanted ? 500 : PAGE, cursor },
        abort.signal,
      );
      cursor = page.next;
      found.push(...page.items.filter((/** @type {Message} */ message) => !wanted || message.reason === wanted));
      pages += 1;
    } while (cursor && found.length < PAGE && pages < MOST_PAGES);
    return found;
  }

  async function more() {
    fill(foot, loading());
    try {
      const items = await next();
      shown += items.length;
      list.append(...items.map(row));
      fill(
        foot,
        shown === 0 && !cursor
          ? nothing()
          : cursor &&
              h(
                'button',
                { type: 'button', class: 'button', 'data-testid': 'more', on: { click: more } },
                'Show older ones',
              ),
      );
    } catch (error) {
      if (!abort.signal.aborted) fill(foot, shown ? h('p', { role: 'alert' }, explain(error)) : failure(error, more));
    }
  }

  const nothing = () =>
    query.get('status') || query.get('reason')
      ? empty('No such message', 'Choose another status or reason above.')
      : empty('No message yet', 'As soon as a shopper enters a zone with a running campaign, it is listed here.');

  fill(
    root,
    h(
      'div',
      { class: 'page' },
      h('header', { class: 'page-head' }, h('h1', null, 'Messages')),
      h(
        'form',
        { class: 'filters', on: { change: apply }, 'aria-label': 'Filter' },
        status.node,
        reason.node,
        campaign && h('a', { href: '/messages', class: 'button button-small' }, 'Only one campaign: show all'),
      ),
      list,
      foot,
    ),
  );
  more();
  return () => abort.abort();
}

/** @param {Message} message */
function row(message) {
  const at = message.created_at ?? message.at ?? '';
  const others = (message.blockers ?? []).filter((blocker) => blocker !== message.reason);
  const who = { pseudonym: message.pseudonym, device_id: message.pseudonym ? null : message.device_id };
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'message-row' },
    logo(message.store_name ?? 'Mall', message.brand_color),
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('strong', null, message.title ?? message.campaign_name ?? 'Push'),
        pill(messageStatus(message.status), TONES[message.status]),
      ),
      message.body && h('p', null, message.body),
      message.reason &&
        h(
          'p',
          null,
          `Held back: ${reasonText(message.reason)}${others.length ? `; also ${others.map(reasonText).join(', ')}` : ''}`,
        ),
      message.provider_answer &&
        message.channel !== 'preview' &&
        h('p', { class: 'quiet' }, `Push service: ${message.provider_answer}`),
      h(
        'p',
        { class: 'quiet' },
        [
          day(at),
          clock(at),
          message.campaign_name,
          message.zone_name,
          message.channel === 'preview' ? 'preview inbox' : null,
          message.opened_at ? 'opened' : message.received_at ? 'received' : null,
        ]
          .filter(Boolean)
          .join(' · '),
      ),
    ),
    (who.pseudonym || who.device_id) &&
      h(
        'a',
        { class: 'button button-small', href: `/explain${queryString({ ...who, at, minutes: MINUTES })}` },
        'Why?',
      ),
  );
}
