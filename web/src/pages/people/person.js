/**
 * One person's screen: who they are, what they bought, what happened, what lies in their cart, how they may be reached,
 * notes; and below, by which ids they are known and why.
 */
import { ApiError, get, getAll } from '../../api.js';
import { h } from '../../ui/dom.js';
import { whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { actionsCard } from './actions.js';
import { cartCard } from './cart.js';
import { consentsCard } from './consents.js';
import { devicesCard } from './devices.js';
import { dueCard } from './due.js';
import { figuresCard } from './figures.js';
import { idsCard } from './ids.js';
import { notesCard } from './notes.js';
import { ordersCard } from './orders.js';
import { segmentsCard } from './segments.js';
import { timelineCard } from './timeline.js';
import { traitsCard } from './traits.js';
import { whoCard } from './who.js';

/** @import {Access, Context, Overview, ProfileDetail, Store} from '../../types' */
/**
 * What every card of the screen is given.
 * @typedef {object} Person
 * @property {string} id
 * @property {Context} context
 * @property {Access} access
 * @property {AbortSignal} signal
 * @property {Store[]} stores those that the operator sees
 * @property {ProfileDetail} profile
 * @property {Overview} overview
 * @property {<T>(work: () => Promise<T>) => Promise<T>} guarded does it, and asks for the reason anew when it has ended
 * @property {() => void} reload the whole screen
 * @property {() => void} changed something happened that the time line tells
 */

/**
 * @param {{context: Context, id: string, access: Access, signal: AbortSignal, again: () => void}} options
 *   `again` asks for the reason anew
 */
export function personView({ context, id, access, signal, again }) {
  const place = h('div', { class: 'stack' });

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async function guarded(work) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'reason-needed')) throw error;
      again();
      throw new DOMException('The half hour is over', 'AbortError');
    }
  }

  const load = () =>
    whileLoading(
      place,
      () =>
        guarded(() =>
          Promise.all([
            get(`/v1/profiles/${id}`, {}, signal),
            get(`/v1/profiles/${id}/overview`, {}, signal),
            getAll('/v1/stores', {}, signal),
          ]),
        ),
      ([profile, overview, stores]) => screen({ profile, overview, stores }),
    );

  /** @param {{profile: ProfileDetail, overview: Overview, stores: Store[]}} found */
  function screen({ profile, overview, stores }) {
    const all = may(context.me, 'people');
    let changed = () => {};
    /** @type {Person} */
    const person = {
      id,
      context,
      access,
      signal,
      stores,
      profile,
      overview,
      guarded,
      reload: load,
      changed: () => changed(),
    };
    const timeline = timelineCard(person);
    changed = timeline.reload;
    return [
      whoCard(person),
      h(
        'div',
        { class: 'person-columns' },
        h('div', null, figuresCard(overview), ordersCard(person), timeline.node),
        h(
          'div',
          null,
          notesCard(person),
          cartCard(overview.carts, context.me.pictures_from ?? []),
          dueCard(person),
          consentsCard(person),
          all && devicesCard(person),
          segmentsCard(overview.segments),
          traitsCard(person),
        ),
      ),
      all && idsCard(person),
      all && actionsCard(person),
    ];
  }

  load();
  return place;
}
