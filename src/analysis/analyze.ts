/** The analysis of one model file, as the worker runs it. */
import { t } from '@vscode/l10n';
import type { Companions } from '../compute/companions';
import { chooseEngine } from '../compute/devices';
import { Engine } from '../compute/engine';
import { ProviderError } from '../compute/runtime';
import { BaseWeights } from '../model/adapter-base';
import { globMatches } from '../model/glob';
import type { Adapter, Layer, Model, ModelFile, Operator } from '../model/model';
import { openModel } from '../model/open';
import type {
  DeviceReport,
  LayerDescription,
  LayerReport,
  Report,
  Settings,
  SkippedReport,
  SpectrumReport,
} from '../report/report';
import { invalidSetting } from '../report/settings';
import { adapterReport, type PlacedUpdate, placeUpdate } from './adapter';
import { type Costs, costsOf, estimateCost } from './cost';
import { collectGarbageAfter } from './garbage';
import { encloseOperator, hasProbable, type OperatorEnclosure } from './operator';
import { describeLayer, failedRow, operatorKey, rowOf } from './row';
import { secondsOfSpectrum, spectrumOf } from './spectrum';

export interface AnalysisRequest {
  readonly path: string;
  /** The model whose weights the layers are updates of, as `path`; absent or null: none. */
  readonly base?: string | null;
  readonly settings: Settings;
  /** Glob on layer names (`globMatches`); null: every layer. */
  readonly layers: string | null;
  readonly perGroup: boolean;
  /** Also the singular values of every layer. */
  readonly spectra?: boolean;
  /** Indices into `Plan.layers` that are still to be computed; null: all of them. */
  readonly only: readonly number[] | null;
}

export interface PlannedLayer extends LayerDescription {
  /** Estimated seconds on this machine. */
  readonly cost: number;
}

export interface Plan {
  readonly model: Report['model'];
  readonly base?: Report['model'];
  /** What the rows depend on, as it was when it was opened. */
  readonly files: readonly ModelFile[];
  readonly device: DeviceReport;
  readonly layers: readonly PlannedLayer[];
  readonly skipped: readonly SkippedReport[];
}

export interface AnalysisEvents {
  /** Once, before any other event. */
  onPlan(plan: Plan): void;
  /** Layer `index` of the plan is about to be computed. */
  onStart(index: number): void;
  /** A row that is good already, and will be followed by a better one: a large matrix, probable before it is certified. */
  onPreliminary(index: number, row: LayerReport): void;
  /** Its row; a failure of one layer is a row with `error`, never a rejection. */
  onRow(index: number, row: LayerReport): void;
}

/** Seconds, as estimated, from which a layer has a preliminary row. */
const WORTH_WAITING = 0.5;

/**
 * Opens the model, chooses the device, and computes the layers in the order of the file, one at a time.
 * Rejects with a `ModelError` where the file cannot be analysed at all.
 */
export async function analyze(
  request: AnalysisRequest,
  events: AnalysisEvents,
  companions: Companions | null = null,
): Promise<void> {
  const { settings } = request;
  requireValid(settings);
  const options = { inputSize: settings.inputSize };
  const model = await openModel(request.path, options);
  let base: Model | null = null;
  try {
    if (request.base) base = await openModel(request.base, options);
    const weights = base && new BaseWeights(base.layers);
    const { engine, description, fallback } = await chooseEngine(settings.device, companions);
    const layers = model.layers
      .filter(({ name }) => globMatches(request.layers ?? '*', name))
      .map((layer) => placed(layer, weights));
    const operators = layers.flatMap(({ layer, weight }) => [
      layer.operator,
      ...(weight === null ? [] : [weight.operator]),
    ]);
    const { costOf, areShared } = await costsOf(engine, operators, settings);
    if (areShared) engine.companions?.prepare();
    events.onPlan({
      model: describeModel(model),
      ...(base && { base: describeModel(base) }),
      files: [...model.files, ...(base?.files ?? [])],
      device: { provider: engine.provider, description, fallback },
      layers: layers.map((update) => ({
        ...describeLayer(update.layer, settings),
        cost: costOfUpdate(update, costOf) + (request.spectra ? secondsOfSpectrum(update.layer.operator) : 0),
      })),
      skipped: model.skipped,
    });
    const analysis = new Analysis(engine, settings, request.perGroup);
    for (const index of request.only ?? layers.keys()) {
      events.onStart(index);
      // The event must have left the process before native code blocks it, or crashes it.
      await new Promise(setImmediate);
      const preliminary = await analysis.preliminaryRow(layers[index]);
      if (preliminary !== null) events.onPreliminary(index, preliminary);
      const { layer, weight } = layers[index];
      const row = await analysis.row(layers[index]);
      events.onRow(index, request.spectra ? await analysis.withSpectrum(row, layer.operator) : row);
      // A weight of the base and its sum with the update are far larger than the update's factors.
      collectGarbageAfter(weight === null ? layer.parameters : Infinity, row.seconds);
    }
  } finally {
    await model.close();
    await base?.close();
  }
}

/** @throws RangeError */
export function requireValid(settings: Settings): void {
  const invalid = invalidSetting(settings);
  if (invalid !== null)
    throw new RangeError(t`the setting ${invalid} is ${JSON.stringify(settings[invalid])}`);
}

