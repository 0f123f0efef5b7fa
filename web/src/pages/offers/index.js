/**
 * The page "Offers": what customers get, to whom, and what it has cost. The list with the margins, and by the address
 * one offer (`?id=`), its editor (`?id=&edit=1`) or a new one (`?new=1`).
 */
import { get, getAll } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { empty, pill, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { budgetBar, offerDetail } from './detail.js';
import { offerForm } from './form.js';
import { marginsCard } from './margins.js';
import { tryCart } from './try.js';
import { givesText, offerState, targetText, usedText } from './words.js';

/** @import {Context, Store} from '../../types' */
/** @import {Offer} from './words.js' */

/** @type {import('../../types').Page} */
export function offersPage(root, context, query) {
  const abort = new AbortController();
  const { signal } = abort;
  const place = h('div', { class: 'page' });
  fill(root, place);
  const id = query.get('id');
  const stores = () => getAll('/v1/stores', {}, signal);
  if (query.has('new') || (id && query.has('edit'))) {
    whileLoading(
      place,
      () => Promise.all([stores(), id ? get(`/v1/offers/${id}`, {}, signal) : null, currencies(context, signal)]),
      ([shops, offer, known]) => offerForm({ context, stores: shops, offer, currencies: known, signal }),
    );
  } else if (id) {
    const load = () =>
      whileLoading(
        place,
        () => Promise.all([get(`/v1/offers/${id}`, {}, signal), stores()]),
        ([offer, shops]) => offerDetail({ context, offer, stores: shops, signal, reload: load }),
      );
    load();
  } else {
    list(place, context, query.get('status') === 'archived', signal, stores);
  }
  return () => abort.abort();
}

/** What the catalogue is priced in, so that nobody has to know. @param {Context} context @param {AbortSignal} signal */
async function currencies(context, signal) {
  if (!may(context.me, 'commerce')) return [];
  const { items } = await get('/v1/products', { limit: 20 }, signal);
  const found = items.flatMap((/** @type {any} */ one) =>
    one.variants.map((/** @type {any} */ variant) => variant.currency),
  );
  return [...new Set(found.filter(Boolean))];
}

/** @param {HTMLElement} place @param {Context} context @param {boolean} isArchive @param {AbortSignal} signal @param {() => Promise<Store[]>} stores */
function list(place, context, isArchive, signal, stores) {
  const body = h('div', { class: 'stack' });
  const mayEdit = may(context.me, 'offers');
  const add = h(
    'a',
    { class: 'button button-primary', href: '/offers?new=1', 'data-testid': 'new-offer' },
    icon('plus', 18),
    'New offer',
  );
  const other = isArchive
    ? h('a', { class: 'button', href: '/offers' }, 'Back to those in use')
    : h('a', { class: 'button', href: '/offers?status=archived', 'data-testid': 'archived' }, 'Put away');
  fill(
    place,
    h(
      'header',
      { class: 'page-head' },
      h('h1', null, isArchive ? 'Offers put away' : 'Offers'),
      h('div', { class: 'page-tools' }, other, mayEdit && !isArchive && add),
    ),
    h('p', { class: 'quiet' }, 'What customers get and to whom. Till, app and web price every cart by the same rules.'),
    body,
  );
  const load = () =>
    whileLoading(
      body,
      () =>
        Promise.all([
          getAll('/v1/offers', { status: isArchive ? 'archived' : null }, signal),
          get('/v1/margins', {}, signal),
          stores(),
        ]),
      ([offers, margins, shops]) => [
        offers.length ? rows(offers, shops) : nothing(isArchive, mayEdit),
        !isArchive &&
          may(context.me, 'commerce') &&
          offers.length > 0 &&
          tryCart({ stores: shops, offer: null, signal }),
        !isArchive && marginsCard({ context, margins, stores: shops, reload: load }),
      ],
    );
  load();
}

/** @param {boolean} isArchive @param {boolean} mayEdit */
const nothing = (isArchive, mayEdit) =>
  isArchive
    ? empty('Nothing was put away', 'Offers that you put away are listed here; their codes stay good.')
    : empty(
        'No offer yet',
        'An offer is what customers get: a percentage, a second item cheaper, a gift. Till, app and web then price every cart with it.',
        mayEdit && h('a', { class: 'button', href: '/offers?new=1' }, 'Write the first one'),
      );

/** @param {Offer[]} offers @param {Store[]} stores */
function rows(offers, stores) {
  const names = new Map(stores.map(({ id, properties }) => [id, properties.name]));
  return h(
    'ul',
    { class: 'cards', 'data-testid': 'offer-list' },
    [...offers].reverse().map((offer) => row(offer, names)),
  );
}

/** @param {Offer} offer @param {Map<string, string>} names */
function row(offer, names) {
  const { text, tone } = offerState(offer);
  return h(
    'li',
    { class: 'message-row', 'data-testid': 'offer-row' },
    icon('offer', 24),
    h(
      'div',
      { class: 'row-text' },
      h(
        'p',
        { class: 'row-title' },
        h('a', { class: 'title-link breaks', href: `/offers?id=${offer.id}` }, offer.name),
        pill(text, tone),
        offer.conditions.with_code && pill('by code', 'info'),
      ),
      h('p', { class: 'breaks' }, `${givesText(offer)}; on ${targetText(offer)}`),
      h(
        'p',
        { class: 'quiet breaks' },
        [offer.store_id && names.get(offer.store_id), usedText(offer)].filter(Boolean).join(' · '),
      ),
      offer.budgets
        .slice(0, 1)
        .map((/** @type {import('./words.js').Budget} */ budget) => budgetBar(budget, offer.currency, names)),
    ),
  );
}
