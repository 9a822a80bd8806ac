/** The comparison of two model files, layer by layer, as the worker runs it. */
import { t } from '@vscode/l10n';
import type { Companions } from '../../compute/companions';
import { chooseEngine } from '../../compute/devices';
import { globMatches } from '../../model/glob';
import type { Layer, Model, ModelFile } from '../../model/model';
import { openModel } from '../../model/open';
import type {
  ComparisonReport,
  DifferenceReport,
  MatchedBy,
  PairReport,
  UnpairedReport,
} from '../../report/comparison/comparison';
import type { Interval, LayerDescription, LayerReport, Settings } from '../../report/report';
import { CERTAINTIES } from '../../report/wording';
import { Analysis, requireValid } from '../analyze';
import { costsOf } from '../cost';
import { collectGarbageAfter } from '../garbage';
import { describeLayer, operatorKey } from '../row';
import { type Difference, differenceOf, type Located, NoDifferenceError, signatureOf } from './difference';
import { matchLayers, type Side } from './match';
import { quotient, ratioOf } from './ratio';

export interface ComparisonRequest {
  /** Paths of the two models. */
  readonly a: string;
  readonly b: string;
  readonly settings: Settings;
  /** Glob on layer names (`globMatches`), in either model; null: every layer. */
  readonly layers: string | null;
  /** Indices into the pairs of the plan that are still to be computed; null: all of them. */
  readonly only: readonly number[] | null;
}

/** Two layers that belong together. */
export interface PlannedPair extends Pick<PairReport, 'matchedBy'> {
  readonly a: LayerDescription;
  readonly b: LayerDescription;
  /** Estimated seconds on this machine, from the shapes alone. */
  readonly cost: number;
}

export interface ComparisonPlan extends Pick<
  ComparisonReport,
  'a' | 'b' | 'device' | 'onlyInA' | 'onlyInB' | 'skippedInA' | 'skippedInB'
> {
  /** Of both models, as they were when they were opened. */
  readonly files: readonly ModelFile[];
  /** In the order of A. */
  readonly layers: readonly PlannedPair[];
}

export interface ComparisonEvents {
  /** Once, before any other event. */
  onPlan(plan: ComparisonPlan): void;
  /** Pair `index` of the plan is about to be computed. */
  onStart(index: number): void;
  /** What was found of it; a failure of one layer is a row with `error`, never a rejection. */
  onRow(index: number, row: PairReport): void;
}

interface Pair {
  readonly a: Located;
  readonly b: Located;
  readonly matchedBy: MatchedBy;
}

/**
 * Opens both models, matches their layers, and computes pair after pair: the rows that an analysis of each model has, and
 * that of the difference. Weights are read one layer at a time.
 * Rejects with a `ModelError` where a file cannot be analysed at all.
 */
