/** Everything that happened with a person, newest first: visits, messages, orders, carts, events, consents, notes. */
import { get, queryString } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { chips } from '../../ui/fields.js';
import { clock, day, money, moment } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { empty, explain, failure, loading, pill } from '../../ui/widgets.js';
import { KINDS, statusText, tone } from './words.js';

/** @import {Entry, Timeline} from '../../types' */
/** @import {Person} from './person.js' */

const PAGE = 30;

/** @param {Person} person */
export function timelineCard({ id, access, signal, guarded }) {
  const kinds = /** @type {[string, string][]} */ (Object.entries(KINDS).map(([kind, [words]]) => [kind, words]));
  const filter = chips('Show only', kinds, [], { testid: 'timeline-kind' });
  const list = h('ol', { class: 'timeline', 'data-testid': 'timeline' });
  const foot = h('div', null);
  let cursor = /** @type {string | null} */ (null);
  let asked = 0;
  let lastDay = '';

  /** @param {boolean} anew */
  async function load(anew) {
    const mine = ++asked;
    if (anew) cursor = null;
    fill(foot, loading());
    try {
      const query = { limit: PAGE, cursor, kinds: filter.values().join(',') };
      const page = /** @type {Timeline} */ (await guarded(() => get(`/v1/profiles/${id}/timeline`, query, signal)));
      if (mine !== asked || signal.aborted) return;
      if (anew) {
        fill(list);
        lastDay = '';
      }
      cursor = page.next;
      list.append(...page.items.flatMap(entry));
      for (const kind of page.hidden) filter.node.querySelector(`[value="${kind}"]`)?.closest('label')?.remove();
      fill(foot, list.childElementCount ? cursor && more() : nothing());
    } catch (error) {
      if (signal.aborted || mine !== asked || error instanceof DOMException) return;
      const again = () => load(anew);
      fill(foot, list.childElementCount ? [h('p', { role: 'alert' }, explain(error)), more()] : failure(error, again));
    }
  }

  const nothing = () =>
    filter.values().length
      ? empty('Nothing of that kind', 'Choose other kinds above.')
      : empty('Nothing happened yet', 'Orders, visits, messages and notes are listed here as they come.');
  const more = () =>
    h(
      'button',
      { type: 'button', class: 'button', 'data-testid': 'timeline-more', on: { click: () => load(false) } },
      'Show older ones',
    );

  /** An entry, under its day when that is a new one. @param {Entry} one */
  function entry(one) {
    const on = day(one.at);
    const year = moment(one.at).split(' ')[2].replace(',', '');
    const head = `${on} ${year}`;
    const opens = head !== lastDay;
    lastDay = head;
    return [opens && h('li', { class: 'timeline-day' }, h('h3', null, head)), row(one)].filter(
      (x) => x instanceof Node,
    );
  }

  /** @param {Entry} one */
  function row(one) {
    const status = statusText(one);
    const device = one.kind === 'visit' || one.kind === 'message' ? one.device_id : null;
    const why = queryString({ device_id: device, at: one.at, minutes: 30, reason: access.reason });
    const sum = one.amount_minor !== null && money(one.amount_minor, one.currency);
    return h(
      'li',
      { class: `timeline-row timeline-${one.kind}`, 'data-testid': 'timeline-row', 'data-kind': one.kind },
      h('span', { class: 'timeline-icon' }, icon(KINDS[one.kind][1], 18)),
      h(
        'div',
        { class: 'row-text' },
        h(
          'p',
          { class: 'row-title' },
          h('strong', { class: 'breaks' }, one.title),
          status && pill(status, tone(one.status)),
          sum && h('span', { class: 'timeline-sum' }, one.kind === 'refund' ? `− ${sum}` : sum),
        ),
        one.text && h('p', { class: 'breaks' }, one.text),
        h('p', { class: 'quiet' }, [clock(one.at), one.store_name].filter(Boolean).join(' · ')),
      ),
      device && h('a', { class: 'button button-small', href: `/explain${why}` }, 'Why?'),
    );
  }

  filter.node.addEventListener('change', () => load(true));
  load(true);
  return {
    node: h(
      'section',
      { class: 'card', 'aria-labelledby': 'timeline-title' },
      h('h2', { id: 'timeline-title' }, 'What happened'),
      filter.node,
      list,
      foot,
    ),
    reload: () => load(true),
  };
}
