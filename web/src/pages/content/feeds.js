/** Public addresses of what is on, for a shop's web site and for calendars. */
import { call, getAll, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { textField } from '../../ui/fields.js';
import { ask, explain, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';

/** @import {Context} from '../../types' */
/** @typedef {{id: string, name: string, json_url: string, rss_url: string, ics_url: string}} Feed */

/** @param {{context: Context, signal: AbortSignal}} options */
export function feedsCard({ context, signal }) {
  const body = h('div', null);
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const load = () =>
    whileLoading(
      body,
      () => getAll('/v1/feeds', {}, signal),
      (/** @type {Feed[]} */ feeds) =>
        feeds.length
          ? h('ul', { class: 'content-feeds' }, feeds.map(row))
          : h(
              'p',
              { class: 'quiet' },
              'None yet. Whoever has the address of a feed reads what is published, and nothing else.',
            ),
    );

  /** @param {Feed} feed */
  const row = (feed) =>
    h(
      'li',
      { 'data-testid': 'feed-row' },
      h('strong', null, feed.name),
      address('RSS', feed.rss_url),
      address('Calendar', feed.ics_url),
      address('JSON', feed.json_url),
      may(context.me, 'edit') &&
        h(
          'button',
          {
            type: 'button',
            class: 'button button-quiet',
            'aria-label': `Close ${feed.name}`,
            on: { click: () => close(feed) },
          },
          'Close',
        ),
    );

  /** @param {Feed} feed */
  async function close(feed) {
    const sure = await ask({
      title: `Close “${feed.name}”?`,
      body: h('p', null, 'Its addresses answer nothing from then on, wherever they are in use.'),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Close the feed', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!sure) return;
    await tried(() => call('DELETE', `/v1/feeds/${feed.id}`));
  }

  /** @param {() => Promise<unknown>} work */
  async function tried(work) {
    error.hidden = true;
    try {
      await work();
      load();
    } catch (failure) {
      fill(error, explain(failure));
      error.hidden = false;
    }
  }

  const name = textField(
    'Name of a new feed',
    { maxlength: 200, value: `${context.me.tenant.name}: what is on` },
    { testid: 'feed-name' },
  );
  const open = h(
    'form',
    {
      class: 'feed-form',
      on: {
        submit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          tried(() => call('POST', '/v1/feeds', { body: { name: name.input.value.trim() }, once: newKey() }));
        },
      },
    },
    name.node,
    h('button', { type: 'submit', class: 'button', 'data-testid': 'open-feed' }, 'Open a feed'),
  );
  load();
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'feeds-title' },
    h('h2', { id: 'feeds-title' }, 'Feeds for web sites and calendars'),
    body,
    error,
    may(context.me, 'edit') && open,
  );
}

/** @param {string} words @param {string} url */
const address = (words, url) => h('a', { href: url, class: 'title-link feed-link', rel: 'noreferrer' }, words);
