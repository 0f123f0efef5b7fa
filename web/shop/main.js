/**
 * The owner's page: one hand, a slow line, any direction of writing. Tabs at the bottom, where the thumb is.
 * See docs/shop.md.
 */

import { fill, h } from '../src/ui/dom.js';
import { call } from '../till/api.js';
import { coupon } from './coupon.js';
import { hear } from './news.js';
import { offer } from './offer.js';
import { trouble, waiting } from './pieces.js';
import { replies } from './replies.js';
import { handWords } from './telling.js';
import { today } from './today.js';
import { LANGUAGES, current, keep, number, speak, t, wanted } from './words.js';

/** @import {Given, News, Store} from './types' */

const KEPT = 'geoengage-shop-store';
const [header, main, nav] = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('header, main, nav')]);
const live = /** @type {HTMLElement} */ (document.querySelector('.live'));

/** @param {string} words */
const say = (words) => (live.textContent = words);

/** @type {Store[]} */
let stores = [];
/** @type {Store | null} */
let store = null;
let tab = 'today';

/** @type {Set<(storeId: string | null) => void>} */
const ears = new Set();
/** @type {News} */
const news = (heard) => {
  ears.add(heard);
  return () => ears.delete(heard);
};
/** How many conversations nobody has read. */
const badge = h('span', { class: 'badge', hidden: true, 'data-testid': 'unread-badge' });

/** @type {Record<string, (given: Given) => Node>} */
const TABS = {
  today: (given) => today({ ...given, offer: () => show('offer') }),
  offer,
  replies,
  coupon,
};

/** @param {string} name */
function show(name) {
  tab = name;
  draw();
  main.focus();
  scrollTo(0, 0);
}

function drawHeader() {
  document.title = store?.name ?? t('store');
  const languages = h(
    'select',
    {
      'aria-label': t('language'),
      'data-testid': 'language',
      on: {
        change: async () => {
          await speak(languages.value);
          keep(languages.value);
          void handWords();
          void count();
          draw();
        },
      },
    },
    Object.entries(LANGUAGES).map(([name, each]) =>
      h('option', { value: name, lang: each.tag ?? name, selected: name === current() }, each.name),
    ),
  );
  fill(header, h('h1', null, store?.name ?? t('store')), stores.length > 1 && store && another(), languages);
}

function draw() {
  drawHeader();
  if (!store) {
    fill(nav);
    return fill(main, chooser());
  }
  nav.setAttribute('aria-label', store.name);
  fill(
    nav,
    Object.keys(TABS).map((name) =>
      h(
        'button',
        {
          type: 'button',
          'aria-current': name === tab ? 'page' : false,
          'data-testid': `tab-${name}`,
          on: { click: () => show(name) },
        },
        t(name),
        name === 'replies' && badge,
      ),
    ),
  );
  fill(main, TABS[tab]({ store, say, news }));
}

/** Ask how many conversations of the store wait. Who may not read replies is told nothing. */
async function count() {
  if (!store) return;
  const { id } = store;
  const answer = await call('GET', `/v1/conversations/unread?store_id=${id}`);
  if (answer.is !== 'done' || store?.id !== id) return;
  const n = answer.data.conversations ?? 0;
  badge.hidden = n === 0;
  fill(badge, h('span', { 'aria-hidden': 'true' }, number(n)), h('span', { class: 'unseen' }, t('waiting', { n })));
}

/** Go where a notification leads: `replies`, or `replies=STORE`. @param {string} place */
function go(place) {
  if (!/^replies(=|$)/.test(place)) return;
  const meant = stores.find((each) => each.id === place.split('=')[1]) ?? store;
  if (!meant) return;
  if (meant.id !== store?.id) choose(meant);
  show('replies');
}

/** What the address asks for; asked once, so that the same can be asked again. */
function asked() {
  const place = location.hash.slice(1);
  if (place) history.replaceState(null, '', location.pathname);
  return place;
}

const another = () =>
  h(
    'button',
    { type: 'button', class: 'plain', 'data-testid': 'other-store', on: { click: () => open(null) } },
    t('store'),
  );

function chooser() {
  return h(
    'section',
    { 'data-testid': 'stores', 'aria-label': t('store') },
    h('h2', null, stores.length ? t('choose.store') : t('no.store')),
    stores.map((each) => h('button', { type: 'button', on: { click: () => open(each) } }, each.name)),
  );
}

/** @param {Store | null} chosen */
function choose(chosen) {
  store = chosen;
  badge.hidden = true;
  if (chosen) localStorage.setItem(KEPT, JSON.stringify(chosen));
  else localStorage.removeItem(KEPT);
  void count();
}

/** @param {Store | null} chosen */
function open(chosen) {
  choose(chosen);
  show('today');
}

async function loadStores() {
  const answer = await call('GET', '/v1/shop/stores');
  if (answer.is !== 'done') return answer;
  stores = answer.data.items;
  return null;
}

/** What was chosen before is shown at once; meanwhile it is asked whether it is still one of theirs. */
async function boot() {
  /** @type {Store | null} */
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? 'null');
  const loading = loadStores();
  const place = asked();
  await speak(wanted());
  if (kept) {
    store = kept;
    if (place === `replies=${kept.id}`) tab = 'replies';
    draw();
  } else fill(main, waiting());
  const wrong = await loading;
  if (wrong) {
    if (!store) fill(main, trouble(wrong, boot));
    return;
  }
  store = stores.find((each) => each.id === kept?.id) ?? (stores.length === 1 ? stores[0] : null);
  if (store) localStorage.setItem(KEPT, JSON.stringify(store));
  if (store && store.id === kept?.id) drawHeader();
  else draw();
  if (tab !== 'replies') go(place);
  void handWords();
  hear((storeId) => {
    if (storeId === null || storeId === store?.id) void count();
    for (const heard of ears) heard(storeId);
  });
}

addEventListener('hashchange', () => go(asked()));
navigator.serviceWorker?.addEventListener('message', ({ data }) => {
  if (typeof data?.open === 'string') go(data.open);
});

void boot().then(async () => {
  if ('serviceWorker' in navigator) await navigator.serviceWorker.register('/shop/sw.js', { scope: '/shop/' });
});
