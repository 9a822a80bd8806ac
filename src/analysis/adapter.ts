/** Updates of weights of a base model: where their energy lies, how large they are beside the weight, and what both make. */
import { t } from '@vscode/l10n';
import { boundMatrix, frobeniusOf, type Matrix } from '../bounds/matrices/matrix';
import { gamma, roundDown, roundUp } from '../bounds/rounding';
import { type RankedEnclosure, stableRank } from '../bounds/stable-rank';
import { exponentScale } from '../bounds/values';
import type { Engine } from '../compute/engine';
import { ProviderError } from '../compute/runtime';
import type { BaseWeight, BaseWeights } from '../model/adapter-base';
import type { Adapter, Layer, Operator, UpdateOperator } from '../model/model';
import { openModel } from '../model/open';
import { withGeometry } from '../model/safetensors/adapter-geometry';
import { decomposedUpdate, mergedWeight } from '../model/safetensors/adapter-merge';
import { elementCount } from '../model/tensor';
import type {
  AdapterReport,
  BaseReport,
  Certainty,
  Interval,
  PromisedInterval,
  Settings,
} from '../report/report';
import {
  convolutionLayer,
  encloseOperator,
  kernelFactor,
  kroneckerGroup,
  MATRIX_TOLERANCE,
  type OperatorEnclosure,
  reducedKernel,
  rescaled,
  widened,
} from './operator';
import { certaintyOf } from './row';

/** Elements of the largest weight that an update is added to: 2 GiB in float64. */
const LARGEST_MERGED = 2 ** 28;

/** Whether some layer of a model is an update. @throws ModelError where the file cannot be read */
export async function isAdapter(path: string): Promise<boolean> {
  const model = await openModel(path, { inputSize: null });
  try {
    return model.layers.some(({ adapter }) => adapter !== undefined);
  } finally {
    await model.close();
  }
}

/** A layer that is an update, with the weight that it belongs to. */
export interface PlacedUpdate {
  readonly layer: Layer;
  readonly weight: BaseWeight | null;
}

/**
 * The layer as the base tells it: with the geometry of the weight's convolution, and with the magnitudes of a DoRA.
 * @param base null: none was given.
 */
export function placeUpdate(layer: Layer, adapter: Adapter, base: BaseWeights | null): PlacedUpdate {
  const found = base?.find(adapter) ?? null;
  const update = layer.operator as UpdateOperator;
  if (found === null || typeof found === 'string') {
    const notes = [...layer.notes, ...notesWithoutBase(adapter, update)];
    if (found !== null) notes.push(t`Not compared with the base: ${found}.`);
    return { layer: { ...layer, notes }, weight: null };
  }
  const notes = placedNotes(layer, adapter, found);
  if (found.transposed) notes.push(t('The base stores the transpose of the weight.'));
  if (adapter.magnitude !== null) {
    notes.push(
      t(
        'The adapter is a DoRA: the update, magnitudes included, is computed in double precision with the weight of the base, and the rounding of that is not in the interval.',
      ),
    );
    const operator = operatorOf(found, decomposedUpdate(found, adapter));
    return { layer: { ...layer, operator, rounded: true, notes }, weight: found };
  }
  if (found.operator.kind !== 'convolution') return { layer: { ...layer, notes }, weight: found };
  const operator = withGeometry(update, adapter.whole, found.operator);
  // A convolution that is not factored has its kernel multiplied out.
  const rounded = layer.rounded === true || operator.kind === 'convolution';
  return { layer: { ...layer, operator, rounded, notes }, weight: found };
}

/** Of a convolution, the base tells the geometry, or what has to be assumed of it. */
function placedNotes({ notes }: Layer, { geometryNotes }: Adapter, weight: BaseWeight): string[] {
  if (weight.operator.kind !== 'convolution') return [...notes];
  return [...new Set([...weight.notes, ...notes.filter((note) => !geometryNotes.includes(note))])];
}

