/** Reading a code with the camera, where the browser can (Chromium on phones); elsewhere a scanner types it. */

import { h } from '../src/ui/dom.js';

/** @typedef {{detect: (source: HTMLVideoElement) => Promise<{rawValue: string}[]>}} Detector */

const LOOK_MS = 200;

export const canScan = () => 'BarcodeDetector' in window && Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Show the camera's picture until a code is read or somebody gives up.
 * @param {HTMLElement} beside
 * @param {string} [stopping] what the button says that ends it
 * @returns {Promise<string | null>}
 */
export async function scan(beside, stopping = 'Stop scanning') {
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  } catch {
    return null; // no camera, or not allowed: the code can be typed
  }
  const video = h('video', { playsinline: true, muted: true });
  video.srcObject = stream;
  let isOver = false;
  const stop = h('button', { type: 'button', on: { click: () => (isOver = true) } }, stopping);
  const box = h('div', { class: 'camera' }, video, stop);
  beside.append(box);
  try {
    await video.play();
    const detector = /** @type {Detector} */ (new /** @type {any} */ (window).BarcodeDetector());
    while (!isOver) {
      const [found] = await detector.detect(video);
      if (found) return found.rawValue;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return null;
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    box.remove();
  }
}
