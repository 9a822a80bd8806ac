/** The analysis of one model file, as the worker runs it. */
import { t } from '@vscode/l10n';
import { chooseEngine } from '../compute/devices';
import { Engine } from '../compute/engine';
import { ProviderError } from '../compute/runtime';
import { globMatches } from '../model/glob';
import type { Layer, ModelFile, Operator } from '../model/model';
import { openModel } from '../model/open';
import type {
  DeviceReport,
  LayerDescription,
  LayerReport,
  Report,
  Settings,
  SkippedReport,
} from '../report/report';
import { invalidSetting } from '../report/settings';
import { estimateCost, measureSlowness } from './cost';
import { collectGarbageAfter } from './garbage';
import { encloseOperator, hasProbable, type OperatorEnclosure } from './operator';
import { describeLayer, failedRow, operatorKey, rowOf } from './row';

export interface AnalysisRequest {
  readonly path: string;
  readonly settings: Settings;
  /** Glob on layer names (`globMatches`); null: every layer. */
  readonly layers: string | null;
  readonly perGroup: boolean;
  /** Indices into `Plan.layers` that are still to be computed; null: all of them. */
  readonly only: readonly number[] | null;
}

export interface PlannedLayer extends LayerDescription {
  /** Estimated seconds on this machine, from the shape alone. */
  readonly cost: number;
}

export interface Plan {
  readonly model: Report['model'];
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
export async function analyze(request: AnalysisRequest, events: AnalysisEvents): Promise<void> {
  const { settings } = request;
  requireValid(settings);
  const model = await openModel(request.path, { inputSize: settings.inputSize });
  try {
    const { engine, description, fallback } = await chooseEngine(settings.device);
    const layers = model.layers.filter(({ name }) => globMatches(request.layers ?? '*', name));
    const slowness = await measureSlowness(engine);
    events.onPlan({
      model: { path: model.path, format: model.format, bytes: model.bytes },
      files: model.files,
      device: { provider: engine.provider, description, fallback },
      layers: layers.map((layer) => ({
        ...describeLayer(layer, settings),
        cost: estimateCost(layer.operator, slowness),
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
      events.onRow(index, await analysis.row(layers[index]));
      collectGarbageAfter(layers[index].parameters);
    }
  } finally {
    await model.close();
  }
}

/** @throws RangeError */
export function requireValid(settings: Settings): void {
  const invalid = invalidSetting(settings);
  if (invalid !== null)
    throw new RangeError(t`the setting ${invalid} is ${JSON.stringify(settings[invalid])}`);
}

/** What is computed for a row. */
export interface Computation {
  /** Equal keys have one enclosure. */
  readonly key: string;
  enclose(engine: Engine, settings: Settings): Promise<OperatorEnclosure>;
}

/** The computation of rows one after the other: shared weights once, on the CPU after the device has failed. */
export class Analysis {
  /** Enclosures, or errors, by operator. */
  private readonly known = new Map<string, Promise<OperatorEnclosure>>();
  private deviceNote: string | null = null;

  constructor(
    private engine: Engine,
    private readonly settings: Settings,
    private readonly perGroup: boolean,
  ) {}

  /** The probable row of a layer whose certified one takes its time; null where there is none. */
  async preliminaryRow(layer: Layer): Promise<LayerReport | null> {
    const { operator } = layer;
    if (this.settings.method !== 'auto' || !hasProbable(operator)) return null;
    if (estimateCost(operator) < WORTH_WAITING || this.known.has(operatorKey(operator))) return null;
    const quick: Settings = { ...this.settings, method: 'quick' };
    return new Analysis(this.engine, quick, this.perGroup).row(layer);
  }

  /** @param computation where it is not that of the layer's own operator */
  async row(layer: Layer, computation: Computation = computationOf(layer.operator)): Promise<LayerReport> {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    const { key } = computation;
    let enclosure = this.known.get(key);
    if (!enclosure) this.known.set(key, (enclosure = this.enclose(computation)));
    try {
      const found = await enclosure;
      const notes = this.deviceNote === null ? [] : [this.deviceNote];
      return rowOf(layer, this.settings, found, this.perGroup, seconds(), notes);
    } catch (error) {
      return failedRow(
        layer,
        this.settings,
        error instanceof Error ? error.message : String(error),
        seconds(),
      );
    }
  }

  /** A device that fails midway is given up: this layer and all that follow are computed on the CPU. */
  private async enclose(computation: Computation): Promise<OperatorEnclosure> {
    try {
      return await computation.enclose(this.engine, this.settings);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.provider === 'cpu') throw error;
      this.deviceNote = t`computed on the CPU: ${error.provider} failed: ${error.message}`;
      this.engine = new Engine('cpu');
      return computation.enclose(this.engine, this.settings);
    }
  }
}

function computationOf(operator: Operator): Computation {
  return {
    key: operatorKey(operator),
    enclose: (engine, settings) => encloseOperator(engine, operator, settings),
  };
}
