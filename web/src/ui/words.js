/** The API's closed lists in plain words. A word that is not listed is shown as it is, with spaces. */

/** @param {Record<string, string>} table */
const lookUp = (table) => (/** @type {string | null | undefined} */ key) =>
  key ? (table[key] ?? key.replaceAll('_', ' ')) : '';

/** Why a message was held back. */
export const REASONS = {
  no_consent: 'no consent to pushes',
  suppressed: 'unsubscribed from pushes',
  holdout: 'kept in the comparison group',
  quiet_hours: 'quiet hours',
  campaign_hours: 'outside the campaign’s hours',
  cooldown: 'had this push a short while ago',
  cap: 'limit of this campaign per person reached',
  budget: 'enough advertising for this person today',
  outranked: 'another message went first',
  spend_limit: 'the store’s monthly limit for messages is reached',
  no_offer: 'no coupon left',
  late: 'the position came too late',
  visit_ended: 'already left',
  expired: 'too old to be useful',
  campaign_inactive: 'the campaign is not running',
  zone_unpublished: 'the zone is not published any more',
  content_withdrawn: 'what it is about was cancelled',
  left_journey: 'had left the journey',
  sending_stopped: 'all sending is stopped',
  no_address: 'no push address on this phone',
  no_sender: 'nothing is set up to send it by',
  no_template: 'no approved WhatsApp template for who has not written for a day',
  session_limit: 'Viber takes no more until they answer',
  blank: 'a part of the text would have been empty',
  not_in_audience: 'not in the campaign’s audience',
};
export const reasonText = lookUp(REASONS);

export const MESSAGE_STATUS = {
  queued: 'queued',
  sending: 'sending',
  sent: 'sent',
  skipped: 'held back',
  failed: 'failed',
  misconfigured: 'set-up missing',
  unknown: 'unknown',
};
export const messageStatus = lookUp(MESSAGE_STATUS);

export const CAMPAIGN_STATUS = {
  draft: 'draft',
  in_review: 'in review',
  scheduled: 'scheduled',
  active: 'active',
  paused: 'paused',
  finished: 'finished',
  rejected: 'rejected',
};
export const campaignStatus = lookUp(CAMPAIGN_STATUS);

export const ZONE_KINDS = {
  corridor: 'Corridor',
  store: 'Shop',
  entrance: 'Entrance',
  events_area: 'Events area',
  parking: 'Parking',
  catchment: 'Catchment',
  delivery_area: 'Delivery area',
  other: 'Other',
};
export const zoneKind = lookUp(ZONE_KINDS);

export const SENSITIVITIES = {
  none: 'Nothing sensitive',
  health: 'Health',
  worship: 'Worship',
  children: 'Children',
  restroom: 'Restroom',
};
export const sensitivityText = lookUp(SENSITIVITIES);

export const EVENT_KINDS = {
  entered: 'entered',
  dwelled: 'stayed in',
  exited: 'left',
  revised: 'was corrected in',
  retracted: 'was not in',
};
export const eventKind = lookUp(EVENT_KINDS);

/** By which rule an event came about. */
export const EVENT_REASONS = {
  confirmed_by_fix: 'confirmed by a second position',
  confirmed_by_time: 'nothing contradicted it in time',
  whole_disc: 'the whole accuracy circle was inside',
  single_fix: 'one position is enough here',
  crossing: 'its way cut the zone',
  phone_enter: "the phone's own monitoring says it came in",
  phone_exit: "the phone's own monitoring says it left",
  left: 'outside for long enough',
  silence: 'the phone fell silent',
  schedule_closed: 'the zone closed',
  schedule_opened: 'the zone opened',
  zone_changed: 'the zone was changed',
  zone_deleted: 'the zone was taken down',
  zone_published: 'the zone was published or grew',
  late_fixes: 'positions that came late show otherwise',
};
export const eventReason = lookUp(EVENT_REASONS);

export const VERDICTS = {
  entered: 'entered',
  inside: 'inside',
  pending: 'waiting to confirm',
  outside: 'outside',
  below_confidence: 'too uncertain',
  wrong_level: 'other floor',
  left: 'left',
  retracted: 'taken back',
  closed: 'was closed',
  not_in_force: 'not published yet',
};
export const verdictText = lookUp(VERDICTS);

