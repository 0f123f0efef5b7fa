/** Shapes of the first screen and of early warnings. */

export interface PlaybookButton {
  playbook: string;
  label: string;
}
export interface OverviewLine {
  metric: string;
  label: string;
  group: 'worth' | 'life' | 'buying' | 'reach';
  text: string;
  money_text: string | null;
  tone: 'good' | 'bad' | 'steady' | 'unknown';
  unit: string;
  value: number | null;
  before: number | null;
  change: number | null;
  people: number | null;
  money_minor: number | null;
  from: string;
  to: string;
  hidden: string | null;
  alert_id: string | null;
  button: PlaybookButton | null;
}
export interface FirstScreen {
  timezone: string;
  through: string;
  days: number;
  currency: string | null;
  has_orders: boolean;
  has_people: boolean;
  items: OverviewLine[];
}
export interface MetricAlert {
  id: string;
  metric: string;
  text: string;
  money_text: string | null;
  is_good: boolean;
  found_at: string;
  status: 'open' | 'snoozed' | 'dismissed' | 'over';
  decided_by: string | null;
  button: PlaybookButton | null;
}
export interface PlaybookWho {
  who: Record<string, unknown>;
  to_check: string | null;
  tiers: { name: string; title: string; body: string }[];
}
export interface PlaybookMade {
  segment_id: string;
  campaign_id: string;
  to_check: string | null;
  made: { segment_id: string; segment_name: string; campaign_id: string; campaign_name: string }[];
}

/** A planted effect of a demo beside what was found of it. */
export interface StoryLine {
  what: string;
  planted: string;
  found: string;
  holds: boolean | null;
}
export interface DemoStory {
  about: string;
  campaign_id: string | null;
  lines: StoryLine[];
}
export interface Door {
  name: string;
  link: string;
  story: DemoStory | null;
}
