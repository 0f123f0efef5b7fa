export interface Store {
  id: string;
  name: string;
}

export interface Today {
  store_id: string;
  day: string;
  timezone: string;
  currency: string | null;
  orders: number;
  sales_minor: number;
  usual_orders: number | null;
  than_usual: string | null;
  people: number | null;
  new_customers: number | null;
  messages: number | null;
  codes: number;
  codes_sales_minor: number;
  unread_replies: number | null;
}

export interface Discount {
  percent: number;
  price_minor: number;
  is_allowed: boolean;
  why: string | null;
}

export interface Product {
  id: string;
  name: string;
  image_url: string | null;
  price_minor: number;
  currency: string;
  discounts: Discount[];
}

export interface Whom {
  audience: 'regulars' | 'not_seen' | 'nearby';
  people: number | null;
  messages_minor: number | null;
  discounts_minor: number | null;
}

export interface Preview {
  currency: string;
  needs_approval: boolean;
  stopped_by: string | null;
  audiences: Whom[];
}

export interface Coupon {
  code: string;
  label: string;
  offer_name: string;
  currency: string;
  most_minor: number | null;
  expires_at: string;
  reason: string | null;
}

export interface Conversation {
  id: string;
  channel: 'whatsapp' | 'viber' | 'sms' | 'email';
  name: string;
  last_text: string;
  last_at: string;
  unread: number;
  window_ends_at: string | null;
  why_not: string | null;
}

export interface Text {
  at: string;
  direction: 'in' | 'out';
  text: string;
  status: string;
  by: string | null;
}

export interface Thread extends Conversation {
  messages: Text[];
}

export interface Canned {
  title: string;
  text: string;
  store_id: string | null;
}

/** What a tab of the page is given. `say` is read out by screen readers. */
export interface Given {
  store: Store;
  say: (words: string) => void;
  news: News;
}

/** Hear that something is new in a store's replies (null: perhaps in any); what is returned ends it. */
export type News = (heard: (storeId: string | null) => void) => () => void;

/** A text by plural category, or one for all. */
export type Words = Record<string, string | Record<string, string>>;
