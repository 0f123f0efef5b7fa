/** Shopify shops: connected, shown with what they delivered and whether their orders are read, removed. */
import { ApiError, call, get, getAll, newKey, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { ago } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, loading, pill } from '../../ui/widgets.js';
import { button } from './firebase.js';
import { connectionState } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Connection, Delivery} from './words.js' */

/** @param {{stores: Store[], context: Context, signal: AbortSignal}} options */
export function shopifyPart({ stores, context, signal }) {
  const body = h('div', { class: 'app-part-body' }, loading());
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const count = h('span', null);

  async function load() {
    try {
      const found = /** @type {Connection[]} */ (await getAll('/v1/connections', {}, signal));
      fill(count, pill(String(found.length)));
      fill(
        body,
        found.length
          ? h('ul', { class: 'source-list', 'data-testid': 'connections' }, found.map(card))
          : h(
              'p',
              { class: 'quiet' },
              'No shop is connected. Its orders, refunds, customers and products come in by themselves once one is.',
            ),
      );
    } catch (failure) {
      if (!signal.aborted)
        fill(
          body,
          h('p', { class: 'form-error', role: 'alert' }, explain(failure)),
          button('Try again', 'retry', '', load),
        );
    }
  }

  /** @param {Connection} connection */
  function card(connection) {
    const { text, tone } = connectionState(connection);
    const list = h('div', { class: 'app-part-body' });
    return h(
      'li',
      { 'data-testid': 'connection' },
      h(
        'p',
        { class: 'row-title' },
        icon('store', 16),
        h('span', { class: 'breaks' }, connection.name),
        pill(text, tone),
      ),
      h('p', { class: 'quiet breaks' }, connection.shop),
      h(
        'p',
        { class: 'breaks' },
        'Its webhooks go to ',
        h('code', { class: 'breaks', 'data-testid': 'connection-url' }, connection.url),
      ),
      h(
        'p',
        { class: 'quiet' },
        connection.last_delivery_at
          ? `Last delivery ${ago(connection.last_delivery_at)}. `
          : 'It has delivered nothing yet. ',
        readingText(connection),
      ),
      connection.reconcile_error &&
        h('p', { class: 'note note-bad' }, `Its orders could not be read: ${connection.reconcile_error}.`),
      h(
        'div',
        { class: 'tool-row' },
        button('Deliveries', 'connection-deliveries', 'button-small', () => deliveries(connection, list)),
        connection.has_token &&
          !connection.closed_at &&
          button('Read orders now', 'connection-read', 'button-small', () => readNow(connection)),
        button([icon('trash', 16), 'Remove'], 'connection-remove', 'button-small button-danger', () =>
          remove(connection),
        ),
      ),
      list,
    );
  }

  /** @param {Connection} connection */
  const readNow = (connection) =>
    run(async () => {
      await post(`/v1/connections/${connection.id}/reconcile`);
      context.toast('Its orders are read within a minute.');
    });

  /** @param {Connection} connection */
  async function remove(connection) {
    const answer = await ask({
      title: `Remove ${connection.name}?`,
      testid: 'connection-remove-dialog',
      body: h('p', null, 'Its webhooks are refused from now on. Orders and customers that came from it stay.'),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Remove', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    await run(async () => {
      await call('DELETE', `/v1/connections/${connection.id}`);
      context.announce(`${connection.name} is removed.`);
      await load();
    });
  }

  /** @param {Connection} connection @param {HTMLElement} place */
  async function deliveries(connection, place) {
    fill(place, loading());
    try {
      const { items } = await get(`/v1/connections/${connection.id}/deliveries`, { limit: 20 }, signal);
      fill(
        place,
        items.length
          ? h(
              'ul',
              { class: 'key-list', 'data-testid': 'deliveries' },
              items.map((/** @type {Delivery} */ one) => line(connection, one, place)),
            )
          : h('p', { class: 'quiet' }, 'Nothing in the last 30 days.'),
      );
    } catch (failure) {
      if (!signal.aborted) fill(place, h('p', { class: 'form-error', role: 'alert' }, explain(failure)));
    }
  }

  /** @param {Connection} connection @param {Delivery} one @param {HTMLElement} place */
  function line(connection, one, place) {
    const tone = { failed: 'bad', open: 'warn', done: 'ok', unused: 'quiet', waiting: 'quiet' }[one.status];
    return h(
      'li',
      null,
      pill(one.status, tone),
      h('span', { class: 'breaks' }, one.topic),
      h('span', { class: 'quiet' }, ago(one.received_at)),
      one.note && h('span', { class: 'quiet breaks' }, one.note),
      one.status === 'open' &&
        button('It is done', 'delivery-done', 'button-small', () =>
          run(async () => {
            await post(`/v1/connections/${connection.id}/deliveries/${one.id}/done`);
            await deliveries(connection, place);
          }),
        ),
    );
  }

  /** @param {() => Promise<void>} act */
  async function run(act) {
    error.hidden = true;
    try {
      await act();
    } catch (failure) {
      fill(error, explain(failure));
      error.hidden = false;
    }
  }

  load();
  return h(
    'section',
    { class: 'app-part', 'data-testid': 'shopify' },
    h('div', { class: 'app-part-head' }, h('h3', null, 'Shopify'), count),
    body,
    connectForm({ stores, onDone: load, context }),
    error,
  );
}

