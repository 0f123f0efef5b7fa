/**
 * The panel "Beacons and check-ins": the evidence points of the level that is shown, and one of them being made or
 * changed. Nothing is saved until the operator says so. evidence_form.js has the fields, evidence_view.js the signs.
 */
import { call, getAll, newKey } from '../../api.js';
import { contains } from '../../geo.js';
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { ask, empty, failure, loading } from '../../ui/widgets.js';
import { evidenceForm } from './evidence_form.js';
import { PATH, writePoint } from './evidence_saving.js';
import { makeEvidenceView } from './evidence_view.js';
import { EVIDENCE, identityText, reachText } from './evidence_words.js';
import { confirm } from './saving.js';

/** @import {Context, EvidenceKind, EvidencePoint, XY} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {Sign} from './evidence_view.js' */
/** @import {Venue} from './venue.js' */

/** The one that is being made has no id yet. */
const NEW = 'new';
/** @typedef {{kind?: EvidenceKind, at?: XY | null, store_id?: string | null, name?: string}} Preset */
/** @typedef {{point: EvidencePoint | null, etag: string | null, key: string, form: ReturnType<typeof evidenceForm>, saved: string}} Draft */

/**
 * @param {{engine: Engine, context: Context, canEdit: boolean, map: HTMLElement, venue: () => Venue | null, level: () => number,
 *   aside: {open: () => void, close: () => void}, fit: (covered?: number) => void, onLevel: (ordinal: number) => void,
 *   covered: () => number}} options `aside` is the place beside the map; `covered` pixels of the map lie under it
 */
