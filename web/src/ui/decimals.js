/** Decimals of currencies by ISO 4217, as the API's amounts have them (`commerce/rules/money.py`). */

// Browsers go by what people write, not by what accounts have: they would take 100 Serbian dinars' paras for dinars.
/** @type {Record<string, string>} */
const NOT_TWO = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};
const DECIMALS = new Map(
  Object.entries(NOT_TWO).flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, Number(digits)])),
);

/** How many decimals a currency has; 2 for what is none (yet). @param {string | null | undefined} currency */
export const digitsOf = (currency) => DECIMALS.get(currency ?? '') ?? 2;
