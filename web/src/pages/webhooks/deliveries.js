/** The deliveries of an endpoint: newest event first, each with what was tried and answered. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField } from '../../ui/fields.js';
import { clock, day } from '../../ui/format.js';
import { empty, explain, failure, loading, pill } from '../../ui/widgets.js';
import { answerWords, DELIVERY_STATUS, deliveryState, deliveryWords } from './words.js';

/** @import {Delivery} from './words.js' */

const PAGE = 25;

/** @param {{path: string, signal: AbortSignal}} options `path`: the endpoint's */
export function deliveryList({ path, signal }) {
  const status = selectField('Status', [['', 'Every status'], ...DELIVERY_STATUS], '', { testid: 'delivery-status' });
  const list = h('ul', { class: 'cards', 'data-testid': 'delivery-list' });
  const foot = h('div', null);
  let cursor = /** @type {string | null} */ (null);
  let asked = 0;

  /** @param {boolean} anew */
  async function load(anew) {
    const mine = ++asked;
    if (anew) {
      cursor = null;
      fill(list);
    }
    fill(foot, loading());
    try {
      const page = await get(`${path}/deliveries`, { status: status.input.value, limit: PAGE, cursor }, signal);
      if (mine !== asked) return; // another status was chosen meanwhile
      cursor = page.next;
      list.append(...page.items.map(row));
      fill(foot, list.childElementCount === 0 ? nothing() : cursor && more());
    } catch (error) {
      if (signal.aborted || mine !== asked) return;
      const again = () => load(anew);
      fill(foot, list.childElementCount ? [h('p', { role: 'alert' }, explain(error)), more()] : failure(error, again));
    }
  }

  const nothing = () =>
    status.input.value
      ? empty('None with this status', 'Choose another status above.')
      : empty('Nothing delivered yet', 'As soon as something happens that it hears of, it is listed here.');
  const button = (/** @type {string} */ words, /** @type {string} */ testid, /** @type {() => void} */ click) =>
    h('button', { type: 'button', class: 'button', 'data-testid': testid, on: { click } }, words);
  const more = () => button('Show older ones', 'more', () => load(false));

  status.input.addEventListener('change', () => load(true));
  load(true);
  return h(
    'section',
    { class: 'stack', 'aria-labelledby': 'deliveries-title' },
    h(
      'div',
      { class: 'page-head' },
      h('h2', { id: 'deliveries-title' }, 'Deliveries'),
      h(
        'div',
        { class: 'filters' },
        status.node,
        button('Refresh', 'deliveries-refresh', () => load(true)),
      ),
    ),
    list,
    foot,
  );
}

/** @param {Delivery} delivery */
function row(delivery) {
  const { text, tone } = deliveryState(delivery);
  const [latest, ...earlier] = [...delivery.tries].reverse();
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'delivery-row' },
    h(
      'div',
      { class: 'row-text' },
      h('p', { class: 'row-title' }, h('strong', { class: 'breaks' }, delivery.type), pill(text, tone)),
      latest && h('p', { class: 'breaks', 'data-testid': 'answer' }, answerWords(latest)),
      h(
        'p',
        { class: 'quiet breaks' },
        `${day(delivery.planned_at)} · ${clock(delivery.planned_at)} · ${deliveryWords(delivery)} · position ${delivery.position}`,
      ),
      earlier.length > 0 &&
        h(
          'details',
          { class: 'earlier-tries' },
          h('summary', null, earlier.length === 1 ? 'The try before' : `The ${earlier.length} tries before`),
          h(
            'ul',
            null,
            earlier.map((tried) =>
              h('li', { class: 'breaks' }, `${day(tried.at)}, ${clock(tried.at)}: ${answerWords(tried)}`),
            ),
          ),
        ),
    ),
  );
}
