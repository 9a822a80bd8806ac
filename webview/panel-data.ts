/** What the extension has told the page so far. */
import type { IndexedRow, PanelHead, ToPanel } from '../src/editor/protocol/protocol';
import { Locale } from './locale';

export interface PanelData {
  readonly head: PanelHead;
  readonly locale: Locale;
  /** In the order of their ends. */
  readonly rows: readonly IndexedRow[];
  /** The layer that the user asked to see elsewhere, most recently. */
  readonly wish: Reveal | null;
}

type Reveal = ToPanel & { readonly type: 'reveal' };

/** Null until the first snapshot. Rows of another run than the head's are dropped, and so is what is no message. */
export function take(data: PanelData | null, messages: readonly unknown[]): PanelData | null {
  let rows: IndexedRow[] | null = null;
  let next = data;
  for (const message of messages) {
    if (!isMessage(message)) continue;
    if (message.type === 'snapshot') {
      next = {
        head: message.head,
        locale: new Locale(message.strings, message.locale),
        rows: [],
        wish: null,
      };
      rows = null;
    } else if (next !== null && message.type === 'head') {
      next = { ...next, head: message.head };
    } else if (next !== null && message.type === 'reveal') {
      next = { ...next, wish: message };
    } else if (next !== null && message.type === 'rows' && message.run === next.head.run) {
      // One copy for all messages of this turn.
      rows ??= [...next.rows];
      rows.push(...message.rows);
      next = { ...next, rows };
    }
  }
  return next;
}

function isMessage(message: unknown): message is ToPanel {
  return typeof message === 'object' && message !== null && 'type' in message;
}
