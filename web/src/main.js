/**
 * Start: who is signed in, then the shell and the page of the address. Pages are functions that fill an element and
 * return how to leave; the address is the only state that outlives them.
 */
import './styles/index.css';
import { get, session, whenSignedOut } from './api.js';
import { makeHub } from './hub.js';
import { appsPage } from './pages/apps/index.js';
import { auditPage } from './pages/audit.js';
import { campaignsPage } from './pages/campaigns/index.js';
import { contentPage } from './pages/content/index.js';
import { dataImportsPage } from './pages/data_imports/index.js';
import { explainPage } from './pages/explain/index.js';
import { footfallPage } from './pages/footfall/index.js';
import { loginPage } from './pages/login.js';
import { mapPage } from './pages/map/index.js';
import { messagesPage } from './pages/messages.js';
import { insightsPage } from './pages/insights/index.js';
import { hasOverview, overviewPage } from './pages/overview/index.js';
import { ordersPage } from './pages/orders/index.js';
import { peoplePage } from './pages/people/index.js';
import { productsPage } from './pages/products/index.js';
import { privacyPage } from './pages/privacy/index.js';
import { reviewPage } from './pages/review.js';
import { segmentsPage } from './pages/segments/index.js';
import { storesPage } from './pages/stores/index.js';
import { webhooksPage } from './pages/webhooks/index.js';
import { makeShell } from './shell.js';
import { fill, h } from './ui/dom.js';
import { setTimeZone } from './ui/format.js';
import { failure, loading } from './ui/widgets.js';

/** @import {Me, Page} from './types' */

/** @type {Record<string, Page>} */
const ROUTES = {
  '/overview': overviewPage,
  '/insights': insightsPage,
  '/map': mapPage,
  '/stores': storesPage,
  '/footfall': footfallPage,
  '/segments': segmentsPage,
  '/campaigns': campaignsPage,
  '/content': contentPage,
  '/review': reviewPage,
  '/explain': explainPage,
  '/messages': messagesPage,
  '/people': peoplePage,
  '/orders': ordersPage,
  '/products': productsPage,
  '/apps': appsPage,
  '/webhooks': webhooksPage,
  '/imports': dataImportsPage,
  '/privacy': privacyPage,
  '/audit': auditPage,
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
    if (me) enter(me);
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
  if (await hasOverview()) return '/overview';
  const [malls, stores] = await Promise.all(
    ['/v1/malls', '/v1/stores'].map((path) => get(path, { limit: 1 }).catch(() => ({ items: [] }))),
  );
  return malls.items.length === 0 && stores.items.length > 0 ? '/stores' : HOME;
}

/** @param {Me} me */
async function enter(me) {
  setTimeZone(me.tenant.timezone);
  if (window.location.pathname === '/') window.history.replaceState(null, '', await home());
  const hub = makeHub();
  const shell = makeShell(root, { me, hub, navigate, onLogOut: showLogin, setGuard: (next) => (guard = next) });
  let leave = /** @type {void | (() => void)} */ (undefined);
  let isFirst = true;
  /** @type {(() => Promise<boolean>) | null} asked before an unsaved page is left */
  let guard = null;

  function show() {
    leave?.();
    guard = null;
    const { pathname, search } = window.location;
    const path = routeOf(pathname) ?? HOME;
    shell.arrive(path, isFirst);
    isFirst = false;
    const place = h('div', { class: `route route-${path.slice(1)}` });
    fill(shell.main, place);
    window.scrollTo(0, 0);
    leave = ROUTES[path](place, shell.context, new URLSearchParams(search));
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
    leave?.();
    hub.close();
    shell.stop();
  };
  show();
}

whenSignedOut(showLogin);
start();
