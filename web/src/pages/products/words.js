/** What a product costs and where it is to be had, in words. Pure. */
import { money, number } from '../../ui/format.js';

/** @import {Product, Variant} from '../../types' */

/** `CHF 12.50`, `CHF 10.00 – CHF 15.00`, or that there is none. @param {Variant[]} variants */
export function priceText(variants) {
  /** @type {Map<string, number[]>} */
  const prices = new Map();
  for (const { price_minor: price, currency } of variants)
    if (price !== null && currency) prices.set(currency, [...(prices.get(currency) ?? []), price]);
  if (prices.size === 0) return 'no price';
  return [...prices]
    .map(([currency, all]) => {
      const [low, high] = [Math.min(...all), Math.max(...all)];
      return low === high ? money(low, currency) : `${money(low, currency)} – ${money(high, currency)}`;
    })
    .join(' or ');
}

/** `Left 3, Right none`, over all variants. @param {Pick<Product, 'variants'>} product @param {Map<string, string>} stores */
export function stockText({ variants }, stores) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { stock } of variants)
    for (const { store_id: store, quantity } of stock) counts.set(store, (counts.get(store) ?? 0) + quantity);
  if (counts.size === 0) return 'Never counted.';
  return [...counts]
    .map(([store, count]) => `${stores.get(store) ?? 'a store that is gone'} ${count > 0 ? number(count) : 'none'}`)
    .sort()
    .join(', ');
}
