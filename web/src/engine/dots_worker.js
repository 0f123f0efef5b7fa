/** Draws the dots away from the page's thread: first comes the canvas, then what changes. */
import { makePainter } from './dots_painter.js';

/** @import {Change} from './dots_painter.js' */

/** @type {ReturnType<typeof makePainter> | null} */
let painter = null;

self.onmessage = (/** @type {MessageEvent<{canvas: OffscreenCanvas, fps: number} | Change>} */ { data }) => {
  if ('canvas' in data) painter = makePainter(data.canvas, data.fps);
  else painter?.take(data);
};
