/**
 * The owner's page: one hand, a slow line, any direction of writing. Tabs at the bottom, where the thumb is.
 * See docs/shop.md.
 */

import { fill, h } from '../src/ui/dom.js';
import { call } from '../till/api.js';
import { coupon } from './coupon.js';
import { offer } from './offer.js';
import { trouble, waiting } from './pieces.js';
import { replies } from './replies.js';
import { today } from './today.js';
import { LANGUAGES, current, keep, speak, t, wanted } from './words.js';

/** @import {Store} from './types' */

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

/** @type {Record<string, (given: {store: Store, say: typeof say}) => Node>} */
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
      ),
    ),
  );
  fill(main, TABS[tab]({ store, say }));
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
function open(chosen) {
  store = chosen;
  if (chosen) localStorage.setItem(KEPT, JSON.stringify(chosen));
  else localStorage.removeItem(KEPT);
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
  const asked = loadStores();
  await speak(wanted());
  if (kept) {
    store = kept;
    draw();
  } else fill(main, waiting());
  const wrong = await asked;
  if (wrong) {
    if (!store) fill(main, trouble(wrong, boot));
    return;
  }
  store = stores.find((each) => each.id === kept?.id) ?? (stores.length === 1 ? stores[0] : null);
  if (store) localStorage.setItem(KEPT, JSON.stringify(store));
  if (store && store.id === kept?.id) drawHeader();
  else draw();
}

void boot().then(async () => {
  if ('serviceWorker' in navigator) await navigator.serviceWorker.register('/shop/sw.js', { scope: '/shop/' });
});
