/** The third tab: a coupon, by camera or by the last four signs of its code. */

import { digitsOf } from '../src/ui/decimals.js';
import { fill, h } from '../src/ui/dom.js';
import { call } from '../till/api.js';
import { canScan, scan } from '../till/scan.js';
import { complaint, key, trouble, waiting } from './pieces.js';
import { date, t } from './words.js';

/** @import {Coupon, Given} from './types' */

const SIGNS = 4;

/** @param {Given} given */
export function coupon({ store, say }) {
  let asked = 0;
  const found = h('div', { class: 'found', 'data-testid': 'found' });
  const ending = h('input', {
    type: 'text',
    id: 'ending',
    autocomplete: 'off',
    autocapitalize: 'characters',
    spellcheck: 'false',
    maxlength: SIGNS,
    dir: 'ltr',
    'data-testid': 'ending',
    on: { input: () => ending.value.trim().length === SIGNS && find(ending.value.trim()) },
  });
  const node = h(
    'section',
    { 'aria-label': t('coupon') },
    h('h2', null, t('coupon')),
    found,
    h('label', { for: 'ending' }, t('ending')),
    ending,
    canScan() && h('button', { type: 'button', class: 'main', on: { click: read } }, t('scan')),
  );
  return node;

  async function read() {
    const code = await scan(node, t('stop.scan'));
    if (code) await find(code.trim().slice(-SIGNS), code.trim());
  }

  /** @param {string} end @param {string} [whole] a code that was scanned: no other one is meant */
  async function find(end, whole) {
    const mine = ++asked;
    fill(found, waiting());
    const answer = await call('GET', `/v1/shop/coupons?${new URLSearchParams({ store_id: store.id, ending: end })}`);
    if (mine !== asked) return;
    if (answer.is !== 'done' && !(answer.is === 'refused' && answer.status === 422))
      return fill(
        found,
        trouble(answer, () => find(end, whole)),
      );
    /** @type {Coupon[]} */
    const all = answer.is === 'done' ? answer.data.items : [];
    const meant = whole ? all.filter((each) => each.code === whole.toUpperCase()) : all;
    fill(found, meant.map(card), !meant.length && h('p', { role: 'alert' }, t('no.code')));
  }

  /** @param {Coupon} each */
  function card(each) {
    const id = `off-${each.code}`;
    const order_id = `phone-${key()}`;
    const unit = 10 ** digitsOf(each.currency);
    const amount = h('input', {
      type: 'text',
      id,
      inputmode: 'decimal',
      dir: 'ltr',
      value: each.most_minor === null ? '' : (each.most_minor / unit).toFixed(digitsOf(each.currency)),
      'data-testid': 'amount',
    });
    const wrong = h('p', { class: 'bad', role: 'alert', hidden: true });
    const use = h(
      'button',
      { type: 'button', class: 'main', 'data-testid': 'redeem', on: { click: redeem } },
      t('redeem'),
    );
    const box = h(
      'div',
      { class: 'card', 'data-testid': 'coupon' },
      h('h3', null, each.label),
      h('p', { class: 'soft' }, `${each.offer_name} · ${t('until', { day: date(each.expires_at) })}`),
      each.reason
        ? h('p', { class: 'bad' }, t('not.good'), ' ', complaint({ is: 'refused', status: 409, ...each, detail: '' }))
        : [h('label', { for: id }, t('took.off', { currency: each.currency })), amount, wrong, use],
    );
    return box;

    async function redeem() {
      const minor = Math.round(Number(amount.value.trim().replace(',', '.')) * unit);
      if (!amount.value.trim() || !(minor >= 0)) return amount.focus();
      use.disabled = true;
      const body = { order_id, source: 'shop', store_id: store.id, currency: each.currency, discount_minor: minor };
      const answer = await call('POST', `/v1/coupons/${encodeURIComponent(each.code)}/redeem`, body);
      use.disabled = false;
      if (answer.is !== 'done') {
        wrong.textContent = answer.is === 'ended' ? t('log.in.first') : complaint(answer);
        wrong.hidden = false;
        return;
      }
      const words = t('redeemed', { label: each.label });
      say(words);
      fill(found, h('p', { class: 'done', 'data-testid': 'redeemed' }, words));
      ending.value = '';
    }
  }
}
