/** A new item, or changes to one: words in each language, place by list or plan, times of the place's clock. */
import { ApiError, call, newKey } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { areaField, selectField, textField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { placeMap } from './place_map.js';
import { KINDS, LANGUAGES, languageName } from './words.js';

/** @import {Context, Mall, Store, Zone} from '../../types' */
/** @import {Item, Words} from './words.js' */

/** @param {{context: Context, item: Item | null, stores: Store[], malls: Mall[], zones: Zone[]}} options */
export function contentForm({ context, item, stores, malls, zones }) {
  const back = item ? `/content?id=${item.id}` : '/content';
  const kind = selectField('Kind', Object.entries(KINDS), item?.kind ?? 'promotion', { testid: 'content-kind' });
  const languages = languageParts(item);
  const where = placePart({ context, item, stores, malls, zones });
  const starts = localField(
    'Starts',
    item?.starts,
    'content-starts',
    'On the clock of the place. Empty: it is on already.',
  );
  const ends = localField('Ends', item?.ends, 'content-ends', 'Empty: until you call it off.');
  const products = listField('Products', item?.products, 'Your ids, with commas.', 'content-products');
  const categories = listField(
    'Categories',
    item?.categories,
    'Who likes them hears of it: Toys > Games',
    'content-categories',
  );
  const brands = listField('Brands', item?.brands, 'For something new: whose it is.', 'content-brands');
  const image = textField(
    'Picture',
    { type: 'url', maxlength: 500, value: item?.image_url ?? '', placeholder: 'https://…' },
    { testid: 'content-image' },
  );
  const link = textField(
    'Read on at',
    { type: 'url', maxlength: 500, value: item?.link ?? '', placeholder: 'https://…' },
    { testid: 'content-link' },
  );
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const save = h(
    'button',
    { type: 'submit', class: 'button button-primary', 'data-testid': 'content-save' },
    item ? 'Save' : 'Save as a draft',
  );
  const once = newKey();
  const fields = /** @type {const} */ ([
    ['#/kind', kind],
    ['#/starts', starts],
    ['#/ends', ends],
    ['#/products', products],
    ['#/categories', categories],
    ['#/brands', brands],
    ['#/image_url', image],
    ['#/link', link],
    ['#/zone_id', where.zone],
    ['#/store_id', where.store],
    ['#/mall_id', where.mall],
  ]);

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    fields.forEach(([, field]) => field.setError(null));
    languages.clear();
    error.hidden = true;
    const texts = languages.values();
    const gone = Object.keys(item?.texts ?? {}).filter((code) => !(code in texts));
    const body = {
      kind: kind.input.value,
      texts: { ...texts, ...Object.fromEntries(gone.map((code) => [code, null])) },
      default_language: Object.keys(texts)[0],
      ...where.values(),
      starts: starts.input.value || null,
      ends: ends.input.value || null,
      products: listIn(products),
      categories: listIn(categories),
      brands: listIn(brands),
      image_url: image.input.value.trim() || null,
      link: link.input.value.trim() || null,
    };
    save.disabled = true;
    try {
      const { data } = item
        ? await call('PATCH', `/v1/content/${item.id}`, { body, etag: `"v${item.revision}"` })
        : await call('POST', '/v1/content', { body, once });
      context.toast(item ? 'Saved. Everywhere it is shown, it now says so.' : 'Saved as a draft.');
      context.navigate(`/content?id=${data.id}`);
    } catch (failure) {
      save.disabled = false;
      complain(failure);
    }
  }

  /** @param {unknown} failure */
  function complain(failure) {
    const errors = failure instanceof ApiError ? failure.errors : [];
    const about = fields.filter(([pointer, field]) => {
      const found = errors.find((one) => one.pointer?.startsWith(pointer));
      if (found) field.setError(found.detail);
      return found;
    });
    const wordy = languages.complain(errors);
    if (wordy) return wordy.focus();
    if (about.length) return about[0][1].input.focus();
    fill(error, explain(failure));
    error.hidden = false;
  }

  return h(
    'div',
    { class: 'stack' },
    h('a', { class: 'back-link', href: back }, icon('back', 16), item?.title ?? 'Content'),
    h('header', { class: 'page-head' }, h('h1', { class: 'breaks' }, item ? `Edit ${item.title}` : 'New item')),
    h(
      'form',
      { class: 'card content-form', novalidate: true, 'data-testid': 'content-form', on: { submit: send } },
      kind.node,
      languages.node,
      where.node,
      h('div', { class: 'field-pair' }, starts.node, ends.node),
      h('div', { class: 'field-pair' }, categories.node, brands.node),
      products.node,
      h('div', { class: 'field-pair' }, image.node, link.node),
      error,
      h('div', { class: 'page-tools' }, save, h('a', { class: 'button button-quiet', href: back }, 'Cancel')),
    ),
  );
}

/** @param {string} label @param {string | null | undefined} value @param {string} testid @param {string} hint */
const localField = (label, value, testid, hint) =>
  textField(label, { type: 'datetime-local', value: value?.slice(0, 16) ?? '' }, { testid, hint });

