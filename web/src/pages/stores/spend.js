/** What a store spends on messages: this month against its limit, which an owner of the programme sets here. */
import { call, get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { textField } from '../../ui/fields.js';
import { digitsOf } from '../../ui/decimals.js';
import { money, number } from '../../ui/format.js';
import { explain, failure, loading } from '../../ui/widgets.js';

/** @import {Context} from '../../types' */
/** @import {StoreSpend} from '../../types_marketplace' */

/** @param {{id: string, context: Context}} options */
export function spendPanel({ id, context }) {
  const place = h('div', { class: 'store-spend', 'data-testid': 'store-spend' });
  const mayLimit = context.me.operator.role === 'owner';

  async function load() {
    fill(place, loading());
    try {
      show(await get(`/v1/stores/${id}/spend`));
    } catch (error) {
      fill(place, failure(error, load));
    }
  }

  /** @param {StoreSpend} spend */
  function show(spend) {
    const [month] = spend.months;
    const spent = month.costs.map((one) => money(one.minor, one.currency)).join(', ') || 'Nothing';
    const { limit } = spend;
    fill(
      place,
      h('p', null, `${spent} this month`, limit && ` of ${money(limit.limit_minor, limit.currency)}`, '.'),
      limit &&
        h('progress', {
          max: Math.max(1, limit.limit_minor),
          value: limit.limit_minor - (spend.left_minor ?? 0),
          'aria-label': 'Share of the limit that is spent',
        }),
      month.held_back > 0 &&
        h('p', { class: 'warn-text' }, `${number(month.held_back)} messages were held back by the limit.`),
      month.unpriced.length > 0 &&
        h(
          'p',
          { class: 'quiet' },
          `Nobody said what ${month.unpriced.join(', ')} costs: `,
          h('a', { href: '/proof?inputs=1' }, 'state it'),
          '.',
        ),
      mayLimit && form(spend),
    );
  }

  /** @param {StoreSpend} spend */
  function form({ limit }) {
    const digits = digitsOf(limit?.currency);
    const amount = textField(
      'At most in a month',
      { inputmode: 'decimal', value: limit ? (limit.limit_minor / 10 ** digits).toFixed(digits) : '' },
      { hint: 'Empty: no limit.', testid: 'limit-amount' },
    );
    const currency = textField(
      'Currency',
      { value: limit?.currency ?? '', maxlength: 3, class: 'short' },
      { testid: 'limit-currency' },
    );
    /** @param {Event} event */
    async function save(event) {
      event.preventDefault();
      const text = amount.input.value.trim().replace(',', '.');
      const name = currency.input.value.trim().toUpperCase();
      amount.setError(null);
      try {
        if (text === '') await call('DELETE', `/v1/stores/${id}/spend-limit`);
        else if (!Number.isFinite(Number(text))) return amount.setError('A number, such as 250.00.');
        else
          await call('PUT', `/v1/stores/${id}/spend-limit`, {
            body: { limit_minor: Math.round(Number(text) * 10 ** digitsOf(name)), currency: name },
          });
        context.toast('The limit is kept.', { tone: 'ok' });
        await load();
      } catch (error) {
        amount.setError(explain(error));
      }
    }
    return h(
      'form',
      { class: 'store-limit', on: { submit: save } },
      amount.node,
      currency.node,
      h('button', { class: 'button button-small', 'data-testid': 'limit-save' }, 'Keep'),
    );
  }

  load();
  return place;
}
