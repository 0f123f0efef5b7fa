/**
 * The frame around every page: tenant, navigation, bell, live sign, "Stop all sending", account; and the pages' context.
 */
import { get, post } from './api.js';
import { fill, h } from './ui/dom.js';
import { areaField } from './ui/fields.js';
import { icon, mark } from './ui/icons.js';
import { announce, ask, explain, mountMessages, toast } from './ui/widgets.js';
import { may, ROLES } from './ui/words.js';

/** @import {Context, Me} from './types' */
/** @import {Hub} from './hub.js' */

/** @type {[string, string, string][]} */
const PAGES = [
  ['/overview', 'Overview', 'overview'],
  ['/insights', 'Insights', 'insights'],
  ['/map', 'Map', 'map'],
  ['/stores', 'Stores', 'store'],
  ['/league', 'League', 'levels'],
  ['/footfall', 'Footfall', 'footfall'],
  ['/people', 'People', 'people'],
  ['/orders', 'Orders', 'bag'],
  ['/products', 'Products', 'product'],
  ['/segments', 'Segments', 'segments'],
  ['/campaigns', 'Campaigns', 'campaigns'],
  ['/recipes', 'Recipes', 'recipes'],
  ['/masters', 'Masters', 'copy'],
  ['/offers', 'Offers', 'offer'],
  ['/proof', 'Proof', 'insights'],
  ['/content', 'Content', 'content'],
  ['/review', 'Review', 'review'],
  ['/replies', 'Replies', 'reply'],
  ['/messages', 'Messages', 'messages'],
  ['/explain', 'Explain', 'explain'],
  ['/apps', 'Apps', 'phone'],
  ['/webhooks', 'Webhooks', 'webhook'],
  ['/imports', 'Imports', 'upload'],
  ['/privacy', 'Privacy', 'shield'],
  ['/audit', 'Audit log', 'audit'],
];
/** Pages that one looks at less often: under "More", so that a laptop's bar has room. A phone's menu lists all. */
const RARE = new Set([
  '/league',
  '/insights',
  '/recipes',
  '/masters',
  '/proof',
  '/replies',
  '/explain',
  '/content',
  '/orders',
  '/products',
  '/offers',
  '/apps',
  '/webhooks',
  '/imports',
  '/privacy',
  '/audit',
]);
const COUNT_MS = 200;
/** @type {Record<string, string>} */
const LINK_WORDS = { live: 'Live', connecting: 'Connecting', lost: 'Reconnecting…' };

/**
 * @param {HTMLElement} root
 * @param {{me: Me, hub: Hub, navigate: (url: string) => void, onLogOut: () => void, setGuard: Context['setGuard']}} options
 */
