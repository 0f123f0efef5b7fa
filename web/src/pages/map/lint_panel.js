/**
 * What is doubtful about the zone under the editor, while it is drawn: asks the server after each change and lists what
 * it finds, with a way to see it on the map and, where there is one, to put it right by one click. It forbids nothing.
 */
import { ApiError, call } from '../../api.js';
import { fill, h, uid } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { ask, explain, pill } from '../../ui/widgets.js';
import { sensitivityText } from '../../ui/words.js';
import { draftBody } from './draft_body.js';
import { clearFinding, markAccuracy, markFinding } from './lint_marks.js';

/** @import {Context, Finding, LintResult, Shape} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {DraftSnapshot} from './editing.js' */
/** @import {Venue} from './venue.js' */

const SETTLE_MS = 350;
/** What a zone needs where its form says nothing. */
const NEEDED = 0.5;
/** Zones that share ground are said so, but nobody is asked about them: a shop and its corridor often do. */
const EVERYDAY = 'overlaps';
const ICONS = { error: 'error', warning: 'warning', hint: 'hint' };
const WORDS = { error: 'Problem', warning: 'Warning', hint: 'Hint' };

/**
 * @param {{engine: Engine, context: Context, venue: () => Venue | null, look: (shapes: Shape[]) => void,
 *   onSensitive: (sensitivity: string) => void, onOpenZone: (id: string) => void}} options `look` brings shapes into view
 */
