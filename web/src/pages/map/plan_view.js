/**
 * The floor plan's picture on the map: which level has one, and whether it is seen. What is being placed in the panel
 * goes before what is saved.
 */
import { corners } from '../../placing.js';
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';

/** @import {PlanPicture} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {Placement} from '../../placing.js' */
/** @import {Venue} from './venue.js' */
/** @typedef {{placed: Placement | null, opacity: number}} Draft */

/** @param {{engine: Engine, venue: () => Venue | null}} options */
export function makePlanView({ engine, venue }) {
  /** @type {PlanPicture | null} */
  let plan = null;
  /** @type {Draft | null} */
  let draft = null;
  let isShown = true;
  const eye = h(
    'button',
    {
      type: 'button',
      class: 'plan-toggle icon-button',
      'aria-label': 'Show the floor plan picture',
      title: 'Floor plan picture',
      hidden: true,
      'data-testid': 'plan-toggle',
      on: {
        click() {
          isShown = !isShown;
          show();
        },
      },
    },
    icon('picture'),
  );

  function show() {
    const frame = venue()?.frame;
    const at = frame && (draft ? drafted(draft) : plan?.corners?.map((corner) => frame.toFrame(corner)));
    eye.hidden = !at;
    eye.setAttribute('aria-pressed', String(isShown));
    if (!plan || !at || !isShown) return engine.picture.set(null);
    const { image_url: url, width_px: width, height_px: height } = plan;
    engine.picture.set({ url, width, height, corners: at, opacity: draft?.opacity ?? plan.opacity });
  }

  /** @param {Draft} now */
  const drafted = ({ placed }) => plan && placed && corners(placed, plan.width_px, plan.height_px);

  return {
    /** The button that hides and shows it. */
    eye,
    /** @param {PlanPicture | null} next of the level that is shown @param {Draft | null} [being] placed in the panel */
    set(next, being = null) {
      [plan, draft] = [next, being];
      show();
    },
  };
}
