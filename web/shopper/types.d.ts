/** Shapes that the page and its service worker share; the API's own are in its OpenAPI. */

export type Kind = 'location' | 'marketing_push' | 'personalisation';
export type Decision = 'granted' | 'denied' | 'unknown';
export type Consents = Record<Kind, Decision>;

/** GET /shopper/app.json */
export interface AppInfo {
  app_id: string;
  name: string;
  brand_color: string;
  language: string;
  key: string;
  vapid_public_key: string | null;
  text_version: string;
  data_controller: string;
}

export interface Device {
  device_id: string;
  device_token: string;
}

export interface Ping {
  at: string;
  lon: number;
  lat: number;
  accuracy_m: number;
  speed_mps?: number;
  source: string;
}

export type ReceiptKind = 'received' | 'opened' | 'dismissed';
export interface Receipt {
  message_id: string;
  kind: ReceiptKind;
  at: string;
}

export interface InboxItem {
  id: string;
  title: string;
  body: string;
  store_name: string | null;
  brand_color: string | null;
  created_at: string;
  expires_at: string;
  opened_at: string | null;
  link?: string | null;
}

/** What became of a request: done, refused for good, to be tried later, or the device is known no more. */
export type Answer =
  | { is: 'done'; data: any }
  | { is: 'refused'; status: number; detail: string }
  | { is: 'later'; after_s: number }
  | { is: 'ended' };

export type Permission = 'granted' | 'denied' | 'prompt' | 'insecure' | 'unsupported';

/** What a line of state says, in which tone, and the one thing to do about it. */
export interface Told {
  tone: 'on' | 'off' | 'warn';
  head: string;
  text?: string;
  action?: { label: string; run: () => unknown };
}
