/**
 * One zone being made or changed: its draft, undo and redo of the shape, the form and its buttons.
 *
 * Nothing is saved until the operator says so; "Publish" saves first. The page gives the map and a place for the form,
 * saving.js speaks with the server.
 */
import { ApiError, call, newKey } from '../../api.js';
import { makeHistory } from '../../history.js';
import { fill, h } from '../../ui/dom.js';
import { colour } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, pill } from '../../ui/widgets.js';
import { confirm, greet, placeOf, setPublished, writeZone } from './saving.js';
import { KIND_COLOURS, readZone } from './venue.js';
import { zoneForm } from './zone_form.js';

/** @import {Context, Shape, Zone} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {Venue} from './venue.js' */
/** @import {Values} from './zone_form.js' */

/**
 * @typedef {object} Draft
 * @property {Zone | null} zone as last read from the server
 * @property {string | null} etag
 * @property {import('../../history.js').History<Shape | null>} history
 * @property {ReturnType<typeof zoneForm>} form
 * @property {string} savedValues what the form held when it was last saved
 * @property {Shape | null} savedShape
 * @property {string} key idempotency key of its creation
 * @property {boolean} moving
 */

/** @type {Record<string, [string, string]>} */
const STATUS_PILL = {
  draft: ['draft', 'quiet'],
  published: ['published', 'ok'],
  changed: ['edited, not published', 'warn'],
};

/**
 * @param {{engine: Engine, context: Context, canEdit: boolean, panel: HTMLElement, level: () => number, venue: () => Venue,
 *   onClosed: () => void, onSaved: (zone: Zone) => void, onRemoved: (id: string) => void, onDraft: () => void}} options
 */
