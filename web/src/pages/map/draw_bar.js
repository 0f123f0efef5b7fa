/** While something is drawn by finger: large buttons on the map to finish, take a corner back, or stop. */
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';

/** @import {Drawing} from '../../engine/drawing.js' */

/** @param {{onFinish: () => void, onBack: () => void, onCancel: () => void}} actions */
export function drawBar({ onFinish, onBack, onCancel }) {
  const finish = button('finish', 'Finish', 'check', onFinish, 'button-primary');
  const back = button('take-back', 'Undo', 'undo', onBack);
  const cancel = button('stop-drawing', 'Cancel', 'close', onCancel);
  const node = h('div', { class: 'draw-bar', hidden: true, 'data-testid': 'draw-bar' }, cancel, back, finish);
  return {
    node,
    /** @param {Drawing | null} drawing */
    show(drawing) {
      node.hidden = drawing === null;
      back.disabled = !drawing?.corners;
      // the other tools are done with their second tap
      finish.hidden = drawing?.tool !== 'Polygon';
      finish.disabled = (drawing?.corners ?? 0) < 3;
    },
  };
}

/** @param {string} testid @param {string} words @param {string} name @param {() => void} click @param {string} [look] */
const button = (testid, words, name, click, look = '') =>
  h('button', { type: 'button', class: `button ${look}`, 'data-testid': testid, on: { click } }, icon(name, 18), words);