export function makeLintPanel({ engine, context, venue, look, onSensitive, onOpenZone }) {
  /** @type {DraftSnapshot | null} */
  let draft = null;
  /** @type {LintResult | null} */
  let result = null;
  let asked = '';
  let timer = 0;
  let abort = new AbortController();
  let running = Promise.resolve();
  /** @type {string | null} the finding that is shown on the map */
  let shown = null;
  let showsAccuracy = false;
  /** For which findings the operator said "Publish anyway". */
  let accepted = '';

  const id = uid('lint');
  const body = h('div', { class: 'lint-body' });
  const node = h(
    'section',
    { class: 'lint', 'aria-labelledby': id, 'data-testid': 'lint', hidden: true },
    h('h3', { id, tabindex: -1 }, 'Checks'),
    body,
  );
  const note = h('button', {
    type: 'button',
    class: 'lint-note',
    'data-testid': 'lint-note',
    hidden: true,
    on: { click: goThere },
  });

  function goThere() {
    node.closest('.panel-scroll')?.scrollTo({ top: node.offsetTop });
    node.querySelector('h3')?.focus({ preventScroll: true });
  }

  /** @param {DraftSnapshot | null} next */
  function changed(next) {
    const place = venue();
    if (draft?.zoneId !== next?.zoneId) accepted = '';
    draft = next;
    const question = place && next ? JSON.stringify(draftBody(place, next)) : 'null';
    if (question === asked) return;
    asked = question;
    abort.abort();
    window.clearTimeout(timer);
    timer = 0;
    if (showsAccuracy) drawAccuracy();
    if (question === 'null') return show(null);
    setState('checking…', 'quiet');
    node.setAttribute('aria-busy', 'true');
    timer = window.setTimeout(judge, SETTLE_MS);
  }

  /** @param {string} words @param {string} look */
  function setState(words, look) {
    [node.hidden, note.hidden] = [false, false];
    fill(note, pill(words, look));
    note.setAttribute('aria-label', `Checks: ${words}`);
  }

  function judge() {
    window.clearTimeout(timer);
    timer = 0;
    running = request();
    return running;
  }

  async function request() {
    abort = new AbortController();
    const { signal } = abort;
    try {
      const { data } = await call('POST', '/v1/zones/lint', { body: JSON.parse(asked), signal });
      if (!signal.aborted) show(data);
    } catch (error) {
      if (!signal.aborted) showFailure(error);
    }
  }

  /** @param {LintResult | null} next */
  function show(next) {
    const before = summary(result);
    result = next;
    node.removeAttribute('aria-busy');
    if (!next) {
      showsAccuracy = false;
      drawAccuracy();
      [node.hidden, note.hidden] = [true, true];
    }
    render();
    const now = summary(next);
    if (next && now !== before) context.announce(`Checks: ${now}`);
  }

  /** @param {unknown} error */
  function showFailure(error) {
    result = null;
    node.removeAttribute('aria-busy');
    highlight(null);
    setState('checks wait', 'quiet');
    const text =
      error instanceof ApiError && error.status === 422
        ? `The checks wait until the form is right: ${explain(error)}`
        : `The checks could not be made: ${explain(error)}`;
    fill(body, h('p', { class: 'lint-quiet' }, text));
  }

  /** Lists the findings, and marks on the map the one that was chosen if it is still there. @returns {Shape[]} what was marked */
  function render() {
    const marked = highlight(result?.findings.find((finding) => key(finding) === shown) ?? null);
    if (!result) return marked;
    const { findings } = result;
    setState(summary(result), tone(findings));
    fill(
      body,
      accuracyLine(result),
      findings.length > 0 && h('ul', { class: 'lint-list' }, findings.map(line)),
      findings.length === 0 &&
        h('p', { class: 'lint-quiet' }, 'Nothing doubtful: shape, size, place and name look right.'),
    );
    return marked;
  }

  /** @param {LintResult} now */
  function accuracyLine({ accuracy_m, accuracy_from, best_confidence }) {
    if (accuracy_m === null) return null;
    const needed = draft?.values.rules?.min_confidence ?? NEEDED;
    const who = accuracy_from === 'pings' ? 'Phones here report' : 'No phone was here yet; taken:';
    const best = best_confidence === null ? '' : `; best confidence ${best_confidence.toFixed(2)}`;
    const isLow = best_confidence !== null && best_confidence < needed;
    return h(
      'p',
      { class: 'lint-accuracy', 'data-testid': 'lint-accuracy' },
      h(
        'span',
        null,
        `${who} ±${Math.round(accuracy_m)} m${best} `,
        h(isLow ? 'b' : 'span', null, `(needs ${needed.toFixed(2)})`),
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'button button-small',
          'aria-pressed': String(showsAccuracy),
          'data-testid': 'lint-disc',
          on: { click: toggleAccuracy },
        },
        `Show ±${Math.round(accuracy_m)} m`,
      ),
    );
  }

  /** The same doubt after a change has the same key. @param {Finding} finding */
  function key({ code, numbers, place }) {
    const alike = result?.findings.filter((finding) => finding.code === code) ?? [];
    return `${code} ${numbers.zone_id ?? numbers.level ?? alike.findIndex((finding) => finding.place === place)}`;
  }

  /** @param {Finding} finding */
  function line(finding) {
    const { code, severity, text, advice, place, geometry, numbers } = finding;
    const canShow = Boolean(place || geometry);
    return h(
      'li',
      { class: `finding finding-${severity}`, 'data-testid': `finding-${code}` },
      icon(ICONS[severity], 20),
      h(
        'div',
        null,
        h('p', null, h('span', { class: 'visually-hidden' }, `${WORDS[severity]}: `), withoutPlace(text)),
        h('p', { class: 'finding-advice' }, advice),
        h(
          'div',
          { class: 'finding-tools' },
          canShow && button('Show', 'finding-show', () => toggle(finding), key(finding) === shown),
          code === 'sensitive_name' &&
            button(markWords(numbers.sensitivity), 'finding-fix', () => fix(numbers.sensitivity)),
          code === 'overlaps' &&
            numbers.zone_id &&
            button('Open that zone', 'finding-open', () => onOpenZone(numbers.zone_id)),
        ),
      ),
    );
  }

  /** @param {string} sensitivity */
  function fix(sensitivity) {
    onSensitive(sensitivity);
    // its own button goes away
    goThere();
  }

  // ---- on the map

  /** @param {Finding} finding */
  function toggle(finding) {
    shown = key(finding) === shown ? null : key(finding);
    const marked = render();
    if (marked.length && draft?.shape) look([draft.shape, ...marked]);
    /** @type {HTMLElement | null} */ (body.querySelector(`[data-testid="finding-${finding.code}"] button`))?.focus();
  }

  /** @param {Finding | null} finding */
  function highlight(finding) {
    const place = venue();
    shown = finding && key(finding);
    if (finding && place) return markFinding(engine, place, finding);
    clearFinding(engine);
    return [];
  }

  function toggleAccuracy() {
    showsAccuracy = !showsAccuracy;
    drawAccuracy();
    render();
    if (showsAccuracy && draft?.shape) look([draft.shape]);
    /** @type {HTMLElement | null} */ (body.querySelector('[data-testid=lint-disc]'))?.focus();
  }

  function drawAccuracy() {
    markAccuracy(engine, showsAccuracy ? (draft?.shape ?? null) : null, result?.accuracy_m ?? 0);
  }

  return {
    node,
    note,
    changed,
    /** What phones here report, where any has been. */
    accuracy: () => (result?.accuracy_from === 'pings' ? result.accuracy_m : null),
    /** Asks once whether a zone with doubts should be published. @returns {Promise<boolean>} */
    async mayPublish() {
      if (timer) judge();
      await running;
      const doubts = (result?.findings ?? []).filter(({ severity, code }) => severity !== 'hint' && code !== EVERYDAY);
      const these = doubts.map(key).join();
      if (doubts.length === 0 || these === accepted) return true;
      const answer = await ask({
        title: doubts.length === 1 ? 'Publish it all the same?' : `Publish it with ${doubts.length} doubts?`,
        testid: 'lint-dialog',
        body: h(
          'ul',
          { class: 'lint-list' },
          doubts.map(({ severity, text }) =>
            h(
              'li',
              { class: `finding finding-${severity}` },
              icon(ICONS[severity], 20),
              h('p', null, withoutPlace(text)),
            ),
          ),
        ),
        actions: [
          { label: 'Back', value: '' },
          { label: 'Publish anyway', value: 'yes', tone: 'primary', testid: 'publish-anyway' },
        ],
      });
      if (answer) accepted = these;
      return answer !== null;
    },
  };
}

