/**
 * The page "Apps": per app the ways to people. Firebase credentials, its mail server, the shopper page with web push, a
 * test to one's own phone, and which publishable keys register its devices. Then where events and orders come from:
 * write keys and shop systems. For operators with the right "admin".
 */
import { getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { empty, logo, pill, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { emailSection } from './email.js';
import { firebaseSection } from './firebase.js';
import { phoneSendersCard } from './phone_senders.js';
import { shopifyPart } from './shopify.js';
import { shopperSection } from './shopper.js';
import { testPushSection } from './test_push.js';
import { writeKeys } from './write_keys.js';

/** @import {App, Context, Key, Store} from '../../types' */

/** @type {import('../../types').Page} */
export function appsPage(root, context) {
  const abort = new AbortController();
  const { me } = context;
  const body = h('div', { class: 'stack' });
  fill(root, h('div', { class: 'page' }, h('header', { class: 'page-head' }, h('h1', null, 'Apps')), body));
  if (!may(me, 'admin')) {
    const words = `How the apps of ${me.tenant.name} send is for its owners: they keep the keys to your shoppers’ phones. Ask an owner for what you need.`;
    fill(body, empty('Only for owners', words));
    return () => {};
  }

  const load = () =>
    whileLoading(
      body,
      () =>
        Promise.all([
          getAll('/v1/apps', {}, abort.signal),
          getAll('/v1/stores', {}, abort.signal),
          getAll('/v1/keys', {}, abort.signal),
        ]),
      ([apps, stores, keys]) => {
        const names = new Map(stores.map((/** @type {Store} */ store) => [store.id, store.properties]));
        const cards = apps.map((/** @type {App} */ app) =>
          appCard({ app, store: names.get(app.store_id ?? '') ?? null, keys, context, signal: abort.signal }),
        );
        const none = empty(
          'No app yet',
          'An app is what your shoppers install, or the shopper page. Your developers make one with POST /v1/apps.',
        );
        const phones = phoneSendersCard({ stores, context, signal: abort.signal });
        return [cards.length ? cards : none, phones, sourcesCard({ keys, stores, context, signal: abort.signal })];
      },
    );
  load();
  return () => abort.abort();
}

/**
 * @param {{app: App, store: import('../../types').StoreProps | null, keys: Key[], context: Context, signal: AbortSignal}} options
 */
function appCard({ app, store, keys, context, signal }) {
  const keysPart = h('section', { class: 'app-part', 'data-testid': 'app-keys' });
  showKeys(keysPart, app, keys);
  const onChanged = async () => {
    const next = await getAll('/v1/keys', {}, signal).catch(() => keys);
    showKeys(keysPart, app, next);
  };
  return h(
    'article',
    { class: 'card app-card', 'aria-label': app.name, 'data-testid': 'app-card' },
    h(
      'header',
      { class: 'app-head' },
      logo(app.name, app.brand_color ?? store?.brand_color),
      h(
        'div',
        null,
        h('h2', null, app.name),
        h('p', { class: 'quiet' }, store ? store.name : `All of ${context.me.tenant.name}`),
      ),
    ),
    h(
      'div',
      { class: 'app-parts' },
      firebaseSection({ app, context, signal }),
      emailSection({ app, context, signal }),
      shopperSection({ app, context, onChanged }),
      testPushSection({ app, context, signal }),
      keysPart,
    ),
  );
}

/**
 * Where events and orders come from: of the tenant, not of an app.
 * @param {{keys: Key[], stores: Store[], context: Context, signal: AbortSignal}} options
 */
function sourcesCard({ keys, stores, context, signal }) {
  return h(
    'article',
    { class: 'card app-card', 'aria-label': 'Sources', 'data-testid': 'sources-card' },
    h(
      'header',
      { class: 'app-head' },
      h(
        'div',
        null,
        h('h2', null, 'Sources'),
        h('p', { class: 'quiet' }, `Where events and orders of ${context.me.tenant.name} come from.`),
      ),
    ),
    h('div', { class: 'app-parts' }, writeKeys({ keys, context, signal }), shopifyPart({ stores, context, signal })),
  );
}

/** @param {HTMLElement} place @param {App} app @param {Key[]} keys */
function showKeys(place, app, keys) {
  const live = keys.filter(
    ({ kind, app_id, revoked_at }) => kind === 'pk' && !revoked_at && (app_id === app.id || app_id === null),
  );
  fill(
    place,
    h('div', { class: 'app-part-head' }, h('h3', null, 'Publishable keys'), pill(String(live.length))),
    live.length > 0 &&
      h(
        'ul',
        { class: 'key-list' },
        live.map(({ name, hint, is_test, app_id }) =>
          h(
            'li',
            null,
            icon('phone', 16),
            h('span', { class: 'breaks' }, name),
            h('code', null, `pk…${hint}`),
            is_test && pill('test'),
            app_id === null && h('span', { class: 'quiet' }, 'any app'),
          ),
        ),
      ),
    h(
      'p',
      { class: 'quiet' },
      live.length
        ? 'They ship in the app and register devices, nothing else. '
        : 'No key registers devices of this app yet. ',
      'Your developers make and revoke them at ',
      h('code', null, '/v1/keys'),
      '; the app’s id is ',
      h('code', { class: 'breaks' }, app.id),
      '.',
    ),
  );
}
