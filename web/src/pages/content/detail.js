/** One item: its state and what can be done with it, how it looks everywhere, its links with their codes and counts. */
import { call, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { selectField, textField } from '../../ui/fields.js';
import { number } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { qrCode } from '../../ui/qr.js';
import { ask, explain, pill } from '../../ui/widgets.js';
import { previews } from './preview.js';
import { datesText, KINDS, languageName, mayWrite, stateOf } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Item, Link, Recipe} from './words.js' */

/** @param {{context: Context, item: Item, links: Link[], recipe: Recipe, reload: () => void}} options */
export function contentDetail({ context, item, links, recipe, reload }) {
  const { text, tone } = stateOf(item);
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const writes = mayWrite(context);
  const origins = context.me.pictures_from ?? [];

  /** @param {() => Promise<unknown>} work @param {string} done */
  async function tried(work, done) {
    error.hidden = true;
    try {
      await work();
      context.toast(done);
      reload();
    } catch (failure) {
      fill(error, explain(failure));
      error.hidden = false;
    }
  }

  async function cancel() {
    const sure = await ask({
      title: `Call “${item.title}” off?`,
      body: h(
        'p',
        null,
        'Messages about it that wait are not sent, links say that it was called off, calendars strike it out.',
      ),
      actions: [
        { label: 'Keep it', value: '' },
        { label: 'Call it off', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (sure) await tried(() => call('POST', `/v1/content/${item.id}/cancel`), `“${item.title}” is called off.`);
  }

  const button = (
    /** @type {string} */ words,
    /** @type {string} */ testid,
    /** @type {() => void} */ click,
    look = '',
  ) => h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click } }, words);
  const publish = () => tried(() => call('POST', `/v1/content/${item.id}/publish`), `“${item.title}” is published.`);
  const remove = async () => {
    await call('DELETE', `/v1/content/${item.id}`);
    context.navigate('/content');
  };
  const tools = writes && [
    h('a', { class: 'button', href: `/content?id=${item.id}&edit=1`, 'data-testid': 'content-edit' }, 'Edit'),
    item.status !== 'published' && button('Publish', 'content-publish', publish, 'button-primary'),
    item.status === 'published' && button('Call off', 'content-cancel', cancel, 'button-danger'),
    item.status === 'draft' && button('Delete', 'content-delete', () => remove().catch(() => reload())),
  ];
  const shown = h('div', null);
  const language = selectField(
    'Language',
    Object.keys(item.texts).map((code) => /** @type {[string, string]} */ ([code, languageName(code)])),
    item.default_language,
    { testid: 'preview-language' },
  );
  const draw = () =>
    fill(shown, previews({ item, words: item.texts[language.input.value], origins, tenant: context.me.tenant.name }));
  language.input.addEventListener('change', draw);
  draw();

  return h(
    'div',
    { class: 'stack' },
    h('a', { class: 'back-link', href: '/content' }, icon('back', 16), 'Content'),
    h(
      'header',
      { class: 'page-head' },
      h('h1', { class: 'breaks' }, item.title),
      h('div', { class: 'page-tools' }, tools),
    ),
    h(
      'p',
      { class: 'row-title' },
      h('span', { 'data-testid': 'content-state' }, pill(text, tone)),
      pill(KINDS[item.kind]),
      h('span', { class: 'quiet' }, [datesText(item), item.place ?? 'everywhere', item.timezone].join(' · ')),
    ),
    error,
    h('section', { class: 'card' }, h('h2', null, 'How it looks'), language.node, shown),
    linksCard({ item, links, writes, tried }),
    recipeCard({ context, recipe, item }),
  );
}

/** @param {{item: Item, links: Link[], writes: boolean, tried: (work: () => Promise<unknown>, done: string) => Promise<void>}} options */
function linksCard({ item, links, writes, tried }) {
  const source = textField(
    'Where it will be shown',
    { maxlength: 40, value: 'poster', pattern: '[a-z0-9][a-z0-9_\\-]*' },
    { testid: 'link-source', hint: 'Small letters: poster, bag, newsletter. Each is counted apart.' },
  );
  /** @param {SubmitEvent} event */
  const make = (event) => {
    event.preventDefault();
    const body = { content_id: item.id, source: source.input.value.trim() };
    tried(() => call('POST', '/v1/links', { body, once: newKey() }), 'The link is made.');
  };
  return h(
    'section',
    { class: 'card' },
    h('h2', null, 'Short links'),
    links.length === 0 &&
      h('p', { class: 'quiet' }, 'None yet. A short link opens the item, and says so when it has ended.'),
    h('ul', { class: 'link-list' }, links.map(linkRow)),
    writes &&
      h(
        'form',
        { class: 'feed-form', on: { submit: make } },
        source.node,
        h('button', { type: 'submit', class: 'button', 'data-testid': 'make-link' }, 'Make a link'),
      ),
  );
}

/** @param {Link} link */
function linkRow(link) {
  return h(
    'li',
    { 'data-testid': 'link-row' },
    qrCode(link.url, `QR code of the link for ${link.source}`),
    h(
      'div',
      { class: 'row-text' },
      h('p', { class: 'row-title' }, h('strong', null, link.source), h('span', { class: 'quiet' }, opensText(link))),
      h('p', { class: 'breaks' }, h('a', { href: link.url, rel: 'noreferrer' }, link.url)),
      h(
        'p',
        { class: 'page-tools' },
        h(
          'a',
          { class: 'button button-quiet', href: `/v1/links/${link.id}/qr.svg`, download: `${link.source}.svg` },
          'QR as SVG',
        ),
        h(
          'a',
          { class: 'button button-quiet', href: `/v1/links/${link.id}/qr.png`, download: `${link.source}.png` },
          'QR as PNG',
        ),
      ),
    ),
  );
}

/** @param {Link} link */
const opensText = ({ opens, opens_30_days: recent }) =>
  opens === 0 ? 'not opened yet' : `opened ${number(opens)} times, ${number(recent)} in the last 30 days`;

/** @param {{context: Context, recipe: Recipe, item: Item}} options */
function recipeCard({ context, recipe, item }) {
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  async function make() {
    try {
      let { campaign } = recipe;
      if (recipe.segment) {
        const { data } = await call('POST', '/v1/segments', { body: recipe.segment, once: newKey() });
        campaign = { ...campaign, audience: { ...campaign.audience, segment_id: data.id } };
      }
      const { data } = await call('POST', '/v1/campaigns', { body: campaign, once: newKey() });
      context.navigate(`/campaigns?id=${data.id}`);
    } catch (failure) {
      fill(error, explain(failure));
      error.hidden = false;
    }
  }
  return h(
    'section',
    { class: 'card', 'data-testid': 'recipe' },
    h('h2', null, 'A campaign for it'),
    h('p', null, recipe.says),
    recipe.lacks.map((why) => h('p', { class: 'note note-warn' }, `Not yet: ${why}.`)),
    error,
    recipe.campaign &&
      mayWrite(context) &&
      h(
        'button',
        {
          type: 'button',
          class: 'button',
          'data-testid': 'make-campaign',
          disabled: item.status !== 'published',
          on: { click: make },
        },
        item.status === 'published' ? 'Draft this campaign' : 'Publish it first',
      ),
  );
}