function notesWithoutBase(adapter: Adapter, update: UpdateOperator): string[] {
  const notes: string[] = [];
  if (adapter.magnitude !== null) {
    notes.push(
      t(
        'The adapter is a DoRA: the interval is for the update before magnitudes are applied, which takes the base.',
      ),
    );
  }
  if (adapter.kind !== 'LoRA' && isMatrix(update)) {
    notes.push(
      t(
        'Where the module is a convolution, the interval is for its kernel as a matrix: only the base tells.',
      ),
    );
  }
  return notes;
}

function isMatrix(operator: Operator): boolean {
  return (
    operator.kind === 'matrix' ||
    operator.kind === 'lowRank' ||
    (operator.kind === 'kronecker' && isMatrix(operator.right))
  );
}

/** What the base has in place of a weight, with other values. */
function operatorOf(
  { operator, transposed }: BaseWeight,
  tensor: ReturnType<typeof mergedWeight>,
): UpdateOperator {
  if (operator.kind === 'convolution') return { ...operator, tensor, scale: 1 };
  const { rows, columns } = operator;
  const sides = transposed ? { rows: columns, columns: rows } : { rows, columns };
  return { kind: 'matrix', tensor, blocks: 1, ...sides, scale: 1, embedding: false };
}

/**
 * What the report says of an update besides its norm.
 * @param encloseBase the enclosure of a weight of the base, which several updates may share
 */
export async function adapterReport(
  engine: Engine,
  { layer, weight }: PlacedUpdate,
  adapter: Adapter,
  enclosure: OperatorEnclosure,
  settings: Settings,
  encloseBase: (operator: Operator) => Promise<OperatorEnclosure>,
): Promise<{ readonly report: AdapterReport; readonly notes: readonly string[] }> {
  const { kind, rank, scale, magnitude } = adapter;
  const report: AdapterReport = {
    kind,
    decomposed: magnitude !== null,
    rank,
    scale,
    energy: await energyOf(engine, layer.operator as UpdateOperator, enclosure),
    base: null,
  };
  if (weight === null) return { report, notes: [] };
  let norm: OperatorEnclosure;
  try {
    norm = await encloseBase(weight.operator);
  } catch (error) {
    passOnDevice(error);
    return { report, notes: [t`Not compared with the base: ${messageOf(error)}.`] };
  }
  const notes: string[] = [];
  let sum: PromisedInterval | null = null;
  try {
    sum = await sumOf(engine, weight, adapter, norm, settings);
  } catch (error) {
    passOnDevice(error);
    notes.push(t`The norm of base plus update is not computed: ${messageOf(error)}.`);
  }
  const promised = promise(norm, certaintyOf(weight, settings));
  if (promised === null)
    return { report, notes: [t('Not compared with the base: its norm is beyond the range of float64.')] };
  const own = promise(enclosure, certaintyOf(layer, settings));
  const base: BaseReport = {
    weight: weight.name,
    norm: promised,
    relative: own && quotient(own, promised),
    sum,
  };
  return { report: { ...report, base }, notes };
}

/** `sigma_1^2 / ||A||_F^2` from the stable rank; null where the norm is or may be zero, or beyond float64. */
async function energyOf(
  engine: Engine,
  operator: UpdateOperator,
  enclosure: OperatorEnclosure,
): Promise<Interval | null> {
  const group = isMatrix(operator) ? enclosure.groups?.[0] : await unfolded(engine, operator);
  if (group === undefined || group.lower === 0 || !Number.isFinite(group.frobenius)) return null;
  const rank = stableRank([group]);
  const lower = rank.upper > 0 ? Math.min(1, roundDown(1 / rank.upper)) : 0;
  return { lower, upper: rank.lower > 0 ? Math.min(1, roundUp(1 / rank.lower)) : 1 };
}

