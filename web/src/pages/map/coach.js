/** The first steps for somebody new: one card on the map that goes away by itself once it was followed. */
import { fill, h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';

/** @import {Context} from '../../types' */

const KEY = 'geoengage.coach';
/** @type {Record<string, [string, string]>} */
const STEPS = {
  draw: [
    'Try it: draw a zone anywhere on the corridor',
    'Rectangle, two clicks on the map, Publish. The next shopper who walks in gets a push.',
  ],
  ask: ['Now click a shopper', 'Any dot on the map tells in plain words why that person got a push, or got none.'],
};

/** @param {Context} context @param {boolean} canEdit */
export function coach(context, canEdit) {
  const node = h('aside', { class: 'coach', 'aria-label': 'First steps', hidden: true, 'data-testid': 'coach' });
  const enabled = context.me.tenant.is_demo && canEdit;

  /** @param {string} step */
  function show(step) {
    if (!enabled || seen() === 'done') return;
    const [title, text] = STEPS[step];
    fill(
      node,
      h('div', null, h('p', { class: 'coach-title' }, title), h('p', null, text)),
      h(
        'button',
        { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss', on: { click: dismiss } },
        icon('close', 18),
      ),
    );
    node.hidden = false;
  }

  function dismiss() {
    node.hidden = true;
    remember('done');
  }

  return {
    node,
    show: () => show(seen() === 'ask' ? 'ask' : 'draw'),
    hide: () => (node.hidden = true),
    /** An explanation was opened: the last step. */
    finish: () => seen() === 'ask' && dismiss(),
    /** A zone was published. */
    done() {
      if (seen() === 'done') return;
      remember('ask');
      window.setTimeout(() => show('ask'), 6000);
    },
  };
}

/** Storage may be switched off; then the card simply comes again. */
function seen() {
  try {
    return localStorage.getItem(KEY) ?? 'draw';
  } catch {
    return 'draw';
  }
}

/** @param {string} value */
function remember(value) {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // nothing to do: it is only a hint
  }
}