/** @param {string} label @param {string[] | undefined} value @param {string} hint @param {string} testid */
const listField = (label, value, hint, testid) =>
  textField(label, { value: value?.join(', ') ?? '', maxlength: 2000 }, { hint, testid });

/** @param {{input: {value: string}}} field */
const listIn = ({ input }) =>
  input.value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** The words, a part for each language; the first one is everybody else's. @param {Item | null} item */
function languageParts(item) {
  const codes = item
    ? [item.default_language, ...Object.keys(item.texts).filter((code) => code !== item.default_language)]
    : ['en'];
  /** @type {{code: string, title: any, text: any, terms: any, node: HTMLElement}[]} */
  const parts = [];
  const list = h('div', { class: 'stack' });
  const choices = /** @type {[string, string][]} */ ([['', 'Choose…'], ...LANGUAGES]);
  const another = selectField('Another language', choices, '', { testid: 'add-language' });
  another.input.addEventListener('change', () => {
    const code = another.input.value;
    another.input.value = '';
    if (code && !parts.some((part) => part.code === code)) add(code, null).title.input.focus();
  });

  /** @param {string} code @param {Words | null} words */
  function add(code, words) {
    const title = textField(
      'Title',
      { maxlength: 120, value: words?.title ?? '', required: true },
      { testid: `title-${code}` },
    );
    const text = areaField('Text', { maxlength: 2000, value: words?.text ?? '' }, { testid: `text-${code}` });
    const terms = areaField(
      'Terms',
      { maxlength: 2000, rows: 2, value: words?.terms ?? '' },
      { testid: `terms-${code}`, hint: 'Small print.' },
    );
    const remove = h(
      'button',
      { type: 'button', class: 'button button-quiet', on: { click: () => take(code) } },
      `Remove ${languageName(code)}`,
    );
    const node = h(
      'fieldset',
      { class: 'language-part', lang: code },
      h('legend', null, languageName(code)),
      title.node,
      text.node,
      terms.node,
      remove,
    );
    const part = { code, title, text, terms, node };
    parts.push(part);
    list.append(node);
    return part;
  }

  /** @param {string} code */
  function take(code) {
    if (parts.length === 1) return;
    const at = parts.findIndex((part) => part.code === code);
    parts.splice(at, 1)[0].node.remove();
    another.input.focus();
  }

  codes.forEach((code) => add(code, item?.texts[code] ?? null));
  return {
    node: h('div', { class: 'stack' }, list, another.node),
    clear: () => parts.forEach(({ title }) => title.setError(null)),
    values: () =>
      Object.fromEntries(
        parts.map(({ code, title, text, terms }) => [
          code,
          { title: title.input.value.trim(), text: text.input.value, terms: terms.input.value },
        ]),
      ),
    /** @param {import('../../api.js').FieldError[]} errors @returns {HTMLElement | null} the first field that is wrong */
    complain(errors) {
      const wrong = parts.filter(({ code, title }) => {
        const found = errors.find((one) => one.pointer?.startsWith(`#/texts/${code}`));
        if (found) title.setError(found.detail);
        return found;
      });
      return wrong[0]?.title.input ?? null;
    },
  };
}

/** Where it is: whose, in which mall, in which zone. @param {{context: Context, item: Item | null, stores: Store[], malls: Mall[], zones: Zone[]}} options */
function placePart({ context, item, stores, malls, zones }) {
  const named = (/** @type {any[]} */ some) =>
    some.map((one) => /** @type {[string, string]} */ ([one.id, one.properties?.name ?? one.name]));
  const isShop = context.me.operator.role === 'shop';
  const store = selectField(
    'Whose it is',
    [...(isShop ? [] : [/** @type {[string, string]} */ (['', context.me.tenant.name])]), ...named(stores)],
    item?.store_id ?? (isShop ? (stores[0]?.id ?? '') : ''),
    { testid: 'content-store' },
  );
  const mall = selectField('In the mall', [['', '–'], ...named(malls)], item?.mall_id ?? '', {
    testid: 'content-mall',
  });
  const zone = selectField('In the zone', [['', '–'], ...named(zones)], item?.zone_id ?? '', {
    testid: 'content-zone',
    hint: 'By name, or on the plan of the mall.',
  });
  const plan = placeMap({
    onChoose(id) {
      zone.input.value = id;
      draw();
    },
  });
  const draw = () => {
    const chosen = zone.input.value || null;
    const at = mall.input.value || zones.find(({ id }) => id === chosen)?.properties.mall_id || malls[0]?.id;
    plan.show(
      zones.filter(({ properties }) => at && properties.mall_id === at),
      chosen,
    );
  };
  [mall, zone].forEach(({ input }) => input.addEventListener('change', draw));
  draw();
  return {
    store,
    mall,
    zone,
    node: h(
      'div',
      { class: 'content-place' },
      h('div', { class: 'stack' }, store.node, mall.node, zone.node),
      plan.node,
    ),
    values: () => ({
      store_id: store.input.value || null,
      mall_id: mall.input.value || null,
      zone_id: zone.input.value || null,
    }),
  };
}