export async function compare(
  request: ComparisonRequest,
  events: ComparisonEvents,
  companions: Companions | null = null,
): Promise<void> {
  const { settings } = request;
  requireValid(settings);
  const a = await openModel(request.a, { inputSize: settings.inputSize });
  try {
    const b = await openModel(request.b, { inputSize: settings.inputSize });
    try {
      await compareModels(a, b, request, events, companions);
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

async function compareModels(
  a: Model,
  b: Model,
  { settings, layers: glob, only }: ComparisonRequest,
  events: ComparisonEvents,
  companions: Companions | null,
): Promise<void> {
  const { engine, description, fallback } = await chooseEngine(settings.device, companions);
  const wanted = (...layers: readonly Layer[]) => layers.some(({ name }) => globMatches(glob ?? '*', name));
  const matches = matchLayers(sideOf(a), sideOf(b));
  const pairs = matches
    .map(({ a: i, b: j, by }): Pair => ({
      a: { layer: a.layers[i], format: a.format },
      b: { layer: b.layers[j], format: b.format },
      matchedBy: by,
    }))
    .filter((pair) => wanted(pair.a.layer, pair.b.layer));
  const { costOf } = await costsOf(
    engine,
    pairs.flatMap((pair) => [pair.a.layer.operator, pair.b.layer.operator]),
    settings,
  );
  const matchedInA = new Set(matches.map((match) => match.a));
  const matchedInB = new Set(matches.map((match) => match.b));
  const unmatched = (model: Model, matched: ReadonlySet<number>, other: Model, side: 'A' | 'B') =>
    model.layers
      .filter((layer, index) => !matched.has(index) && wanted(layer))
      .map((layer) => describeUnpaired(layer, other, side, settings));
  events.onPlan({
    a: { path: a.path, format: a.format, bytes: a.bytes },
    b: { path: b.path, format: b.format, bytes: b.bytes },
    device: { provider: engine.provider, description, fallback },
    files: [...a.files, ...b.files],
    layers: pairs.map((pair) => ({
      a: describeLayer(pair.a.layer, settings),
      b: describeLayer(pair.b.layer, settings),
      matchedBy: pair.matchedBy,
      // Both layers and their difference.
      cost: 2 * costOf(pair.a.layer.operator) + costOf(pair.b.layer.operator),
    })),
    onlyInA: unmatched(a, matchedInA, b, 'B'),
    onlyInB: unmatched(b, matchedInB, a, 'A'),
    skippedInA: a.skipped,
    skippedInB: b.skipped,
  });
  const analysis = new Analysis(engine, settings, false);
  for (const index of only ?? pairs.keys()) {
    events.onStart(index);
    // The event must have left the process before native code blocks it, or crashes it.
    await new Promise(setImmediate);
    const row = await comparePair(analysis, pairs[index]);
    events.onRow(index, row);
    collectGarbageAfter(pairs[index].a.layer.parameters, row.seconds);
  }
}

function sideOf({ format, layers }: Model): Side {
  return {
    format,
    layers: layers.map((layer) => ({
      name: layer.name,
      op: layer.op,
      weight: layer.weight,
      signature: signatureOf(layer),
      identity: operatorKey(layer.operator),
    })),
  };
}

function describeUnpaired(layer: Layer, other: Model, side: 'A' | 'B', settings: Settings): UnpairedReport {
  const namesake = other.layers.find(({ name, weight }) => name === layer.name || weight === layer.weight);
  const description = describeLayer(layer, settings);
  if (namesake === undefined) return { ...description, reason: null };
  const shape = namesake.shape.join('x');
  const reason =
    signatureOf(namesake) === signatureOf(layer)
      ? t`several layers of ${side} could be its counterpart`
      : t`its namesake in ${side} is a ${namesake.op} with a weight of shape ${shape}`;
  return { ...description, reason };
}

type Rows = Pick<PairReport, 'a' | 'b'>;
type Found = Omit<PairReport, 'a' | 'b' | 'matchedBy' | 'seconds'>;

async function comparePair(analysis: Analysis, { a, b, matchedBy }: Pair): Promise<PairReport> {
  const started = performance.now();
  const rows = { a: await analysis.rowOf(a.layer), b: await analysis.rowOf(b.layer) };
  const found = await differenceBetween(analysis, a, b, rows);
  return { ...rows, matchedBy, ...found, seconds: (performance.now() - started) / 1000 };
}

async function differenceBetween(analysis: Analysis, a: Located, b: Located, rows: Rows): Promise<Found> {
  const nothing = { transposed: false, ratio: ratio(rows), difference: null, notes: [], error: null };
  if (rows.a.lipschitz === null || rows.b.lipschitz === null) return nothing;
  let difference: Difference;
  try {
    difference = await differenceOf(a, b);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return error instanceof NoDifferenceError
      ? { ...nothing, notes: [t`no difference: ${reason}`] }
      : { ...nothing, error: reason };
  }
  const { operator, rounded, transposed } = difference;
  const row = await analysis.rowOf({ ...a.layer, operator, rounded, notes: [] }, difference);
  return {
    transposed,
    ratio: ratio(rows, difference.isOneNorm ? row : null),
    difference: reportOf(row, rows.a),
    notes: [...difference.notes, ...row.notes],
    error: row.error,
  };
}

function reportOf(
  { lipschitz, stableRank, frobenius, largestRowNorm }: LayerReport,
  { lipschitz: whole }: LayerReport,
): DifferenceReport | null {
  if (lipschitz === null) return null;
  const relative = whole && quotient(lipschitz, whole);
  return { lipschitz, relative, stableRank, frobenius, largestRowNorm };
}

/** The certainties, the strongest first. */
const STRENGTHS = Object.keys(CERTAINTIES);

/** @param difference where its norm is comparable with those of the rows; its interval must be as certain as theirs */
function ratio({ a, b }: Rows, difference: LayerReport | null = null): Interval | null {
  if (a.lipschitz === null || b.lipschitz === null) return null;
  const weakest = Math.max(
    ...[a.lipschitz, b.lipschitz].map(({ certainty }) => STRENGTHS.indexOf(certainty)),
  );
  const known = difference?.lipschitz ?? null;
  const usable =
    known !== null &&
    STRENGTHS.indexOf(known.certainty) <= weakest &&
    known.scope === a.lipschitz.scope &&
    known.scope === b.lipschitz.scope;
  return ratioOf(a.lipschitz, b.lipschitz, usable ? known : null);
}
