/** The filters of the ledger; each change is a new address. */
import { queryString } from '../../api.js';
import { h } from '../../ui/dom.js';
import { selectField } from '../../ui/fields.js';
import { icon } from '../../ui/icons.js';
import { MESSAGE_STATUS, REASONS } from '../../ui/words.js';
import { CHANNELS } from '../campaigns/words.js';
import { SPANS } from './words.js';

/** @import {Context} from '../../types' */
/** @import {Filter} from './words.js' */

/** @param {{context: Context, filter: Filter, campaigns: [string, string][]}} options */
export function filterBar({ context, filter, campaigns }) {
  const go = (/** @type {Filter} */ next) => context.navigate(`/messages${queryString(next)}`);
  const status = selectField('Status', [['', 'Every status'], ...Object.entries(MESSAGE_STATUS)], filter.status ?? '', {
    testid: 'filter-status',
  });
  const own = filter.reason && !(filter.reason in REASONS) ? [[filter.reason, filter.reason.replaceAll('_', ' ')]] : [];
  const reason = selectField(
    'Reason',
    /** @type {[string, string][]} */ ([['', 'Every reason'], ...Object.entries(REASONS), ...own]),
    filter.reason ?? '',
    { testid: 'filter-reason' },
  );
  const channel = selectField('Way', [['', 'Every way'], ...Object.entries(CHANNELS)], filter.channel ?? '', {
    testid: 'filter-channel',
  });
  const campaign = selectField('Campaign', [['', 'Every campaign'], ...campaigns], filter.campaign_id ?? '', {
    testid: 'filter-campaign',
  });
  const since = selectField('When', SPANS, filter.since ?? '', { testid: 'filter-since' });

  function apply() {
    const chosen = reason.input.value;
    go({
      ...filter,
      // a blocker is a reason of what was held back
      status: chosen in REASONS && chosen !== filter.reason && !status.input.value ? 'skipped' : status.input.value,
      reason: chosen,
      channel: channel.input.value,
      campaign_id: campaign.input.value,
      since: since.input.value,
    });
  }

  const isOfOne = filter.pseudonym || filter.profile_id;
  return h(
    'form',
    { class: 'filters', on: { change: apply }, 'aria-label': 'Filter' },
    status.node,
    reason.node,
    channel.node,
    campaign.node,
    since.node,
    isOfOne &&
      h(
        'button',
        {
          type: 'button',
          class: 'button button-small',
          'data-testid': 'everybody',
          on: { click: () => go({ ...filter, pseudonym: null, day: null, profile_id: null }) },
        },
        icon('close', 16),
        'Of one person: show everybody',
      ),
  );
}
