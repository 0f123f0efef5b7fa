/**
 * The page "Webhooks": which other systems hear of what happens. The list, and by the address one endpoint (`?id=`), its
 * editor (`?id=&edit=1`) or a new one (`?new=1`). For operators with the right "admin".
 */
import { get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { ago } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { empty, pill, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { webhookDetail } from './detail.js';
import { webhookForm } from './form.js';
import { hostOf, typesText, webhookState, webhookTrouble } from './words.js';

/** @import {Store} from '../../types' */
/** @import {Webhook} from './words.js' */

/** @type {import('../../types').Page} */
export function webhooksPage(root, context, query) {
  const abort = new AbortController();
  const place = h('div', { class: 'page' });
  fill(root, place);
  const id = query.get('id');
  const { signal } = abort;
  if (!may(context.me, 'admin')) {
    const words = `Which other systems hear of ${context.me.tenant.name} is for its owners. Ask an owner for what you need.`;
    fill(place, h('header', { class: 'page-head' }, h('h1', null, 'Webhooks')), empty('Only for owners', words));
    return () => {};
  }
  if (query.has('new') || (id && query.has('edit'))) {
    whileLoading(
      place,
      () => Promise.all([getAll('/v1/stores', {}, signal), id ? get(`/v1/webhooks/${id}`, {}, signal) : null]),
      ([stores, webhook]) => webhookForm({ context, stores: /** @type {Store[]} */ (stores), webhook }),
    );
  } else if (id) {
    const load = () =>
      whileLoading(
        place,
        () => Promise.all([get(`/v1/webhooks/${id}`, {}, signal), getAll('/v1/stores', {}, signal)]),
        ([webhook, stores]) => webhookDetail({ context, webhook, stores, signal, reload: load }),
      );
    load();
  } else {
    const reload = list(place, signal);
    const leave = context.hub.on('alert', ({ kind }) => kind === 'webhook_disabled' && reload());
    signal.addEventListener('abort', leave);
  }
  return () => abort.abort();
}

/** @param {HTMLElement} place @param {AbortSignal} signal */
function list(place, signal) {
  const body = h('div', null);
  const add = h(
    'a',
    { class: 'button button-primary', href: '/webhooks?new=1', 'data-testid': 'new-webhook' },
    icon('plus', 18),
    'New endpoint',
  );
  fill(
    place,
    h('header', { class: 'page-head' }, h('h1', null, 'Webhooks'), h('div', { class: 'page-tools' }, add)),
    h(
      'p',
      { class: 'quiet' },
      'Other systems hear of visits, messages and changes as they happen: signed, and again until they have answered.',
    ),
    body,
  );
  const load = () =>
    whileLoading(
      body,
      () => getAll('/v1/webhooks', {}, signal),
      (/** @type {Webhook[]} */ webhooks) =>
        webhooks.length
          ? h('ul', { class: 'cards', 'data-testid': 'webhook-list' }, webhooks.map(row))
          : empty(
              'No endpoint yet',
              'An endpoint is the https address of another system: a CRM, a till, a data warehouse.',
              h('a', { class: 'button', href: '/webhooks?new=1' }, 'Add the first one'),
            ),
    );
  load();
  return load;
}

/** @param {Webhook} webhook */
function row(webhook) {
  const { text, tone } = webhookState(webhook);
  const trouble = webhookTrouble(webhook);
  const last = webhook.delivered_at ? `last success ${ago(webhook.delivered_at)}` : 'no success yet';
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'webhook-row' },
    icon('webhook', 24),
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('a', { class: 'title-link breaks', href: `/webhooks?id=${webhook.id}` }, webhook.name),
        pill(text, tone),
        webhook.with_people && pill('knows people', 'info'),
      ),
      h('p', { class: 'breaks' }, hostOf(webhook.url)),
      h('p', { class: 'quiet breaks' }, `${typesText(webhook.types)} · ${last}`),
      trouble && h('p', { class: `note note-${tone === 'bad' ? 'bad' : 'warn'}` }, trouble),
    ),
  );
}