/** @param {Connection} connection */
function readingText(connection) {
  if (!connection.has_token) return 'Without an access token its orders are not read again at night.';
  return connection.reconciled_at
    ? `Its orders were last read ${ago(connection.reconciled_at)}.`
    : 'Its orders are about to be read.';
}

/** @param {{stores: Store[], onDone: () => Promise<void>, context: Context}} options */
function connectForm({ stores, onDone, context }) {
  const name = textField('Name', { maxlength: 200, required: true, placeholder: 'Web shop' }, { testid: 'shop-name' });
  const shop = textField(
    'Shop',
    { maxlength: 255, required: true, placeholder: 'toys.myshopify.com' },
    { testid: 'shop-domain' },
  );
  const secret = textField(
    'Client secret',
    { type: 'password', maxlength: 255, required: true },
    {
      testid: 'shop-secret',
      hint: 'Signs the webhooks. It is kept encrypted and never shown again.',
    },
  );
  const token = textField(
    'Access token',
    { type: 'password', maxlength: 255 },
    {
      testid: 'shop-token',
      hint: 'With read_orders. Left empty, orders are not read again at night.',
    },
  );
  const store = selectField(
    'Its orders belong to',
    [
      ['', 'no store in particular'],
      ...stores.map(({ id, properties }) => /** @type {[string, string]} */ ([id, properties.name])),
    ],
    '',
    { testid: 'shop-store' },
  );
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const save = h('button', { type: 'submit', class: 'button', 'data-testid': 'shop-connect' }, 'Connect the shop');
  const fields = /** @type {const} */ ([
    ['#/name', name],
    ['#/shop', shop],
    ['#/secret', secret],
    ['#/access_token', token],
    ['#/store_id', store],
  ]);
  let once = newKey();

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    fields.forEach(([, field]) => field.setError(null));
    error.hidden = true;
    const body = {
      name: name.input.value.trim(),
      shop: shop.input.value.trim(),
      secret: secret.input.value.trim(),
      ...(token.input.value.trim() ? { access_token: token.input.value.trim() } : {}),
      ...(store.input.value ? { store_id: store.input.value } : {}),
    };
    save.disabled = true;
    try {
      await call('POST', '/v1/connections', { body, once });
      once = newKey();
      [name, shop, secret, token].forEach(({ input }) => (input.value = ''));
      details.open = false;
      await onDone();
      context.announce(`${body.name} is connected.`);
    } catch (failure) {
      complain(failure);
    }
    save.disabled = false;
  }

  /** @param {unknown} failure */
  function complain(failure) {
    const said = failure instanceof ApiError ? failure.errors : [];
    const about = fields.filter(([pointer, field]) => {
      const found = said.find((item) => item.pointer?.startsWith(pointer));
      if (found) field.setError(found.detail);
      return found;
    });
    if (about.length) return about[0][1].input.focus();
    fill(error, explain(failure));
    error.hidden = false;
  }

  const details = h(
    'details',
    { class: 'source-details' },
    h('summary', { 'data-testid': 'shop-open' }, 'Connect a shop'),
    h(
      'form',
      { class: 'source-form', novalidate: true, on: { submit: send } },
      name.node,
      shop.node,
      secret.node,
      token.node,
      store.node,
      error,
      save,
    ),
  );
  return details;
}
