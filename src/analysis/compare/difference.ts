/** Two layers as one operator: the one with the difference of their weights. */
import { t } from '@vscode/l10n';
import { boundDiagonalDifference } from '../../bounds/normalization';
import { roundDown, roundUp } from '../../bounds/rounding';
import type { RankedEnclosure } from '../../bounds/stable-rank';
import type { Engine } from '../../compute/engine';
import type {
  ConvolutionOperator,
  DiagonalOperator,
  Layer,
  LowRankOperator,
  MatrixOperator,
  Model,
  NormalizationOperator,
  Operator,
  Tensor,
} from '../../model/model';
import { derived, elementCount, reshaped, scaledBy, transposed } from '../../model/tensor';
import type { Settings } from '../../report/report';
import { encloseOperator, type OperatorEnclosure } from '../operator';
import { operatorKey } from '../row';
import { sameValues, transposeIsNearer } from './nearness';
import { type Subtraction, subtraction } from './subtraction';

/** A layer and what its file says of layers. */
export interface Located {
  readonly layer: Layer;
  readonly format: Model['format'];
}

export interface Difference {
  /** What the row of the difference is about: geometry and scale of the layers. */
  readonly operator: Operator;
  /** Equal keys have one enclosure. */
  readonly key: string;
  readonly transposed: boolean;
  /** The norms of both layers and of the difference are values of one norm, so that the triangle inequality holds. */
  readonly isOneNorm: boolean;
  /** Weights were rounded before they were subtracted. */
  readonly rounded: boolean;
  readonly notes: readonly string[];
  enclose(engine: Engine, settings: Settings): Promise<OperatorEnclosure>;
}

/** There is no difference that means anything; the message is a clause that says why. */
export class NoDifferenceError extends Error {}

/**
 * Equal for layers that have a difference, or would have one if their geometry agreed: those whose weights have one
 * shape, up to the transposition of a matrix.
 */
export function signatureOf({ operator, shape }: Layer): string {
  switch (operator.kind) {
    case 'matrix': {
      const { blocks, rows, columns, columnBlocks = 1 } = operator;
      const sides = columnBlocks > 1 ? [rows, columns] : [rows, columns].sort((a, b) => a - b);
      return `matrix ${blocks}x${sides.join('x')}:${columnBlocks}`;
    }
    case 'convolution':
      return `convolution ${operator.tensor.shape.join('x')}`;
    case 'diagonal':
      return `diagonal ${elementCount(operator.variance.shape)}`;
    case 'normalization':
      return `normalization ${elementCount(operator.gain.shape)}`;
    case 'lowRank':
      return `low-rank ${operator.rows}x${operator.columns}`;
    default:
      return `other ${shape.join('x')}`;
  }
}

/**
 * The difference of two layers of one signature.
 * @throws NoDifferenceError; ModelError and the like where a weight cannot be read
 */
export async function differenceOf(a: Located, b: Located): Promise<Difference> {
  const { layer: layerA } = a;
  const { layer: layerB } = b;
  const [left, right] = [layerA.operator, layerB.operator];
  const rounded = layerA.rounded === true || layerB.rounded === true;
  const pair = await pairOf(left, right, a, b);
  const same = operatorKey(left) === operatorKey(right);
  return {
    key: `difference(${operatorKey(left)}; ${operatorKey(right)}${pair.transposed ? '; transposed' : ''})`,
    ...pair,
    rounded: rounded || pair.rounded,
    // Equal keys are equal values: nothing has to be read.
    enclose: same && !pair.transposed ? () => Promise.resolve(zeroOf(pair.operator)) : pair.enclose,
  };
}

type Pair = Omit<Difference, 'key'>;

const PLAIN = { transposed: false, isOneNorm: true, rounded: false, notes: [] } as const;

function pairOf(left: Operator, right: Operator, a: Located, b: Located): Promise<Pair> | Pair {
  if (left.kind === 'matrix' && right.kind === 'matrix') return matrices(left, right, a, b);
  if (left.kind === 'convolution' && right.kind === 'convolution') {
    return convolutions(left, right, a.format, b.format);
  }
  if (left.kind === 'diagonal' && right.kind === 'diagonal') return diagonals(left, right);
  if (left.kind === 'normalization' && right.kind === 'normalization') return normalizations(left, right);
  if (left.kind === 'lowRank' && right.kind === 'lowRank') return lowRanks(left, right);
  throw new NoDifferenceError(t('no difference is computed for layers of this kind'));
}

