export interface Item {
  variant_id: string;
  product_id: string;
  sku: string | null;
  barcode: string | null;
  name: string;
  price_minor: number;
  currency: string;
}

export interface Line {
  item: Item;
  quantity: number;
}

export interface Sale {
  store_id: string;
  sale_id: string;
  sold_at: string;
  currency: string;
  member?: { member_code: string };
  return_of?: string;
  discount_minor?: number;
  coupons?: string[];
  lines: {
    product_id: string;
    variant_id: string;
    sku: string | null;
    name: string;
    quantity: number;
    unit_price_minor: number;
  }[];
}

/** A sale that the server will never take as it is; somebody has to look at it. */
export interface Refused {
  sale: Sale;
  detail: string;
}

export interface Store {
  id: string;
  name: string;
}

export interface Member {
  display_name: string | null;
  consents_to_ask: { channel: string; purpose: string }[];
}

/** `later`: no network, or the server has no time; `ended`: log in again; `refused`: never as it is. */
export type Answer =
  | { is: 'done'; data: any }
  | { is: 'later' }
  | { is: 'ended' }
  | { is: 'refused'; status: number; detail: string; reason: string | null };
