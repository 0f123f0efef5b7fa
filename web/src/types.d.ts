/** Shapes of the HTTP API as the console uses them, and of the values its own modules hand to each other. */

export * from './types_campaigns';
export * from './types_explain';
export * from './types_footfall';
export * from './types_metrics';
export * from './types_overview';
export * from './types_people';
export * from './types_phones';
export * from './types_proof';

export type XY = [number, number];
export type LonLat = [number, number];

/** A geometry in any coordinate space; `radius` belongs to a Point that is a circle. */
export interface Polygon {
  type: 'Polygon';
  coordinates: XY[][];
}
export interface MultiPolygon {
  type: 'MultiPolygon';
  coordinates: XY[][][];
}
export interface Circle {
  type: 'Point';
  coordinates: XY;
  radius: number;
}
/** A zone's geometry in the mall's own metres. */
export type Shape = Polygon | MultiPolygon | Circle;

export interface GeoJson {
  type: string;
  coordinates: any;
}
export interface Feature<P> {
  type: 'Feature';
  id: string;
  geometry: GeoJson;
  properties: P;
}

export interface Operator {
  id: string;
  name: string;
  email: string;
  role: string;
}
export interface Tenant {
  id: string;
  name: string;
  slug: string;
  timezone: string;
  is_demo: boolean;
  sending_stopped: boolean;
}
export interface Me {
  operator: Operator;
  tenant: Tenant;
  /** Street tiles under the city view, where the server is set up for them. */
  map?: { tiles_url: string | null; tiles_attribution: string | null };
  /** Origins whose product pictures may be shown, where the server is set up for them. */
  pictures_from?: string[];
}

export interface Mall {
  id: string;
  name: string;
  timezone: string;
  address: string | null;
  origin: LonLat;
  bearing_deg: number;
}
export interface LevelProps {
  mall_id: string;
  ordinal: number;
  name: string;
  short_name: string;
  plan_version?: number | null;
}
export interface UnitProps {
  mall_id: string;
  level: number;
  category: string;
  name: string | null;
}
export interface StoreProps {
  name: string;
  owner_id: string | null;
  mall_id: string | null;
  level: number | null;
  point: LonLat | null;
  category: string | null;
  brand_color: string | null;
  address: string | null;
  timezone: string | null;
  external_id: string | null;
  version: number;
}
export type Level = Feature<LevelProps>;
export type Unit = Feature<UnitProps>;
export type Store = Feature<StoreProps>;

export interface Hours {
  days: string[];
  open: string;
  close: string;
}
export interface Schedule {
  valid_from?: string | null;
  valid_to?: string | null;
  hours?: Hours[] | null;
}
export interface ZoneRules {
  enter_s?: number | null;
  exit_s?: number | null;
  min_confidence?: number | null;
  dwell_s?: number[] | null;
  timeout_s?: number | null;
  exit_tolerance_m?: number | null;
  single_fix?: boolean | null;
  crossing?: boolean | null;
  dwell_silence_s?: number | null;
}
export interface ZoneProps {
  name: string;
  kind: string;
  mall_id: string | null;
  levels: number[];
  store_id: string | null;
  radius_m?: number | null;
  tags: string[];
  sensitivity: string;
  color: string | null;
  schedule: Schedule | null;
  rules: ZoneRules | null;
  external_id?: string | null;
  metadata?: Record<string, unknown>;
  version: number;
  published_version: number | null;
  status: 'draft' | 'published' | 'changed';
  area_m2: number | null;
  updated_at: string;
}
export type Zone = Feature<ZoneProps>;
/** One edit of a zone; `id` is the zone's. */
export type ZoneVersion = Feature<
  Omit<ZoneProps, 'published_version' | 'status' | 'area_m2' | 'updated_at' | 'external_id'> & {
    created_at: string;
    created_by: string | null;
    effective_from: string | null;
    effective_to: string | null;
  }
>;

/** A zone as the map draws it: its geometry already in the mall's metres. */
export interface DrawnZone {
  id: string;
  name: string;
  color: string;
  status: string;
  kind: string;
  outdoor: boolean;
  shape: Shape;
}
export interface DrawnStore {
  id: string;
  name: string;
  color: string;
  shape: Shape | null;
  at: XY | null;
}
export interface DrawnUnit {
  id: string;
  name: string;
  category: string;
  shape: Shape;
}
export interface Plan {
  outline: Shape | null;
  units: DrawnUnit[];
  stores: DrawnStore[];
}

export interface ZoneEvent {
  position?: number;
  id: string;
  at: string;
  kind: string;
  zone_id: string;
  zone_name: string;
  level: number | null;
  mall_id: string | null;
  confidence: number | null;
  reason: string | null;
  pseudonym: string | null;
}
export interface Message {
  id: string;
  at?: string;
  created_at?: string;
  status: string;
  reason: string | null;
  campaign_id: string | null;
  campaign_name: string | null;
  store_id: string | null;
  store_name: string | null;
  brand_color: string | null;
  zone_id: string | null;
  zone_name: string | null;
  zone_version?: number | null;
  title: string | null;
  body: string | null;
  pseudonym?: string | null;
  device_id?: string | null;
  has_device?: boolean;
  blockers?: string[] | null;
  sent_at?: string | null;
  opened_at?: string | null;
  received_at?: string | null;
  expires_at?: string | null;
  channel?: string | null;
  channels?: string[];
  passed_over?: { channel: string; reason: string; text: string }[];
  provider_answer?: string | null;
  reason_text?: string | null;
  dead?: { retryable: boolean; reason: string | null; text: string | null } | null;
}
export interface Alert {
  at: string;
  kind: string;
  text: string;
  campaign_id?: string | null;
  is_good?: boolean;
}

