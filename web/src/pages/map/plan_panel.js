/**
 * The panel "Floor plan": a level's picture, uploaded and laid under the map by two points known in both.
 *
 * Until "Save", what is seen is a draft. plan_points.js has the fields, plan_files.js speaks with the server,
 * plan_view.js shows the picture of each level, also while this panel is closed.
 */
import { makePictureView } from '../../engine/picture_view.js';
import { placement } from '../../placing.js';
import { fill, h } from '../../ui/dom.js';
import { selectField } from '../../ui/fields.js';
import { round1 } from '../../ui/format.js';
import { icon } from '../../ui/icons.js';
import { ask, explain } from '../../ui/widgets.js';
import { fileDrop, progressBar } from '../imports/file_drop.js';
import { makePlanFiles } from './plan_files.js';
import { instruct, missing, pointFields } from './plan_points.js';
import { makePlanView } from './plan_view.js';

/** @import {Context, Level, LonLat, PlanPicture, XY} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {PictureView} from '../../engine/picture_view.js' */
/** @import {Pair} from '../../placing.js' */
/** @import {Side, Target} from './plan_points.js' */
/** @import {Venue} from './venue.js' */

/**
 * @param {{engine: Engine, context: Context, canEdit: boolean, map: HTMLElement, venue: () => Venue | null, level: () => number,
 *   onOpen: () => void, onClosed: () => void}} options `map` is the element of the mall's map
 */
