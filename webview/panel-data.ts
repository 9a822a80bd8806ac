/** What the extension has told the page so far. */
import type {
  IndexedRow,
  LayerSpectrum,
  PanelHead,
  PanelNetwork,
  PanelStart,
  ToPanel,
} from '../src/editor/protocol/protocol';
import type { NodeReport } from '../src/report/report';
import { Locale } from './locale';

export interface PanelData {
  readonly head: PanelHead;
  readonly locale: Locale;
  /** In the order of their ends. */
  readonly rows: readonly IndexedRow[];
  /** Of all layers together; null where there is none, or not yet. */
  readonly network: PanelNetwork | null;
  /** Of the network, in file order; not all of them at first. */
  readonly nodes: readonly NodeReport[];
  /** Singular values, by the names of the layers. */
  readonly spectra: ReadonlyMap<string, LayerSpectrum['state']>;
  /** The layer that the user asked to see elsewhere, most recently. */
  readonly wish: Reveal | null;
}

type Reveal = ToPanel & { readonly type: 'reveal' };

export function begin({ head, strings, locale, bundle }: PanelStart): PanelData {
  return {
    head,
    locale: new Locale(strings, locale, bundle),
    rows: [],
    network: null,
    nodes: [],
    spectra: new Map(),
    wish: null,
  };
}

/** Rows of another run than the head's are dropped, and so is what is no message. */
export function take(data: PanelData, messages: readonly unknown[]): PanelData {
  let rows: IndexedRow[] | null = null;
  let next = data;
  for (const message of messages) {
    if (!isMessage(message)) continue;
    if (message.type === 'snapshot') {
      next = {
        ...next,
        head: message.head,
        rows: [],
        network: message.network,
        nodes: [],
        spectra: new Map(),
        wish: null,
      };
      rows = null;
    } else if (message.type === 'head') {
      const { skipped } = next.head;
      next = { ...next, head: { skipped, ...message.head } };
    } else if (message.type === 'reveal') {
      next = { ...next, wish: message };
    } else if (message.type === 'network' && message.run === next.head.run) {
      next = { ...next, network: message.network };
    } else if (message.type === 'nodes' && message.run === next.head.run) {
      next = { ...next, nodes: [...next.nodes, ...message.nodes] };
    } else if (message.type === 'spectrum' && message.run === next.head.run) {
      const { layer, state } = message.spectrum;
      next = { ...next, spectra: new Map(next.spectra).set(layer, state) };
    } else if (message.type === 'rows' && message.run === next.head.run) {
      // One copy for all messages of this turn.
      rows ??= [...next.rows];
      for (const row of message.rows) {
        // A preliminary row is followed by the one that it stands for.
        if (rows.at(-1)?.index === row.index) rows.pop();
        rows.push(row);
      }
      next = { ...next, rows };
    }
  }
  return next;
}

/** There is something to count and to compare: before, zeros would say what nobody knows yet. */
export function hasFigures({ head, rows }: Pick<PanelData, 'head' | 'rows'>): boolean {
  return rows.length > 0 || head.state.kind === 'finished';
}

function isMessage(message: unknown): message is ToPanel {
  return typeof message === 'object' && message !== null && 'type' in message;
}