/** Where somebody stands with a zone. */
export const PHASES = {
  outside: 'outside',
  pending: 'waiting to confirm',
  inside: 'inside',
  leaving: 'leaving?',
  dormant: 'inside, zone closed',
};
export const phaseText = lookUp(PHASES);

/** What a position rests on. */
export const SOURCES = {
  gnss: 'by satellite',
  fused: 'by the phone',
  wifi: 'by Wi-Fi',
  cell: 'by cell towers',
  beacon: 'by a beacon',
  check_in: 'checked in',
  region: 'by the phone’s own monitoring',
};
export const sourceText = lookUp(SOURCES);

/** The checks of a message, in order. */
export const CHECKS = {
  status: 'The campaign runs',
  trigger: 'What it waits for happened',
  audience: 'In its audience',
  no_consent: 'Consent',
  suppressed: 'Not unsubscribed',
  holdout: 'Not in the comparison group',
  quiet_hours: 'Quiet hours',
  campaign_hours: 'The campaign’s days and hours',
  cooldown: 'Pause between two',
  cap: 'Limit per person',
  budget: 'Attention for one day',
  outranked: 'Not outranked',
  no_offer: 'A coupon for this person',
  late: 'Fresh enough',
  visit_ended: 'Still there',
  not_in_audience: 'Still in the audience',
  expired: 'Still good',
  campaign_inactive: 'Campaign still running',
  zone_unpublished: 'Zone still published',
  content_withdrawn: 'Still on',
  left_journey: 'Still in the journey',
  sending_stopped: 'Sending not stopped',
  spend_limit: 'The store’s monthly limit',
  no_address: 'Push address',
};
export const checkText = lookUp(CHECKS);

/** What somebody has said to a channel and purpose. */
export const CONSENT_STATES = {
  subscribed: 'agreed',
  pending: 'not confirmed yet',
  unsubscribed: 'withdrawn',
  redacted: 'erased',
  granted: 'agreed',
  denied: 'refused',
  unknown: 'not asked',
};

export const DAYS = [
  ['mon', 'Mon'],
  ['tue', 'Tue'],
  ['wed', 'Wed'],
  ['thu', 'Thu'],
  ['fri', 'Fri'],
  ['sat', 'Sat'],
  ['sun', 'Sun'],
];

/** @param {string[]} days @returns {string} */
export function daysText(days) {
  if (!days?.length || days.length === 7) return 'every day';
  const order = DAYS.map(([key]) => key);
  const at = days.map((day) => order.indexOf(day)).sort((a, b) => a - b);
  const run = at.length > 2 && at[at.length - 1] - at[0] === at.length - 1;
  const names = at.map((i) => DAYS[i][1]);
  return run ? `${names[0]} to ${names[names.length - 1]}` : names.join(', ');
}

export const ROLES = {
  owner: 'Owner',
  editor: 'Editor',
  approver: 'Approver',
  analyst: 'Analyst',
  support: 'Support',
  shop: 'Shop',
};

/** @typedef {'edit' | 'approve' | 'stop' | 'people' | 'customers' | 'commerce' | 'segments' | 'playbooks' | 'offers' | 'admin'} Right */
/** @type {Record<Right, string[]>} */
const RIGHTS = {
  edit: ['owner', 'editor'],
  approve: ['owner', 'editor', 'approver'],
  stop: ['owner', 'editor', 'approver'],
  people: ['owner', 'support'],
  customers: ['owner', 'support', 'shop'],
  commerce: ['owner', 'editor', 'support', 'shop'],
  segments: ['owner', 'editor', 'analyst', 'shop'],
  playbooks: ['owner', 'editor', 'shop'],
  offers: ['owner', 'editor', 'approver', 'shop'],
  admin: ['owner'],
};
/** What the console offers; the server decides. @param {{operator: {role: string}}} me @param {Right} right */
export const may = (me, right) => RIGHTS[right].includes(me.operator.role);
