/**
 * One zone being made or changed: its draft, what is unsaved in it, and when it may be left.
 *
 * Nothing is saved until the operator says so; "Publish" saves first. shaping.js changes the shape, publishing.js speaks
 * with the server, edit_panel.js has the buttons; all work on the one draft that is kept here.
 */
import { newKey } from '../../api.js';
import { makeHistory } from '../../history.js';
import { h } from '../../ui/dom.js';
import { colour } from '../../ui/format.js';
import { ask } from '../../ui/widgets.js';
import { makeEditPanel } from './edit_panel.js';
import { makePublishing } from './publishing.js';
import { shapePanel } from './shape_panel.js';
import { makeShaping } from './shaping.js';
import { KIND_COLOURS, readZone } from './venue.js';
import { versionsPanel } from './versions_panel.js';
import { WELCOME, zoneForm } from './zone_form.js';

/** @import {Context, Shape, Zone} from '../../types' */
/** @import {Mode} from '../../engine/editor.js' */
/** @import {Purpose, Tool} from '../../engine/drawing.js' */
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
 * @property {Mode} mode what dragging does
 */
/** What the parts of the editor share. @typedef {{draft: Draft | null, busy: boolean}} State */
/**
 * What the panels beside the form are told. `values` may be incomplete while somebody types; `shape` is in the mall's metres.
 * @typedef {{zoneId: string | null, zone: Zone | null, values: Values, shape: Shape | null}} DraftSnapshot
 * @typedef {object} Extra
 * @property {HTMLElement} node
 * @property {HTMLElement} [note] a few words above Save and Publish
 * @property {(draft: DraftSnapshot | null) => void} changed null: the form was closed
 * @property {() => Promise<boolean>} [mayPublish] may ask before a zone is published
 */

/**
 * @param {{engine: Engine, context: Context, canEdit: boolean, panel: HTMLElement, level: () => number, venue: () => Venue,
 *   onClosed: () => void, onSaved: (zone: Zone) => void, onDraft: () => void, onTool: (tool: Tool, purpose: Purpose) => void,
 *   onDuplicate: (zone: Zone) => void, onCopy: (zone: Zone) => void, onRemove: (zone: Zone) => Promise<void>}} options
 */
