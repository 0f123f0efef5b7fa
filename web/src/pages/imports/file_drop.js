/** Choosing a file by button, keyboard or by dropping it; and how far its upload has come. */
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';

/** @import {Child} from '../../ui/dom.js' */

/**
 * @param {{accept: string, words: string, hint: Child, testid: string, onFile: (file: File) => void}} options
 */
export function fileDrop({ accept, words, hint, testid, onFile }) {
  const input = h('input', {
    type: 'file',
    accept,
    class: 'drop-input',
    'aria-label': words,
    'data-testid': testid,
    on: { change: () => take(input.files) },
  });
  const name = h('strong', null, words);
  const node = h(
    'label',
    { class: 'drop', on: { dragover: over, dragleave: () => node.classList.remove('drop-over'), drop } },
    input,
    icon('upload', 24),
    h('span', { class: 'drop-text' }, name, h('span', null, hint)),
  );

  /** @param {FileList | null | undefined} files */
  function take(files) {
    const file = files?.[0];
    if (!file) return;
    fill(name, file.name);
    onFile(file);
    // the same file, corrected, may be chosen again
    input.value = '';
  }

  /** @param {DragEvent} event */
  function over(event) {
    event.preventDefault();
    node.classList.add('drop-over');
  }

  /** @param {DragEvent} event */
  function drop(event) {
    event.preventDefault();
    node.classList.remove('drop-over');
    take(event.dataTransfer?.files);
  }

  return { node, focus: () => input.focus() };
}

/** A bar with words; hidden until something is sent. */
export function progressBar() {
  const bar = h('progress', { max: 1, 'aria-label': 'Sent' });
  const words = h('p', { role: 'status' });
  const node = h('div', { class: 'upload', hidden: true, 'data-testid': 'upload' }, bar, words);
  return {
    node,
    /** @param {number | null} share sent, null when there is nothing under way @param {string} [after] what happens once all is sent */
    set(share, after = 'The server works on it…') {
      node.hidden = share === null;
      if (share === null) return;
      if (share < 1) bar.value = share;
      else bar.removeAttribute('value');
      fill(words, share < 1 ? `Sending: ${Math.floor(share * 100)} %` : after);
    },
  };
}
