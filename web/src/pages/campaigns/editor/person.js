/** Whose eyes a preview takes: the example's, or those of somebody who is looked up. */
import { get } from '../../../api.js';
import { fill, h } from '../../../ui/dom.js';
import { textField } from '../../../ui/fields.js';
import { explain } from '../../../ui/widgets.js';

/** @import {FoundPerson, PeopleFound} from '../../../types' */

const WAIT_MS = 300;
const SHORTEST = 2;
const MOST = 5;

/** @param {{onChange: () => void}} options */
export function personPart({ onChange }) {
  let chosen = /** @type {FoundPerson | null} */ (null);
  let timer = 0;
  let asked = 0;
  const query = textField(
    'As which person',
    { type: 'search', maxlength: 200, spellcheck: 'false', placeholder: 'Name, e-mail, phone …' },
    { testid: 'preview-person' },
  );
  const found = h('div', { class: 'chip-row', 'data-testid': 'preview-people' });
  const now = h('p', { class: 'quiet' });

  async function search() {
    const mine = ++asked;
    const q = query.input.value.trim();
    if (q.length < SHORTEST) return void fill(found);
    try {
      const { items } = /** @type {PeopleFound} */ (await get('/v1/people/search', { q }));
      if (mine !== asked) return;
      fill(found, items.length ? items.slice(0, MOST).map(person) : h('p', { class: 'quiet' }, 'Nobody found.'));
    } catch (error) {
      if (mine === asked) fill(found, h('p', { class: 'field-error', role: 'alert' }, explain(error)));
    }
  }

  /** @param {FoundPerson} one */
  const person = (one) =>
    h(
      'button',
      { type: 'button', class: 'button button-small', on: { click: () => choose(one) } },
      one.name ?? one.matched ?? 'Somebody without a name',
    );

  /** @param {FoundPerson | null} one */
  function choose(one) {
    chosen = one;
    query.input.value = '';
    fill(found);
    fill(
      now,
      one && [
        `As ${one.name ?? one.matched ?? 'this person'} gets it. `,
        h('button', { type: 'button', class: 'link', on: { click: () => choose(null) } }, 'Back to the example'),
      ],
    );
    onChange();
  }

  query.input.addEventListener('input', (event) => {
    event.stopPropagation(); // it is no part of the campaign
    window.clearTimeout(timer);
    timer = window.setTimeout(search, WAIT_MS);
  });
  return { node: h('div', { class: 'stack' }, query.node, found, now), id: () => chosen?.profile_id ?? null };
}
