/** What the "More" menu at the mall's name does with a whole venue: import, export, a new mall, the floor plan's picture. */
import { getAll } from '../../api.js';
import { h } from '../../ui/dom.js';
import { icon } from '../../ui/icons.js';
import { explain } from '../../ui/widgets.js';
import { openVenueImport } from '../imports/venue_import.js';
import { openNewMall } from './new_mall.js';

/** @import {Context} from '../../types' */
/** @import {Venue} from './venue.js' */

/** @type {[string, string, string][]} */
const EXPORTS = [
  ['geojson', 'Export as GeoJSON', 'geojson'],
  ['imdf', 'Export as IMDF', 'zip'],
];

/**
 * @param {{context: Context, canEdit: boolean, more: {add: (item: import('../../ui/menu.js').MenuItem) => void}, venue: () => Venue | null,
 *   onPlan: () => void, onEvidence: () => void}} options
 */
export function addVenueMenu({ context, canEdit, more, venue, onPlan, onEvidence }) {
  async function startImport() {
    try {
      openVenueImport(context, await getAll('/v1/malls'));
    } catch (error) {
      context.toast(explain(error), { tone: 'bad' });
    }
  }

  /** @param {string} format @param {string} ending */
  function download(format, ending) {
    const mall = venue()?.mall;
    if (!mall) return;
    const name = mall.name.replace(/[^\p{L}\p{N}]+/gu, '-').toLowerCase();
    const link = h('a', { href: `/v1/malls/${mall.id}/export?format=${format}`, download: `${name}.${ending}` });
    document.body.append(link);
    link.click();
    link.remove();
    context.toast(`The export of ${mall.name} is being downloaded.`);
  }

  more.add({ label: 'Floor plan picture', icon: 'picture', testid: 'more-plan', act: onPlan });
  more.add({ label: 'Beacons and check-ins', icon: 'beacon', testid: 'more-evidence', act: onEvidence });
  if (canEdit) more.add({ label: 'Import a venue…', icon: 'upload', testid: 'more-import', act: startImport });
  for (const [format, label, ending] of EXPORTS) {
    const act = () => download(format, ending);
    more.add({ label, icon: 'download', testid: `more-export-${format}`, act });
  }
  if (canEdit) more.add({ label: 'New mall…', icon: 'plus', testid: 'more-new-mall', act: () => openNewMall(context) });

  return {
    /** What to do where there is no mall at all. */
    firstSteps: () =>
      canEdit &&
      h(
        'div',
        { class: 'first-steps' },
        h(
          'button',
          { type: 'button', class: 'button button-primary', 'data-testid': 'first-import', on: { click: startImport } },
          icon('upload', 18),
          'Import a venue',
        ),
        h(
          'button',
          { type: 'button', class: 'button', 'data-testid': 'first-draw', on: { click: () => openNewMall(context) } },
          icon('rectangle', 18),
          'Draw your own',
        ),
      ),
  };
}
