/** The second tab: an offer in three taps, with people and price of each audience before anything is sent. */

import { fill, h } from '../src/ui/dom.js';
import { call } from '../till/api.js';
import { complaint, key as newKey, trouble, waiting } from './pieces.js';
import { money, percent, t } from './words.js';

/** @import {Discount, Given, Preview, Product, Whom} from './types' */

const WAIT_MS = 250;

/** @param {Given} given */
export function offer({ store, say }) {
  const node = h('section', { 'aria-label': t('offer') });
  /** Of one offer, so that a second tap on a slow line sends nothing twice. */
  let key = '';
  choose();
  return node;

  /** A step: its heading takes the focus, so that it is read out. @param {string} title @param {(() => void) | null} back
   * @param {...(Node | false)} parts */
  function step(title, back, ...parts) {
    const heading = h('h2', { tabindex: '-1' }, title);
    fill(node, back && h('button', { type: 'button', class: 'plain', on: { click: back } }, t('back')), heading, parts);
    if (back) heading.focus();
  }

  // --- 1: the product

  function choose() {
    key = newKey();
    const list = h('div', { class: 'goods', 'data-testid': 'goods' }, waiting());
    let due = 0;
    let asked = 0;
    const search = h('input', {
      type: 'search',
      id: 'search',
      autocomplete: 'off',
      'data-testid': 'search',
      on: {
        input: () => {
          window.clearTimeout(due);
          due = window.setTimeout(load, WAIT_MS);
        },
      },
    });
    step(
      t('step.product'),
      null,
      list,
      h('div', { class: 'field' }, h('label', { for: 'search' }, t('search')), search),
    );
    void load();

    async function load() {
      const mine = ++asked;
      const query = new URLSearchParams({ store_id: store.id, q: search.value.trim() });
      const answer = await call('GET', `/v1/shop/products?${query}`);
      if (mine !== asked) return;
      if (answer.is !== 'done') return fill(list, trouble(answer, load));
      /** @type {Product[]} */
      const items = answer.data.items;
      fill(list, items.map(good), !items.length && h('p', { class: 'soft' }, t('nothing.found')));
    }
  }

  /** @param {Product} product */
  function good(product) {
    return h(
      'button',
      { type: 'button', class: 'good', on: { click: () => takeOff(product) } },
      product.image_url
        ? h('img', { src: product.image_url, alt: '', loading: 'lazy', width: 56, height: 56 })
        : h('span', { class: 'letter', 'aria-hidden': 'true' }, product.name.charAt(0)),
      h('span', { class: 'what' }, product.name),
      h('span', { class: 'price' }, money(product.price_minor, product.currency)),
    );
  }

  // --- 2: the discount

  /** @param {Product} product */
  function takeOff(product) {
    const buttons = product.discounts.map((each) =>
      h(
        'button',
        {
          type: 'button',
          class: 'discount',
          disabled: !each.is_allowed,
          'data-testid': `off-${each.percent}`,
          on: { click: () => forWhom(product, each) },
        },
        h('span', { class: 'what' }, t('off', { percent: percent(each.percent) })),
        h(
          'span',
          null,
          each.why ? t(`why.${each.why}`) : t('then.costs', { price: money(each.price_minor, product.currency) }),
        ),
      ),
    );
    step(t('step.discount'), choose, h('p', { class: 'chosen' }, product.name), h('div', { class: 'pair' }, buttons));
  }

  // --- 3: who

  /** @param {Product} product @param {Discount} discount */
  async function forWhom(product, discount) {
    const back = () => takeOff(product);
    const chosen = h('p', { class: 'chosen' }, `${product.name} · ${t('off', { percent: percent(discount.percent) })}`);
    const list = h('div', { class: 'audiences', 'data-testid': 'audiences' }, waiting());
    const last = h('div', { class: 'last' });
    step(t('step.who'), back, chosen, list, last);
    const body = { store_id: store.id, product_id: product.id, discount_percent: discount.percent };
    const answer = await call('POST', '/v1/shop/offers/preview', body);
    if (answer.is !== 'done')
      return fill(
        list,
        trouble(answer, () => forWhom(product, discount)),
      );
    /** @type {Preview} */
    const preview = answer.data;
    const buttons = preview.audiences.map((each) =>
      h(
        'button',
        {
          type: 'button',
          class: 'audience',
          'aria-pressed': 'false',
          disabled: each.people === 0 || preview.stopped_by !== null,
          'data-testid': `who-${each.audience}`,
          on: { click: () => pick(each) },
        },
        h('span', { class: 'what' }, t(`who.${each.audience}`)),
        h('span', { class: 'soft' }, t(`who.${each.audience}.about`)),
        h('strong', null, people(each)),
        each.people !== 0 && h('span', null, price(each, preview.currency)),
      ),
    );
    fill(list, preview.stopped_by && h('p', { class: 'bad', role: 'alert' }, t(`stop.${preview.stopped_by}`)), buttons);

    /** @param {Whom} whom */
    function pick(whom) {
      for (const button of buttons)
        button.setAttribute('aria-pressed', String(button.dataset.testid === `who-${whom.audience}`));
      const send = h(
        'button',
        { type: 'button', class: 'main', 'data-testid': 'confirm', on: { click: go } },
        t('confirm', { who: people(whom) }),
      );
      const said = h('p', { class: 'soft' }, t('checks'), preview.needs_approval ? ` ${t('approval')}` : '');
      const wrong = h('p', { class: 'bad', role: 'alert', hidden: true });
      fill(last, said, wrong, send);
      send.scrollIntoView({ block: 'nearest' });

      async function go() {
        send.disabled = true;
        const sent = await call(
          'POST',
          '/v1/shop/offers',
          { ...body, audience: whom.audience },
          { 'Idempotency-Key': key },
        );
        send.disabled = false;
        if (sent.is === 'done') return done(sent.data.status);
        wrong.textContent = sent.is === 'ended' ? t('log.in.first') : complaint(sent);
        wrong.hidden = false;
      }
    }
  }

  /** @param {Whom} whom */
  function people({ people: n }) {
    if (n === null) return t('people.few');
    return n ? t('people', { n }) : t('people.none');
  }

  /** @param {Whom} whom @param {string} currency */
  function price(whom, currency) {
    if (whom.people === null || whom.discounts_minor === null) return t('price.few');
    const discounts = money(whom.discounts_minor, currency);
    if (whom.messages_minor === null) return t('price.discounts', { discounts });
    return t('price', { messages: money(whom.messages_minor, currency), discounts });
  }

  /** @param {string} status */
  function done(status) {
    const words = t(status === 'in_review' ? 'sent.in_review' : 'sent.active');
    say(words);
    fill(
      node,
      h('p', { class: 'done', 'data-testid': 'sent' }, words),
      h('button', { type: 'button', on: { click: choose } }, t('another')),
    );
  }
}