export function makePlanPanel({ engine, context, canEdit, map, venue, level, onOpen, onClosed }) {
  const files = makePlanFiles();
  const view = makePlanView({ engine, venue });
  let isOpen = false;
  /** @type {PlanPicture | null} of the level that is shown */
  let plan = null;
  /** @type {PictureView | null} */
  let picture = null;
  /** @type {Target | null} what the next click gives */
  let target = null;
  /** the points as saved, to tell whether there is something to save */
  let saved = '';

  const title = h('h2', null);
  const body = h('div', { class: 'panel-scroll' });
  const foot = h('div', { class: 'panel-foot' });
  const back = h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      'aria-label': 'Back to the list of zones',
      'data-testid': 'plan-close',
      on: { click: close },
    },
    icon('back'),
  );
  const node = h(
    'section',
    { class: 'form-panel plan-panel', 'aria-label': 'Floor plan', hidden: true, 'data-testid': 'plan-panel' },
    h('div', { class: 'panel-head' }, back, title),
    body,
    foot,
  );
  const steps = h('p', { class: 'plan-steps', role: 'status', 'data-testid': 'plan-steps' });
  const facts = h('p', { class: 'facts', 'data-testid': 'plan-facts' });
  const complaint = h('div', { class: 'form-error', role: 'alert', 'data-testid': 'plan-error', hidden: true });
  const progress = progressBar();
  const fields = pointFields({ onTyped, onPick: aim });
  const save = button('Save', 'button-primary', 'plan-save', () => run(savePoints, 'The picture is placed.'));
  const opacity = h('input', {
    type: 'range',
    min: 0,
    max: 100,
    step: 5,
    id: 'plan-opacity',
    'data-testid': 'plan-opacity',
    on: { input: show, change: () => run(saveOpacity) },
  });
  const percent = h('output', { for: 'plan-opacity' });

  const here = () => venue()?.level(level()) ?? null;

  /** The level changed, or the mall. */
  async function follow() {
    const now = here();
    plan = null;
    view.set(null);
    try {
      const read = now && (await files.read(now));
      if (now === here()) plan = read;
      if (isOpen) showPanel();
      else view.set(plan);
    } catch (error) {
      if (isOpen) complain(error);
    }
  }

  // ---- the panel

  function open() {
    isOpen = true;
    node.hidden = false;
    onOpen();
    showPanel();
    back.focus();
  }

  function close() {
    isOpen = false;
    node.hidden = true;
    release();
    view.set(plan);
    onClosed();
  }

  function release() {
    picture?.destroy();
    picture = null;
    engine.pick(null);
    engine.handles.clear('plan');
  }

  function showPanel() {
    release();
    complaint.hidden = true;
    fill(title, `Floor plan: ${here()?.properties.name ?? ''}`);
    if (plan) return showPlacing(plan);
    const words = canEdit
      ? 'Upload the plan of this level as a picture, then say with two points where it lies. It is shown under the drawn plan.'
      : 'This level has no picture. Somebody who may edit can add one.';
    fill(body, complaint, h('p', { class: 'quiet' }, words), canEdit && chooser('Choose a picture'), progress.node);
    fill(foot);
    view.set(null);
  }

  /** @param {string} words */
  const chooser = (words) =>
    fileDrop({
      accept: '.png,.jpg,.jpeg,.webp,image/png,image/jpeg,image/webp',
      words,
      hint: 'PNG, JPEG or WebP, up to 10 MB',
      testid: 'plan-file',
      onFile: (file) => run(() => send(file)),
    }).node;

  /** @param {PlanPicture} now */
  function showPlacing(now) {
    const place = h('div', {
      class: 'map picture-view',
      tabindex: 0,
      role: 'application',
      'aria-label': 'The picture. Arrow keys move it, plus and minus zoom, Space takes the middle.',
      'data-testid': 'picture-view',
    });
    readPlan(now);
    const edit = [
      fields.node,
      facts,
      likeOther(),
      h('details', null, h('summary', null, 'Another picture'), chooser('Replace it'), removeButton()),
      progress.node,
    ];
    fill(
      body,
      complaint,
      canEdit && steps,
      place,
      h('div', { class: 'field plan-opacity' }, h('label', { for: 'plan-opacity' }, 'Opacity'), opacity, percent),
      canEdit && edit,
    );
    fill(foot, canEdit && h('div', { class: 'foot-buttons' }, button('Close', 'button-quiet', '', close), save));
    opacity.disabled = !canEdit;
    picture = makePictureView(
      place,
      { url: now.image_url, width: now.width_px, height: now.height_px },
      { pick: (pixel) => take('pixel', pixel), move: (id, pixel) => move(id, 'pixel', pixel) },
    );
    engine.pick((at) => take('at', at));
    debug(picture);
    showHandles();
    show();
  }

  /** What is saved, into the fields. @param {PlanPicture} now */
  function readPlan(now) {
    fields.clear();
    now.points?.forEach(({ pixel, at }, index) => {
      fields.write({ index, side: 'pixel' }, pixel);
      fields.write({ index, side: 'at' }, metres(at));
    });
    saved = JSON.stringify(fields.read());
    target = missing(fields.read());
    opacity.value = String(Math.round(now.opacity * 100));
  }

  /** To the millimetre, as the fields show it. @param {LonLat} at @returns {XY} */
  function metres(at) {
    const [x, y] = /** @type {Venue} */ (venue()).frame.toFrame(at);
    return [Math.round(x * 1000) / 1000, Math.round(y * 1000) / 1000];
  }

  const removeButton = () =>
    button([icon('trash', 16), 'Remove the picture'], 'button-small button-danger', 'plan-remove', remove);

  /** Levels of a mall are often drawn on sheets of the same size. */
  function likeOther() {
    const others = (venue()?.levels ?? []).filter((item) => item !== here() && item.properties.plan_version);
    if (!others.length) return null;
    const choices = others.map((item) => /** @type {[string, string]} */ ([item.id, item.properties.name]));
    const hint = 'For pictures of the same size.';
    const choice = selectField('Same placement as', choices, choices[0][0], { testid: 'plan-like', hint });
    const use = async () => {
      const now = current();
      setPlan(now, await files.patch(now, {}, choice.input.value));
    };
    const go = button('Use it', '', 'plan-like-use', () => run(use, 'The picture is placed like the other one.'));
    return h('div', { class: 'plan-like' }, choice.node, go);
  }

  // ---- the two points

  function onTyped() {
    target = missing(fields.read());
    showHandles();
    show();
  }

  /** @param {Target} next */
  function aim(next) {
    target = next;
    show();
    if (next.side === 'at') engine.focus();
    else /** @type {HTMLElement | null} */ (body.querySelector('.picture-view'))?.focus();
  }

  /** A click or Space on one of the two maps. @param {Side} side @param {XY} value */
  function take(side, value) {
    if (!canEdit || target?.side !== side) return;
    fields.write(target, value);
    onTyped();
    context.announce(steps.textContent ?? '');
  }

  /** A handle was moved. @param {string} id @param {Side} side @param {XY} value */
  function move(id, side, value) {
    if (!canEdit) return;
    fields.write({ index: Number(id.slice(-1)) - 1, side }, value);
    show();
  }

  function showHandles() {
    const points = fields.read().map((point, i) => ({ ...point, text: String(i + 1) }));
    picture?.setPoints(
      points.flatMap(({ pixel, text }) =>
        pixel ? [{ id: `plan-pixel-${text}`, text, pixel, label: `Point ${text} in the picture` }] : [],
      ),
    );
    const onMap = points.flatMap(({ at, text }) =>
      at ? [{ id: `plan-at-${text}`, text, at, label: `Point ${text} on the map` }] : [],
    );
    engine.handles.set('plan', onMap, { onMove: (id, at) => move(id, 'at', at) });
  }

  /** All that follows from the fields but the handles, one of which may be under the pointer. */
  function show() {
    if (!isOpen || !plan) return;
    const points = fields.read();
    const isWhole = missing(points) === null;
    const [first, second] = /** @type {Pair[]} */ (points);
    const placed = isWhole ? placement(first, second) : null;
    fields.mark(target);
    instruct(steps, target);
    fill(percent, `${opacity.value} %`);
    const size = placed && `1 pixel is ${round1(placed.metresPerPixel * 100)} cm, turned by ${round1(placed.turn)}°.`;
    fill(facts, size ?? (isWhole && 'The two points are too near to each other: choose two that are far apart.'));
    save.disabled = !placed || JSON.stringify(points) === saved;
    view.set(plan, { placed, opacity: Number(opacity.value) / 100 });
  }

  // ---- what is stored

  /** @param {() => Promise<void>} act @param {string} [said] */
  async function run(act, said) {
    complaint.hidden = true;
    save.disabled = true;
    try {
      await act();
      if (said) context.toast(said, { tone: 'ok' });
    } catch (error) {
      show();
      complain(error);
    }
    progress.set(null);
  }

  /** @param {unknown} error */
  function complain(error) {
    fill(complaint, explain(error));
    complaint.hidden = false;
  }

  /** The server answered; meanwhile another level may be shown, or the panel closed. @param {Level} of @param {PlanPicture | null} next */
  function setPlan(of, next) {
    if (of !== here()) return;
    plan = next;
    if (isOpen) showPanel();
    else view.set(plan);
  }

  const current = () => /** @type {Level} */ (here());

  /** @param {File} file */
  async function send(file) {
    const now = current();
    progress.set(0);
    setPlan(now, await files.put(now, file, (share) => progress.set(share, 'The server reads the picture…')));
    context.announce('The picture is on the server. Now say where it lies.');
  }

  async function savePoints() {
    const { frame } = /** @type {Venue} */ (venue());
    const points = /** @type {Pair[]} */ (fields.read()).map(({ pixel, at }) => ({ pixel, at: frame.toWorld(at) }));
    const now = current();
    setPlan(now, await files.patch(now, { points }));
  }

  async function saveOpacity() {
    const now = current();
    const next = await files.patch(now, { opacity: Number(opacity.value) / 100 });
    if (now !== here()) return;
    plan = next;
    if (isOpen) show();
    else view.set(plan);
  }

  async function remove() {
    const actions = [
      { label: 'Keep it', value: '' },
      { label: 'Remove', value: 'yes', tone: 'danger', testid: 'confirm' },
    ];
    const text = h('p', null, 'The picture and where it lies are deleted. The drawn plan and all zones stay.');
    const answer = await ask({ title: 'Remove this picture?', testid: 'confirm-dialog', body: text, actions });
    if (answer !== 'yes') return;
    await run(async () => {
      const now = current();
      await files.remove(now);
      setPlan(now, null);
    }, 'The picture is removed.');
  }

  /** @param {KeyboardEvent} event */
  function onMapKey(event) {
    if (!isOpen || event.key !== ' ' || event.target !== map || target?.side !== 'at') return;
    event.preventDefault();
    take('at', engine.centre());
  }
  map.addEventListener('keydown', onMapKey);

  return { node, eye: view.eye, open, close, follow, isOpen: () => isOpen, stop: release };
}

/** For browser tests, only with `?debug` in the address. @param {PictureView} picture */
function debug(picture) {
  if (!new URLSearchParams(window.location.search).has('debug')) return;
  /** @type {any} */ (window).__geoengage_picture = picture;
}

/** @param {import('../../ui/dom.js').Child} words @param {string} look @param {string} testid @param {() => void} click */
const button = (words, look, testid, click) =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid || null, on: { click } }, words);
