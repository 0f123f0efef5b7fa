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