async function matrices(left: MatrixOperator, right: MatrixOperator, a: Located, b: Located): Promise<Pair> {
  const { blocks, rows, columns } = left;
  const asStored = reshaped(right.tensor, [blocks, right.rows, right.columns]);
  const turned = () => transposed(asStored, [0, 2, 1]);
  const isSquare = right.rows === right.columns;
  const areKnown = left.inputSide !== undefined && right.inputSide !== undefined;
  // safetensors does not say which side the inputs are on; its files agree among themselves.
  const open = isSquare && !areKnown && (a.format !== b.format || a.layer.op !== b.layer.op);
  const isTransposed = open
    ? await transposeIsNearer(left.tensor, asStored, turned())
    : isSquare
      ? areKnown && left.inputSide !== right.inputSide
      : right.rows !== rows || right.columns !== columns;
  const columnBlocks = left.columnBlocks ?? right.columnBlocks;
  return {
    ...linear(left.tensor, left.scale, isTransposed ? turned() : asStored, right.scale, (tensor, scale) => ({
      ...left,
      ...(columnBlocks !== undefined && { columnBlocks }),
      tensor,
      scale,
    })),
    transposed: isTransposed,
    isOneNorm: columnBlocks === undefined,
    notes: !open
      ? []
      : isTransposed
        ? [t('the weight of B is taken as the transpose, which is nearer to A')]
        : [t('the weight of B is taken as it is, which is nearer to A than the transpose')],
  };
}

/** Kernels are subtracted where both layers move them over the input in the same way. */
function convolutions(
  left: ConvolutionOperator,
  right: ConvolutionOperator,
  formatA: Model['format'],
  formatB: Model['format'],
): Pair {
  const { geometry, notes, isOneNorm } =
    formatA === formatB ? commonGeometry(left, right) : knownGeometry(left, right, formatA);
  return {
    ...linear(left.tensor, left.scale, right.tensor, right.scale, (tensor, scale) => ({
      ...geometry,
      tensor,
      scale,
    })),
    isOneNorm,
    notes,
  };
}

interface Geometry {
  readonly geometry: ConvolutionOperator;
  readonly notes: readonly string[];
  readonly isOneNorm: boolean;
}

function knownGeometry(
  left: ConvolutionOperator,
  right: ConvolutionOperator,
  formatA: Model['format'],
): Geometry {
  const [known, other] = formatA === 'onnx' ? (['A', 'B'] as const) : (['B', 'A'] as const);
  return {
    geometry: known === 'A' ? left : right,
    notes: [
      t`stride, groups and padding of the difference are those of ${known}: ${other} does not say them`,
    ],
    isOneNorm: false,
  };
}

function commonGeometry(left: ConvolutionOperator, right: ConvolutionOperator): Geometry {
  const differing = (['transposed', 'strides', 'dilations', 'groups'] as const).filter(
    (key) => String(left[key]) !== String(right[key]),
  );
  if (left.padding.mode !== right.padding.mode) {
    throw new NoDifferenceError(
      t`the kernels have no common operator: the padding is ${left.padding.mode} in A, ${right.padding.mode} in B`,
    );
  }
  if (differing.length > 0) {
    const [key] = differing;
    throw new NoDifferenceError(
      t`the kernels have no common operator: ${key} is ${String(left[key])} in A, ${String(right[key])} in B`,
    );
  }
  const sized = [left, right].map(({ padding, inputSize, outputSize }) =>
    [padding.amounts, inputSize, outputSize].map(String).join(';'),
  );
  if (sized[0] === sized[1]) return { geometry: left, notes: [], isOneNorm: true };
  if (left.padding.mode !== 'zeros' && String(left.padding.amounts) !== String(right.padding.amounts)) {
    throw new NoDifferenceError(t('the kernels have no common operator: the amounts of padding differ'));
  }
  return {
    geometry: { ...left, inputSize: null, outputSize: null },
    notes: [t('input sizes or padding differ: the difference is for any input size')],
    isOneNorm: left.inputSize === null && right.inputSize === null,
  };
}

/**
 * `scaleA a - scaleB b`, for operators that depend on their tensor linearly. What rounding takes from the difference is an
 * operator of the same kind, whose norm is added.
 */
function linear(
  a: Tensor,
  scaleA: number,
  b: Tensor,
  scaleB: number,
  operatorOf: (tensor: Tensor, scale: number) => Operator,
): Pair {
  const oneScale = scaleA === scaleB;
  const difference = oneScale ? subtraction(a, b) : subtraction(scaledBy(a, scaleA), scaledBy(b, scaleB));
  const scale = oneScale ? scaleA : 1;
  return {
    ...PLAIN,
    operator: operatorOf(difference.nearest, scale),
    rounded: !oneScale,
    enclose: (engine, settings) =>
      encloseSubtraction(engine, difference, (tensor) => operatorOf(tensor, scale), settings),
  };
}

/** A remainder is 2^-53 times the difference: a rough bound of it will do. */
const ROUGH: Partial<Settings> = { method: 'auto', tolerance: 0.5 };

async function encloseSubtraction(
  engine: Engine,
  difference: Subtraction,
  operatorOf: (tensor: Tensor) => Operator,
  settings: Settings,
): Promise<OperatorEnclosure> {
  const found = await encloseOperator(engine, operatorOf(difference.nearest), settings);
  if (difference.isExact()) return found;
  const rest = await encloseOperator(engine, operatorOf(difference.remainder), { ...settings, ...ROUGH });
  // The Frobenius norm is known to 1e-9.
  return widened(found, rest.upper, roundUp((rest.frobenius ?? 0) * (1 + 1e-9)));
}