function describeModel({ path, format, bytes }: Model): Report['model'] {
  return { path, format, bytes };
}

/** The layer, and where it is an update the weight that it belongs to. */
export function placed(layer: Layer, base: BaseWeights | null): PlacedUpdate {
  return layer.adapter === undefined ? { layer, weight: null } : placeUpdate(layer, layer.adapter, base);
}

/** With the weight of the base, and base plus update. */
function costOfUpdate({ layer, weight }: PlacedUpdate, costOf: Costs['costOf']): number {
  const own = costOf(layer.operator);
  return weight === null ? own : own + 2 * costOf(weight.operator);
}

/** What is computed for a row. */
export interface Computation {
  /** Equal keys have one enclosure. */
  readonly key: string;
  readonly enclose: (engine: Engine, settings: Settings) => Promise<OperatorEnclosure>;
}

/** The computation of rows one after the other: shared weights once, on the CPU after the device has failed. */
export class Analysis {
  /** Enclosures, or errors, by operator. */
  private readonly known = new Map<string, Promise<OperatorEnclosure>>();
  /** Singular values, or errors, by operator. */
  private readonly spectra = new Map<string, Promise<SpectrumReport>>();
  private deviceNote: string | null = null;

  constructor(
    private engine: Engine,
    private readonly settings: Settings,
    private readonly perGroup: boolean,
  ) {}

  /** The probable row of a layer whose certified one takes its time; null where there is none. */
  async preliminaryRow({ layer, weight }: PlacedUpdate): Promise<LayerReport | null> {
    const { operator, adapter } = layer;
    if (this.settings.method !== 'auto' || adapter !== undefined || !hasProbable(operator)) return null;
    if (estimateCost(operator) < WORTH_WAITING || this.known.has(operatorKey(operator))) return null;
    const quick: Settings = { ...this.settings, method: 'quick' };
    return new Analysis(this.engine, quick, this.perGroup).row({ layer, weight });
  }

  /** The row of a layer alone, as it is or with another computation in place of its operator's. */
  async rowOf(layer: Layer, computation: Computation = computationOf(layer.operator)): Promise<LayerReport> {
    return this.timed(layer, async (seconds) => {
      const found = await this.enclose(computation);
      return rowOf(layer, this.settings, found, this.perGroup, seconds(), this.deviceNotes());
    });
  }

  /** The row of a layer, and of what it updates. */
  async row(update: PlacedUpdate): Promise<LayerReport> {
    const { layer } = update;
    const { adapter } = layer;
    if (adapter === undefined) return this.rowOf(layer);
    return this.timed(layer, async (seconds) => {
      const found = await this.enclose(computationOf(layer.operator));
      const extra = await this.reportOf(update, adapter, found);
      const notes = [...extra.notes, ...this.deviceNotes()];
      const row = rowOf(layer, this.settings, found, this.perGroup, seconds(), notes);
      return row.error === null ? { ...row, adapter: extra.report } : row;
    });
  }

  /** The row with the singular values, or with a note why there are none. */
  async withSpectrum(row: LayerReport, operator: Operator): Promise<LayerReport> {
    if (row.error !== null) return row;
    const key = operatorKey(operator);
    let spectrum = this.spectra.get(key);
    if (!spectrum) this.spectra.set(key, (spectrum = spectrumOf(operator, this.settings)));
    try {
      return { ...row, spectrum: await spectrum };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { ...row, spectrum: null, notes: [...row.notes, t`no singular values: ${reason}`] };
    }
  }

  private deviceNotes(): string[] {
    return this.deviceNote === null ? [] : [this.deviceNote];
  }

  /** An error in the computation is that of the row. */
  private async timed(
    layer: Layer,
    make: (seconds: () => number) => Promise<LayerReport>,
  ): Promise<LayerReport> {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    try {
      return await make(seconds);
    } catch (error) {
      return failedRow(
        layer,
        this.settings,
        error instanceof Error ? error.message : String(error),
        seconds(),
      );
    }
  }

  private reportOf(update: PlacedUpdate, adapter: Adapter, found: OperatorEnclosure) {
    const { settings } = this;
    return this.onDevice((engine) =>
      adapterReport(engine, update, adapter, found, settings, (operator) =>
        this.enclose(computationOf(operator)),
      ),
    );
  }

  /** What is shared is enclosed once. */
  private enclose({ key, enclose }: Computation): Promise<OperatorEnclosure> {
    let enclosure = this.known.get(key);
    if (!enclosure) {
      enclosure = this.onDevice((engine) => enclose(engine, this.settings));
      this.known.set(key, enclosure);
    }
    return enclosure;
  }

  /** A device that fails midway is given up: this and all that follows are computed on the CPU. */
  private async onDevice<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
    try {
      return await work(this.engine);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.provider === 'cpu') throw error;
      this.deviceNote = t`computed on the CPU: ${error.provider} failed: ${error.message}`;
      this.engine = new Engine('cpu', undefined, this.engine.companions);
      return work(this.engine);
    }
  }
}

function computationOf(operator: Operator): Computation {
  return {
    key: operatorKey(operator),
    enclose: (engine, settings) => encloseOperator(engine, operator, settings),
  };
}
