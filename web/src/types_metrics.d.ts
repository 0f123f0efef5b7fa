/** Lifecycle metrics as the API tells them (docs/metrics.md). `null`: not told, or there is nothing to tell of. */

export type MetricUnit = 'people' | 'share' | 'orders_per_customer' | 'days' | 'money';

export interface MetricDefinition {
  name: string;
  label: string;
  unit: MetricUnit;
  better: 'up' | 'down';
  formula: string;
  source: string;
  window: string;
}

export interface MetricFigure {
  from: string;
  to: string;
  complete: boolean;
  value: number | null;
  low: number | null;
  high: number | null;
  people: number | null;
  hidden: string | null;
}

export interface MetricBefore extends MetricFigure {
  change: number | null;
  points: MetricFigure[];
}

export interface MetricHistory extends MetricDefinition, MetricFigure {
  currency: string | null;
  step: 'day' | 'week' | 'month';
  points: MetricFigure[];
  previous: MetricBefore;
  year_ago: MetricBefore;
}

export interface Cohorts {
  formula: string;
  items: {
    from: string;
    to: string;
    people: number | null;
    later: { n: number; complete: boolean; share: number | null; people: number | null }[];
  }[];
}

export interface Rfm {
  on: string;
  before: string;
  currency: string | null;
  formula: string;
  customers: number | null;
  cells: { recency: number; frequency: number; group: string; people: number | null }[];
  groups: { name: string; words: string; people: number | null; spent_minor: number | null }[];
  movements: { before: string; after: string; people: number | null }[];
}

export interface Spread {
  people: number | null;
  mean_minor: number | null;
  quantiles: { share: number; value_minor: number }[];
  bins: { low_minor: number | null; high_minor: number | null; people: number }[];
  tenths: { n: number; people: number; value_minor: number; share: number | null }[];
}

export interface Worth {
  on: string;
  currency: string | null;
  formula: string;
  hidden: string | null;
  so_far: Spread;
  expected: Spread;
}

export interface When {
  from: string | null;
  to: string | null;
  formula: string;
  items: { kind: 'visits' | 'opens' | 'orders'; hours: (number | null)[] }[];
  devices: { name: string; people: number | null }[];
  languages: { name: string; people: number | null }[];
}

export interface Funnel {
  formula: string;
  items: {
    channel: string;
    known: number | null;
    consent: number | null;
    address: number | null;
    alive: number | null;
  }[];
}
