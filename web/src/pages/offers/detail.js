/** One offer: what it gives and to whom, its budget, a cart to try it on, its coupons. */
import { call } from '../../api.js';
import { h } from '../../ui/dom.js';
import { moment, money } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, pill } from '../../ui/widgets.js';
import { daysText, may } from '../../ui/words.js';
import { couponList } from './coupons.js';
import { tryCart } from './try.js';
import { budgetText, CHANNELS, DEGREES, givesText, offerState, shares, targetText, usedText } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Budget, Offer} from './words.js' */

/** @param {{context: Context, offer: Offer, stores: Store[], signal: AbortSignal, reload: () => void}} options */
export function offerDetail({ context, offer, stores, signal, reload }) {
  const { text, tone } = offerState(offer);
  const mayEdit = may(context.me, 'offers') && offer.status !== 'archived';
  const names = new Map(stores.map(({ id, properties }) => [id, properties.name]));

  /** @param {string} status @param {string} said */
  async function change(status, said) {
    try {
      await call('PATCH', `/v1/offers/${offer.id}`, { body: { status }, etag: `"v${offer.version}"` });
      context.toast(said);
      reload();
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  async function archive() {
    const answer = await ask({
      title: `Put ${offer.name} away?`,
      testid: 'archive-dialog',
      body: h('p', null, 'It gives nothing new. Codes that customers have stay good until their time is over.'),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Put it away', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      await call('DELETE', `/v1/offers/${offer.id}`);
      context.toast(`${offer.name} is put away.`);
      context.navigate('/offers');
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  const on = () => change('active', `${offer.name} is on.`);
  const off = () => change('paused', `${offer.name} gives nothing until you switch it on.`);
  return h(
    'article',
    { class: 'stack', 'data-testid': 'offer' },
    h('a', { class: 'back-link', href: '/offers' }, icon('back', 16), 'Offers'),
    h(
      'header',
      { class: 'page-head' },
      h(
        'div',
        { class: 'title-line' },
        h('h1', { class: 'breaks' }, offer.name),
        h('span', { 'data-testid': 'offer-state' }, pill(text, tone)),
      ),
      mayEdit &&
        h(
          'div',
          { class: 'page-tools' },
          offer.status === 'active'
            ? tool('Pause', 'offer-pause', off)
            : tool('Switch on', 'offer-on', on, 'button-primary'),
          h('a', { class: 'button', href: `/offers?id=${offer.id}&edit=1`, 'data-testid': 'offer-edit' }, 'Edit'),
          tool('Put away', 'offer-archive', archive, 'button-danger'),
        ),
    ),
    h(
      'section',
      { class: 'card' },
      h('h2', null, givesText(offer)),
      h(
        'dl',
        { class: 'keys' },
        facts(offer, names).map(([term, words]) => [h('dt', null, term), h('dd', { class: 'breaks' }, words)]),
      ),
      offer.budgets.map((/** @type {Budget} */ budget) => budgetBar(budget, offer.currency, names)),
    ),
    may(context.me, 'commerce') && tryCart({ stores, offer, signal }),
    couponList({ context, offer, signal, mayPrint: mayEdit && offer.status === 'active', reload }),
  );
}

/** @param {Budget} budget @param {string} currency @param {Map<string, string>} names */
export function budgetBar(budget, currency, names) {
  const { spent, held } = shares(budget);
  const words = budgetText(budget, currency);
  const whose = budget.store_id === null ? 'Budget' : (names.get(budget.store_id) ?? 'A store');
  return h(
    'div',
    { class: 'budget', 'data-testid': 'budget' },
    h('p', null, h('strong', null, whose), ` ${words}`),
    h(
      'div',
      {
        class: 'bar budget-bar',
        role: 'img',
        'aria-label': `${Math.round(spent * 100)} % spent, ${Math.round(held * 100)} % promised`,
      },
      h('span', { style: { width: `${spent * 100}%` } }),
      h('span', { class: 'budget-held', style: { width: `${Math.min(1 - spent, held) * 100}%` } }),
    ),
  );
}

/** @param {Offer} offer @param {Map<string, string>} names @returns {[string, string][]} */
function facts(offer, names) {
  const at = offer.conditions;
  const cash = (/** @type {number} */ minor) => money(minor, offer.currency);
  const channelNames = new Map(CHANNELS);
  const storeNames = (/** @type {string[]} */ ids) =>
    ids.map((id) => names.get(id) ?? 'a store that is gone').join(', ');
  const size = (/** @type {number} */ n) => (offer.benefit.kind === 'amount' ? cash(n) : `${n} %`);
  const tiers = DEGREES.filter(([degree]) => degree in offer.tiers).map(
    ([degree, words]) => `${size(offer.tiers[degree])} for who ${words}`,
  );
  /** @type {(false | null | [string, string])[]} */
  const rows = [
    ['On', targetText(offer)],
    tiers.length > 0 && ['Size', tiers.join('; ')],
    [
      'For',
      [
        at.first_order ? 'a first order' : 'everybody',
        at.once_per_person && 'each customer once',
        at.with_code && 'only with a code',
      ]
        .filter(Boolean)
        .join(', '),
    ],
    at.min_basket_minor !== null && ['From', `a cart of ${cash(at.min_basket_minor)}`],
    ['When', whenText(offer)],
    [
      'Where',
      [
        offer.store_id ? storeNames([offer.store_id]) : at.store_ids.length ? storeNames(at.store_ids) : 'every store',
        ...at.channels.map((/** @type {string} */ c) => channelNames.get(c) ?? c),
      ].join(', '),
    ],
    [
      'Combines',
      offer.group === null ? 'with every other offer' : `not: of the group “${offer.group}” the best one holds`,
    ],
    ['Paid by', offer.funded_by === 'store' ? 'the store that sells' : 'the whole programme'],
    offer.max_discount_minor !== null && ['One use', `at most ${cash(offer.max_discount_minor)}`],
    offer.margin_floor_percent !== null && ['Least margin', `${offer.margin_floor_percent} %`],
    ['Used', usedText(offer).replace(/^used /, '')],
  ];
  return /** @type {[string, string][]} */ (rows.filter(Boolean));
}

/** @param {Offer} offer */
function whenText({ conditions, valid_from, valid_to }) {
  const { days, hours } = conditions;
  const parts = [
    days.length ? daysText(days) : 'every day',
    hours && `${hours.start}–${hours.end}`,
    valid_from && `from ${moment(valid_from)}`,
    valid_to && `until ${moment(valid_to)}`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** @param {string} words @param {string} testid @param {() => void} click @param {string} [look] */
const tool = (words, testid, click, look = '') =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click } }, words);
