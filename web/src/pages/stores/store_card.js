/** One store: what is known of it, its zones, and what can be done with them. */
import { ApiError, call, post } from '../../api.js';
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, logo, pill } from '../../ui/widgets.js';
import { zoneKind } from '../../ui/words.js';
import { sizeText } from './city.js';
import { spendPanel } from './spend.js';

/** @import {Context, Store, Zone} from '../../types' */
/** @import {City} from './city.js' */

/** @type {Record<string, [string, string]>} */
const STATUS = {
  draft: ['draft', 'quiet'],
  published: ['published', 'ok'],
  changed: ['edited, not published', 'warn'],
};

/**
 * @param {{store: Store, city: City, context: Context, canEdit: boolean, maker: Node | null, onBack: () => void, onEdit: () => void,
 *   onShowZone: (zone: Zone) => void, onChanged: () => void, onRemoved: () => void}} options
 */
export function storeCard({ store, city, context, canEdit, maker, onBack, onEdit, onShowZone, onChanged, onRemoved }) {
  const { name, brand_color, category, address, mall_id, level, external_id } = store.properties;
  const zones = city.zonesOf(store.id);
  const heading = h('h1', { tabindex: -1 }, name);
  const isOnStreet = !mall_id;
  const facts = [
    ['Where', city.where(store)],
    ['Address', mall_id ? address : null],
    ['Category', category],
    ['Owner', city.owner(store)],
    ['Your id', external_id],
  ].filter(([, value]) => value);

  /** @param {() => Promise<unknown>} act @param {string} said */
  async function run(act, said) {
    try {
      await act();
      context.toast(said, { tone: 'ok' });
      onChanged();
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  /** @param {Zone} zone */
  async function removeZone(zone) {
    const text = `“${zone.properties.name}” is deleted. Whoever is inside counts as having left.`;
    if (await confirm('Delete this zone?', text))
      await run(() => call('DELETE', `/v1/zones/${zone.id}`), 'The zone is deleted.');
  }

  async function removeStore() {
    if (!(await confirm('Delete this store?', `“${name}” is deleted for good.`))) return;
    try {
      await call('DELETE', `/v1/stores/${store.id}`);
      context.toast(`“${name}” is deleted.`, { tone: 'ok' });
      onRemoved();
    } catch (error) {
      const isUsed = error instanceof ApiError && error.status === 409;
      context.toast(isUsed ? `${explain(error)} Delete its zones and campaigns first.` : explain(error), {
        tone: 'bad',
      });
    }
  }

  /** @param {Zone} zone */
  function zoneRow(zone) {
    const { name: words, kind, status, mall_id: indoors, radius_m } = zone.properties;
    const [state, tone] = STATUS[status] ?? STATUS.draft;
    return h(
      'li',
      { class: 'own-zone', 'data-testid': 'own-zone' },
      h(
        'div',
        { class: 'own-zone-text' },
        h('p', null, h('strong', null, words), ' ', pill(state, tone)),
        h('p', { class: 'quiet' }, `${zoneKind(kind)} · ${sizeText({ geometry: zone.geometry, radius: radius_m })}`),
      ),
      h(
        'div',
        { class: 'tool-row' },
        indoors
          ? h(
              'a',
              { class: 'button button-small', href: `/map?mall=${indoors}&zone=${zone.id}` },
              'Open on the mall’s map',
            )
          : h(
              'button',
              { type: 'button', class: 'button button-small', on: { click: () => onShowZone(zone) } },
              'Show',
            ),
        canEdit &&
          status !== 'published' &&
          h(
            'button',
            {
              type: 'button',
              class: 'button button-small',
              'data-testid': 'publish-zone',
              on: { click: () => run(() => post(`/v1/zones/${zone.id}/publish`), `“${words}” is published.`) },
            },
            'Publish',
          ),
        canEdit &&
          !indoors &&
          h(
            'button',
            {
              type: 'button',
              class: 'icon-button',
              'aria-label': `Delete ${words}`,
              'data-testid': 'delete-zone',
              on: { click: () => removeZone(zone) },
            },
            icon('trash', 18),
          ),
      ),
    );
  }

  const node = h(
    'section',
    { class: 'stores-side', 'aria-label': 'Store', 'data-testid': 'store-card' },
    h(
      'div',
      { class: 'panel-head' },
      h(
        'button',
        {
          type: 'button',
          class: 'icon-button',
          'aria-label': 'Back to all stores',
          'data-testid': 'store-back',
          on: { click: onBack },
        },
        icon('back'),
      ),
      logo(name, brand_color),
      heading,
    ),
    h(
      'div',
      { class: 'stores-scroll' },
      h(
        'dl',
        { class: 'store-facts' },
        facts.map(([term, value]) => [h('dt', null, term), h('dd', null, value)]),
      ),
      h(
        'div',
        { class: 'tool-row' },
        mall_id &&
          h(
            'a',
            { class: 'button button-small', href: `/map?mall=${mall_id}&level=${level ?? 0}` },
            icon('map', 16),
            'Open the mall’s map',
          ),
        canEdit &&
          isOnStreet &&
          h(
            'button',
            { type: 'button', class: 'button button-small', 'data-testid': 'edit-store', on: { click: onEdit } },
            'Edit',
          ),
        canEdit &&
          isOnStreet &&
          h(
            'button',
            {
              type: 'button',
              class: 'button button-small button-danger',
              'data-testid': 'delete-store',
              on: { click: removeStore },
            },
            icon('trash', 16),
            'Delete',
          ),
      ),
      h('h2', null, 'Messages'),
      spendPanel({ id: store.id, context }),
      h('h2', null, 'Zones', h('span', { class: 'count' }, String(zones.length))),
      zones.length
        ? h('ul', { class: 'own-zones' }, zones.map(zoneRow))
        : h('p', { class: 'quiet' }, 'None yet: nothing happens when somebody comes near.'),
      maker && h('h2', null, 'New zone around it'),
      maker,
    ),
  );
  return { node, focus: () => heading.focus() };
}

/** @param {string} title @param {string} text */
async function confirm(title, text) {
  const actions = [
    { label: 'Keep it', value: '' },
    { label: 'Delete', value: 'yes', tone: 'danger', testid: 'confirm' },
  ];
  return (await ask({ title, testid: 'confirm-dialog', body: h('p', null, text), actions })) === 'yes';
}
