/** Import of a venue: GeoJSON or an IMDF archive, into a new mall or an old one. */
import { h, uid } from '../../ui/dom.js';
import { checkField, selectField, textField } from '../../ui/fields.js';
import { openImport } from './import_dialog.js';
import { venuePreview } from './venue_preview.js';

/** @import {Context, Mall} from '../../types' */

const MOST_BYTES = 50e6;

/**
 * @param {Context} context
 * @param {Mall[]} malls into which it may go
 */
export function openVenueImport(context, malls) {
  /** @type {[string, string][]} */
  const choices = [
    ['', 'The mall the file names, else a new one'],
    ...malls.map((mall) => /** @type {[string, string]} */ ([mall.id, mall.name])),
  ];
  const into = selectField('Import into', choices, '', { testid: 'import-into' });
  const name = textField('Name, where the file has none', { maxlength: 120 }, { testid: 'import-name' });
  const zone = timeZoneField(context.me.tenant.timezone);
  const publish = checkField('Publish zones at once', false, {
    testid: 'import-publish',
    hint: 'Otherwise they come as drafts, and nothing happens in them until you publish them.',
  });
  const lenient = checkField('Forgive bad style', true, {
    testid: 'import-lenient',
    hint: 'Such as rings that run the wrong way round: taken, and told as a remark.',
  });
  for (const input of [into.input, name.input, zone.input, lenient.box]) input.dataset.again = '';
  const fresh = h('div', { class: 'field-pair', hidden: Boolean(into.input.value) }, name.node, zone.node);
  into.input.addEventListener('change', () => (fresh.hidden = Boolean(into.input.value)));

  return openImport({
    title: 'Import a venue',
    testid: 'venue-import',
    path: '/v1/imports/venue',
    intro: h(
      'p',
      null,
      'Floors, rooms, shops and zones of a mall. What has the same external id is brought up to date, the rest is added; nothing is deleted.',
    ),
    accept: '.json,.geojson,.zip,application/geo+json,application/json,application/zip',
    choose: 'Choose a file, or drop it here',
    hint: 'GeoJSON (.geojson, .json) or an IMDF archive (.zip), up to 50 MB',
    mostBytes: MOST_BYTES,
    mediaType: (file) => (/\.zip$/i.test(file.name) ? 'application/zip' : 'application/geo+json'),
    options: [into.node, fresh, publish.node, lenient.node],
    query: () => ({
      mall_id: into.input.value,
      name: into.input.value ? '' : name.input.value.trim(),
      timezone: into.input.value ? '' : zone.input.value.trim(),
      publish: publish.box.checked,
      lenient: lenient.box.checked,
    }),
    details: (report) => venuePreview(report, context.me.map?.tiles_url ?? null),
    next: (report) => ({
      label: 'Show it on the map',
      act: () => context.navigate(report.mall_id ? `/map?mall=${report.mall_id}` : '/map'),
    }),
  });
}

/** A field for an IANA time zone with the names the browser knows. @param {string} value */
export function timeZoneField(value) {
  const id = uid('time-zones');
  const made = textField(
    'Time zone',
    { value, list: id, spellcheck: 'false' },
    { testid: 'time-zone', hint: 'Opening hours and days are counted in it.' },
  );
  const names = Intl.supportedValuesOf('timeZone').map((name) => h('option', { value: name }));
  made.node.append(h('datalist', { id }, names));
  return made;
}