/** The kernel as a matrix, a row for each output channel. */
async function unfolded(engine: Engine, operator: UpdateOperator): Promise<RankedEnclosure> {
  const bound = async ({ values, rows, columns }: Matrix): Promise<RankedEnclosure> => ({
    ...(await boundMatrix(engine, { values, rows, columns }, MATRIX_TOLERANCE)),
    fullRank: Math.min(rows, columns),
  });
  switch (operator.kind) {
    case 'convolution': {
      const { tensor, scale } = operator;
      const rows = tensor.shape[0];
      const columns = elementCount(tensor.shape) / rows;
      return rescaled(await bound({ values: await tensor.read(), rows, columns }), Math.abs(scale));
    }
    case 'factoredConvolution': {
      const { values, outChannels, scales, error } = await reducedKernel(engine, operator);
      const group = await bound({ values, rows: outChannels, columns: values.length / outChannels });
      const { scale } = operator.convolution;
      return [...scales, Math.abs(scale)].reduce(rescaled, widened(group, error, error));
    }
    case 'kronecker': {
      const group = kroneckerGroup(
        await unfolded(engine, operator.left),
        await unfolded(engine, operator.right),
      );
      return rescaled(group, Math.abs(operator.scale));
    }
    case 'matrix':
    case 'lowRank': {
      const [group] = (await encloseOperator(engine, operator, QUIET)).groups ?? [];
      return group;
    }
  }
}

/** Certified, whatever was asked for the rows. */
const QUIET: Settings = {
  method: 'auto',
  iterations: null,
  tolerance: null,
  device: 'auto',
  inputSize: null,
  padding: null,
};

async function sumOf(
  engine: Engine,
  weight: BaseWeight,
  adapter: Adapter,
  norm: OperatorEnclosure,
  settings: Settings,
): Promise<PromisedInterval | null> {
  const { whole, scale, magnitude } = adapter;
  if (elementCount(whole.tensor.shape) > LARGEST_MERGED) {
    throw new RangeError(t`the update has more than ${LARGEST_MERGED} elements`);
  }
  const operator = operatorOf(weight, mergedWeight(weight, adapter));
  const found = await encloseOperator(engine, operator, settings);
  // Sums and products of float32 numbers are far from underflow; of float64 ones nobody knows.
  const rounded = weight.rounded || magnitude !== null || whole.factors.some(({ dtype }) => dtype === 'f64');
  const certainty = certaintyOf({ rounded }, settings);
  if (magnitude !== null) return promise(found, certainty);
  let size = Math.abs(scale ?? 1);
  for (const factor of whole.factors) {
    const values = await factor.read();
    const unit = exponentScale(values);
    size *= frobeniusOf(values, unit) * unit;
  }
  const rounding = gamma(2) * (norm.frobenius ?? Infinity) + gamma(whole.roundings + 4) * size;
  const factor =
    operator.kind === 'convolution'
      ? kernelFactor(convolutionLayer(operator, new Float64Array(0), settings))
      : 1;
  const error = roundUp(1.01 * rounding * factor);
  return promise(
    { ...found, lower: roundDown(found.lower - error), upper: roundUp(found.upper + error) },
    certainty,
  );
}

/** Null where it is beyond the range of float64. */
function promise(enclosure: OperatorEnclosure, certainty: Certainty): PromisedInterval | null {
  const { lower, upper } = enclosure;
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) return null;
  return { lower: Math.min(lower, upper), upper, certainty: enclosure.certainty ?? certainty };
}

/** Null where the divisor may be zero. */
function quotient(a: PromisedInterval, b: PromisedInterval): PromisedInterval | null {
  if (b.lower === 0) return null;
  const upper = roundUp(a.upper / b.lower);
  if (!Number.isFinite(upper)) return null;
  return { lower: roundDown(a.lower / b.upper), upper, certainty: weaker(a.certainty, b.certainty) };
}

const STRENGTH: readonly Certainty[] = ['certified', 'analytic', 'probable', 'estimate'];

function weaker(a: Certainty, b: Certainty): Certainty {
  return STRENGTH[Math.max(STRENGTH.indexOf(a), STRENGTH.indexOf(b))];
}

/** @throws ProviderError: what follows is better done on the CPU */
function passOnDevice(error: unknown): void {
  if (error instanceof ProviderError) throw error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
