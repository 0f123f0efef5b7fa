/**
 * From the draft to the server and back: save, publish, unpublish, restore an older version. What goes wrong is shown in
 * the form and on the map; the draft stays as it is.
 */
import { ApiError } from '../../api.js';
import { explain } from '../../ui/widgets.js';
import { settleConflict } from './conflict.js';
import { confirm, greet, placeOf, restoreVersion, setPublished, writeZone } from './saving.js';

/** @import {Context, Zone} from '../../types' */
/** @import {Engine} from '../../engine/index.js' */
/** @import {State} from './editing.js' */
/** @import {Venue} from './venue.js' */

/**
 * @param {{state: State, engine: Engine, context: Context, venue: () => Venue, refresh: () => void, isDirty: () => boolean,
 *   adopt: (zone: Zone, etag: string | null) => void, close: () => void}} options
 */
export function makePublishing({ state, engine, context, venue, refresh, isDirty, adopt, close }) {
  /**
   * Runs one exchange with the server and shows what goes wrong.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T | null>}
   */
  async function exchange(work) {
    if (state.busy || !state.draft) return null;
    state.busy = true;
    refresh();
    state.draft.form.setErrors(null);
    try {
      return await work();
    } catch (error) {
      showError(error);
      return null;
    } finally {
      state.busy = false;
      refresh();
    }
  }

  /** @param {unknown} error */
  function showError(error) {
    const shape = state.draft?.history.current();
    state.draft?.form.setErrors(explain(error), error instanceof ApiError ? error.errors : []);
    context.announce(explain(error));
    const place = error instanceof ApiError && shape ? placeOf(error, venue().toGeoJson(shape)) : null;
    if (place) engine.point(venue().frame.toFrame(place), explain(error));
  }

  /** @returns {Promise<Zone | null>} null when somebody else's version was taken instead */
  async function write() {
    const { draft } = state;
    const shape = draft?.history.current();
    if (!draft || !shape) return null;
    const { zone, etag, key, form, savedShape } = draft;
    const isMoved = JSON.stringify(shape) !== savedShape;
    const answer = await writeZone({
      venue: venue(),
      zone,
      etag,
      key,
      shape,
      isMoved,
      values: form.read(),
      settle: (base, theirs) =>
        settleConflict({
          base,
          theirs,
          values: form.read(),
          savedValues: JSON.parse(draft.savedValues),
          shape,
          venue: venue(),
          engine,
        }),
    });
    if (answer.isTheirs) draft.history.push(venue().shapeOf(answer.zone));
    adopt(answer.zone, answer.etag);
    if (answer.isTheirs) context.toast('This is their version now. Look at it before you publish.');
    return answer.isTheirs ? null : answer.zone;
  }

  /** @param {boolean} [say] @returns {Promise<boolean>} */
  async function save(say = false) {
    const zone = await exchange(write);
    if (zone && say) context.toast(`Saved “${zone.properties.name}”. Publish it to put it into effect.`);
    return zone !== null;
  }

  async function publish() {
    const welcome = state.draft?.form.welcome();
    const done = await exchange(async () => {
      const saved = isDirty() ? await write() : state.draft?.zone;
      if (!saved) return null;
      const current = await setPublished(saved.id, true);
      adopt(current.zone, current.etag);
      return current.zone;
    });
    if (!done) return;
    context.toast(`“${done.properties.name}” is live. It lights up when the next shopper walks in.`);
    close();
    if (welcome?.on) await greet(done, welcome, context);
  }

  async function unpublish() {
    const zone = state.draft?.zone;
    const text = 'Nobody enters it any more, everyone inside counts as left, and its campaigns send nothing.';
    if (!zone || !(await confirm(`Unpublish “${zone.properties.name}”?`, text, 'Unpublish'))) return;
    await exchange(async () => {
      const current = await setPublished(zone.id, false);
      adopt(current.zone, current.etag);
      context.toast(`“${zone.properties.name}” is a draft again.`);
    });
  }

  /** @param {number} version */
  async function restore(version) {
    const zone = state.draft?.zone;
    if (!zone) return;
    const text = 'The changes you have not saved would be lost.';
    if (isDirty() && !(await confirm(`Restore version ${version}?`, text, 'Restore'))) return;
    await exchange(async () => {
      const answer = await restoreVersion(zone.id, version, state.draft?.etag ?? null);
      state.draft?.history.push(venue().shapeOf(answer.zone));
      adopt(answer.zone, answer.etag);
      const { name, version: now } = answer.zone.properties;
      context.toast(
        `“${name}” is as in version ${version} again; this is version ${now}. Publish it to put it into effect.`,
      );
    });
  }

  return { save, publish, unpublish, restore };
}