/** @param {string} text @param {string} testid @param {() => void} act @param {boolean} [isPressed] */
const button = (text, testid, act, isPressed) =>
  h(
    'button',
    {
      type: 'button',
      class: 'button button-small',
      'data-testid': testid,
      'aria-pressed': isPressed === undefined ? null : String(isPressed),
      on: { click: act },
    },
    text,
  );

/** The operator is shown the place, not its coordinates. @param {string} text */
const withoutPlace = (text) => text.replace(/ at \[-?[\d.]+, -?[\d.]+\]/g, '');

/** @param {string} sensitivity */
const markWords = (sensitivity) => `Mark as ${sensitivityText(sensitivity).toLowerCase()} place`;

/** @param {LintResult | null} result */
function summary(result) {
  if (!result) return '';
  /** @param {Finding['severity']} severity */
  const count = (severity) => {
    const n = result.findings.filter((finding) => finding.severity === severity).length;
    return n ? [`${n} ${WORDS[severity].toLowerCase()}${n > 1 ? 's' : ''}`] : [];
  };
  return [...count('error'), ...count('warning'), ...count('hint')].join(', ') || 'nothing found';
}

/** @param {Finding[]} findings */
function tone(findings) {
  const found = new Set(findings.map(({ severity }) => severity));
  if (found.has('error')) return 'bad';
  if (found.has('warning')) return 'warn';
  return found.has('hint') ? 'info' : 'ok';
}
