/** Shapes of the HTTP API around one person: search, access, the time line, notes, key figures. */

/** An item of GET /v1/people/search and /v1/people/recent. Name and match are masked until a reason was given. */
export interface FoundPerson {
  profile_id: string;
  name: string | null;
  masked: boolean;
  /** What was found: a name, an order or a kind of id. */
  matched_kind: string | null;
  matched: string | null;
  /** When one has looked at this person last. */
  opened_at: string | null;
}
export interface PeopleFound {
  items: FoundPerson[];
  more: boolean;
}

/** GET /v1/profiles/{id}/access: whether a reason is needed, and whether one was given. */
export interface Access {
  profile_id: string;
  needed: boolean;
  open: boolean;
  reason: string | null;
  until: string | null;
}

export type EntryKind =
  'visit' | 'message' | 'reply' | 'order' | 'refund' | 'cart' | 'event' | 'consent' | 'note' | 'merge';
/** An item of GET /v1/profiles/{id}/timeline, newest first. */
export interface Entry {
  id: string;
  at: string;
  kind: EntryKind;
  title: string;
  text: string | null;
  status: string | null;
  store_id: string | null;
  store_name: string | null;
  amount_minor: number | null;
  currency: string | null;
  ref: string | null;
  device_id: string | null;
}
export interface Timeline {
  items: Entry[];
  next: string | null;
  /** Kinds that the caller may not see. */
  hidden: EntryKind[];
}

export interface Note {
  id: string;
  store_id: string | null;
  author: string;
  mine: boolean;
  text: string;
  version: number;
  created_at: string;
  changed_at: string | null;
}

export interface CartLine {
  name: string;
  sku: string | null;
  image_url: string | null;
  quantity_milli: number;
  unit_price_minor: number | null;
  currency: string | null;
}
export interface OpenCart {
  id: string;
  store_id: string | null;
  store_name: string | null;
  changed_at: string;
  abandoned_at: string | null;
  lines: CartLine[];
}
export interface Figures {
  currency: string;
  orders: number;
  revenue_minor: number;
  average_minor: number;
  refunded_minor: number;
  first_at: string;
  last_at: string;
}
export interface OverviewSegment {
  id: string;
  name: string;
  sentence: string;
  since: string;
}
/** How a person buys now, against their own habit. */
export interface PersonHabit {
  stage: string;
  stage_since: string | null;
  decline: string;
  decline_since: string | null;
  purchases: number;
  typical_gap_days: number | null;
  long_gap_at: string | null;
  per_week_before: number | null;
  per_week_now: number | null;
  now_days: number | null;
  frequency_change: number | null;
  spend_change: number | null;
  visits_change: number | null;
}
/** GET /v1/profiles/{id}/overview */
export interface Overview {
  profile_id: string;
  figures: Figures[];
  usual: {
    store_id: string | null;
    store_name: string | null;
    store_orders: number;
    store_of: number;
    hour: number | null;
    hour_orders: number;
    hour_of: number;
  };
  carts: OpenCart[];
  segments: OverviewSegment[];
  habit: PersonHabit | null;
}

/** GET /v1/recommendations */
export interface Recommendations {
  items: { name: string; reason: string }[];
  hindrance: 'nobody' | 'no_consent' | 'under_16' | null;
}

export interface PersonDevice {
  device_id: string;
  platform: string;
  push: { provider: string; kind: string; retired: boolean } | null;
  locale: string | null;
  permission: string;
  consents: Record<string, string>;
  is_test: boolean;
  created_at: string;
}

/** An item of GET /v1/orders. */
export interface Order {
  id: string;
  source: string;
  external_id: string;
  ordered_at: string;
  status: string;
  currency: string;
  store_id: string | null;
  channel: string;
  customer: { id: string; profile_id: string | null; external_id: string | null; first_name: string | null } | null;
  lines: {
    external_id: string | null;
    name: string;
    sku: string | null;
    product_id: string | null;
    quantity: number;
    unit_price_minor: number | null;
    total_minor: number;
    replaces: string | null;
  }[];
  subtotal_minor: number;
  discount_minor: number;
  shipping_minor: number;
  tax_minor: number;
  total_minor: number;
  refunded_minor: number;
  coupons: string[];
  refunds: {
    external_id: string;
    at: string;
    amount_minor: number;
    reason: string | null;
    lines: {
      line: string | null;
      product_id: string | null;
      sku: string | null;
      quantity: number;
      amount_minor: number;
    }[];
  }[];
  return_of: string | null;
}

export interface Decision {
  channel: string;
  purpose: string;
  store_id: string | null;
  state: string;
  text_version: string | null;
  source: string;
  at: string;
}
/** GET /v1/profiles/{id}/consents */
export interface PersonConsents {
  decisions: Decision[];
  paused_until: string | null;
  stopped_at: string | null;
  addresses: {
    identifier_id: string;
    kind: string;
    points: { channel: string; state: string; reason: string | null; changed_at: string }[];
  }[];
}

export interface Variant {
  id: string;
  external_id: string;
  sku: string | null;
  name: string | null;
  price_minor: number | null;
  was_price_minor: number | null;
  currency: string | null;
  image_url: string | null;
  stock: { store_id: string; quantity: number; at: string }[];
}
/** An item of GET /v1/products. */
export interface Product {
  id: string;
  external_id: string;
  name: string;
  brand: string | null;
  category: string | null;
  status: 'active' | 'archived';
  image_urls: string[];
  variants: Variant[];
}

/** One id of a person, of GET /v1/profiles/{id}. */
export interface PersonId {
  id: string;
  kind: string;
  value: string;
  verified: boolean;
  shared: boolean;
  source: string;
  since: string;
  profile_id: string;
}
/** Why two ids are taken for one person, or for two. */
export interface Evidence {
  id: string;
  first: string;
  second: string;
  says: 'same' | 'different';
  by_operator: boolean;
  act_id: string | null;
  source: string;
  reason: string | null;
  at: string;
  taken_back_at: string | null;
  set_aside: 'limit' | 'shared' | 'different' | null;
}
export interface Statement {
  name: string;
  value: any;
  source: string;
  claimed: boolean;
  since: string;
  at: string;
  in_force: boolean;
}
/** GET /v1/profiles/{id} */
export interface ProfileDetail {
  id: string;
  external_id: string | null;
  first_name: string | null;
  language: string | null;
  attributes: Record<string, any>;
  suppressed_at: string | null;
  created_at: string;
  ids: PersonId[];
  others: PersonId[];
  evidence: Evidence[];
  traits: Statement[];
  merged: string[];
  stores: { store_id: string; basis: string; since: string }[];
  devices: PersonDevice[];
}
