/** An import under way: how far it is, how fast, when it will be done; and stopping it. */
import { post } from '../../api.js';
import { fill, h } from '../../ui/dom.js';
import { number } from '../../ui/format.js';
import { ask, explain } from '../../ui/widgets.js';
import { leftText, resultText } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Import} from './words.js' */

/** @param {{context: Context, item: Import, reload: () => void}} options */
export function progressCard({ context, item, reload }) {
  const bar = h('progress', { max: 1, 'aria-label': 'Imported' });
  const words = h('p', { class: 'lead', 'data-testid': 'import-progress' });
  const speed = h('p', { class: 'quiet' });
  const result = h('p', null);
  const stop = h(
    'button',
    { type: 'button', class: 'button button-danger', 'data-testid': 'import-cancel', on: { click: cancel } },
    'Stop it',
  );

  async function cancel() {
    const answer = await ask({
      title: 'Stop this import?',
      testid: 'import-cancel-dialog',
      body: h(
        'p',
        null,
        'What is imported already stays. To go on later, send the file again: nothing comes in twice.',
      ),
      actions: [
        { label: 'Go on', value: '' },
        { label: 'Stop it', value: 'yes', tone: 'danger', testid: 'confirm' },
      ],
    });
    if (!answer) return;
    try {
      await post(`/v1/imports/data/${item.id}/cancel`);
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
    reload();
  }

  /** @param {Import} now */
  function update(now) {
    if (now.status === 'queued') bar.removeAttribute('value');
    else bar.value = now.share;
    const lines = `${number(now.lines_done)} of ${number(now.lines_total)} lines`;
    fill(words, now.status === 'queued' ? 'It begins in a moment…' : `${Math.floor(now.share * 100)} % · ${lines}`);
    fill(speed, now.status === 'queued' ? 'Files of one company are imported one after the other.' : leftText(now));
    fill(result, now.rows > 0 && resultText(now));
  }

  update(item);
  return {
    node: h('section', { class: 'card upload' }, words, bar, speed, result, h('div', { class: 'page-tools' }, stop)),
    update,
  };
}
