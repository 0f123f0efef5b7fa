/** What people write back, as /v1/conversations tells it. */
export interface Conversation {
  id: string;
  store_id: string | null;
  channel: 'whatsapp' | 'sms' | 'viber' | 'email';
  name: string;
  profile_id: string | null;
  last_text: string;
  last_at: string;
  unread: number;
  assigned_to: string | null;
  window_ends_at: string | null;
  can_answer: boolean;
  why_not: 'window-closed' | 'stopped' | 'refused' | 'no-address' | 'no-sender' | null;
}
export interface ConversationText {
  id: string;
  at: string;
  direction: 'in' | 'out';
  text: string;
  status: string;
  by: string | null;
}
export interface Thread extends Conversation {
  messages: ConversationText[];
}
export interface CannedAnswer {
  id: string;
  title: string;
  text: string;
  store_id: string | null;
}
/** That a conversation was read, answered, given to somebody or put away, as the live stream tells it. */
export interface ConversationChange {
  position: number;
  conversation_id: string;
  store_id: string | null;
  by: string;
  at: string;
}
/** That somebody wrote, as the live stream tells it: without the words. */
export interface Reply {
  position: number;
  conversation_id: string;
  reply_id: string;
  store_id: string | null;
  channel: Conversation['channel'];
  at: string;
}