export function makeEditing({ engine, context, canEdit, panel, level, venue, onClosed, onSaved, onRemoved, onDraft }) {
  /** @type {Draft | null} */
  let draft = null;
  let busy = false;

  // ---- opening and closing

  /** @param {{zone: Zone | null, etag: string | null, values: Values, shape: Shape | null, welcome: boolean | null}} what */
  function start({ zone, etag, values, shape, welcome }) {
    const form = zoneForm({
      values,
      zone,
      venue: venue(),
      welcome,
      canEdit,
      onChange: refresh,
      onUseStore: (id) => useOutline(id),
    });
    draft = {
      zone,
      etag,
      form,
      history: makeHistory(zone ? shape : null),
      key: newKey(),
      moving: false,
      savedValues: JSON.stringify(form.read()),
      savedShape: zone ? shape : null,
    };
    if (!zone) draft.history.push(shape);
    onDraft();
    showPanel();
    showShape();
    if (!zone) form.focusName();
  }

  /** A new zone of a drawn shape. @param {Shape} shape @param {Values} [preset] */
  function create(shape, preset = {}) {
    if (draft && !draft.history.current()) {
      draft.history.push(shape);
      showShape();
      refresh();
      return;
    }
    const count = venue()
      .zones()
      .filter((zone) => zone.properties.name.startsWith('New zone')).length;
    start({
      zone: null,
      etag: null,
      shape,
      welcome: context.me.tenant.is_demo,
      values: {
        name: `New zone ${count + 1}`,
        kind: 'corridor',
        mall_id: venue().mall.id,
        levels: [level()],
        color: KIND_COLOURS.other,
        ...preset,
      },
    });
  }

  /** @param {Zone} zone */
  async function open(zone) {
    const fresh = await readZone(zone.id);
    venue().keep(fresh.zone);
    start({ ...fresh, values: fresh.zone.properties, shape: venue().shapeOf(fresh.zone), welcome: null });
  }

  function close() {
    draft = null;
    engine.editor.edit(null, { color: '#000000', moving: false });
    engine.point(null);
    fill(panel);
    onClosed();
  }

  const dirty = () =>
    draft !== null &&
    (draft.zone === null ||
      JSON.stringify(draft.form.read()) !== draft.savedValues ||
      JSON.stringify(draft.history.current()) !== JSON.stringify(draft.savedShape));

  /** Makes sure that nothing unsaved is lost. @returns {Promise<boolean>} whether the form may be left */
  async function leave() {
    if (!draft) return true;
    if (dirty()) {
      const answer = await ask({
        title: 'Save your changes?',
        testid: 'unsaved-dialog',
        body: h('p', null, `“${draft.form.name() || 'This zone'}” has changes that are not saved.`),
        actions: [
          { label: 'Keep editing', value: '' },
          { label: 'Discard', value: 'discard', tone: 'danger', testid: 'discard' },
          { label: 'Save', value: 'save', tone: 'primary' },
        ],
      });
      if (!answer) return false;
      if (answer === 'save' && !(await save())) return false;
    }
    close();
    return true;
  }

  // ---- the panel

  const unsaved = h('span', { class: 'unsaved', 'data-testid': 'unsaved', role: 'status' });
  const state = h('span', null);
  const heading = h('h2', null);
  const publishButton = h(
    'button',
    { type: 'button', class: 'button button-primary', 'data-testid': 'publish', on: { click: () => publish() } },
    'Publish',
  );
  const saveButton = h(
    'button',
    { type: 'button', class: 'button', 'data-testid': 'save', on: { click: () => save(true) } },
    'Save',
  );
  const cancelButton = h(
    'button',
    { type: 'button', class: 'button button-quiet', 'data-testid': 'cancel', on: { click: () => close() } },
    'Cancel',
  );
  const unpublishButton = h(
    'button',
    { type: 'button', class: 'button button-small', 'data-testid': 'unpublish', on: { click: () => unpublish() } },
    'Unpublish',
  );
  const deleteButton = h(
    'button',
    {
      type: 'button',
      class: 'button button-small button-danger',
      'data-testid': 'delete',
      on: { click: () => remove() },
    },
    icon('trash', 16),
    'Delete',
  );
  const moveButton = h(
    'button',
    { type: 'button', class: 'button button-small', 'data-testid': 'move', on: { click: () => toggleMove() } },
    icon('move', 16),
    'Move',
  );
  const campaignLink = h(
    'a',
    { class: 'button button-small', 'data-testid': 'campaign-for-zone' },
    icon('campaigns', 16),
    'New campaign here',
  );

  function showPanel() {
    if (!draft) return;
    draft.form.node.addEventListener('submit', (event) => {
      event.preventDefault();
      save(true);
    });
    const back = h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': 'Back to the list of zones',
        'data-testid': 'form-back',
        on: { click: () => leave() },
      },
      icon('back'),
    );
    fill(
      panel,
      h('div', { class: 'panel-head' }, back, heading, state),
      h(
        'div',
        { class: 'panel-scroll', tabindex: canEdit ? null : 0 },
        canEdit && h('div', { class: 'tool-row' }, moveButton, draft.zone && campaignLink),
        draft.form.node,
        canEdit && draft.zone && h('div', { class: 'tool-row tool-row-end' }, unpublishButton, deleteButton),
      ),
      canEdit &&
        h(
          'div',
          { class: 'panel-foot' },
          unsaved,
          h('div', { class: 'foot-buttons' }, cancelButton, saveButton, publishButton),
        ),
    );
    refresh();
  }

  function refresh() {
    if (!draft) return;
    const { zone, form, history } = draft;
    const shape = history.current();
    const isDirty = dirty();
    form.setShape(shape);
    fill(heading, zone ? zone.properties.name : 'New zone');
    const [words, tone] = STATUS_PILL[zone?.properties.status ?? 'draft'];
    fill(state, pill(words, tone));
    fill(unsaved, isDirty && canEdit ? 'Unsaved changes' : null);
    publishButton.disabled = busy || !shape || (!isDirty && zone?.properties.status === 'published');
    saveButton.disabled = busy || !shape || !isDirty;
    fill(cancelButton, isDirty ? 'Cancel' : 'Close');
    unpublishButton.hidden = !zone || zone.properties.published_version === null;
    moveButton.setAttribute('aria-pressed', String(draft.moving));
    if (zone) campaignLink.href = `/campaigns?new=1&zone=${zone.id}`;
    onDraft();
  }

  // ---- the shape

  function showShape() {
    if (!draft) return;
    engine.editor.edit(draft.history.current(), {
      color: colour(draft.form.color()),
      moving: draft.moving || !canEdit,
    });
  }

  /** The map says that a gesture has ended. @param {Shape} shape */
  function changed(shape) {
    if (!draft) return;
    engine.point(null);
    if (draft.history.push(shape)) refresh();
  }

  function undo() {
    if (!draft?.history.canUndo()) return;
    draft.history.undo();
    showShape();
    refresh();
    context.announce('Undone');
  }

  function redo() {
    if (!draft?.history.canRedo()) return;
    draft.history.redo();
    showShape();
    refresh();
    context.announce('Done again');
  }

  function toggleMove() {
    if (!draft) return;
    draft.moving = !draft.moving;
    showShape();
    refresh();
    engine.focus();
  }

  /** @param {string} storeId */
  function useOutline(storeId) {
    const store = venue().store(storeId);
    if (!draft || !store || store.geometry.type === 'Point') {
      context.toast('Choose a shop with an outline first.');
      return;
    }
    draft.history.push(venue().shapeOf(/** @type {any} */ (store)));
    showShape();
    refresh();
  }

  // ---- the server

  /** Runs one exchange with the server and shows what goes wrong. @template T @param {() => Promise<T>} work @returns {Promise<T | null>} */
  async function exchange(work) {
    if (busy || !draft) return null;
    busy = true;
    refresh();
    draft.form.setErrors(null);
    try {
      return await work();
    } catch (error) {
      showError(error);
      return null;
    } finally {
      busy = false;
      refresh();
    }
  }

  /** @param {unknown} error */
  function showError(error) {
    if (!draft) return;
    const errors = error instanceof ApiError ? error.errors : [];
    draft.form.setErrors(explain(error), errors);
    context.announce(explain(error));
    const shape = draft.history.current();
    const place = error instanceof ApiError && shape ? placeOf(error, venue().toGeoJson(shape)) : null;
    if (place) engine.point(venue().frame.toFrame(place), explain(error));
  }

  async function write() {
    const shape = draft?.history.current();
    if (!draft || !shape) return null;
    const { zone, etag, key, form } = draft;
    const saved = await writeZone({ venue: venue(), zone, etag, key, shape, values: form.read() });
    adopt(saved.zone, saved.etag);
    return saved.zone;
  }

  /** The server's answer is the new truth; the form starts again from it. @param {Zone} zone @param {string | null} etag */
  function adopt(zone, etag) {
    if (!draft) return;
    const shape = venue().shapeOf(zone);
    const welcome = draft.form.welcome();
    venue().keep(zone);
    const history = draft.history;
    history.push(shape);
    const form = zoneForm({
      values: zone.properties,
      zone,
      venue: venue(),
      welcome: null,
      canEdit,
      onChange: refresh,
      onUseStore: useOutline,
    });
    draft = {
      ...draft,
      zone,
      etag: etag ?? `"v${zone.properties.version}"`,
      form,
      savedValues: JSON.stringify(form.read()),
      savedShape: history.current(),
    };
    pendingWelcome = welcome ?? pendingWelcome;
    showPanel();
    showShape();
    onSaved(zone);
  }
  /** @type {{title: string, body: string} | null} */
  let pendingWelcome = null;

  /** @param {boolean} [say] @returns {Promise<boolean>} */
  async function save(say = false) {
    pendingWelcome = null;
    const zone = await exchange(write);
    if (zone && say) context.toast(`Saved “${zone.properties.name}”. Publish it to put it into effect.`);
    return zone !== null;
  }

  async function publish() {
    pendingWelcome = null;
    const done = await exchange(async () => {
      const saved = dirty() ? await write() : draft?.zone;
      if (!saved) return null;
      const current = await setPublished(saved.id, true);
      adopt(current.zone, current.etag);
      return current.zone;
    });
    if (!done) return;
    const welcome = /** @type {{title: string, body: string} | null} */ (pendingWelcome);
    context.toast(`“${done.properties.name}” is live. It lights up when the next shopper walks in.`);
    close();
    if (welcome) await greet(done, welcome, context);
  }

  async function unpublish() {
    const zone = draft?.zone;
    if (!zone) return;
    const text = 'Nobody enters it any more, everyone inside counts as left, and its campaigns send nothing.';
    if (!(await confirm(`Unpublish “${zone.properties.name}”?`, text, 'Unpublish'))) return;
    await exchange(async () => {
      const current = await setPublished(zone.id, false);
      adopt(current.zone, current.etag);
      context.toast(`“${zone.properties.name}” is a draft again.`);
    });
  }

  async function remove() {
    const zone = draft?.zone;
    if (!zone) return;
    const text = 'Everyone inside counts as left. Campaigns that use it stop sending. This cannot be undone.';
    if (!(await confirm(`Delete “${zone.properties.name}”?`, text, 'Delete'))) return;
    const done = await exchange(async () => {
      await call('DELETE', `/v1/zones/${zone.id}`, { etag: draft?.etag });
      return true;
    });
    if (!done) return;
    venue().drop(zone.id);
    context.toast(`Deleted “${zone.properties.name}”.`);
    close();
    onRemoved(zone.id);
  }

  return {
    create,
    open,
    close,
    leave,
    undo,
    redo,
    changed,
    dirty,
    save,
    zoneId: () => draft?.zone?.id ?? null,
    isOpen: () => draft !== null,
    canUndo: () => draft?.history.canUndo() ?? false,
    canRedo: () => draft?.history.canRedo() ?? false,
    shape: () => draft?.history.current() ?? null,
    toggleMove,
  };
}
