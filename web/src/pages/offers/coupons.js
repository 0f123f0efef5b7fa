/** An offer's coupons: how many stand where, the newest, and codes to print. */
import { ApiError, download, get, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { fromLocalField, moment, number, toLocalField } from '../../ui/format.js';
import { ask, empty, explain, failure, loading, pill } from '../../ui/widgets.js';
import { COUPON_STATUS, RELEASED } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Offer} from './words.js' */

const PAGE = 20;
const MONTH_MS = 30 * 86_400_000;

/** @param {{context: Context, offer: Offer, signal: AbortSignal, mayPrint: boolean, reload: () => void}} options */
export function couponList({ context, offer, signal, mayPrint, reload }) {
  const counts = Object.entries(COUPON_STATUS).map(([key, [words]]) => `${number(offer.coupons[key])} ${words}`);
  const status = selectField(
    'Which',
    [
      ['', 'All'],
      ...Object.entries(COUPON_STATUS).map(([key, [words]]) => /** @type {[string, string]} */ ([key, words])),
    ],
    '',
    { testid: 'coupon-status' },
  );
  const list = h('ul', { class: 'cards', 'data-testid': 'coupon-list' });
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
      const query = { status: status.input.value, limit: PAGE, cursor };
      const page = await get(`/v1/offers/${offer.id}/coupons`, query, signal);
      if (mine !== asked) return;
      cursor = page.next;
      list.append(...page.items.map(row));
      fill(foot, list.childElementCount ? cursor && more() : nothing());
    } catch (error) {
      if (!signal.aborted && mine === asked)
        fill(
          foot,
          failure(error, () => load(anew)),
        );
    }
  }

  const nothing = () =>
    status.input.value
      ? empty('None of these', 'Choose others above.')
      : empty('No coupon yet', 'A campaign with this offer makes one for each customer; or print some.');
  const more = () =>
    h(
      'button',
      { type: 'button', class: 'button', 'data-testid': 'more', on: { click: () => load(false) } },
      'Show older ones',
    );

  async function print() {
    const count = textField('How many', { type: 'number', min: 1, max: 10000, value: 100 }, { testid: 'print-count' });
    const until = textField(
      'Good until',
      { type: 'datetime-local', value: toLocalField(new Date(Date.now() + MONTH_MS).toISOString()) },
      { testid: 'print-until', hint: `Time of ${context.me.tenant.timezone}.` },
    );
    const answer = await ask({
      title: 'Print codes',
      testid: 'print-dialog',
      body: [
        h('p', null, 'Each is good once, for whoever has it. Keep the file: the codes are not shown again.'),
        count.node,
        until.node,
      ],
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Make the file', value: 'yes', tone: 'primary', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      const body = { count: Number(count.input.value), expires_at: fromLocalField(until.input.value) };
      await download(
        `/v1/offers/${offer.id}/coupons`,
        body,
        `codes-${offer.name.replace(/[^\p{L}\p{N}]+/gu, '-')}.csv`,
        newKey(),
      );
      context.toast(`${number(body.count)} codes are in the file.`);
      reload();
    } catch (error) {
      const words = error instanceof ApiError && error.errors.length ? error.errors[0].detail : explain(error);
      context.toast(words, { tone: 'bad' });
    }
  }

  status.input.addEventListener('change', () => load(true));
  load(true);
  return h(
    'section',
    { class: 'stack', 'aria-labelledby': 'coupons-title' },
    h(
      'div',
      { class: 'page-head' },
      h(
        'div',
        null,
        h('h2', { id: 'coupons-title' }, 'Coupons'),
        h('p', { class: 'quiet', 'data-testid': 'coupon-counts' }, counts.join(' · ')),
      ),
      h(
        'div',
        { class: 'filters' },
        status.node,
        mayPrint &&
          h(
            'button',
            { type: 'button', class: 'button', 'data-testid': 'print', on: { click: print } },
            'Print codes…',
          ),
      ),
    ),
    list,
    foot,
  );
}

/** @param {Record<string, any>} coupon */
function row(coupon) {
  const [words, tone] = COUPON_STATUS[coupon.status];
  const when = coupon.redeemed_at ? `used ${moment(coupon.redeemed_at)}` : `good until ${moment(coupon.expires_at)}`;
  const why = coupon.release_reason && RELEASED[coupon.release_reason];
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'coupon-row' },
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('strong', null, `…${coupon.code_end}`),
        pill(words, tone),
        coupon.is_personal && pill('personal', 'info'),
      ),
      h('p', { class: 'quiet breaks' }, [coupon.label, why ?? when].join(' · ')),
    ),
  );
}
