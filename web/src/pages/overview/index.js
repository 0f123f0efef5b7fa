/**
 * The first screen: how the business fares with its customers. One sentence a metric, with what its change is worth and
 * one button; above them what is off its course. Start page of tenants that have orders.
 */
import { get } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { empty, whileLoading } from '../../ui/widgets.js';
import { may } from '../../ui/words.js';
import { alertList } from './alerts.js';
import { demoStories } from './doors.js';
import { groups } from './lines.js';
import { periodWords } from './words.js';

/** @import {FirstScreen} from '../../types' */

/** Pages behind the first screen. @type {[string, string, string][]} */
const BEHIND = [
  ['/insights', 'Insights', 'Trends, who comes back, what customers are worth, when and where they are'],
  ['/people', 'People', 'One customer’s whole story'],
  ['/orders', 'Orders', 'What was sold, the newest first'],
  ['/campaigns', 'Campaigns', 'Drafts that your buttons made, and what runs'],
  ['/footfall', 'Footfall', 'Who comes in, when and where to next'],
];

const GATHER_MS = 500;

/** What the start has read already, so that the page need not ask again. @type {Promise<FirstScreen> | null} */
let first = null;

/** Whether the tenant has something to show here. */
export async function hasOverview() {
  first = get('/v1/overview');
  return (await first.catch(() => null))?.has_orders ?? false;
}

/** @type {import('../../types').Page} */
export function overviewPage(root, context) {
  const abort = new AbortController();
  const period = h('p', { class: 'quiet', 'data-testid': 'overview-period' });
  const body = h('div', { class: 'stack' });
  fill(
    root,
    h(
      'div',
      { class: 'page overview' },
      h('header', { class: 'page-head' }, h('h1', null, 'Overview'), period),
      demoStories(context.me, abort.signal),
      body,
    ),
  );
  const options = { context, signal: abort.signal, reload: load };

  function load() {
    const known = first;
    first = null;
    return whileLoading(
      body,
      () => known ?? get('/v1/overview', {}, abort.signal),
      (/** @type {FirstScreen} */ overview) => {
        fill(period, overview.has_orders ? periodWords(overview) : '');
        if (!overview.has_orders) return [nothing(context.me), behind()];
        return [alertList(options), groups(overview, options), behind()];
      },
    );
  }

  let timer = 0;
  const stop = context.hub.on('alert', ({ kind }) => {
    if (kind !== 'metric_alert') return;
    window.clearTimeout(timer);
    // a night's alerts come together; what somebody has just made stays in sight
    timer = window.setTimeout(() => body.querySelector('.overview-made, :disabled') || load(), GATHER_MS);
  });
  load();
  return () => {
    abort.abort();
    window.clearTimeout(timer);
    stop();
  };
}

/** @param {import('../../types').Me} me */
function nothing(me) {
  return empty(
    'Nothing to tell yet',
    [
      'This page says in one sentence each what customers are worth, who stays and who leaves, and offers one button for what goes wrong. It needs your ',
      h('strong', null, 'orders'),
      ' with their customers: a year of them is best, eight weeks the least for early warnings. ',
      h('strong', null, 'Consents'),
      ' of customers come with their file and tell whom you can reach.',
    ],
    may(me, 'edit') &&
      h('a', { class: 'button button-primary', href: '/imports' }, 'Import orders, customers, products'),
  );
}

const behind = () =>
  h(
    'nav',
    { class: 'overview-behind', 'aria-label': 'Pages behind these numbers' },
    BEHIND.map(([href, title, text]) =>
      h('a', { href, class: 'card overview-link' }, h('strong', null, title), h('span', { class: 'quiet' }, text)),
    ),
  );
