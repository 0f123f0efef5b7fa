/** Revenue that followed a message, by month, and what a thousand messages cost. */
import { call } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { digitsOf } from '../../ui/decimals.js';
import { money } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { monthText, percentText, typed } from './words.js';

/** @import {Context, DirectRevenue, MessageCost} from '../../types' */

/** @param {DirectRevenue} found */
export function months({ months: items, currency }) {
  const shown = [...items].reverse().slice(0, 13);
  return h(
    'section',
    { class: 'card', 'data-testid': 'months' },
    h('h2', null, 'Revenue after a message'),
    h(
      'p',
      { class: 'quiet' },
      'Orders within three days of an opened message. It followed; that is no proof that it was caused.',
    ),
    h(
      'table',
      { class: 'table' },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          ['Month', 'Revenue', 'Share of all', 'Over the month before', 'Over the year before'].map((title, i) =>
            h('th', { scope: 'col', class: i ? 'num' : '' }, title),
          ),
        ),
      ),
      h(
        'tbody',
        null,
        shown.map((m) =>
          h(
            'tr',
            null,
            h('td', null, monthText(m.first), !m.is_over && ' so far'),
            m.money_minor === null
              ? h(
                  'td',
                  { colspan: 4, class: 'quiet', 'data-label': 'Revenue' },
                  m.hidden ? 'too few people' : 'no data',
                )
              : [
                  h('td', { class: 'num', 'data-label': 'Revenue' }, money(Math.round(m.money_minor), currency)),
                  h(
                    'td',
                    { class: 'num', 'data-label': 'Share of all' },
                    m.share === null ? '–' : `${(100 * m.share).toFixed(1)} %`,
                  ),
                  h('td', { class: 'num', 'data-label': 'Over the month before' }, percentText(m.growth)),
                  h('td', { class: 'num', 'data-label': 'Over the year before' }, percentText(m.year_on_year)),
                ],
          ),
        ),
      ),
    ),
  );
}

const CHANNELS = /** @type {[string, string][]} */ ([
  ['email', 'E-mail'],
  ['sms', 'SMS'],
  ['whatsapp', 'WhatsApp'],
  ['viber', 'Viber'],
  ['fcm', 'Push'],
  ['webpush', 'Web push'],
]);

/** @param {Context} context @param {MessageCost[]} items @param {boolean} may */
export function prices(context, items, may) {
  const list = h('ul', { class: 'plain-list', 'data-testid': 'prices' });
  const channel = selectField('Channel', CHANNELS, 'email', { testid: 'price-channel' });
  const country = textField('Country', { maxlength: 2, placeholder: 'any' }, { testid: 'price-country' });
  const amount = textField('A thousand cost', { inputmode: 'decimal' }, { testid: 'price-amount' });
  const currency = textField('Currency', { maxlength: 3, placeholder: 'CHF' }, { testid: 'price-currency' });
  let now = items;
  const words = (/** @type {string} */ key) => CHANNELS.find(([k]) => k === key)?.[1] ?? key;
  function show() {
    fill(
      list,
      now.length === 0 &&
        h('li', { class: 'quiet' }, 'No price is known. Push and inbox cost nothing unless you say so.'),
      now.map((item) =>
        h(
          'li',
          { class: 'price' },
          `${words(item.channel)}${item.country ? ` to ${item.country}` : ''}: ${typed(item.thousand_minor, item.currency)} ${item.currency} a thousand`,
          may &&
            h(
              'button',
              {
                type: 'button',
                class: 'icon-button',
                'aria-label': `Remove the price of ${words(item.channel)}`,
                on: { click: () => void save(now.filter((other) => other !== item)) },
              },
              icon('trash', 18),
            ),
        ),
      ),
    );
  }
  /** @param {MessageCost[]} next */
  async function save(next) {
    try {
      now = (await call('PUT', '/v1/message-costs', { body: { items: next } })).data.items;
      show();
      context.toast('Saved. Proofs count with it from now on.');
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }
  /** @param {SubmitEvent} event */
  function add(event) {
    event.preventDefault();
    const code = currency.input.value.trim().toUpperCase();
    const value = Number(amount.input.value.replace(',', '.'));
    amount.setError(amount.input.value.trim() && value >= 0 ? '' : 'An amount, for example 15.00');
    currency.setError(/^[A-Z]{3}$/.test(code) ? '' : 'Three letters, for example CHF');
    if (!amount.input.value.trim() || !(value >= 0) || !/^[A-Z]{3}$/.test(code)) return;
    const place = country.input.value.trim().toUpperCase() || null;
    const item = {
      channel: channel.input.value,
      country: place,
      thousand_minor: Math.round(value * 10 ** digitsOf(code)),
      currency: code,
    };
    void save([...now.filter((o) => o.channel !== item.channel || o.country !== place), item]);
  }
  show();
  return h(
    'section',
    { class: 'card no-print', id: 'inputs', 'data-testid': 'inputs' },
    h('h2', null, 'What messages cost'),
    list,
    may &&
      h(
        'form',
        { class: 'price-form', novalidate: true, on: { submit: add } },
        channel.node,
        country.node,
        amount.node,
        currency.node,
        h('button', { type: 'submit', class: 'button', 'data-testid': 'price-add' }, 'Add price'),
      ),
    h(
      'p',
      { class: 'quiet' },
      'Margins: the cost of each product, else the margin of the store, else of the company. ',
      h('a', { href: '/offers' }, 'Set margins with the offers'),
    ),
  );
}
