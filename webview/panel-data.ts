/** What the extension has told the page so far. */
import type {
  Indexed,
  LayerSpectrum,
  PanelHead,
  PanelNetwork,
  PanelStart,
  RunHead,
  ToPanel,
} from '../src/editor/protocol/protocol';
import type { LayerReport, NodeReport, SkippedReport } from '../src/report/report';
import { Locale } from './locale';

export interface PanelData<Head = PanelHead, Row = LayerReport> {
  readonly head: Head;
  readonly locale: Locale;
  /** In the order of their ends. */
  readonly rows: readonly Indexed<Row>[];
  /** Of all layers together; null where there is none, or not yet. */
  readonly network: PanelNetwork | null;
  /** Of the network, in file order; not all of them at first. */
  readonly nodes: readonly NodeReport[];
  /** Singular values, by the names of the layers. */
  readonly spectra: ReadonlyMap<string, LayerSpectrum['state']>;
  /** In the order of the file; the head knows how many there will be. */
  readonly skipped: readonly SkippedReport[];
  /** The layer that the user asked to see elsewhere, most recently. */
  readonly wish: Reveal | null;
}

type Reveal = ToPanel & { readonly type: 'reveal' };

export function begin<Head = PanelHead, Row = LayerReport>({
  head,
  strings,
  locale,
  bundle,
}: PanelStart<Head>): PanelData<Head, Row> {
  return {
    head,
    locale: new Locale(strings, locale, bundle),
    rows: [],
    network: null,
    nodes: [],
    spectra: new Map(),
    skipped: [],
    wish: null,
  };
}

/** Rows of another run than the head's are dropped, and so is what is no message. */
export function take<Head extends RunHead = PanelHead, Row = LayerReport>(
  data: PanelData<Head, Row>,
  messages: readonly unknown[],
): PanelData<Head, Row> {
  // One copy of each list for all messages of this turn.
  let rows: Indexed<Row>[] | null = null;
  let skipped: SkippedReport[] | null = null;
  let next = data;
  for (const message of messages) {
    if (!isMessage<Head, Row>(message)) continue;
    if (message.type === 'snapshot') {
      next = {
        ...next,
        head: message.head,
        rows: [],
        network: message.network,
        nodes: [],
        spectra: new Map(),
        skipped: [],
        wish: null,
      };
      rows = skipped = null;
    } else if (message.type === 'head') {
      next = { ...next, head: { ...next.head, ...message.head } };
      // They were of a plan that is gone.
      if (hasNoneSkipped(next.head) && next.skipped.length > 0) next = { ...next, skipped: (skipped = []) };
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
      rows ??= [...next.rows];
      for (const row of message.rows) {
        // A preliminary row is followed by the one that it stands for; all rows of a series come again, in their order.
        const place = rows.at(-1)?.index === row.index ? rows.length - 1 : row.index;
        if (rows.at(place)?.index === row.index) rows[place] = row;
        else rows.push(row);
      }
      next = { ...next, rows };
    } else if (message.type === 'skipped' && message.run === next.head.run) {
      skipped ??= [...next.skipped];
      skipped.push(...message.skipped);
      next = { ...next, skipped };
    }
  }
  return next;
}

/** There is something to count and to compare: before, zeros would say what nobody knows yet. */
export function hasFigures({
  head,
  rows,
}: {
  readonly head: Pick<RunHead, 'state'>;
  readonly rows: readonly unknown[];
}): boolean {
  return rows.length > 0 || head.state.kind === 'finished';
}

function hasNoneSkipped(head: object): boolean {
  return 'skippedCount' in head && head.skippedCount === 0;
}

function isMessage<Head, Row>(message: unknown): message is ToPanel<Head, Row> {
  return typeof message === 'object' && message !== null && 'type' in message;
}
