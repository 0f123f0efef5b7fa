/** Writing a master or a new version of one: settings, and its words in each language beside the recipe's own. */
import { ApiError, call, post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { areaField, selectField, textField } from '../../ui/fields.js';
import { explain, toast } from '../../ui/widgets.js';
import { wideDialog } from '../../ui/wide_dialog.js';
import { settingsForm } from '../recipes/settings.js';

/** @import {Context} from '../../types' */
/** @import {Master, MasterMessage, MasterText} from '../../types_marketplace' */
/** @import {Recipe} from '../recipes/words.js' */

/**
 * @param {{master: Master | null, recipes: Recipe[], context: Context, signal: AbortSignal, onSaved: () => void}} options
 *   `master` null: a new one
 */
export function editMaster({ master, recipes, context, signal, onSaved }) {
  const before = master?.versions[0];
  const { body, foot, close } = wideDialog(master ? `${master.name}: new version` : 'New master', {
    testid: 'master-editor',
  });
  const usable = recipes.filter(({ recipe }) => recipe !== 'mall-zones');
  const name = textField(
    'Name',
    { value: master?.name ?? '', required: true, maxlength: 200 },
    {
      testid: 'master-name',
      hint: 'By which lists of stores name it.',
    },
  );
  const which = selectField(
    'Recipe',
    usable.map((one) => /** @type {[string, string]} */ ([one.recipe, one.name])),
    master?.recipe ?? usable[0].recipe,
    { testid: 'master-recipe' },
  );
  const note = textField('What is new in it', { value: '', maxlength: 300 }, { testid: 'master-note' });
  const error = h('p', { class: 'form-error', role: 'alert', hidden: true });
  const settings = h('div', null);
  const words = h('div', { class: 'master-words', 'data-testid': 'master-words' });
  const save = h(
    'button',
    { type: 'button', class: 'button button-primary', 'data-testid': 'save-master', on: { click: keep } },
    'Save',
  );
  /** @type {Map<string, MasterText>} by message and language */
  const written = new Map((before?.texts ?? []).map((one) => [`${one.message} ${one.language}`, one]));
  /** @type {ReturnType<typeof settingsForm>} */
  let form;
  let currency = '';
  which.input.disabled = master !== null;
  which.input.addEventListener('change', start);
  fill(
    body,
    h(
      'form',
      { class: 'master-form', on: { submit: (/** @type {Event} */ event) => event.preventDefault() } },
      !master && h('div', { class: 'recipe-fields' }, name.node, which.node),
      h('h3', null, 'Settings'),
      h(
        'p',
        { class: 'quiet' },
        'Stores may set discounts, limits and categories themselves; these are what they start from.',
      ),
      settings,
      h('h3', null, 'Words'),
      h(
        'p',
        { class: 'quiet' },
        'Empty: as the recipe has it. {{ store.name }} is the store’s name, {{ offer.code }} the code.',
      ),
      words,
      note.node,
      error,
    ),
  );
  fill(foot, h('button', { type: 'button', class: 'button', on: { click: close } }, 'Cancel'), save);
  start();

  function recipe() {
    const found = /** @type {Recipe} */ (usable.find((one) => one.recipe === which.input.value));
    return { ...found, parameters: found.parameters.filter(({ kind }) => kind !== 'store' && kind !== 'content') };
  }

  async function start() {
    if (!master) written.clear();
    fill(settings);
    fill(words, h('p', { class: 'quiet', 'data-testid': 'loading' }, 'Reading the recipe’s words…'));
    save.disabled = true;
    try {
      const { data } = await call('POST', '/v1/masters:preview', { body: { recipe: recipe().recipe }, signal });
      currency = data.currency ?? '';
      form = settingsForm({
        recipe: recipe(),
        set: before?.settings ?? {},
        context,
        stores: [],
        items: [],
        currency: () => currency,
        onChange: () => {},
      });
      fill(settings, form.node);
      fill(words, data.messages.map(message));
      save.disabled = false;
    } catch (problem) {
      if (!signal.aborted) complain(problem);
    }
  }

  /** @param {MasterMessage} one */
  function message(one) {
    const language = selectField(
      'Language',
      Object.keys(one.texts).map((tag) => /** @type {[string, string]} */ ([tag, nameOf(tag)])),
      'en',
      { testid: `language-${one.id}` },
    );
    const title = textField('Title', { maxlength: 300 }, { testid: `title-${one.id}` });
    const text = areaField('Text', { maxlength: 2000 }, { testid: `body-${one.id}` });
    const tag = () => language.input.value;
    const show = () => {
      const said = written.get(`${one.id} ${tag()}`);
      const own = one.texts[tag()];
      for (const [field, value, usual] of /** @type {const} */ ([
        [title, said?.title, own.title],
        [text, said?.body, own.body],
      ])) {
        field.input.value = value ?? '';
        field.input.setAttribute('placeholder', usual);
        field.input.dir = 'auto';
      }
    };
    const take = () => {
      const said = { title: title.input.value.trim(), body: text.input.value.trim() };
      if (!said.title && !said.body) written.delete(`${one.id} ${tag()}`);
      else
        written.set(`${one.id} ${tag()}`, {
          message: one.id,
          language: tag(),
          title: said.title || one.texts[tag()].title,
          body: said.body || one.texts[tag()].body,
        });
    };
    language.input.addEventListener('change', show);
    for (const { input } of [title, text]) input.addEventListener('change', take);
    show();
    return h('fieldset', { class: 'master-message' }, h('legend', null, one.id), language.node, title.node, text.node);
  }

  async function keep() {
    complain(null);
    save.disabled = true;
    const said = { settings: form.values(), texts: [...written.values()], note: note.input.value.trim() };
    try {
      if (master) await post(`/v1/masters/${master.id}/versions`, said);
      else await post('/v1/masters', { name: name.input.value.trim(), recipe: which.input.value, ...said });
      toast(master ? 'The new version is kept. No store runs it yet.' : 'The master is kept. Add stores to it.');
      close();
      onSaved();
    } catch (problem) {
      complain(problem);
    } finally {
      save.disabled = false;
    }
  }

  /** @param {unknown} problem */
  function complain(problem) {
    const errors = problem instanceof ApiError ? problem.errors : [];
    const ofSettings = errors
      .filter(({ pointer }) => pointer?.startsWith('#/settings/'))
      .map((one) => ({ ...one, pointer: one.pointer?.replace('#/settings/', '#/') }));
    form?.complain(ofSettings);
    const ofName = errors.find(({ pointer }) => pointer === '#/name');
    name.setError(ofName?.detail ?? null);
    const rest = errors.length - ofSettings.length - (ofName ? 1 : 0);
    error.hidden = !problem || (errors.length > 0 && rest === 0);
    fill(error, problem ? explain(problem) : '');
    if (!error.hidden) error.scrollIntoView({ block: 'nearest' });
  }
}

/** @param {string} tag */
function nameOf(tag) {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
}
