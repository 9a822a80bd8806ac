/**
 * What the panel's page and the extension say to each other. The page is drawn at once with what stands in its
 * document (`PanelStart`), asks (`ready`) and gets the whole state; from then on it is told of changes. A page that was
 * hidden is gone, and asks again. No import of `vscode`: the page is compiled with this file.
 */
import type {
  DeviceChoice,
  DeviceReport,
  LayerReport,
  NetworkReport,
  NodeReport,
  Report,
  Settings,
  SkippedReport,
  SpectrumReport,
} from '../../report/report';
import type { PanelStrings } from './strings';
import type { Bundle } from './translation';

export type PanelState =
  /** The page has heard nothing yet. No session is ever in this state. */
  | { readonly kind: 'loading' }
  /** Nothing has been analysed with these settings. */
  | { readonly kind: 'empty' }
  /** Another analysis runs first. */
  | { readonly kind: 'queued' }
  /** The file is being opened, the device chosen. */
  | { readonly kind: 'opening' }
  /** Estimated to take longer than `confirmAboveSeconds`: nothing runs until `confirm`. */
  | { readonly kind: 'confirm'; readonly seconds: number }
  | { readonly kind: 'running'; readonly progress: Progress }
  /** All rows are there: the bound of the network is put together of them. */
  | { readonly kind: 'bounding' }
  /** The model is run, in search of slopes of the network. Its rows stay. */
  | { readonly kind: 'searching' }
  | EndedState
  /** One sentence that names the file; `shown`: how the earlier run ended whose rows are shown, null where none are. */
  | { readonly kind: 'failed'; readonly sentence: string; readonly shown: EndedState | null };

/** There is a result. */
export type EndedState =
  | { readonly kind: 'finished' }
  | { readonly kind: 'cancelled'; readonly finished: number; readonly of: number };

/** Something goes on that `cancel` ends. */
export function isBusy({ kind }: PanelState): boolean {
  return (
    kind === 'queued' ||
    kind === 'opening' ||
    kind === 'running' ||
    kind === 'bounding' ||
    kind === 'searching'
  );
}

export interface Progress {
  readonly finished: number;
  readonly of: number;
  /** The running layer; '' before the first. */
  readonly layer: string;
  readonly remainingSeconds: number;
}

/** What panels of every kind show of a run. */
export interface RunHead {
  /** Another number for every analysis: rows of another run than the head's do not belong to it. */
  readonly run: number;
  readonly state: PanelState;
  readonly device: DeviceReport | null;
  /** Of the run that is shown; before there is one, those that it would have. */
  readonly settings: Settings;
  /** Wall time of the run, once it has ended. */
  readonly seconds: number | null;
  /** When the run ended, milliseconds since 1970. */
  readonly analysedAt: number | null;
  /** A file has changed since. */
  readonly stale: boolean;
  /** False: the CPU only. */
  readonly trusted: boolean;
}

export interface PanelFile {
  readonly name: string;
  readonly path: string;
}

/** All that the panel of a model shows besides the rows. */
export interface PanelHead extends RunHead {
  readonly file: PanelFile;
  /** Null until the file is open. */
  readonly model: Report['model'] | null;
  /** The model whose weights the layers are updates of, in the same run; null: none is given. */
  readonly base: PanelFile | null;
  readonly skippedCount: number;
  /** Largest upper bounds that are accepted: of a layer, and of the product of all; null: any. */
  readonly budgets: { readonly layer: number | null; readonly network: number | null };
}

/** JSON in the page's document, in the element with the id `START_ID`. */
export interface PanelStart<Head = PanelHead> {
  /** In the state `loading`: the document is older than what the extension knows. */
  readonly head: Head;
  readonly strings: PanelStrings;
  /** BCP 47, for numbers and dates. */
  readonly locale: string;
  /** For the sentences of reports; undefined: the language is English. */
  readonly bundle?: Bundle | undefined;
}

export const START_ID = 'start';

export interface Indexed<Row> {
  /** Place of the layer in the file's order. */
  readonly index: number;
  readonly row: Row;
}

export type IndexedRow = Indexed<LayerReport>;

/** A network without its nodes, of which there are too many for one message. */
export type PanelNetwork = Omit<NetworkReport, 'coverage'> & { readonly nodes: number };

/** The singular values of a layer, as far as they are there. */
export interface LayerSpectrum {
  readonly layer: string;
  readonly state:
    /** Share that is done, from 0 to 1; null: not known, or another analysis runs first. */
    | { readonly kind: 'running'; readonly share: number | null }
    | { readonly kind: 'known'; readonly spectrum: SpectrumReport }
    | { readonly kind: 'failed'; readonly sentence: string }
    | { readonly kind: 'cancelled' };
}

export type ToPanel<Head = PanelHead, Row = LayerReport> =
  /** All rows that the page has are void; those of this run follow in `rows`, and in `skipped` what has none. */
  | { readonly type: 'snapshot'; readonly head: Head; readonly network: PanelNetwork | null }
  /** Without what is as it was: lists may be very long. */
  | { readonly type: 'head'; readonly head: Partial<Head> }
  /** In order of their ends, no more than `ROWS_PER_MESSAGE`; one takes the place of another with its index. */
  | { readonly type: 'rows'; readonly run: number; readonly rows: readonly Indexed<Row>[] }
  /** Of all layers together, in place of what the page has of it. Its nodes follow once for each run. */
  | { readonly type: 'network'; readonly run: number; readonly network: PanelNetwork | null }
  /** Nodes of the network in file order, no more than `ROWS_PER_MESSAGE`. */
  | { readonly type: 'nodes'; readonly run: number; readonly nodes: readonly NodeReport[] }
  | { readonly type: 'spectrum'; readonly run: number; readonly spectrum: LayerSpectrum }
  /** In the order of the file, behind those before it, no more than `SKIPPED_PER_MESSAGE`. */
  | { readonly type: 'skipped'; readonly run: number; readonly skipped: readonly SkippedReport[] }
  /** Select the row of this layer, scroll to it and open its detail; `weight`: show where its weight's name is. */
  | { readonly type: 'reveal'; readonly layer: string; readonly weight: boolean };

export const ROWS_PER_MESSAGE = 200;
export const SKIPPED_PER_MESSAGE = 500;

export type FromPanel =
  | { readonly type: 'ready' }
  /** Run (again), with these in place of the settings of the run that is shown. */
  | {
      readonly type: 'run';
      readonly device: DeviceChoice;
      /** Null: the default of each kind of layer. */
      readonly tolerance: number | null;
    }
  /** Go on in spite of the estimate. */
  | { readonly type: 'confirm' }
  | { readonly type: 'cancel' }
  /** Run the model, in search of slopes of the network. */
  | { readonly type: 'findSlopes' }
  /** Compute the singular values of this layer. */
  | { readonly type: 'spectrum'; readonly layer: string }
  | { readonly type: 'cancelSpectrum'; readonly layer: string }
  /** Compare the other way round. */
  | { readonly type: 'swap' }
  | { readonly type: 'export' }
  | { readonly type: 'exportPlot'; readonly name: string; readonly svg: string }
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'showLog' }
  /** Something failed in the page: for the log. */
  | { readonly type: 'error'; readonly message: string };

/** What the page keeps over reloads (`setState`): where the user is, never results. */
export interface PersistedPanel {
  readonly version: 1;
  /** Path of the model on disk. */
  readonly path: string;
  /** The page's own: sorting, filter, selection, scroll position, open tab. */
  readonly view: unknown;
}