export function makeEvidence({ engine, context, canEdit, map, venue, level, aside, fit, onLevel, covered }) {
  /** @type {EvidencePoint[]} of the level that is shown */
  let points = [];
  let isOpen = false;
  let isBusy = false;
  let asked = 0;
  /** @type {unknown} */
  let trouble = null;
  /** @type {Draft | null} */
  let draft = null;

  const view = makeEvidenceView({ engine, onToggle: draw });
  const title = h('h2', null);
  const unsaved = h('span', { class: 'unsaved', role: 'status', 'data-testid': 'evidence-unsaved' });
  const body = h('div', { class: 'panel-scroll' });
  const foot = h('div', { class: 'panel-foot' });
  const backButton = h(
    'button',
    { type: 'button', class: 'icon-button', 'data-testid': 'evidence-back', on: { click: back } },
    icon('back'),
  );
  const node = h(
    'section',
    {
      class: 'form-panel evidence-panel',
      'aria-label': 'Beacons and check-ins',
      hidden: true,
      'data-testid': 'evidence-panel',
    },
    h('div', { class: 'panel-head' }, backButton, title),
    body,
    foot,
  );
  const cancel = button('Cancel', 'button-quiet', 'evidence-cancel', showAgain);
  const save = button('Save', 'button-primary', 'evidence-save', submit);

  // ---- what is on this level

  /** The level changed, or the mall, or somebody changed points. */
  async function follow() {
    const now = venue();
    const ordinal = level();
    asked += 1;
    const mine = asked;
    if (!now) return;
    try {
      const found = await getAll(PATH, { mall_id: now.mall.id, level: ordinal });
      if (mine !== asked) return;
      [points, trouble] = [found.sort(byName), null];
    } catch (error) {
      if (mine !== asked) return;
      [points, trouble] = [[], error];
    }
    view.eye.hidden = points.length === 0;
    draw();
    if (isOpen && !draft) showList();
  }

  /** @param {EvidencePoint} point @returns {Sign} */
  function sign({ id, geometry, properties: { kind, name, radius_m } }) {
    return { id, at: /** @type {Venue} */ (venue()).frame.toFrame(geometry.coordinates), kind, name, radius: radius_m };
  }

  /** @returns {Sign[]} */
  function signs() {
    const edited = draft?.point?.id ?? NEW;
    const others = points.filter(({ id }) => !draft || id !== edited).map(sign);
    const at = draft?.form.at();
    if (!draft || !at || draft.form.level() !== level()) return others;
    const { form } = draft;
    return [...others, { id: edited, at, kind: form.kind(), name: form.name(), radius: form.radius() }];
  }

  function draw() {
    if (!venue() || (!isOpen && !view.isShown())) return view.clear();
    const events = isOpen && canEdit ? { pick, move, drop } : null;
    view.draw(signs(), { events, only: draft ? (draft.point?.id ?? NEW) : null });
  }

  // ---- gestures on the map

  /** @param {string} id */
  function pick(id) {
    const point = points.find((item) => item.id === id);
    if (point && !draft) openPoint(point);
  }

  /** @param {string} _id @param {XY} at */
  function move(_id, at) {
    if (!draft) return;
    draft.form.setPlace(at);
  }

  /** A sign dragged out of the list opens its form at the new place. @param {string} id @param {XY} at */
  async function drop(id, at) {
    if (draft) return;
    const point = points.find((item) => item.id === id);
    if (point) await openPoint(point, at);
  }

  /** @param {XY} at */
  function place(at) {
    if (!draft) return;
    draft.form.setPlace(at);
    draw();
    context.announce(`Placed at x ${at[0].toFixed(1)}, y ${at[1].toFixed(1)} metres.`);
  }

  /** @param {KeyboardEvent} event */
  function onMapKey(event) {
    if (!draft || event.key !== ' ' || event.target !== map) return;
    event.preventDefault();
    place(engine.centre());
  }
  map.addEventListener('keydown', onMapKey);

  // ---- the list

  function take() {
    isOpen = true;
    node.hidden = false;
    aside.open();
    if (covered()) fit(covered());
  }

  function open() {
    take();
    showList();
    draw();
    backButton.focus();
  }

  function close() {
    isOpen = false;
    draft = null;
    node.hidden = true;
    engine.pick(null);
    draw();
    if (covered()) fit();
    aside.close();
  }

  function showList() {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement?.closest('[data-point]') ?? null);
    backButton.setAttribute('aria-label', 'Back to the list of zones');
    const where = (venue()?.level(level())?.properties.name ?? 'this level').toLowerCase();
    fill(title, `Beacons and check-ins, ${where} `, points.length > 0 && h('span', { class: 'count' }, points.length));
    fill(
      body,
      trouble
        ? failure(trouble, follow)
        : points.length
          ? h('ul', { class: 'evidence-list' }, points.map(row))
          : none(),
    );
    fill(foot, canEdit && !trouble && points.length > 0 && addButton());
    foot.hidden = !foot.childElementCount;
    if (focused) focusRow(focused.dataset.point);
  }

  /** @param {string | undefined} id @returns {boolean} whether it is there */
  function focusRow(id) {
    const open = /** @type {HTMLElement | null} */ (body.querySelector(`[data-point="${id}"] button`));
    open?.focus();
    return open !== null;
  }

  const addButton = () =>
    h(
      'button',
      {
        type: 'button',
        class: 'button button-primary button-wide',
        'data-testid': 'evidence-add',
        on: { click: () => openNew({}) },
      },
      icon('plus', 18),
      'Add a point',
    );

  const none = () =>
    empty(
      'No beacons or check-ins here',
      'Indoors GPS is often wrong by a whole shop and knows no floors; a beacon, a Wi-Fi access point or a QR code at the counter says where a phone is.',
      canEdit && addButton(),
    );

  /** @param {EvidencePoint} point */
  function row(point) {
    const { kind, name, reaches, store_id } = point.properties;
    const store = venue()?.store(store_id)?.properties.name;
    const about = [EVIDENCE[kind].name, store, identityText(point.properties)].filter(Boolean).join(' · ');
    return h(
      'li',
      { class: 'evidence-row', 'data-point': point.id },
      h(
        'button',
        {
          type: 'button',
          class: 'evidence-open',
          'data-testid': 'evidence-row',
          on: { click: () => (canEdit ? openPoint(point) : look(point)) },
        },
        h('span', { class: `evidence-sign handle-${kind}` }, icon(EVIDENCE[kind].icon, 17)),
        h(
          'span',
          { class: 'zone-text' },
          h('span', { class: 'zone-name' }, name),
          h('span', { class: 'zone-kind' }, about),
          h('span', { class: reaches.length ? 'zone-kind' : 'evidence-lost' }, reachText(reaches, kind)),
        ),
      ),
      kind === 'check_in' &&
        h(
          'a',
          {
            class: 'icon-button',
            href: `${PATH}/${point.id}/poster.pdf?size=a4`,
            target: '_blank',
            rel: 'noopener',
            title: 'Poster (PDF, A4)',
            'aria-label': `Poster of ${name} (PDF, A4)`,
            'data-testid': 'evidence-poster',
          },
          icon('download', 18),
        ),
    );
  }

  /** @param {EvidencePoint} point */
  function look(point) {
    const { at, radius } = sign(point);
    lookAt(at, radius ?? 0);
  }

  /** @param {XY} at @param {number} radius */
  function lookAt(at, radius) {
    const shape = { type: /** @type {const} */ ('Point'), coordinates: at, radius: Math.max(radius, 8) };
    engine.fit([shape], { padding: 90, maxZoom: 4, covered: covered() });
  }

  // ---- one point

  /** @param {EvidencePoint} old @param {XY} [at] where it was dragged to */
  async function openPoint(old, at) {
    fill(body, loading());
    try {
      const { data, etag } = await call('GET', `${PATH}/${old.id}`);
      start({ point: data, etag, preset: {} });
      if (!at) look(data);
      else draft?.form.setPlace(at);
      draw();
    } catch (error) {
      context.toast(error instanceof Error ? error.message : 'The point could not be read.', { tone: 'bad' });
      await follow();
    }
  }

  /** A new point. @param {Preset} preset */
  function openNew(preset) {
    if (!isOpen) take();
    start({ point: null, etag: null, preset });
    if (preset.at) lookAt(preset.at, draft?.form.radius() ?? 0);
    draw();
    draft?.form.focus();
  }

  /** @param {{point: EvidencePoint | null, etag: string | null, preset: Preset}} what */
  function start({ point, etag, preset }) {
    const now = /** @type {Venue} */ (venue());
    /** @param {XY} at */
    const storeAt = (at) => now.plan(level()).stores.find(({ shape }) => shape && contains(shape, at))?.id ?? null;
    const options = { point, preset, venue: now, level: level(), storeAt, onChange, onSubmit: submit };
    const form = evidenceForm(options);
    draft = { point, etag, key: newKey(), form, saved: point ? form.state() : '' };
    backButton.setAttribute('aria-label', 'Back to the list of points');
    fill(title, point ? point.properties.name : 'New point');
    fill(body, form.node);
    const remove = button([icon('trash', 16), 'Delete'], 'button-danger', 'evidence-delete', removePoint);
    fill(
      foot,
      h('div', { class: 'foot-notes' }, unsaved),
      h('div', { class: 'foot-buttons' }, point && remove, cancel, save),
    );
    foot.hidden = false;
    engine.pick(place);
    showDirty();
  }

  function onChange() {
    if (!draft) return;
    view.discs(signs());
    showDirty();
  }

  const isDirty = () => draft !== null && draft.form.state() !== draft.saved;

  function showDirty() {
    save.disabled = isBusy || !isDirty();
    fill(cancel, draft?.point && !isDirty() ? 'Close' : 'Cancel');
    fill(unsaved, draft?.point && isDirty() ? 'Unsaved changes' : null);
  }

  /** The list in place of the form; what was not saved is dropped. */
  function showAgain() {
    const id = draft?.point?.id;
    draft = null;
    engine.pick(null);
    showList();
    draw();
    if (!focusRow(id)) backButton.focus();
  }

  /** @returns {Promise<boolean>} whether the form may be left */
  async function leave() {
    if (!draft || !isDirty() || isUntouched()) return true;
    const answer = await ask({
      title: 'Save your changes?',
      testid: 'evidence-unsaved-dialog',
      body: h('p', null, `“${draft.form.name() || 'This point'}” has changes that are not saved.`),
      actions: [
        { label: 'Keep editing', value: '' },
        { label: 'Discard', value: 'discard', tone: 'danger', testid: 'discard' },
        { label: 'Save', value: 'save', tone: 'primary' },
      ],
    });
    if (!answer) return false;
    return answer === 'discard' || (await submit());
  }

  /** Nothing is lost with a new point that has no name yet. */
  const isUntouched = () => draft !== null && !draft.point && !draft.form.name();

  async function back() {
    if (!draft) return close();
    if (await leave()) {
      if (draft) showAgain();
    }
  }

  /** Leaves the panel for something else. @returns {Promise<boolean>} */
  async function leavePanel() {
    if (!isOpen) return true;
    if (!(await leave())) return false;
    if (isOpen) close();
    return true;
  }

  // ---- what is stored

  /** @returns {Promise<boolean>} whether it is saved */
  async function submit() {
    const now = draft;
    if (!now || isBusy) return false;
    if (!now.form.judgeAll()) {
      now.form.focusBad();
      return false;
    }
    isBusy = true;
    showDirty();
    try {
      const stored = await writePoint({ ...now, body: now.form.body() });
      if (!stored) return false;
      if (draft === now) draft = null;
      keep(stored);
      const { name, reaches, kind } = stored.properties;
      context.toast(`Saved “${name}”: it ${reachText(reaches, kind)}.`, { tone: 'ok' });
      if (!draft && isOpen) reopen(stored, !now.point);
      return true;
    } catch (error) {
      if (draft === now) now.form.showError(error);
      return false;
    } finally {
      isBusy = false;
      showDirty();
    }
  }

  /** What was saved is on the map at once; that it changed is heard a little later. @param {EvidencePoint} stored */
  function keep(stored) {
    points = points.filter(({ id }) => id !== stored.id);
    const floor = stored.properties.level;
    if (floor === level()) points = [...points, stored].sort(byName);
    else if (floor !== null) onLevel(floor);
    view.eye.hidden = points.length === 0;
  }

  /** A new check-in is shown with its code and poster; anything else goes back to the list. @param {EvidencePoint} stored @param {boolean} isNew */
  function reopen(stored, isNew) {
    if (isNew && stored.properties.kind === 'check_in') {
      start({ point: stored, etag: `"v${stored.properties.version}"`, preset: {} });
      draw();
      /** @type {HTMLElement | null} */ (body.querySelector('[data-testid=poster-a4]'))?.focus();
      return;
    }
    engine.pick(null);
    showList();
    draw();
    focusRow(stored.id);
  }

  async function removePoint() {
    const point = draft?.point;
    if (!point) return;
    const { name, kind } = point.properties;
    const text =
      kind === 'check_in'
        ? 'Its code stops working at once, on every poster that hangs.'
        : 'Phones that hear it are no longer placed by it.';
    if (!(await confirm(`Delete “${name}”?`, text, 'Delete'))) return;
    try {
      await call('DELETE', `${PATH}/${point.id}`);
      draft = null;
      points = points.filter(({ id }) => id !== point.id);
      engine.pick(null);
      showList();
      draw();
      backButton.focus();
      context.toast(`Deleted “${name}”.`);
    } catch (error) {
      draft?.form.showError(error);
    }
  }

  return {
    node,
    eye: view.eye,
    open,
    openNew,
    follow,
    back,
    leave: leavePanel,
    isDirty: () => isDirty() && !isUntouched(),
    isOpen: () => isOpen,
    stop() {
      map.removeEventListener('keydown', onMapKey);
      view.clear();
    },
  };
}

/** @param {import('../../ui/dom.js').Child} words @param {string} look @param {string} testid @param {() => void} click */
const button = (words, look, testid, click) =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click } }, words);

/** @param {EvidencePoint} a @param {EvidencePoint} b */
const byName = (a, b) => a.properties.name.localeCompare(b.properties.name);
