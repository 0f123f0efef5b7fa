/** What a demo shows: what is planted in it beside what was found, and the doors to the other demos of this server. */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';

/** @import {DemoStory, Door} from '../../types' */

/** Empty in a tenant that is no demo. @param {import('../../types').Me} me @param {AbortSignal} signal */
export function demoStories(me, signal) {
  const place = h('section', { class: 'stack', hidden: true, 'data-testid': 'stories' });
  if (me.tenant.is_demo) void load(place, signal);
  return place;
}

/** @param {HTMLElement} place @param {AbortSignal} signal */
async function load(place, signal) {
  /** @type {{items: Door[], here: DemoStory | null}} */
  const { items, here } = await get('/v1/doors', {}, signal).catch(() => ({ items: [], here: null }));
  place.hidden = !here && items.length === 0;
  fill(place, here && story(here), items.length > 0 && doors(items));
}

/** @param {DemoStory} told */
const story = ({ about, campaign_id: campaign, lines }) =>
  h(
    'article',
    { class: 'card story', 'data-testid': 'story' },
    h('h2', null, 'In this demo'),
    h('p', null, about),
    h('p', { class: 'quiet' }, 'Everybody here is made up, so what is true is known: it stands beside what was found.'),
    h(
      'table',
      { class: 'table' },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          ['Effect', 'Planted', 'Found, with 95 % confidence between'].map((title) => h('th', { scope: 'col' }, title)),
        ),
      ),
      h(
        'tbody',
        null,
        lines.map((line) =>
          h(
            'tr',
            null,
            h('td', { class: 'wide-cell' }, line.what),
            h('td', { class: 'wide-cell', 'data-label': 'Planted' }, line.planted),
            h(
              'td',
              { class: 'wide-cell', 'data-label': 'Found' },
              line.found,
              line.holds === false && h('strong', null, ' – does not hold what was planted'),
            ),
          ),
        ),
      ),
    ),
    campaign &&
      h(
        'p',
        { class: 'story-links' },
        h('a', { class: 'button button-primary', href: `/proof?id=${campaign}` }, 'What the campaign brought'),
        h('a', { class: 'button', href: '/proof' }, 'Revenue after a message, by month'),
      ),
  );

/** @param {Door[]} items */
const doors = (items) =>
  h(
    'nav',
    { class: 'overview-behind', 'aria-label': 'Other demos here', 'data-testid': 'doors' },
    items.map((door) =>
      h(
        'a',
        { href: door.link, class: 'card overview-link' },
        h('strong', null, door.name),
        h('span', { class: 'quiet' }, door.story?.about ?? 'Another demo of this server.'),
      ),
    ),
  );
