/** A store in the league of a month (GET /v1/stores/league). Null: of fewer than ten people, or nothing to compare. */
export interface LeagueRow {
  store_id: string;
  name: string;
  cohort: string | null;
  same_store: boolean;
  too_few: boolean;
  currency: string | null;
  customers: number | null;
  orders: number | null;
  orders_in_other_currencies: number | null;
  revenue_minor: number | null;
  before_minor: number | null;
  retention: number | null;
  growth: number | null;
  trend: (number | null)[];
}

export interface LeagueTotal {
  currency: string;
  stores: number;
  revenue_minor: number;
  before_minor: number;
  growth: number | null;
  same_stores: number;
  same_revenue_minor: number;
  same_before_minor: number;
  same_growth: number | null;
  new_revenue_minor: number;
}

export interface LeagueCohort extends LeagueTotal {
  cohort: string;
}

export interface LeagueQuartiles {
  measure: string;
  currency: string | null;
  low: number;
  middle: number;
  high: number;
}

export interface League {
  month: string;
  months: string[];
  rows: LeagueRow[];
  totals: LeagueTotal[];
  cohorts: LeagueCohort[];
  quartiles: LeagueQuartiles[];
}

/** A recipe that many stores take from one place (GET /v1/masters). Null versions: none. */
export interface Master {
  id: string;
  name: string;
  recipe: string;
  own_settings: string[];
  latest: number;
  everyone: number | null;
  trial: number | null;
  percent: number;
  before: number | null;
  stores: number;
  due: number;
  problems: number;
  opted_out: number;
  versions: MasterVersion[];
}

export interface MasterVersion {
  version: number;
  settings: Record<string, any>;
  texts: MasterText[];
  note: string;
  made_at: string;
  made_by: string;
  stores: number;
}

export interface MasterText {
  message: string;
  language: string;
  title: string;
  body: string;
}

export interface MasterMessage {
  id: string;
  title: string;
  body: string;
  texts: Record<string, { title: string; body: string }>;
}

export interface MasterStore {
  store_id: string;
  name: string;
  own: Record<string, any>;
  currency: string | null;
  wanted: number | null;
  applied: number | null;
  applied_at: string | null;
  is_due: boolean;
  opted_out_at: string | null;
  opted_out_by: string | null;
  problem: string | null;
}

/** What a store spends on messages (GET /v1/stores/{id}/spend). */
export interface StoreSpend {
  store_id: string;
  name: string;
  limit: { limit_minor: number; currency: string } | null;
  left_minor: number | null;
  months: {
    month: string;
    costs: { currency: string; minor: number }[];
    held_back: number;
    unpriced: string[];
    channels: { channel: string; country: string | null; messages: number; held_back: number }[];
  }[];
}