export function makeShell(root, { me, hub, navigate, onLogOut, setGuard }) {
  const links = PAGES.map(([href, words, name]) =>
    h(
      'a',
      { href, class: 'nav-link', 'data-testid': `nav-${words.toLowerCase()}` },
      icon(name),
      h('span', null, words),
    ),
  );
  const unread = [0, 1].map(() => h('span', { class: 'nav-count', hidden: true, 'data-testid': 'replies-count' }));
  links.find((anchor) => anchor.getAttribute('href') === '/replies')?.append(unread[0]);
  const rare = links.filter((anchor) => RARE.has(anchor.getAttribute('href') ?? ''));
  const rareList = h('div', { id: 'nav-rare', class: 'nav-rare' }, rare);
  const rareButton = h(
    'button',
    {
      type: 'button',
      class: 'nav-link nav-more',
      'aria-expanded': 'false',
      'aria-controls': 'nav-rare',
      'data-testid': 'nav-more',
      on: { click: () => openRare(!rareList.classList.contains('nav-rare-open')) },
    },
    'More',
    unread[1],
  );
  const badge = h('span', { class: 'badge', hidden: true, 'data-testid': 'review-count' });
  const bell = h(
    'a',
    { href: '/review', class: 'icon-button bell', 'aria-label': 'Review queue', 'data-testid': 'bell' },
    icon('bell'),
    badge,
  );
  const link = h('span', { class: 'link-state', role: 'status', 'data-testid': 'link-state' });
  const stop = h(
    'button',
    { type: 'button', class: 'button button-stop', 'data-testid': 'stop-all', on: { click: stopAll } },
    icon('stop', 18),
    h('span', null, 'Stop all sending'),
  );
  const banner = h('div', { class: 'banner', role: 'alert', hidden: true, 'data-testid': 'stopped-banner' });
  const doors = h('div', { class: 'doors', hidden: true, 'data-testid': 'doors' });
  const menu = h(
    'details',
    { class: 'account' },
    h('summary', { 'aria-label': 'Account', 'data-testid': 'account' }, icon('user')),
    h(
      'div',
      { class: 'account-menu' },
      h(
        'p',
        null,
        h('strong', null, me.operator.name),
        h('br'),
        me.operator.email,
        h('br'),
        h('span', { class: 'quiet' }, ROLES[/** @type {keyof typeof ROLES} */ (me.operator.role)] ?? me.operator.role),
      ),
      doors,
      h(
        'button',
        { type: 'button', class: 'button button-wide', 'data-testid': 'log-out', on: { click: logOut } },
        'Log out',
      ),
    ),
  );
  const more = h(
    'button',
    {
      type: 'button',
      class: 'icon-button nav-toggle',
      'aria-label': 'Menu',
      'aria-expanded': 'false',
      'aria-controls': 'nav',
      'data-testid': 'menu',
      on: { click: () => openNav(!header.classList.contains('nav-open')) },
    },
    icon('menu'),
  );
  const main = h('main', { id: 'main', tabindex: -1 });
  const header = h(
    'header',
    { class: 'topbar' },
    more,
    h(
      'a',
      { href: '/map', class: 'brand' },
      mark(28),
      h('span', { class: 'tenant', 'data-testid': 'tenant' }, me.tenant.name),
      me.tenant.is_demo && !/demo/i.test(me.tenant.name) && h('span', { class: 'demo' }, 'demo'),
    ),
    h(
      'nav',
      { id: 'nav', class: 'nav', 'aria-label': 'Pages' },
      links.filter((anchor) => !rare.includes(anchor)),
      h('div', { class: 'nav-rest' }, rareButton, rareList),
    ),
    h('div', { class: 'topbar-end' }, link, may(me, 'stop') && stop, bell, menu),
  );
  const skip = h(
    'a',
    {
      class: 'skip',
      href: '#main',
      on: {
        click: (/** @type {Event} */ event) => {
          event.preventDefault();
          main.focus();
        },
      },
    },
    'Skip to the page',
  );
  fill(root, skip, header, banner, main);
  mountMessages(root);

  /** @param {boolean} open */
  function openRare(open) {
    rareList.classList.toggle('nav-rare-open', open);
    rareButton.setAttribute('aria-expanded', String(open));
  }

  rareList.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    openRare(false);
    rareButton.focus();
  });

  /** @param {boolean} open */
  function openNav(open) {
    header.classList.toggle('nav-open', open);
    more.setAttribute('aria-expanded', String(open));
  }

  async function logOut() {
    await post('/v1/logout').catch(() => {});
    onLogOut();
  }

  /** The other demos of this server: a mall, a toy chain, a supermarket. */
  async function showDoors() {
    const { items } = me.tenant.is_demo ? await get('/v1/doors').catch(() => ({ items: [] })) : { items: [] };
    doors.hidden = items.length === 0;
    fill(
      doors,
      h('p', { class: 'quiet' }, 'Other demos here'),
      items.map((/** @type {{name: string, link: string}} */ door) => h('a', { href: door.link }, door.name)),
    );
  }

  // ---- stop all sending

  /** @param {boolean} stopped */
  function showStopped(stopped) {
    me.tenant.sending_stopped = stopped;
    banner.hidden = !stopped;
    stop.hidden = stopped;
    fill(
      banner,
      icon('stop'),
      h(
        'p',
        null,
        h('strong', null, 'All sending is stopped.'),
        h('span', { class: 'banner-more' }, ' Campaigns keep deciding, but no push leaves.'),
      ),
      may(me, 'stop') &&
        h(
          'button',
          { type: 'button', class: 'button', 'data-testid': 'resume', on: { click: resume } },
          'Resume sending',
        ),
    );
  }

  async function stopAll() {
    const why = areaField('Reason (for your team)', { rows: 2, maxlength: 300 }, { testid: 'stop-reason' });
    const answer = await ask({
      title: 'Stop all sending?',
      testid: 'stop-dialog',
      body: [
        h(
          'p',
          null,
          `No push of ${me.tenant.name} leaves any more, waiting ones included, until somebody resumes. Zones and counts keep working.`,
        ),
        why.node,
      ],
      actions: [
        { label: 'Keep sending', value: '' },
        { label: 'Stop all sending', value: 'yes', tone: 'danger', testid: 'confirm-stop' },
      ],
    });
    if (answer) await change('stop', why.input.value.trim() ? { reason: why.input.value.trim() } : {}, true);
  }

  async function resume() {
    const answer = await ask({
      title: 'Resume sending?',
      testid: 'resume-dialog',
      body: h('p', null, 'Campaigns send again from now on. What was held back is not sent later.'),
      actions: [
        { label: 'Stay stopped', value: '' },
        { label: 'Resume', value: 'yes', tone: 'primary', testid: 'confirm-resume' },
      ],
    });
    if (answer) await change('resume', undefined, false);
  }

  /** @param {string} verb @param {unknown} body @param {boolean} stopped */
  async function change(verb, body, stopped) {
    try {
      await post(`/v1/sending/${verb}`, body);
      showStopped(stopped);
    } catch (error) {
      toast(explain(error), { tone: 'bad' });
    }
  }

  // ---- the bell and the live sign

  async function refreshReviewCount() {
    const answer = await get('/v1/campaigns', { status: 'in_review', limit: 100 }).catch(() => null);
    if (!answer) return;
    const count = answer.items.length;
    badge.hidden = count === 0;
    fill(badge, String(count));
    bell.setAttribute('aria-label', count ? `Review queue: ${count} waiting` : 'Review queue: nothing waiting');
  }

  let counting = 0;

  /** How many conversations wait, at the way to them; several events at once are one question. */
  function refreshUnread() {
    window.clearTimeout(counting);
    counting = window.setTimeout(async () => {
      const answer = await get('/v1/conversations/unread').catch(() => null);
      if (!answer) return;
      for (const count of unread) {
        count.hidden = !answer.conversations;
        fill(count, String(answer.conversations ?? ''), h('span', { class: 'visually-hidden' }, ' unread'));
      }
    }, COUNT_MS);
  }

  /** @param {import('./live.js').LinkState} state */
  function showLink(state) {
    link.dataset.state = state;
    fill(link, h('span', null, LINK_WORDS[state]));
  }

  hub.on('state', showLink);
  hub.on('resync', refreshReviewCount);
  for (const topic of /** @type {const} */ (['reply', 'conversation', 'resync'])) hub.on(topic, refreshUnread);
  hub.on('alert', (alert) => {
    if (alert.kind === 'sending_stopped') showStopped(true);
    else if (alert.kind === 'sending_resumed') showStopped(false);
    else if (alert.kind === 'campaign_in_review') {
      toast(alert.text, { href: '/review', link: 'Review' });
      refreshReviewCount();
    } else if (alert.kind === 'webhook_disabled') {
      toast(alert.text, { href: '/webhooks', link: 'Webhooks', tone: 'bad' });
    } else if (alert.kind === 'metric_alert') {
      toast(alert.text, { href: '/overview', link: 'Overview', tone: alert.is_good ? 'info' : 'bad' });
    } else if (alert.kind === 'import_alert') {
      toast(alert.text, { href: '/imports', link: 'Imports', tone: 'bad' });
    }
  });
  showLink(hub.state());
  showStopped(me.tenant.sending_stopped);
  refreshReviewCount();
  refreshUnread();
  showDoors();
  document.addEventListener('click', closeMenus);

  /** @param {MouseEvent} event */
  function closeMenus(event) {
    if (!(event.target instanceof Node)) return;
    if (!menu.contains(event.target)) menu.open = false;
    if (!header.contains(event.target)) openNav(false);
    if (!rareButton.contains(event.target)) openRare(false);
  }

  /** @type {Context} */
  const context = { me, hub, navigate, announce, toast, refreshReviewCount, setGuard };
  return {
    context,
    main,
    /** Marks where we are, and moves reading to the new page. @param {string} path @param {boolean} isFirst */
    arrive(path, isFirst) {
      for (const anchor of links) {
        if (anchor.getAttribute('href') === path) anchor.setAttribute('aria-current', 'page');
        else anchor.removeAttribute('aria-current');
      }
      rareButton.classList.toggle('nav-more-here', RARE.has(path));
      openNav(false);
      openRare(false);
      const title = PAGES.find(([href]) => href === path)?.[1] ?? 'Console';
      document.title = `${title} · ${me.tenant.name} · geoengage`;
      if (!isFirst) main.focus({ preventScroll: true });
    },
    stop: () => document.removeEventListener('click', closeMenus),
  };
}
