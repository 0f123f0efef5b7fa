/**
 * Start: who is signed in, then the shell and the page of the address. Pages are functions that fill an element and
 * return how to leave; the address is the only state that outlives them.
 */
import './styles/index.css';
import { get, session, whenSignedOut } from './api.js';
import { makeHub } from './hub.js';
import { loginPage } from './pages/login.js';
import { makeShell } from './shell.js';
import { fill, h } from './ui/dom.js';
import { setTimeZone } from './ui/format.js';
import { failure, loading } from './ui/widgets.js';

/** @import {Me, Page} from './types' */

/** Each page is a file of its own that is fetched when it is first opened. @type {Record<string, () => Promise<Page>>} */
const ROUTES = {
  '/overview': async () => (await import('./pages/overview/index.js')).overviewPage,
  '/insights': async () => (await import('./pages/insights/index.js')).insightsPage,
  '/map': async () => (await import('./pages/map/index.js')).mapPage,
  '/stores': async () => (await import('./pages/stores/index.js')).storesPage,
  '/league': async () => (await import('./pages/league/index.js')).leaguePage,
  '/footfall': async () => (await import('./pages/footfall/index.js')).footfallPage,
  '/segments': async () => (await import('./pages/segments/index.js')).segmentsPage,
  '/campaigns': async () => (await import('./pages/campaigns/index.js')).campaignsPage,
  '/masters': async () => (await import('./pages/masters/index.js')).mastersPage,
  '/recipes': async () => (await import('./pages/recipes/index.js')).recipesPage,
  '/content': async () => (await import('./pages/content/index.js')).contentPage,
  '/offers': async () => (await import('./pages/offers/index.js')).offersPage,
  '/proof': async () => (await import('./pages/proof/index.js')).proofPage,
  '/review': async () => (await import('./pages/review.js')).reviewPage,
  '/explain': async () => (await import('./pages/explain/index.js')).explainPage,
  '/replies': async () => (await import('./pages/replies/index.js')).repliesPage,
  '/messages': async () => (await import('./pages/messages/index.js')).messagesPage,
  '/people': async () => (await import('./pages/people/index.js')).peoplePage,
  '/orders': async () => (await import('./pages/orders/index.js')).ordersPage,
  '/products': async () => (await import('./pages/products/index.js')).productsPage,
  '/apps': async () => (await import('./pages/apps/index.js')).appsPage,
  '/webhooks': async () => (await import('./pages/webhooks/index.js')).webhooksPage,
  '/imports': async () => (await import('./pages/data_imports/index.js')).dataImportsPage,
  '/privacy': async () => (await import('./pages/privacy/index.js')).privacyPage,
  '/audit': async () => (await import('./pages/audit.js')).auditPage,
};
const HOME = '/map';
const TILL = '/till/';

/** The page of an address: its own, or that of the list which it is one of (`/people/{id}`). @param {string} pathname */
function routeOf(pathname) {
  const list = pathname.replace(/\/[\w-]+$/, '');
  return [pathname, list].find((path) => path in ROUTES) ?? null;
}

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
/** @type {(() => void) | null} how to end the signed-in part */
let end = null;

async function start() {
  fill(root, loading());
  try {
    // on the login page there is nobody to ask for; elsewhere the server tells who is signed in
    const me = window.location.pathname === '/login' ? null : await session();
    if (me) await enter(me);
    else showLogin();
  } catch (error) {
    fill(root, h('main', { class: 'login' }, failure(error, start)));
  }
}

function showLogin() {
  end?.();
  end = null;
  const { pathname, search } = window.location;
  if (pathname !== '/login') {
    const next = pathname === '/' ? '' : `?${new URLSearchParams({ next: pathname + search })}`;
    window.history.replaceState(null, '', `/login${next}`);
  }
  loginPage(root, (me) => enterAt(me, ownPath(new URLSearchParams(window.location.search).get('next'))));
}

/** Only a page of this console, or the till, may be the next one; else the start page is. @param {string | null} next */
function ownPath(next) {
  if (!next?.startsWith('/')) return '/';
  const url = new URL(next, window.location.origin);
  if (url.origin !== window.location.origin) return '/';
  return routeOf(url.pathname) || url.pathname === TILL ? url.pathname + url.search : '/';
}

/** @param {Me} me @param {string} url */
function enterAt(me, url) {
  if (url.startsWith(TILL)) return window.location.assign(url); // a page of its own, which has waited for the log-in
  window.history.replaceState(null, '', url);
  enter(me);
}

/** Where the bare address leads: to the overview once there are orders; else to the map, or a chain's stores. */
async function home() {
  const { hasOverview } = await import('./pages/overview/index.js');
  if (await hasOverview()) return '/overview';
  const [malls, stores] = await Promise.all(
    ['/v1/malls', '/v1/stores'].map((path) => get(path, { limit: 1 }).catch(() => ({ items: [] }))),
  );
  return malls.items.length === 0 && stores.items.length > 0 ? '/stores' : HOME;
}

/** @param {Me} me */
async function enter(me) {
  setTimeZone(me.tenant.timezone);
  if (window.location.pathname === '/') window.history.replaceState(null, '', (await home()) + window.location.search);
  const hub = makeHub();
  const shell = makeShell(root, { me, hub, navigate, onLogOut: showLogin, setGuard: (next) => (guard = next) });
  let leave = /** @type {void | (() => void)} */ (undefined);
  let isFirst = true;
  let shows = 0; // counts what was asked for: a page that comes after another one was asked for is not shown
  /** @type {(() => Promise<boolean>) | null} asked before an unsaved page is left */
  let guard = null;

  async function show() {
    shows += 1;
    const turn = shows;
    leave?.();
    leave = undefined;
    guard = null;
    const { pathname, search } = window.location;
    const path = routeOf(pathname) ?? HOME;
    shell.arrive(path, isFirst);
    isFirst = false;
    const place = h('div', { class: `route route-${path.slice(1)}` });
    fill(place, loading());
    fill(shell.main, place);
    window.scrollTo(0, 0);
    try {
      const page = await ROUTES[path]();
      if (turn !== shows) return;
      fill(place);
      leave = page(place, shell.context, new URLSearchParams(search));
    } catch (error) {
      // a new version of the console may have taken the file's place: only the page as a whole can be fetched anew
      if (turn === shows)
        fill(
          place,
          failure(error, () => window.location.reload()),
        );
    }
  }

  /** @param {string} url */
  async function navigate(url) {
    if (guard && !(await guard())) return;
    window.history.pushState(null, '', url);
    show();
  }

  /** Links of the console change the page without loading it anew. @param {MouseEvent} event */
  function onClick(event) {
    const anchor = event.target instanceof Element ? event.target.closest('a') : null;
    if (
      !anchor ||
      event.defaultPrevented ||
      event.button !== 0 ||
      event.ctrlKey ||
      event.metaKey ||
      event.shiftKey ||
      anchor.target
    )
      return;
    const url = new URL(anchor.href, window.location.href);
    if (url.origin !== window.location.origin || !routeOf(url.pathname)) return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  }

  document.addEventListener('click', onClick);
  window.addEventListener('popstate', show);
  end = () => {
    document.removeEventListener('click', onClick);
    window.removeEventListener('popstate', show);
    shows += 1;
    leave?.();
    hub.close();
    shell.stop();
  };
  show();
}

whenSignedOut(showLogin);
start();
