/** Campaigns as the API has them: what starts one, its steps, who gets it. */
import type { PushOptions } from './types';

export interface EventTest {
  property: string;
  op: string;
  value?: unknown;
}
export interface EventOf {
  name: string;
  where: EventTest[];
}
export interface Trigger {
  kind: string;
  zone_ids: string[];
  store_ids: string[];
  dwell_s?: number | null;
  segment_id?: string | null;
  on?: 'entered' | 'exited';
  present?: boolean;
  event?: EventOf | null;
  schedule?: {
    at: string | null;
    on: string | null;
    days: string[];
    clock: string;
    day_part?: string | null;
    before_minutes?: number;
  } | null;
  date?: { trait: string; days: number; yearly: boolean; at: string; clock: string } | null;
  cart?: { after_minutes: number } | null;
  order?: { channels: string[] } | null;
}
export interface Audience {
  kind: string;
  segment_id?: string | null;
  name?: string;
  op?: string;
  value?: unknown;
}
/** What a branch asks: as an audience, or what somebody did since coming in. */
export interface Condition extends Audience {
  where?: EventTest[];
}
export interface Step {
  kind: string;
  id: string;
  seconds?: number;
  at?: string | null;
  day_part?: string | null;
  best_hour?: boolean;
  free_time?: boolean;
  on?: string | null;
  days?: string[];
  best_hour?: boolean;
  when?: Condition;
  then?: Step[];
  otherwise?: Step[];
  title?: string;
  body?: string;
  push?: PushOptions | null;
  offer_id?: string | null;
  content_id?: string | null;
  texts?: Record<string, { title: string; body: string }>;
}
export interface Campaign {
  id: string;
  name: string;
  tags: string[];
  store_id: string | null;
  status: string;
  archived_at: string | null;
  trigger: Trigger;
  steps: Step[];
  exits: { purchase: boolean | null; segment_id: string | null; event: EventOf | null };
  reentry: { kind: string; days: number };
  audience: Audience;
  days: string[];
  hours: { start: string; end: string } | null;
  quiet_hours: string;
  cap: { count: number; per_days: number } | null;
  cooldown_s: number | null;
  valid_from: string | null;
  valid_to: string | null;
  purpose: string;
  channels: string[];
  priority: number;
  never_repeat: boolean;
  win_back: boolean;
  strict: boolean;
  offer_id: string | null;
  offer_days: number;
  content_id: string | null;
  title: string;
  body: string;
  push?: PushOptions | null;
  fallback_name?: string | null;
  version: number;
  says: string[];
  estimate: { people: number | null; blocked_by: Record<string, number> } | null;
  warnings: string[];
  review: { submitted_at: string; decided_at: string | null; decided_by: string | null; reason: string | null } | null;
  created_at: string;
  updated_at: string;
}
/** POST /v1/campaigns/{id}/simulate. Null: it would point at one to nine people. */
export interface Simulation {
  since: string;
  until: string;
  is_whole: boolean;
  entered: number | null;
  people: number | null;
  not_entered: Record<string, number>;
  ended: Record<string, number>;
  steps: {
    id: string;
    title: string;
    messages: number | null;
    people: number | null;
    skipped: Record<string, number>;
  }[];
  days: { on: string; messages: number | null }[];
  notes: string[];
}
/** POST /v1/messages/preview. */
export interface MessagePreview {
  channel: string;
  locale: string | null;
  title: string;
  body: string;
  html: string | null;
  text: string | null;
  warnings: string[];
  blank: string | null;
  blocked_by: string[];
}

/** A part of the campaign's form. `targets`: where a complaint about a member of the API is shown. */
export type Target = [path: string, place: { setError: (text: string | null) => void }];
/** What the pickers offer. */
export interface World {
  zones: [string, string][];
  stores: [string, string][];
  segments: [string, string][];
  offers: [string, string][];
  items: [string, string][];
}
