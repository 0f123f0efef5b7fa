/**
 * Keeps one canvas showing the dots: draws when something changed, and while anyone moves, at most `fps` times a second.
 * The same on a worker's OffscreenCanvas and, where there is none, on a canvas of the page.
 */
import { NOBODY, between, isMoving, shareDone } from '../dots.js';
import { COLOURS, RADIUS, makeSprites, paint } from './dots_pixels.js';

/** @import {Walk} from '../dots.js' */
/** @import {View} from './dots_pixels.js' */
/** @typedef {{view?: View, walk?: Walk, hovered?: bigint | null}} Change */

/** A worker's `performance.now()` begins at another moment than the page's. */
export const clock = () => performance.timeOrigin + performance.now();

/** @param {OffscreenCanvas | HTMLCanvasElement} canvas @param {number} fps */
export function makePainter(canvas, fps) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  /** @type {View | null} */
  let view = null;
  let sprites = makeSprites(1);
  let image = new ImageData(1, 1);
  let words = new Uint32Array(image.data.buffer);
  let walk = NOBODY;
  /** @type {bigint | null} */
  let hovered = null;
  let handle = 0;
  let drawnAt = 0;

  /** @param {View} next */
  function look(next) {
    if (next.ratio !== view?.ratio) sprites = makeSprites(next.ratio);
    if (next.width !== view?.width || next.height !== view.height) {
      [canvas.width, canvas.height] = [next.width, next.height];
      image = new ImageData(next.width, next.height);
      words = new Uint32Array(image.data.buffer);
    }
    view = next;
  }

  /** @param {number} now */
  function draw(now) {
    drawnAt = now;
    if (!view) return;
    paint(words, view, sprites, walk, now);
    pen.putImageData(image, 0, 0);
    const i = hovered === null ? -1 : walk.ids.indexOf(hovered);
    if (i >= 0) drawHovered(view, i, now);
  }

  /** Larger, and within the disc where the person may be. @param {View} here @param {number} i @param {number} now */
  function drawHovered({ affine: [a, b, c, d, e, f], ratio }, i, now) {
    const share = shareDone(walk, now);
    const [x, y] = [between(walk, 2 * i, share), between(walk, 2 * i + 1, share)];
    /** @param {number} radius @param {string} colour */
    const disc = (radius, colour) => {
      pen.beginPath();
      pen.arc(a * x + c * y + e, b * x + d * y + f, radius, 0, 2 * Math.PI);
      pen.fillStyle = colour;
      pen.fill();
    };
    disc(Math.max((RADIUS + 4) * ratio, walk.accuracy[i] * Math.hypot(a, b)), 'rgb(29 95 209 / 18%)');
    disc((RADIUS + 2) * ratio, `rgb(${(walk.open[i] ? COLOURS.open : COLOURS.closed).join(' ')})`);
    pen.lineWidth = 1.5 * ratio;
    pen.strokeStyle = '#ffffff';
    pen.stroke();
  }

  function loop() {
    handle = 0;
    const now = clock();
    // two milliseconds of grace: a frame that comes a little early is still this one
    const isDue = now - drawnAt >= 1000 / fps - 2;
    if (isDue) draw(now);
    if (!isDue || isMoving(walk, now)) handle = requestAnimationFrame(loop);
  }

  return {
    /** @param {Change} change */
    take(change) {
      if (change.view) look(change.view);
      if (change.walk) walk = change.walk;
      if (change.hovered !== undefined) hovered = change.hovered;
      draw(clock());
      if (!handle && isMoving(walk, clock())) handle = requestAnimationFrame(loop);
    },
    stop: () => cancelAnimationFrame(handle),
  };
}
