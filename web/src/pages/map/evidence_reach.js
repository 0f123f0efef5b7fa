/**
 * The part of a zone's form that says by which evidence its visitors can be seen to enter: by GPS alone, or by which
 * beacons, access points and codes. The server computes it for the draft; this asks after each pause and shows it.
 */
import { ApiError, call } from '../../api.js';
import { bounds } from '../../geo.js';
import { fill, h, uid } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { explain, pill } from '../../ui/widgets.js';
import { draftBody } from './draft_body.js';
import { EVIDENCE } from './evidence_words.js';

/** @import {ZoneEvidence} from '../../types' */
/** @import {DraftSnapshot} from './editing.js' */
/** @import {Preset} from './evidence.js' */
/** @import {Venue} from './venue.js' */

const SETTLE_MS = 500;
const SHOWN = 5;
/** @type {Record<ZoneEvidence['verdict'], [string, string]>} */
const VERDICTS = {
  gnss: ['GPS is enough', 'ok'],
  beacon: ['by beacon', 'ok'],
  wifi: ['by Wi-Fi', 'ok'],
  check_in: ['by check-in only', 'warn'],
  none: ['nothing reaches it', 'bad'],
};

/** @param {{venue: () => Venue | null, onAdd: (preset: Preset) => void}} options */
export function makeEvidenceReach({ venue, onAdd }) {
  let abort = new AbortController();
  let timer = 0;
  let asked = 'null';
  /** @type {DraftSnapshot | null} */
  let draft = null;

  const id = uid('reach');
  const state = h('span', { 'data-testid': 'reach-verdict' });
  const body = h('div', { class: 'reach-body' });
  const node = h(
    'section',
    { class: 'reach', 'aria-labelledby': id, 'data-testid': 'reach', hidden: true },
    h('div', { class: 'reach-head' }, h('h3', { id }, 'Which evidence reaches it'), state),
    body,
  );

  /** @param {DraftSnapshot | null} next */
  function changed(next) {
    const place = venue();
    if (draft?.zoneId !== next?.zoneId) [state, body].forEach((part) => fill(part));
    draft = next;
    const question = place && next ? JSON.stringify(draftBody(place, next)) : 'null';
    if (question === asked) return;
    asked = question;
    abort.abort();
    window.clearTimeout(timer);
    node.hidden = question === 'null';
    if (question === 'null') return;
    node.setAttribute('aria-busy', 'true');
    timer = window.setTimeout(request, SETTLE_MS);
  }

  async function request() {
    abort = new AbortController();
    const { signal } = abort;
    try {
      const { data } = await call('POST', '/v1/zones/evidence', { body: JSON.parse(asked), signal });
      if (!signal.aborted) show(data);
    } catch (error) {
      if (!signal.aborted) showFailure(error);
    }
  }

  /** @param {ZoneEvidence} found */
  function show({ gnss, points, verdict, words }) {
    node.removeAttribute('aria-busy');
    const [text, tone] = VERDICTS[verdict];
    fill(state, pill(text, tone));
    const rest = points.length - SHOWN;
    fill(
      body,
      h('p', { 'data-testid': 'reach-words' }, words),
      shareBar(gnss),
      points.length > 0 && h('ul', { class: 'reach-points' }, points.slice(0, SHOWN).map(line)),
      rest > 0 && h('p', { class: 'lint-quiet' }, `and ${rest} more.`),
      h(
        'button',
        { type: 'button', class: 'button button-small', 'data-testid': 'reach-add', on: { click: add } },
        icon('plus', 16),
        'Add a beacon here',
      ),
    );
  }

  /** @param {unknown} error */
  function showFailure(error) {
    node.removeAttribute('aria-busy');
    fill(state);
    const waits = error instanceof ApiError && error.status === 422;
    fill(
      body,
      h('p', { class: 'lint-quiet' }, waits ? 'This waits until the form is right.' : `Not known: ${explain(error)}`),
    );
  }

  /** A beacon in the middle of the zone, of its shop and named after it. */
  function add() {
    if (!draft?.shape) return;
    const { name, store_id } = draft.values;
    const box = bounds([draft.shape]);
    onAdd({
      kind: 'beacon',
      at: box && [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2],
      store_id: store_id ?? null,
      name: name ? `${name}, beacon` : '',
    });
  }

  return { node, changed };
}

/** How much of GPS's circle the zone can hold, against what entering needs. @param {ZoneEvidence['gnss']} gnss */
function shareBar({ largest_share: share, needs, typical_accuracy_m: accuracy, reaches }) {
  const percent = (/** @type {number} */ value) => `${Math.round(value * 100)} %`;
  const words = `GPS of ±${Math.round(accuracy)} m: at best ${percent(share)}, needed ${percent(needs)}`;
  return h(
    'div',
    { class: 'reach-share' },
    h(
      'div',
      { class: `share-bar ${reaches ? 'share-ok' : 'share-short'}`, role: 'img', 'aria-label': words },
      h('span', { style: { width: `${Math.min(1, share) * 100}%` } }),
      h('i', { style: { left: `${Math.min(1, needs) * 100}%` } }),
    ),
    h('p', { class: 'lint-quiet', 'aria-hidden': 'true' }, words),
  );
}

/** @param {ZoneEvidence['points'][number]} point */
function line({ name, kind, distance_m, share }) {
  const away =
    distance_m <= 0 ? 'inside' : `${distance_m < 10 ? distance_m.toFixed(1) : Math.round(distance_m)} m away`;
  return h(
    'li',
    null,
    h('span', { class: `evidence-sign handle-${kind}` }, icon(EVIDENCE[kind].icon, 14)),
    h('span', { class: 'reach-name' }, name),
    h('span', { class: 'quiet' }, `${away}, ${Math.round(share * 100)} %`),
  );
}
