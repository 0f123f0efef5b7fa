/**
 * The evidence points of the level on the map: a sign for each kind, the disc that hearing it gives, and the eye that
 * shows them while the panel is closed.
 */
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { EVIDENCE, KINDS } from './evidence_words.js';

/** @import {EvidenceKind, XY} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */

const GROUP = 'evidence';
/** @typedef {{id: string, at: XY, kind: EvidenceKind, name: string, radius: number | null}} Sign */
/** @typedef {{pick: (id: string) => void, move: (id: string, at: XY) => void, drop: (id: string, at: XY) => void}} SignEvents */

/** @param {{engine: Engine, onToggle: () => void}} options */
export function makeEvidenceView({ engine, onToggle }) {
  let isShown = false;
  const eye = h(
    'button',
    {
      type: 'button',
      class: 'evidence-toggle icon-button',
      'aria-label': 'Show beacons and check-ins',
      title: 'Beacons and check-ins',
      'aria-pressed': 'false',
      hidden: true,
      'data-testid': 'evidence-toggle',
      on: {
        click() {
          isShown = !isShown;
          eye.setAttribute('aria-pressed', String(isShown));
          onToggle();
        },
      },
    },
    icon('beacon'),
  );

  /** The discs alone: signs may be under the pointer. @param {Sign[]} signs */
  function discs(signs) {
    for (const kind of KINDS) {
      const shapes = signs.flatMap(({ kind: own, at, radius }) =>
        own === kind && radius ? [{ type: /** @type {const} */ ('Point'), coordinates: at, radius }] : [],
      );
      const look = { color: EVIDENCE[kind].color, dashed: false, weight: 1.25, fill: 0.08 };
      engine.marks.set(`${GROUP}-${kind}`, shapes, look);
    }
  }

  return {
    eye,
    isShown: () => isShown,
    discs,
    /**
     * @param {Sign[]} signs
     * @param {{events: SignEvents | null, only: string | null}} how without `events` they cannot be touched; `only` one can be moved
     */
    draw(signs, { events, only }) {
      discs(signs);
      const handles = signs.map(({ id, at, kind, name }) => ({
        id: `${GROUP}-${id}`,
        at,
        label: `${EVIDENCE[kind].name}: ${name}`,
        look: `handle-${kind} ${only !== null && only !== id ? 'handle-dim' : ''}`,
        content: icon(EVIDENCE[kind].icon, 15),
        locked: !events || (only !== null && only !== id),
      }));
      const own = (/** @type {string} */ id) => id.slice(GROUP.length + 1);
      engine.handles.set(GROUP, handles, {
        onPick: (id) => events?.pick(own(id)),
        onMove: (id, at) => events?.move(own(id), at),
        onDrop: (id, at) => events?.drop(own(id), at),
      });
    },
    clear() {
      engine.handles.clear(GROUP);
      for (const kind of KINDS) engine.marks.clear(`${GROUP}-${kind}`);
    },
  };
}
