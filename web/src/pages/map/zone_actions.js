/**
 * What is done with a whole zone as it is saved, from its row in the list or from its form: duplicate, copy to other
 * floors, publish, unpublish, delete.
 */
import { call, newKey } from '../../api.js';
import { chips } from '../../ui/fields.js';
import { h } from '../../ui/dom.js';
import { move } from '../../shapes.js';
import { ask, explain } from '../../ui/widgets.js';
import { confirm, setPublished } from './saving.js';
import { readZone } from './venue.js';

/** @import {Context, Shape, Zone} from '../../types' */
/** @import {Venue} from './venue.js' */
/** @import {Values} from './zone_form.js' */

/** A duplicate lies a little aside, so that one sees there are two. @type {import('../../types').XY} */
const ASIDE_M = [2, -2];

/**
 * @param {{context: Context, venue: () => Venue, create: (shape: Shape, values: Values) => void, onChanged: () => void}} options
 *   `create` opens a new draft
 */
export function makeZoneActions({ context, venue, create, onChanged }) {
  /** Runs one exchange with the server; a refusal is told. @param {() => Promise<string>} work its answer is told too */
  async function run(work) {
    try {
      const done = await work();
      if (done) context.toast(done);
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
    onChanged();
  }

  /** @param {Zone} zone @returns {Values} */
  function values({ properties }) {
    const { name, kind, mall_id, levels, store_id, color, tags, sensitivity, rules, schedule, metadata } = properties;
    return { name, kind, mall_id, levels, store_id, color, tags, sensitivity, rules, schedule, metadata };
  }

  /** @param {Zone} zone */
  function duplicate(zone) {
    create(move(venue().shapeOf(zone), ASIDE_M), { ...values(zone), name: `${zone.properties.name} (copy)` });
  }

  /** @param {Zone} zone */
  async function copy(zone) {
    const { name, levels: own } = zone.properties;
    const others = venue().levels.filter(({ properties }) => !own.includes(properties.ordinal));
    if (!own.length || !others.length) {
      context.toast('There is no other floor to copy it to.');
      return;
    }
    const floors = chips(
      'To which floors?',
      others.map(({ properties }) => [String(properties.ordinal), properties.name]),
      [],
      { testid: 'copy-levels' },
    );
    const [apart, one] = [
      ['apart', `A draft of its own on each, such as “${nameOn(zone, others[0].properties.ordinal)}”`],
      ['one', 'One zone on several floors: they share name, rules and count'],
    ].map(([value, words], i) => {
      const box = h('input', { type: 'radio', name: 'how', value, checked: i === 0, 'data-testid': `copy-${value}` });
      return { box, node: h('label', { class: 'check' }, box, h('span', null, words)) };
    });
    const answer = await ask({
      title: `Copy “${name}” to other floors`,
      testid: 'copy-dialog',
      body: [floors.node, h('fieldset', { class: 'field' }, h('legend', null, 'How?'), apart.node, one.node)],
      actions: [
        { label: 'Cancel', value: '' },
        { label: 'Copy', value: 'copy', tone: 'primary', testid: 'copy-do' },
      ],
    });
    const chosen = floors.values().map(Number);
    if (answer !== 'copy' || !chosen.length) return;
    await run(() => (one.box.checked ? spread(zone, chosen) : makeCopies(zone, chosen)));
  }

  /** @param {Zone} zone @param {number} ordinal */
  const nameOn = (zone, ordinal) => `${zone.properties.name} (${venue().level(ordinal)?.properties.name ?? ordinal})`;

  /** @param {Zone} zone @param {number[]} ordinals */
  async function makeCopies(zone, ordinals) {
    const { radius_m } = zone.properties;
    for (const ordinal of ordinals) {
      const given = { ...values(zone), name: nameOn(zone, ordinal), levels: [ordinal], ...(radius_m && { radius_m }) };
      const properties = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
      const body = { type: 'Feature', geometry: zone.geometry, properties };
      const { data } = await call('POST', '/v1/zones', { body, once: newKey() });
      venue().keep(data);
    }
    return `${ordinals.length === 1 ? 'One draft' : `${ordinals.length} drafts`} made. Publish them to put them into effect.`;
  }

  /** @param {Zone} zone @param {number[]} ordinals */
  async function spread(zone, ordinals) {
    const fresh = await readZone(zone.id);
    const levels = [...fresh.zone.properties.levels, ...ordinals].sort((a, b) => a - b);
    const body = { type: 'Feature', properties: { levels } };
    const { data } = await call('PATCH', `/v1/zones/${zone.id}`, { body, etag: fresh.etag });
    venue().keep(data);
    return `“${data.properties.name}” is on ${levels.length} floors now. Publish it to put that into effect.`;
  }

  /** @param {Zone[]} zones @param {boolean} isPublished */
  async function publish(zones, isPublished) {
    const text = 'Nobody enters any more, everyone inside counts as left, and campaigns of it send nothing.';
    if (!isPublished && !(await confirm(`Unpublish ${called(zones)}?`, text, 'Unpublish'))) return;
    await run(async () => {
      for (const zone of zones) venue().keep((await setPublished(zone.id, isPublished)).zone);
      const [many, one] = isPublished ? ['are live', 'is live'] : ['are drafts again', 'is a draft again'];
      return `${called(zones)} ${zones.length > 1 ? many : one}.`;
    });
  }

  /** @param {Zone[]} zones @returns {Promise<boolean>} whether they are gone */
  async function remove(zones) {
    const text = 'Everyone inside counts as left. Campaigns that use it stop sending. This cannot be undone.';
    if (!(await confirm(`Delete ${called(zones)}?`, text, 'Delete'))) return false;
    await run(async () => {
      for (const zone of zones) {
        await call('DELETE', `/v1/zones/${zone.id}`);
        venue().drop(zone.id);
      }
      return `Deleted ${called(zones)}.`;
    });
    return zones.every((zone) => !venue().zone(zone.id));
  }

  /** @param {Zone[]} zones @param {string} tag */
  async function addTag(zones, tag) {
    await run(async () => {
      for (const { id } of zones) {
        const { zone, etag } = await readZone(id);
        const tags = [...new Set([...zone.properties.tags, tag])];
        const { data } = await call('PATCH', `/v1/zones/${id}`, {
          body: { type: 'Feature', properties: { tags } },
          etag,
        });
        venue().keep(data);
      }
      return `${called(zones)} ${zones.length > 1 ? 'have' : 'has'} the tag “${tag}” now.`;
    });
  }

  return { duplicate, copy, publish, remove, addTag };
}

/** @param {Zone[]} zones */
const called = (zones) => (zones.length === 1 ? `“${zones[0].properties.name}”` : `${zones.length} zones`);
