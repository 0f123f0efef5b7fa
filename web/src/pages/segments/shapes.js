/** The shapes of segments and lists as the API tells them. */

/** @import {Condition} from './tree.js' */
/** @typedef {{kind: 'campaign' | 'segment', id: string, name: string, status: string}} Use */
/**
 * @typedef {object} Summary an item of GET /v1/segments
 * @property {string} id
 * @property {string} name
 * @property {string} description
 * @property {string | null} store_id
 * @property {string} sentence
 * @property {'building' | 'ready' | 'failed'} status
 * @property {string | null} problem
 * @property {number | null} people
 * @property {string | null} hidden why there is no number
 * @property {number} version
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string | null} built_at
 * @property {string | null} archived_at
 */
/** @typedef {{pointer: string, kind: string, text: string, of: Reading[]}} Reading */
/** @typedef {Summary & {definition: Condition, reading: Reading, used_by: Use[]}} Segment */
/** @typedef {{profile_id: string, name: string | null, masked: boolean}} PersonShort */
/** @typedef {PersonShort & {since: string}} Member */
/**
 * @typedef {object} Preview
 * @property {number | null} people
 * @property {string | null} hidden
 * @property {number | null} everyone
 * @property {string} sentence
 * @property {Reading} reading
 * @property {PersonShort[]} sample
 */
/**
 * @typedef {object} Check one condition held against one person
 * @property {string} pointer
 * @property {string} kind
 * @property {string} text
 * @property {boolean} met
 * @property {string | null} found
 * @property {string | null} changes_at
 * @property {Check[]} of
 */
/**
 * @typedef {object} Why
 * @property {string} profile_id
 * @property {boolean} inside
 * @property {string | null} since
 * @property {string | null} left_at
 * @property {string} because
 * @property {Check} check
 */
/** @typedef {{id: string, name: string, people: number | null, hidden: string | null}} OverlapSet */
/**
 * @typedef {object} Overlap
 * @property {OverlapSet[]} segments
 * @property {{first: string, second: string, people: number | null, hidden: string | null}[]} pairs
 * @property {{segment_ids: string[], people: number | null, hidden: string | null}[]} parts
 * @property {number | null} people
 */
/** @typedef {{id: string, name: string}} Named */
/** @typedef {{value: string, label: string}} Choice */
/**
 * @typedef {object} Vocabulary
 * @property {string | null} currency
 * @property {{name: string, types: string[], values: any[]}[]} traits
 * @property {{name: string, type: string, properties: string[], numbers: string[]}[]} events
 * @property {string[]} categories
 * @property {string[]} brands
 * @property {Named[]} stores
 * @property {Named[]} malls
 * @property {(Named & {kind: string})[]} zones
 * @property {Choice[]} zone_kinds
 * @property {Named[]} campaigns
 * @property {Named[]} segments
 * @property {Named[]} lists
 * @property {Choice[]} channels
 * @property {Choice[]} purposes
 * @property {Choice[]} consent_states
 * @property {Choice[]} stages
 * @property {Choice[]} declines
 */
/**
 * @typedef {object} Parameter
 * @property {string} name
 * @property {string} label
 * @property {'number' | 'percent' | 'money' | 'choice' | 'store' | 'category'} type
 * @property {any} default null: nothing
 * @property {boolean} required
 * @property {number | null} least
 * @property {number | null} most
 * @property {Choice[]} choices
 */
/** @typedef {{name: string, title: string, about: string, group: string, parameters: Parameter[]}} Template */
/** @typedef {{name: string, description: string, definition: Condition, sentence: string}} Made */
/**
 * @typedef {object} PeopleList
 * @property {string} id
 * @property {string} name
 * @property {string} description
 * @property {string | null} store_id
 * @property {number | null} people
 * @property {string | null} hidden
 * @property {number} version
 * @property {string} created_at
 * @property {string} updated_at
 * @property {Use[]} used_by
 */
/**
 * @typedef {object} ListChange
 * @property {number} added
 * @property {number} already
 * @property {number} removed
 * @property {number} refused
 * @property {{row: number, value: string, detail: string}[]} errors
 */

export {};
