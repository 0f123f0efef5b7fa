/**
 * One zone being made or changed: its draft, undo and redo of the shape, and when what is saved.
 *
 * Nothing is saved until the operator says so; "Publish" saves first. The page gives the map and a place for the form,
 * edit_panel.js has the buttons, saving.js speaks with the server.
 */
import { ApiError, call, newKey } from '../../api.js';
import { makeHistory } from '../../history.js';
import { h } from '../../ui/dom.js';
import { colour } from '../../ui/format.js';
import { ask, explain } from '../../ui/widgets.js';
import { makeEditPanel } from './edit_panel.js';
import { confirm, greet, placeOf, setPublished, writeZone } from './saving.js';
import { KIND_COLOURS, readZone } from './venue.js';
import { WELCOME, zoneForm } from './zone_form.js';

/** @import {Context, Shape, Zone} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {Venue} from './venue.js' */
/** @import {Values, Welcome} from './zone_form.js' */

/**
 * @typedef {object} Draft
 * @property {Zone | null} zone as last read from the server
 * @property {string | null} etag
 * @property {import('../../history.js').History<Shape | null>} history
 * @property {ReturnType<typeof zoneForm>} form
 * @property {string} savedValues what the form held when it was last saved
 * @property {string} savedShape likewise, as JSON
 * @property {string} key idempotency key of its creation
 * @property {boolean} moving
 */

/**
 * What the panels beside the form are told. `values` may be incomplete while somebody types; `shape` is in the mall's metres.
 * @typedef {{zoneId: string | null, zone: Zone | null, values: Values, shape: Shape | null}} DraftSnapshot
 * @typedef {{node: HTMLElement, changed: (draft: DraftSnapshot | null) => void}} Extra null: the form was closed
 */

/**
 * @param {{engine: Engine, context: Context, canEdit: boolean, panel: HTMLElement, level: () => number, venue: () => Venue,
 *   onClosed: () => void, onSaved: (zone: Zone) => void, onRemoved: (id: string) => void, onDraft: () => void}} options
 */
