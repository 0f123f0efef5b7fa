/** Shapes of a campaign's proof. */

export type ProofVerdict = 'worked' | 'harmed' | 'no_effect' | 'not_enough' | 'too_early' | 'no_holdout';
export interface ProofPoint {
  on: string;
  value: number;
  low: number;
  high: number;
}
export interface ProofFinding {
  outcome: 'conversion' | 'revenue' | 'churn' | 'ltv';
  label: string;
  verdict: ProofVerdict;
  hidden: boolean;
  people_sent: number | null;
  people_held: number | null;
  mean_sent: number | null;
  mean_held: number | null;
  value: number | null;
  low: number | null;
  high: number | null;
  adjusted: boolean;
  points: ProofPoint[];
  needed: number | null;
  more_days: number | null;
  decided_on: string | null;
  planted: number | null;
}
export interface ProofRoi {
  value: number;
  low: number | null;
  high: number | null;
  gain_minor: number;
  cost_minor: number;
  planted: number | null;
}
export interface SimulatedWinBack {
  first_on: string;
  currency: string;
  plan: ProofPlan;
  days: { day: number; decided: number; sent: number; back_sent: number; back_held: number }[];
  findings: ProofFinding[];
  roi: ProofRoi | null;
}
export interface ProofPlan {
  window_days: number;
  days: number;
  decides: ProofFinding['outcome'];
  smallest_effect: number;
}
export interface Experiment extends ProofPlan {
  holdout_percent: number;
  variants: { name: string; weight: number; title: string; body: string }[];
  since: string;
  version: number;
}
export interface ProofFared {
  churn: number;
  customers: number;
  roi: number | null;
}
export interface Proof {
  headline: string;
  sentences: string[];
  verdict: ProofVerdict;
  amber: boolean;
  plan: ProofPlan;
  control: 'tenant_holdout' | 'campaign_holdout';
  first_on: string | null;
  ends_on: string | null;
  timezone: string;
  currency: string | null;
  other_currencies: Record<string, number>;
  people_sent: number | null;
  people_held: number | null;
  crossed: number | null;
  anonymous: number | null;
  findings: ProofFinding[];
  roi: ProofRoi | null;
  variants: { name: string; finding: ProofFinding; is_best: boolean }[];
  audience: { earlier: ProofFared; later: ProofFared; is_amber: boolean } | null;
  missing: { what: string; text: string; link: string; numbers: string[] }[];
  steps: { name: string; people: number | null }[];
  messages: number | null;
  credit: { window_days: number; orders: number; money_minor: number; roas: number | null } | null;
  message_costs: Record<string, number> | null;
  incentive_costs: Record<string, number> | null;
}
export interface DirectRevenue {
  currency: string | null;
  others: Record<string, number>;
  months: {
    first: string;
    is_over: boolean;
    money_minor: number | null;
    share: number | null;
    hidden: boolean;
    growth: number | null;
    year_on_year: number | null;
  }[];
}
export interface MessageCost {
  channel: string;
  country: string | null;
  thousand_minor: number;
  currency: string;
}
