/**
 * A plain till: pick products, ask who it is, take the sale. It works without a network: sales wait in the browser and are
 * sent with the time at which they were made. See docs/commerce.md.
 */

import { fill, h } from '../src/ui/dom.js';
import { call, findItems, loadItems, loadStores, sendSales } from './api.js';
import { basket } from './basket.js';
import { picker } from './picker.js';
import { addSale, countSales, get, put } from './store.js';

/** @import {Item, Refused, Sale, Store} from './types' */

const RETRY_MS = 5000;
const [header, main] = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('header, main')]);
const live = /** @type {HTMLElement} */ (document.querySelector('.live'));

/** @param {string} words */
const say = (words) => (live.textContent = words);

const state = {
  /** @type {Store | null} */
  store: null,
  waiting: 0,
  /** @type {Refused[]} */
  refused: [],
  isOnline: true,
  isLoggedIn: true,
};

function drawHeader() {
  const waits = state.waiting === 1 ? '1 sale waits' : `${state.waiting} sales wait`;
  fill(
    header,
    h('h1', null, state.store?.name ?? 'Till'),
    h(
      'p',
      { class: 'status', 'data-testid': 'status', 'data-online': String(state.isOnline) },
      state.isOnline ? 'Online' : 'No connection',
      state.waiting ? ` · ${waits}` : '',
    ),
    !state.isLoggedIn && h('a', { class: 'button', href: '/login?next=%2Ftill%2F', 'data-testid': 'log-in' }, 'Log in'),
  );
}

/** What the server will never take as it is: somebody has to look at it, and says so. */
function refusedCards() {
  return state.refused.map((each, i) =>
    h(
      'div',
      { class: 'card bad', 'data-testid': 'refused' },
      h('h2', null, `Sale ${each.sale.sale_id} was not taken`),
      h('p', null, each.detail),
      h(
        'button',
        {
          type: 'button',
          on: {
            click: async () => {
              state.refused.splice(i, 1);
              await put('refused', state.refused);
              draw();
            },
          },
        },
        'I have noted it',
      ),
    ),
  );
}

/** @type {ReturnType<typeof basket> | null} */
let sale = null;
/** @type {ReturnType<typeof picker> | null} */
let goods = null;
const trouble = h('div', { class: 'trouble' });

function draw() {
  drawHeader();
  fill(trouble, refusedCards());
}

/** Send what waits; say what came of it. */
async function send() {
  const answer = await sendSales();
  state.waiting = await countSales();
  state.refused = (await get('refused')) ?? [];
  state.isOnline = answer?.is !== 'later';
  if (answer) state.isLoggedIn = answer.is !== 'ended';
  draw();
}

/** @param {Omit<Sale, 'store_id' | 'sale_id' | 'sold_at'>} made */
async function take(made) {
  if (!state.store) return '';
  const sale_id = `${Date.now().toString(36)}-${crypto.randomUUID().slice(0, 8)}`;
  await addSale({ ...made, store_id: state.store.id, sale_id, sold_at: new Date().toISOString() });
  state.waiting = await countSales();
  draw();
  void send();
  return sale_id;
}

/** @param {Store} store */
async function start(store) {
  state.store = store;
  await put('store', store);
  /** @type {Item[]} */
  const kept = (await get('items')) ?? [];
  sale = basket({ store, take, say });
  goods = picker({ items: kept, pick: (item) => sale?.add(item), find: (code) => findItems(store.id, code) });
  fill(main, trouble, h('div', { class: 'till' }, goods.node, sale.node));
  draw();
  const answer = await loadItems(store.id);
  if (answer.is === 'done') goods.show(answer.data);
  else if (answer.is === 'refused') goods.none(answer.detail);
  else goods.none('The catalogue is not here yet: it needs a connection once.');
  await send();
}

async function choose() {
  const answer = await loadStores();
  if (answer.is === 'ended') state.isLoggedIn = false;
  state.isOnline = answer.is !== 'later';
  drawHeader();
  if (answer.is !== 'done') {
    const words =
      answer.is === 'ended'
        ? 'Log in first: sales are taken in the name of whoever is logged in.'
        : answer.is === 'later'
          ? 'No connection. The till has not been set up on this device, so it needs one once.'
          : answer.detail;
    fill(main, h('div', { class: 'card', 'data-testid': 'nothing' }, h('h2', null, 'Not ready'), h('p', null, words)));
    return;
  }
  const stores = /** @type {Store[]} */ (answer.data);
  fill(
    main,
    h(
      'div',
      { class: 'card', 'data-testid': 'stores' },
      h('h2', null, stores.length ? 'Which store is this?' : 'No store yet'),
      !stores.length && h('p', null, 'Add a store in the console first.'),
      stores.map((store) =>
        h('button', { type: 'button', class: 'wide', on: { click: () => start(store) } }, store.name),
      ),
    ),
  );
}

async function boot() {
  const session = await call('GET', '/v1/session');
  state.isLoggedIn = session.is !== 'ended';
  state.isOnline = session.is !== 'later';
  const store = await get('store');
  state.waiting = await countSales();
  state.refused = (await get('refused')) ?? [];
  await (store ? start(store) : choose());
  addEventListener('online', send);
  addEventListener('offline', () => {
    state.isOnline = false;
    drawHeader();
  });
  setInterval(() => state.waiting && state.isLoggedIn && send(), RETRY_MS);
  if ('serviceWorker' in navigator) await navigator.serviceWorker.register('/till/sw.js', { scope: '/till/' });
}

boot().catch(() => {
  fill(
    main,
    h(
      'div',
      { class: 'card' },
      h('h2', null, 'This browser keeps nothing'),
      h('p', null, 'The till must remember sales until they are sent. In a private window that is not possible.'),
    ),
  );
});
