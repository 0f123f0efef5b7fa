/** Puts the page together: which view, in whose name and colour. See docs/shopper.md. */

import { fill, h } from '../src/ui/dom.js';
import { call } from './api.js';
import { data } from './data.js';
import { home } from './home.js';
import { checkIn, listen, onChange, open, pair, state, tell } from './session.js';
import { start } from './start.js';
import * as store from './store.js';

/** @typedef {{node: HTMLElement, draw: () => void}} View */

const [header, main] = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('header, main')]);
const live = /** @type {HTMLElement} */ (document.querySelector('.live'));
const notice = h('div', { class: 'notice', 'data-testid': 'notice', hidden: true });
/** @type {View | null} */
let view = null;
let shown = '';
/** @type {string | null} */
let code = null;
const opened = new Date().toISOString();

/** @param {string} words */
const say = (words) => (live.textContent = words);

/** Draw what holds now; another view when another one is due. */
function draw() {
  const due = !state.app ? 'nothing' : !decided() ? 'start' : location.hash === '#data' ? 'data' : 'home';
  if (state.notice !== notice.dataset.words) drawNotice();
  if (due !== shown) {
    const isFirst = !shown;
    shown = due;
    view = due === 'nothing' ? null : due === 'start' ? start() : due === 'data' ? data() : home(say);
    if (view) fill(main, notice, view.node);
    drawHeader();
    if (!isFirst) {
      scrollTo(0, 0);
      main.focus({ preventScroll: true });
    }
  } else view?.draw();
  if (code && decided()) useCode();
}

/** Registered, and asked: a paired phone is a device before anybody asked the one who holds it. */
const decided = () => state.device && Object.values(state.consents).some((decision) => decision !== 'unknown');

function drawNotice() {
  notice.dataset.words = state.notice ?? '';
  notice.hidden = !state.notice;
  fill(
    notice,
    h('p', null, state.notice),
    h('button', { type: 'button', class: 'plain', on: { click: () => tell(null) } }, 'Close'),
  );
  if (state.notice) say(state.notice);
}

function drawHeader() {
  const { app } = state;
  if (!app) return;
  const { style } = document.documentElement;
  style.setProperty('--brand', app.brand_color);
  style.setProperty('--on-brand', inkOn(app.brand_color));
  document.title = app.name;
  document.querySelector('meta[name=theme-color]')?.setAttribute('content', app.brand_color);
  const at = shown === 'data' ? ['#', 'Inbox'] : ['#data', 'My data'];
  fill(
    header,
    h('span', { class: 'name' }, app.name),
    shown !== 'start' && h('nav', null, h('a', { href: at[0], 'data-testid': 'go' }, at[1])),
  );
}

/** White or near black, whichever is easier to read on it (WCAG contrast). @param {string} color `#rrggbb` */
function inkOn(color) {
  const [r, g, b] = [1, 3, 5]
    .map((i) => parseInt(color.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.2 ? '#14202b' : '#fff';
}

async function useCode() {
  const used = /** @type {string} */ (code);
  code = null;
  if (state.consents.location !== 'granted') {
    tell(
      'Checking in says where you are, and you have not agreed to that. Turn on “Position” and scan the code again.',
    );
  } else if (!(await checkIn(used, opened))) setTimeout(() => (code ??= used), 5000);
}

/** @param {string} head @param {string} text */
function nothing(head, text) {
  const again = h('button', { type: 'button', class: 'main', on: { click: () => location.reload() } }, 'Try again');
  fill(main, h('div', { class: 'view', 'data-testid': 'nothing' }, h('h1', null, head), h('p', null, text), again));
}

async function boot() {
  const asked = new URL(location.href);
  const pairing = new URLSearchParams(location.hash.slice(1)).get('pair');
  code = asked.searchParams.get('check_in');
  const kept = await store.get('app');
  const app_id = asked.searchParams.get('app') ?? kept?.app_id;
  const elsewhere = kept && app_id !== kept.app_id && !pairing;
  const query = elsewhere ? kept.app_id : app_id;
  const told = await call(
    'GET',
    `/shopper/app.json${query ? `?${new URLSearchParams({ app: query })}` : ''}`,
    undefined,
    {
      token: '',
    },
  );
  linkApp(query);
  if (code || pairing) {
    // both count once; a reload or a bookmark must not use them again
    asked.searchParams.delete('check_in');
    asked.hash = '';
    history.replaceState(null, '', asked);
  }
  onChange(draw);
  addEventListener('hashchange', draw);
  await open(told.is === 'done' ? told.data : null);
  if (!state.app) {
    if (told.is === 'refused')
      nothing('There is no page here', `Open the address or the code that your shop gave you. (${told.detail})`);
    else
      nothing('No connection', 'This page has not been opened on this device before, so it needs a connection once.');
    return;
  }
  if (pairing) state.notice = await pair(pairing);
  else if (elsewhere)
    state.notice = `This browser takes part in ${kept.name}. To use the other page, delete your data here first.`;
  draw();
  listen();
}

/** Manifest and icons of that app; before somebody installs the page. @param {string | undefined} app_id */
function linkApp(app_id) {
  const query = app_id ? `?${new URLSearchParams({ app: app_id })}` : '';
  document.head.append(h('link', { rel: 'manifest', href: `/shopper/manifest.webmanifest${query}` }));
  for (const link of document.querySelectorAll('link[rel=icon], link[rel=apple-touch-icon]')) {
    link.setAttribute('href', link.getAttribute('href') + query);
  }
}

boot().catch(() => {
  nothing(
    'This browser keeps nothing',
    'The page must remember your answers. In a private window that is not possible.',
  );
});
