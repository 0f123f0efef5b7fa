/** Shapes of the HTTP API around phones: connecting one, apps and their keys, what phones hear. */
import type { Feature } from './types';

/** "Connect a phone". The links hold credentials. */
export interface PhoneLinks {
  device_id: string;
  expires_at: string;
  base_url: string;
  reach: 'public' | 'lan' | 'this_computer';
  links: { shopper: string | null; owntracks: string; overland: string; traccar: string };
  qr: { shopper: string | null; owntracks: string; overland: string; traccar: string };
}
/** What has happened to the phone; null is not yet. */
export interface PhoneSteps {
  device_id: string;
  connected: { at: string; client: string | null } | null;
  paired_at: string | null;
  consent: { location: 'granted' | 'denied' | 'unknown'; at: string } | null;
  position: { at: string; accuracy_m: number; level: number | null; nearest_mall_m: number | null } | null;
  zone: { name: string; entered_at: string } | null;
  last_message: { id: string; at: string; status: string; reason: string | null; title: string } | null;
  relocation: 'mall' | 'circle' | null;
}
export interface Lan {
  open: boolean;
  url: string | null;
  urls: string[];
  until: string | null;
  public_url: string | null;
}
export interface App {
  id: string;
  name: string;
  store_id: string | null;
  brand_color: string | null;
  shopper_page: boolean;
}
export interface Key {
  id: string;
  kind: 'pk' | 'sk' | 'wk';
  writes: 'server' | 'browser' | null;
  name: string;
  hint: string;
  app_id: string | null;
  is_test: boolean;
  revoked_at: string | null;
}

export type EvidenceKind = 'beacon' | 'access_point' | 'check_in';
export interface EvidenceProps {
  kind: EvidenceKind;
  name: string;
  mall_id: string | null;
  level: number | null;
  store_id: string | null;
  uuid: string | null;
  major: number | null;
  minor: number | null;
  rssi_at_1m: number | null;
  bssid: string | null;
  radius_m: number | null;
  code: string | null;
  reaches: { zone_id: string; name: string }[];
  version: number;
  updated_at: string;
}
export type EvidencePoint = Feature<EvidenceProps>;
/** What POST /v1/zones/evidence says of a zone: by which evidence it can be entered. */
export interface ZoneEvidence {
  gnss: { reaches: boolean; typical_accuracy_m: number; largest_share: number; needs: number; words: string };
  points: { id: string; name: string; kind: EvidenceKind; level: number | null; distance_m: number; share: number }[];
  verdict: 'gnss' | 'beacon' | 'wifi' | 'check_in' | 'none';
  words: string;
}
