/** What explain answers: positions, zones, what was believed of them when, and what became of messages. */
import type { Message, GeoJson } from './types';

export interface Fix {
  at: string;
  lon: number;
  lat: number;
  accuracy_m: number | null;
  level: number | null;
  late: boolean;
  source: string | null;
  trust: number;
  /** The floor that was reckoned with, and how sure it was. */
  floor: { level: number; p: number } | null;
  zones: Near[];
}
/** A zone near a position; `phase` from then on. */
export interface Near {
  zone_id: string;
  s_m: number;
  share: number;
  level_p: number;
  confidence: number;
  phase: string;
}
/** From `at` on the engine held something else of a zone. */
export interface Change {
  at: string;
  zone_id: string;
  phase: string;
  reason: string;
  text: string;
}
/** One check of a message; `passed` null: not asked any more. */
export interface Check {
  check: string;
  passed: boolean | null;
  text: string;
}
export interface ZoneVerdict {
  zone_id: string;
  name: string;
  zone_version: number;
  store_id: string | null;
  kind: string;
  levels: number[];
  s_m: number;
  accuracy_m: number;
  share: number;
  level_p: number;
  trust: number;
  reported_level: number | null;
  confidence: number;
  needed: number;
  at: string;
  rule: string | null;
  rules: {
    min_confidence: number;
    enter_s: number;
    exit_tolerance_m: number;
    exit_s: number;
    timeout_s: number;
    dwell_s: number[];
  };
  shapes: { version: number; from: string; to: string | null; levels: number[]; geometry: GeoJson }[];
  verdict: string;
  text: string;
}
export interface ExplainEvent {
  id: string;
  at: string;
  kind: string;
  zone_id: string;
  zone_name: string;
  zone_version: number | null;
  confidence: number | null;
  evidence: string | null;
  reason: string;
  text: string;
  dwell_s: number | null;
  by_silence: boolean;
  late: boolean;
  recorded_at: string;
  /** Of a visit that was put right: as it holds now, and as it was told before. */
  visit: VisitSpan | null;
  before: VisitSpan | null;
}
export interface VisitSpan {
  entered_at: string;
  exited_at: string | null;
  exit_reason: string | null;
  last_dwell_s: number | null;
}
export interface ExplainMessage extends Message {
  text: string;
  checks: Check[];
  campaign_changed: boolean;
  channel: string | null;
  attempts: number;
  expires_at: string;
  sent_at: string | null;
  received_at: string | null;
  opened_at: string | null;
}
export interface Explanation {
  device: {
    device_id: string;
    platform: string;
    is_test: boolean;
    first_name: string | null;
    consents: Record<string, string>;
  };
  from: string;
  to: string;
  summary: string;
  fixes: Fix[];
  rejections: { at: string; reason: string; text: string }[];
  zones: ZoneVerdict[];
  changes: Change[];
  events: ExplainEvent[];
  messages: ExplainMessage[];
  campaigns: {
    campaign_id: string;
    campaign_name: string;
    zone_id: string;
    zone_name: string;
    verdict: string;
    text: string;
    checks: Check[];
  }[];
}