export function makeEditing(options) {
  const { engine, context, canEdit, level, venue, onClosed, onDraft } = options;
  /** @type {State} */
  const state = { draft: null, busy: false };
  /** @type {Extra[]} */
  const extras = [];

  const shaping = makeShaping({ state, engine, context, venue, showShape, refresh, onTool: options.onTool });
  const publishing = makePublishing({ state, engine, context, venue, refresh, isDirty, adopt, close });
  const shapes = shapePanel({ canEdit, actions: shaping });
  const versions = versionsPanel({
    context,
    canEdit,
    venue,
    onGhost: (shape) => engine.marks.set('version', shape ? [shape] : []),
    onRestore: publishing.restore,
  });
  const frame = makeEditPanel(options.panel, canEdit, {
    publish,
    save: () => publishing.save(true),
    cancel: close,
    back: leave,
    unpublish: publishing.unpublish,
    remove,
    duplicate: () => whenSaved(options.onDuplicate),
    copy: () => whenSaved(options.onCopy),
    mode: shaping.setMode,
    cut: () => shaping.draw('cut'),
    part: () => shaping.draw('part'),
  });
  frame.mount([shapes.node, versions.node]);

  async function publish() {
    for (const { mayPublish } of extras) if (mayPublish && !(await mayPublish())) return;
    await publishing.publish();
  }

  // ---- opening and closing

  /** @param {Values} values @param {Zone | null} zone @param {Welcome | null} welcome */
  function makeForm(values, zone, welcome) {
    const onUseStore = shaping.useOutline;
    return zoneForm({ values, zone, venue: venue(), welcome, canEdit, onChange: refresh, onUseStore });
  }

  /** @param {{zone: Zone | null, etag: string | null, values: Values, shape: Shape, welcome: Welcome | null}} what */
  function start({ zone, etag, values, shape, welcome }) {
    const form = makeForm(values, zone, welcome);
    // of a new zone even the first shape can be undone
    const saved = zone ? shape : null;
    state.draft = {
      zone,
      etag,
      form,
      history: makeHistory(saved),
      key: newKey(),
      mode: 'corners',
      savedValues: JSON.stringify(form.read()),
      savedShape: JSON.stringify(saved),
    };
    state.draft.history.push(shape);
    frame.show(form.node, zone);
    versions.show(zone);
    showShape();
    if (!zone) form.focusName();
  }

  /** A new zone of a drawn shape. @param {Shape} shape @param {Values} [preset] */
  function create(shape, preset = {}) {
    if (state.draft && !state.draft.history.current()) {
      shaping.changed(shape);
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

  /** The server's answer is the new truth; the form starts again from it. @param {Zone} zone @param {string | null} etag */
  function adopt(zone, etag) {
    const { draft } = state;
    if (!draft) return;
    venue().keep(zone);
    // a greeting belongs to the first publication, so it is still offered after a first Save
    const welcome = zone.properties.published_version === null ? draft.form.welcome() : null;
    const form = makeForm(zone.properties, zone, welcome);
    state.draft = {
      ...draft,
      zone,
      etag: etag ?? `"v${zone.properties.version}"`,
      form,
      savedValues: JSON.stringify(form.read()),
      savedShape: JSON.stringify(draft.history.current()),
    };
    frame.show(form.node, zone);
    versions.show(zone);
    showShape();
    options.onSaved(zone);
  }

  function close() {
    state.draft = null;
    engine.drawing.draw(null);
    engine.editor.edit(null, { color: '#000000', mode: 'corners' });
    engine.point(null);
    versions.show(null);
    frame.clear();
    tellExtras();
    onClosed();
  }

  function isDirty() {
    const { draft } = state;
    return (
      draft !== null &&
      (draft.zone === null ||
        JSON.stringify(draft.form.read()) !== draft.savedValues ||
        JSON.stringify(draft.history.current()) !== draft.savedShape)
    );
  }

  /** Makes sure that nothing unsaved is lost. @returns {Promise<boolean>} whether the form may be left */
  async function leave() {
    if (!state.draft) return true;
    if (isDirty()) {
      const answer = await ask({
        title: 'Save your changes?',
        testid: 'unsaved-dialog',
        body: h('p', null, `“${state.draft.form.name() || 'This zone'}” has changes that are not saved.`),
        actions: [
          { label: 'Keep editing', value: '' },
          { label: 'Discard', value: 'discard', tone: 'danger', testid: 'discard' },
          { label: 'Save', value: 'save', tone: 'primary' },
        ],
      });
      if (!answer) return false;
      if (answer === 'save' && !(await publishing.save())) return false;
    }
    close();
    return true;
  }

  /** What is done with the zone as it is saved waits until it is. @param {(zone: Zone) => void} act */
  async function whenSaved(act) {
    const zone = state.draft?.zone;
    if (zone && (await leave())) act(venue().zone(zone.id) ?? zone);
  }

  // ---- showing

  function refresh() {
    const { draft } = state;
    if (!draft) return;
    const shape = draft.history.current();
    draft.form.setShape(shape);
    shapes.update(shape);
    frame.update({
      zone: draft.zone,
      shape,
      isDirty: isDirty(),
      isBusy: state.busy,
      mode: draft.mode,
    });
    onDraft();
    tellExtras();
  }

  function showShape() {
    const { draft } = state;
    if (!draft) return;
    const how = { color: colour(draft.form.color()), mode: draft.mode, locked: !canEdit };
    engine.editor.edit(draft.history.current(), how);
    refresh();
  }

  /** @returns {DraftSnapshot | null} */
  function snapshot() {
    if (!state.draft) return null;
    const { zone, form, history } = state.draft;
    return { zoneId: zone?.id ?? null, zone, values: form.read(), shape: history.current() };
  }

  async function remove() {
    const zone = state.draft?.zone;
    if (!zone) return;
    // what they still ask about it would find it gone
    for (const extra of extras) extra.changed(null);
    await options.onRemove(zone);
    tellExtras();
  }

  function tellExtras() {
    if (!extras.length) return;
    const now = snapshot();
    for (const extra of extras) extra.changed(now);
  }

  return {
    snapshot,
    /** A panel inside the form that follows the draft. @param {Extra} extra */
    addExtra(extra) {
      extras.push(extra);
      frame.mount([extra.node]);
      if (extra.note) frame.notes.append(extra.note);
    },
    /** @param {string} value one of SENSITIVITIES */
    setSensitivity: (value) => state.draft?.form.setSensitivity(value),
    create,
    open,
    close,
    leave,
    isDirty,
    shaping,
    zoneId: () => state.draft?.zone?.id ?? null,
    etag: () => state.draft?.etag ?? null,
    isOpen: () => state.draft !== null,
    hasShape: () => Boolean(state.draft?.history.current()),
    canUndo: () => state.draft?.history.canUndo() ?? false,
    canRedo: () => state.draft?.history.canRedo() ?? false,
  };
}
