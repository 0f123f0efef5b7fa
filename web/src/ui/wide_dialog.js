/** A large modal dialog whose content changes while it is open: imports, a new mall. */
import { h, uid } from './dom.js';
import { icon } from './icons.js';

/**
 * @param {string} title
 * @param {{testid: string, onClose?: () => void}} options
 */
export function wideDialog(title, { testid, onClose }) {
  const id = uid('wide');
  const body = h('div', { class: 'wide-body' });
  const foot = h('div', { class: 'wide-foot dialog-actions' });
  const node = h(
    'dialog',
    { class: 'wide', 'aria-labelledby': id, 'data-testid': testid },
    h(
      'header',
      { class: 'drawer-head' },
      h('h2', { id }, title),
      h(
        'button',
        {
          type: 'button',
          class: 'icon-button',
          'aria-label': 'Close',
          'data-testid': 'dialog-close',
          on: { click: () => node.close() },
        },
        icon('close'),
      ),
    ),
    body,
    foot,
  );
  node.addEventListener('close', () => {
    onClose?.();
    node.remove();
  });
  document.body.append(node);
  node.showModal();
  return { node, body, foot, close: () => node.close() };
}