export interface CampaignReport {
  sent: number | null;
  received: number | null;
  opened: number | null;
  failed: number | null;
  skipped: Record<string, number>;
  people: number | null;
}

/** A doubt about a drawn zone. `geometry` is what to highlight, `place` where it is. */
export interface Finding {
  code: string;
  severity: 'error' | 'warning' | 'hint';
  text: string;
  advice: string;
  place: LonLat | null;
  geometry: GeoJson | null;
  numbers: Record<string, any>;
}
export interface LintResult {
  findings: Finding[];
  accuracy_m: number | null;
  accuracy_from: 'pings' | 'default';
  best_confidence: number | null;
}
/** What a drawn zone would have seen; null: fewer than ten people, so it is not told. */
export interface PreviewResult {
  from: string;
  to: string;
  visits: number | null;
  people: number | null;
  by_day: { on: string; visits: number | null }[];
  dwell: { median_s: number | null };
  messages: {
    would_send: number | null;
    by_campaign: { campaign_id: string; name: string; would_send: number | null }[];
  };
  overlaps: { zone_id: string | null; name: string | null; share: number }[];
  devices_looked_at: number | null;
  complete: boolean;
  note: string | null;
}
/** Where a made-up visitor stands; `zone_id` null is the draft. */
export interface GhostZone {
  zone_id: string | null;
  name: string;
  phase: 'outside' | 'pending' | 'inside' | 'leaving';
  confidence: number | null;
  needed: number;
  s_m: number | null;
  text: string;
}
export interface GhostResult {
  zones: GhostZone[];
  events: {
    at: string;
    kind: string;
    zone_id: string | null;
    name: string;
    reason: string | null;
    dwell_s: number | null;
  }[];
  campaigns: { campaign_id: string; name: string; zone_id: string | null; verdict: string; text: string }[];
  refused: { at: string; reason: string; text: string }[];
}

/** Everyone in a position frame, in columns: entry i of each is the same shopper. */
export interface Positions {
  count: number;
  /** lon and lat of each, degrees */
  lonLat: Float64Array;
  ids: BigUint64Array;
  /** metres */
  accuracy: Float32Array;
  /** 1 where a click may open the shopper */
  open: Uint8Array;
}

/** What every page is given. */
export interface Context {
  me: Me;
  hub: import('./hub.js').Hub;
  navigate: (url: string) => void;
  announce: (text: string) => void;
  toast: (text: string, options?: { href?: string; link?: string; tone?: string }) => void;
  refreshReviewCount: () => void;
  /** A page with unsaved work says here how to ask whether it may be left. */
  setGuard: (guard: (() => Promise<boolean>) | null) => void;
}
export type Page = (root: HTMLElement, context: Context, query: URLSearchParams) => void | (() => void);

/** What POST /v1/imports/… would do or did. */
export interface ImportItem {
  kind: string;
  external_id: string | null;
  name: string | null;
  level: number | null;
  outcome: 'added' | 'updated' | 'unchanged' | 'refused';
  file: string | null;
  pointer: string;
  problems: { severity: 'error' | 'warning'; pointer: string; detail: string; place: LonLat | null }[];
  geometry?: GeoJson | null;
}
export interface ImportCount {
  added: number;
  updated: number;
  unchanged: number;
  refused: number;
}
export interface ImportReport {
  mode: 'preview' | 'commit';
  format?: string;
  mall_id?: string | null;
  mall_name?: string | null;
  counts: Partial<Record<'mall' | 'level' | 'unit' | 'store' | 'zone' | 'feature', ImportCount>>;
  items: ImportItem[];
  warnings: { file: string | null; pointer: string; detail: string }[];
}

/** The picture of a level's plan and how it lies in the world. */
export interface PlanPicture {
  level_id: string;
  version: number;
  media_type: string;
  width_px: number;
  height_px: number;
  points: { pixel: XY; at: LonLat }[] | null;
  opacity: number;
  corners: LonLat[] | null;
  image_url: string;
}

/** A door, an amenity: something fixed in a mall that is neither room nor zone. */
export interface VenueFeatureProps {
  feature_type: string;
  level: number | null;
  name: string | null;
  properties: Record<string, any>;
}
export type VenueFeature = Feature<VenueFeatureProps>;

export interface Owner {
  id: string;
  name: string;
}

/** Of a campaign's push besides its words; null or missing is as usual. */
export interface PushOptions {
  image_url?: string | null;
  link?: string | null;
  android?: { channel_id?: string | null; priority?: string | null; sound?: string | null };
  apns?: { sound?: string | null; interruption_level?: string | null; thread_id?: string | null };
}
