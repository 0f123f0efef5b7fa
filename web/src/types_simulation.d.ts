/** What the server tells of the demo's simulated phones. */
export interface Tally {
  right: number;
  wrong: number;
  again: number;
  missed: number;
}
export interface WalkPoint {
  at: string;
  lon: number;
  lat: number;
  level: number | null;
}
export interface WalkEntry {
  way: 'plain' | 'ours';
  at: string;
  zone_id: string;
  zone_name: string;
  verdict: 'right' | 'wrong' | 'again';
}
/** One shopper's last minutes: the truth, what the phone said, what was made of it. */
export interface SimulatedWalk {
  pseudonym: string;
  truth: WalkPoint[];
  fixes: (WalkPoint & { accuracy_m: number })[];
  entries: WalkEntry[];
}
export interface Comparison {
  since: string;
  reported_at: string;
  positions: number;
  shoppers: number;
  visits: number;
  plain: Tally;
  ours: Tally;
  saved: number;
  walk: SimulatedWalk | null;
}
export interface Simulation {
  noise_m: number;
  usual_m: number;
  most_m: number;
  revision: number;
  is_running: boolean;
  comparison: Comparison | null;
}