export function makeEditing({ engine, context, canEdit, panel, level, venue, onClosed, onSaved, onRemoved, onDraft }) {
  /** @type {Draft | null} */
  let draft = null;
  let busy = false;
  /** @type {Extra[]} */
  const extras = [];
  const frame = makeEditPanel(panel, canEdit, {
    publish,
    save: () => save(true),
    cancel: close,
    back: leave,
    unpublish,
    remove,
    move: toggleMove,
  });

  // ---- opening and closing

  /** @param {Values} values @param {Zone | null} zone @param {Welcome | null} welcome */
  function makeForm(values, zone, welcome) {
    return zoneForm({ values, zone, venue: venue(), welcome, canEdit, onChange: refresh, onUseStore: useOutline });
  }

  /** @param {{zone: Zone | null, etag: string | null, values: Values, shape: Shape, welcome: Welcome | null}} what */
  function start({ zone, etag, values, shape, welcome }) {
    const form = makeForm(values, zone, welcome);
    // of a new zone even the first shape can be undone
    const saved = zone ? shape : null;
    draft = {
      zone,
      etag,
      form,
      history: makeHistory(saved),
      key: newKey(),
      moving: false,
      savedValues: JSON.stringify(form.read()),
      savedShape: JSON.stringify(saved),
    };
    draft.history.push(shape);
    frame.show(form.node, zone);
    showShape();
    if (!zone) form.focusName();
  }

  /** A new zone of a drawn shape. @param {Shape} shape @param {Values} [preset] */
  function create(shape, preset = {}) {
    if (draft && !draft.history.current()) {
      changed(shape);
      showShape();
      return;
    }
    const names = venue()
      .zones()
      .map((zone) => zone.properties.name);
    let number = 1;
    while (names.includes(`New zone ${number}`)) number += 1;
    const values = {
      name: `New zone ${number}`,
      kind: 'corridor',
      mall_id: venue().mall.id,
      levels: [level()],
      color: KIND_COLOURS.other,
      ...preset,
    };
    start({ zone: null, etag: null, shape, values, welcome: { ...WELCOME, on: context.me.tenant.is_demo } });
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
    frame.clear();
    tellExtras();
    onClosed();
  }

  const isDirty = () =>
    draft !== null &&
    (draft.zone === null ||
      JSON.stringify(draft.form.read()) !== draft.savedValues ||
      JSON.stringify(draft.history.current()) !== draft.savedShape);

  /** Makes sure that nothing unsaved is lost. @returns {Promise<boolean>} whether the form may be left */
  async function leave() {
    if (!draft) return true;
    if (isDirty()) {
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

  // ---- the shape

  function refresh() {
    if (!draft) return;
    const shape = draft.history.current();
    draft.form.setShape(shape);
    frame.update({
      zone: draft.zone,
      hasShape: shape !== null,
      isDirty: isDirty(),
      isBusy: busy,
      isMoving: draft.moving,
    });
    onDraft();
    tellExtras();
  }

  /** @returns {DraftSnapshot | null} */
  function snapshot() {
    if (!draft) return null;
    const { zone, form, history } = draft;
    return { zoneId: zone?.id ?? null, zone, values: form.read(), shape: history.current() };
  }

  function tellExtras() {
    if (!extras.length) return;
    const now = snapshot();
    for (const extra of extras) extra.changed(now);
  }

  function showShape() {
    if (!draft) return;
    const how = { color: colour(draft.form.color()), moving: draft.moving, locked: !canEdit };
    engine.editor.edit(draft.history.current(), how);
    refresh();
  }

  /** The map says that a gesture has ended. @param {Shape} shape */
  function changed(shape) {
    engine.point(null);
    if (draft?.history.push(shape)) refresh();
  }

  /** @param {'undo' | 'redo'} way @param {string} said */
  function step(way, said) {
    if (!draft || !(way === 'undo' ? draft.history.canUndo() : draft.history.canRedo())) return;
    draft.history[way]();
    showShape();
    context.announce(said);
  }

  function toggleMove() {
    if (!draft) return;
    draft.moving = !draft.moving;
    showShape();
    engine.focus();
  }

  /** @param {string} storeId */
  function useOutline(storeId) {
    const store = venue().store(storeId);
    if (!store || store.geometry.type === 'Point') {
      context.toast('Choose a shop with an outline first.');
      return;
    }
    changed(venue().shapeOf(/** @type {any} */ (store)));
    showShape();
  }

  // ---- the server

  /**
   * Runs one exchange with the server and shows what goes wrong.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T | null>}
   */
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
    const shape = draft?.history.current();
    draft?.form.setErrors(explain(error), error instanceof ApiError ? error.errors : []);
    context.announce(explain(error));
    const place = error instanceof ApiError && shape ? placeOf(error, venue().toGeoJson(shape)) : null;
    if (place) engine.point(venue().frame.toFrame(place), explain(error));
  }

  /** @returns {Promise<Zone | null>} null when somebody else's version was taken instead */
  async function write() {
    const shape = draft?.history.current();
    if (!draft || !shape) return null;
    const { zone, etag, key, form, savedShape } = draft;
    const isMoved = JSON.stringify(shape) !== savedShape;
    const answer = await writeZone({ venue: venue(), zone, etag, key, shape, isMoved, values: form.read() });
    if (answer.isTheirs) draft.history.push(venue().shapeOf(answer.zone));
    adopt(answer.zone, answer.etag);
    if (answer.isTheirs) context.toast('This is their version now. Look at it before you publish.');
    return answer.isTheirs ? null : answer.zone;
  }

  /** The server's answer is the new truth; the form starts again from it. @param {Zone} zone @param {string | null} etag */
  function adopt(zone, etag) {
    if (!draft) return;
    venue().keep(zone);
    // a greeting belongs to the first publication, so it is still offered after a first Save
    const welcome = zone.properties.published_version === null ? draft.form.welcome() : null;
    const form = makeForm(zone.properties, zone, welcome);
    draft = {
      ...draft,
      zone,
      etag: etag ?? `"v${zone.properties.version}"`,
      form,
      savedValues: JSON.stringify(form.read()),
      savedShape: JSON.stringify(draft.history.current()),
    };
    frame.show(form.node, zone);
    showShape();
    onSaved(zone);
  }

  /** @param {boolean} [say] @returns {Promise<boolean>} */
  async function save(say = false) {
    const zone = await exchange(write);
    if (zone && say) context.toast(`Saved “${zone.properties.name}”. Publish it to put it into effect.`);
    return zone !== null;
  }

  async function publish() {
    const welcome = draft?.form.welcome();
    const done = await exchange(async () => {
      const saved = isDirty() ? await write() : draft?.zone;
      if (!saved) return null;
      const current = await setPublished(saved.id, true);
      adopt(current.zone, current.etag);
      return current.zone;
    });
    if (!done) return;
    context.toast(`“${done.properties.name}” is live. It lights up when the next shopper walks in.`);
    close();
    if (welcome?.on) await greet(done, welcome, context);
  }

  async function unpublish() {
    const zone = draft?.zone;
    const text = 'Nobody enters it any more, everyone inside counts as left, and its campaigns send nothing.';
    if (!zone || !(await confirm(`Unpublish “${zone.properties.name}”?`, text, 'Unpublish'))) return;
    await exchange(async () => {
      const current = await setPublished(zone.id, false);
      adopt(current.zone, current.etag);
      context.toast(`“${zone.properties.name}” is a draft again.`);
    });
  }

  async function remove() {
    const zone = draft?.zone;
    const text = 'Everyone inside counts as left. Campaigns that use it stop sending. This cannot be undone.';
    if (!zone || !(await confirm(`Delete “${zone.properties.name}”?`, text, 'Delete'))) return;
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
    snapshot,
    /** A panel inside the form that follows the draft. @param {Extra} extra */
    addExtra(extra) {
      extras.push(extra);
      frame.extras.append(extra.node);
    },
    create,
    open,
    leave,
    changed,
    isDirty,
    undo: () => step('undo', 'Undone'),
    redo: () => step('redo', 'Done again'),
    zoneId: () => draft?.zone?.id ?? null,
    isOpen: () => draft !== null,
    hasShape: () => Boolean(draft?.history.current()),
    canUndo: () => draft?.history.canUndo() ?? false,
    canRedo: () => draft?.history.canRedo() ?? false,
  };
}