/** The enclosure of an operator that is at most `norm` away, with weights at most `frobenius` away. */
function widened(found: OperatorEnclosure, norm: number, frobenius: number): OperatorEnclosure {
  const wider = ({ lower, upper }: { lower: number; upper: number }) => ({
    lower: roundDown(Math.max(0, lower - norm)),
    upper: roundUp(upper + norm),
  });
  return {
    ...found,
    ...wider(found),
    groups:
      found.groups?.map((group) => ({
        ...group,
        ...wider(group),
        frobeniusError: roundUp((group.frobeniusError ?? 0) + frobenius),
      })) ?? null,
  };
}

/** `x -> (gain_A - gain_B) * normalized(x)`, where both normalise alike. */
function normalizations(left: NormalizationOperator, right: NormalizationOperator): Pair {
  if (left.epsilon !== right.epsilon) {
    throw new NoDifferenceError(t`epsilon is ${left.epsilon} in A, ${right.epsilon} in B`);
  }
  if (left.centered !== right.centered || left.size !== right.size) {
    throw new NoDifferenceError(t('they do not normalise alike'));
  }
  return linear(left.gain, 1, right.gain, 1, (gain) => ({ ...left, gain }));
}

function diagonals(left: DiagonalOperator, right: DiagonalOperator): Pair {
  return {
    ...PLAIN,
    operator: left,
    enclose: async () => {
      const [a, b] = await Promise.all(
        [left, right].map(async ({ gain, variance, epsilon }) => ({
          gain: gain && (await gain.read()),
          variance: await variance.read(),
          epsilon,
        })),
      );
      const group = { ...boundDiagonalDifference(a, b), fullRank: a.variance.length };
      return enclosureOf(group, t('largest difference of gamma / sqrt(variance + epsilon)'));
    },
  };
}

/** `up_A down_A - up_B down_B = [up_A, -up_B] [down_A; down_B]`, of the sum of both ranks. */
function lowRanks(left: LowRankOperator, right: LowRankOperator): Pair {
  const oneScale = left.scale === right.scale;
  const [scaledA, scaledB] = [left, right].map(({ up, scale }) => (oneScale ? up : scaledBy(up, scale)));
  const { rows, columns } = left;
  const rank = left.rank + right.rank;
  const key = `${scaledA.key}; ${scaledB.key}`;
  const up = derived(scaledA, [rows, rank], `beside(${key})`, async (values) =>
    besideNegative(values, left.rank, await scaledB.read(), right.rank),
  );
  const down = derived(
    left.down,
    [rank, columns],
    `above(${left.down.key}; ${right.down.key})`,
    async (a) => {
      const stacked = new Float64Array(rank * columns);
      stacked.set(a);
      stacked.set(await right.down.read(), a.length);
      return stacked;
    },
  );
  const operator: LowRankOperator = {
    ...left,
    up,
    down,
    rank,
    scale: oneScale ? left.scale : 1,
  };
  return {
    ...PLAIN,
    operator,
    rounded: !oneScale,
    enclose: async (engine, settings) => {
      const equal =
        oneScale && (await sameValues(left.up, right.up)) && (await sameValues(left.down, right.down));
      return equal ? zeroOf(operator) : encloseOperator(engine, operator, settings);
    },
  };
}

/** `[a, -b]`, row by row, with so many columns each. */
function besideNegative(
  a: ArrayLike<number>,
  columnsA: number,
  b: ArrayLike<number>,
  columnsB: number,
): Float64Array {
  const width = columnsA + columnsB;
  const out = new Float64Array(a.length + b.length);
  for (let i = 0; i < a.length; i++) out[Math.floor(i / columnsA) * width + (i % columnsA)] = a[i];
  for (let i = 0; i < b.length; i++)
    out[Math.floor(i / columnsB) * width + columnsA + (i % columnsB)] = -b[i];
  return out;
}

/** Of the operator with no weights but zeros. */
function zeroOf(operator: Operator): OperatorEnclosure {
  const group = { lower: 0, upper: 0, frobenius: 0, fullRank: 1 };
  const enclosure = enclosureOf(group, t('equal weights'));
  return {
    ...enclosure,
    inputSize: operator.kind === 'convolution' ? operator.inputSize : null,
    largestRowNorm: operator.kind === 'matrix' && operator.embedding ? 0 : null,
    ...(operator.kind === 'normalization' && { groups: null, frobenius: null }),
  };
}

function enclosureOf(group: RankedEnclosure, method: string): OperatorEnclosure {
  const { lower, upper, frobenius } = group;
  return {
    lower,
    upper,
    inputSize: null,
    method,
    groups: [group],
    frobenius,
    largestRowNorm: null,
    notes: [],
  };
}
