/**
 * What is done to the shape of the zone being edited: gestures from the map, tools, exact numbers, undo and redo. Each
 * step can be undone and is said aloud.
 */
import { post } from '../../api.js';
import { cut, join } from '../../clip.js';
import { area, round, shapeFromGeoJson } from '../../geo.js';
import { circle, fromParts, openParts, rotate, square } from '../../shapes.js';
import { round1 } from '../../ui/format.js';
import { explain } from '../../ui/widgets.js';

/** @import {Context, Shape} from '../../types' */
/** @import {Mode} from '../../engine/editor.js' */
/** @import {Purpose, Tool} from '../../engine/drawing.js' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {State} from './editing.js' */
/** @import {Venue} from './venue.js' */

/** @type {Record<Mode, string>} */
const MODE_WORDS = {
  corners: 'Corners can be dragged.',
  move: 'Drag the zone, or move it with the arrow keys.',
  rotate: 'Drag a corner to turn the zone, or press [ and ].',
};

/** @typedef {ReturnType<typeof makeShaping>} Shaping */

/**
 * @param {{state: State, engine: Engine, context: Context, venue: () => Venue, showShape: () => void, refresh: () => void,
 *   onTool: (tool: Tool, purpose: Purpose) => void}} options
 */
export function makeShaping({ state, engine, context, venue, showShape, refresh, onTool }) {
  const current = () => state.draft?.history.current() ?? null;

  /** The map says that a gesture has ended: it shows the shape already. @param {Shape} shape @param {string} [said] */
  function changed(shape, said) {
    engine.point(null);
    if (!state.draft?.history.push(shape)) return;
    refresh();
    if (said) context.announce(said);
  }

  /** Puts a shape on the map and into the history. @param {Shape} shape @param {string} said */
  function apply(shape, said) {
    if (!state.draft) return;
    changed(shape);
    showShape();
    context.announce(said);
  }

  /** @param {'undo' | 'redo'} way @param {string} said */
  function step(way, said) {
    const history = state.draft?.history;
    if (!history || !(way === 'undo' ? history.canUndo() : history.canRedo())) return;
    history[way]();
    showShape();
    context.announce(said);
  }

  /** The same mode again means corners. @param {Mode} mode */
  function setMode(mode) {
    if (!state.draft) return;
    const { draft } = state;
    draft.mode = draft.mode === mode || (mode === 'rotate' && current()?.type === 'Point') ? 'corners' : mode;
    showShape();
    engine.focus();
    context.announce(MODE_WORDS[draft.mode]);
  }

  /** A hole, cut or further part was drawn. @param {Shape} drawn @param {'cut' | 'part'} purpose */
  function combine(drawn, purpose) {
    const shape = current();
    if (!shape) return;
    const next = purpose === 'cut' ? cut(shape, drawn) : join(shape, drawn);
    if (!next) {
      context.toast('Nothing of the zone would be left. Cut out less, or delete the zone.', { tone: 'bad' });
      return;
    }
    if (round(area(next), 1) === round(area(shape), 1)) {
      const words = purpose === 'cut' ? 'The cut did not touch the zone.' : 'The zone covers that already.';
      context.toast(words);
      return;
    }
    apply(next, `${purpose === 'cut' ? 'Cut out' : 'Added'}. ${describe(next)}`);
  }

  /** @param {number} degrees counter-clockwise */
  function turn(degrees) {
    const shape = current();
    if (!shape || shape.type === 'Point') return;
    apply(rotate(shape, degrees), `Turned by ${degrees} degrees.`);
  }

  function makeSquare() {
    const shape = current();
    if (!shape) return;
    const next = square(shape);
    if (JSON.stringify(next) === JSON.stringify(shape)) context.announce('The corners are square already.');
    else apply(next, 'Corners squared.');
  }

  /**
   * Wider all around, or narrower by a negative number. The server does it: it knows how to round corners.
   * @param {number} metres
   * @param {'square' | 'round'} corners
   * @returns {Promise<string | null>} why it was refused
   */
  async function widen(metres, corners) {
    const shape = current();
    if (!shape) return null;
    if (shape.type === 'Point') {
      const radius = round(shape.radius + metres, 2);
      if (radius < 1) return 'A circle needs a radius of at least 1 m.';
      apply(circle(shape.coordinates, radius), `Radius ${radius} m.`);
      return null;
    }
    try {
      const answer = await post('/v1/shapes/widen', { geometry: venue().toGeoJson(shape), metres, corners });
      const wider = shapeFromGeoJson(venue().frame, answer.geometry);
      const tidied = fromParts(openParts(wider).map((rings) => rings.map((ring) => ring.map(tidy))));
      apply(tidied, `Widened by ${metres} metres. ${describe(tidied)}`);
      return null;
    } catch (error) {
      return explain(error);
    }
  }

  /** @param {string} storeId */
  function useOutline(storeId) {
    const store = venue().store(storeId);
    if (!store || store.geometry.type === 'Point') {
      context.toast('Choose a shop with an outline first.');
      return;
    }
    apply(venue().shapeOf(/** @type {any} */ (store)), 'This is the shop’s outline now.');
  }

  return {
    changed,
    apply,
    current,
    setMode,
    mode: () => state.draft?.mode ?? 'corners',
    combine,
    turn,
    makeSquare,
    widen,
    useOutline,
    /** @param {'cut' | 'part'} purpose */
    draw: (purpose) => current() && onTool('Polygon', purpose),
    undo: () => step('undo', 'Undone'),
    redo: () => step('redo', 'Done again'),
  };
}

/** @param {import('../../types').XY} p @returns {import('../../types').XY} */
const tidy = ([x, y]) => [round(x, 2), round(y, 2)];

/** @param {Shape} shape */
function describe(shape) {
  const parts = openParts(shape);
  const holes = parts.reduce((sum, rings) => sum + rings.length - 1, 0);
  const count = [parts.length > 1 && `${parts.length} parts`, holes && `${holes} ${holes === 1 ? 'hole' : 'holes'}`];
  return [...count, `${round1(area(shape))} square metres`].filter(Boolean).join(', ') + '.';
}
