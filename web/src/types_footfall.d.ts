/** Shapes of the footfall reports. */

/** Footfall: null is what may not be told, or is not over. */
export interface Peak {
  weekday: number;
  hour: number;
}
export interface Footfall {
  place: { kind: string; id: string | null; level: number | null; name: string };
  period: 'day' | 'week' | 'month';
  from: string;
  to: string;
  timezone: string;
  k: number;
  complete: boolean;
  visits: number | null;
  people: number | null;
  returning_share: number | null;
  dwell: { median_s: number | null; bins: { from_s: number; to_s: number | null; visits: number | null }[] };
  by_day: { on: string; visits: number | null; people: number | null }[];
  hours: (number | null)[];
  peak: Peak | null;
  previous: { from: string; to: string; visits: number | null; people: number | null };
  hidden: { cells: number; why: string };
}
export interface FootfallPlace {
  kind: 'zone' | 'store' | 'level';
  id: string | null;
  store_id: string | null;
  level: number | null;
  name: string;
  visits: number | null;
  people: number | null;
  median_dwell_s: number | null;
  returning_share: number | null;
  peak: Peak | null;
}
export interface Flow {
  from_zone_id: string;
  from_name: string;
  to_zone_id: string;
  to_name: string;
  people: number;
}
export interface Heat {
  cell_m: number;
  k: number;
  cells: { lon: number; lat: number; people: number }[];
  hidden: { cells: number; why: string };
}
