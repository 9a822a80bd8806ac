/** One layer's operator, enclosed by the method that was asked for: from the vocabulary of files to that of bounds. */
import { t } from '@vscode/l10n';
import {
  anySizeCopies,
  axesOf,
  boundConvolution,
  type ConvolutionEnclosure,
  type ConvolutionLayer,
  METHODS,
} from '../bounds/convolution';
import { type ReducedKernel, reduceKernel } from '../bounds/factored-kernel';
import { gramMatrixBound } from '../bounds/gram/gram';
import { boundConvolutionByGram } from '../bounds/gram/gram-convolution';
import { product } from '../bounds/kernel';
import { boundLowRank } from '../bounds/matrices/low-rank';
import { boundMatrix, frobeniusOf, type Matrix, type MatrixEnclosure } from '../bounds/matrices/matrix';
import { boundDiagonal, boundNormalization } from '../bounds/normalization';
import { largestCopies } from '../bounds/padded/padding';
import { probableMatrix } from '../bounds/matrices/probable';
import { roundDown, roundUp, times } from '../bounds/rounding';
import type { RankedEnclosure } from '../bounds/stable-rank';
import { exponentScale, type Values } from '../bounds/values';
import type { Engine } from '../compute/engine';
import type {
  ConvolutionOperator,
  DiagonalOperator,
  FactoredConvolutionOperator,
  LowRankOperator,
  MatrixOperator,
  NormalizationOperator,
  Operator,
  PaddingMode,
  Tensor,
} from '../model/model';
import { isRanged } from '../model/tensor';
import type { Settings } from '../report/report';

/** What is computed of an operator. */
export interface OperatorEnclosure {
  readonly lower: number;
  readonly upper: number;
  /** Null: any input size. */
  readonly inputSize: readonly number[] | null;
  readonly method: string;
  /** Null where the notion does not apply: the derivative of a normalisation depends on its input. */
  readonly groups: readonly RankedEnclosure[] | null;
  readonly frobenius: number | null;
  readonly largestRowNorm: number | null;
  readonly notes: readonly string[];
  /** Where it is less than what the settings promise. */
  readonly certainty?: 'probable';
}

/** Relative width that method `quick` encloses convolutions to where none is asked for. */
const QUICK_TOLERANCE = 0.03;
/** Seconds that it may spend on a known input size where quicker bounds are wide. */
export const QUICK_PATIENCE = 0.3;
/** Smaller side from which a matrix's probable interval is sooner there than its certified one. */
const PROBABLE_ORDER = 512;
/** Relative width that matrices are enclosed to where none is asked for. */
export const MATRIX_TOLERANCE = 1e-6;
/** Gram iterations of a matrix where none are asked for. */
const MATRIX_ITERATIONS = 10;

/** @throws ModelError, NotFiniteError and the other errors of the bounds */
export async function encloseOperator(
  engine: Engine,
  operator: Operator,
  settings: Settings,
): Promise<OperatorEnclosure> {
  switch (operator.kind) {
    case 'matrix':
      return encloseMatrix(engine, operator, settings);
    case 'convolution':
      return encloseConvolution(engine, operator, settings);
    case 'lowRank':
      return encloseLowRank(engine, operator, settings);
    case 'factoredConvolution':
      return encloseFactoredConvolution(engine, operator, settings);
    case 'kronecker': {
      const left = await encloseOperator(engine, operator.left, settings);
      const right = await encloseOperator(engine, operator.right, settings);
      return kroneckerOf(left, right, Math.abs(operator.scale));
    }
    case 'diagonal':
      return encloseDiagonal(operator);
    case 'normalization':
      return encloseNormalization(operator);
  }
}

async function encloseMatrix(
  engine: Engine,
  { tensor, blocks, rows, columns, columnBlocks = 1, scale, embedding }: MatrixOperator,
  settings: Settings,
): Promise<OperatorEnclosure> {
  const factor = Math.abs(scale);
  const size = rows * columns;
  const quick = settings.method === 'quick' && Math.min(rows, columns) >= PROBABLE_ORDER;
  // One block at a time where the file allows it: the experts of a layer together may not fit into memory.
  const readBlock = await blockReader(tensor, size);
  /** Lower bound of the largest norm of the matrices that lie side by side. */
  const apart = async (matrix: Matrix): Promise<number> => {
    let largest = 0;
    const width = columns / columnBlocks;
    for (let block = 0; block < columnBlocks; block++) {
      const values = new Float64Array(rows * width);
      for (let r = 0; r < rows; r++) {
        const from = r * columns + block * width;
        values.set(matrix.values.subarray(from, from + width), r * width);
      }
      const some = { values, rows, columns: width };
      const part = await (quick ? probable(engine, some) : boundMatrix(engine, some, MATRIX_TOLERANCE));
      largest = Math.max(largest, part.lower);
    }
    return largest;
  };
  const groups: RankedEnclosure[] = [];
  let rowNorm: number | null = null;
  for (let block = 0; block < blocks; block++) {
    const values = await readBlock(block);
    const matrix = { values, rows, columns };
    if (embedding) rowNorm = Math.max(rowNorm ?? 0, largestRow(values, columns) * factor);
    const tight = quick
      ? await probable(engine, matrix)
      : await boundMatrix(engine, matrix, settings.tolerance ?? MATRIX_TOLERANCE);
    const upper =
      settings.method === 'gram'
        ? Math.max(
            tight.lower,
            await gramMatrixBound(engine, matrix, settings.iterations ?? MATRIX_ITERATIONS),
          )
        : tight.upper;
    const lower = columnBlocks > 1 ? await apart(matrix) : tight.lower;
    const { frobenius } = tight;
    groups.push(rescaled({ lower, upper, frobenius, fullRank: Math.min(rows, columns) }, factor));
  }
  return {
    ...largest(groups),
    inputSize: null,
    method:
      settings.method === 'gram'
        ? t('Gram iteration (Delattre et al. 2023)')
        : quick
          ? t('Golub-Kahan bidiagonalisation from a random start (Hochstenbach 2013)')
          : METHODS.matrix,
    groups,
    frobenius: frobeniusOfAll(groups),
    largestRowNorm: rowNorm,
    notes: [],
    ...(quick && { certainty: 'probable' }),
  };
}

/** Whether a probable interval of the operator is worth showing before the certified one. */
export function hasProbable(operator: Operator): boolean {
  return operator.kind === 'matrix' && Math.min(operator.rows, operator.columns) >= PROBABLE_ORDER;
}

async function probable(engine: Engine, matrix: Matrix): Promise<MatrixEnclosure> {
  const scale = exponentScale(matrix.values);
  return {
    ...(await probableMatrix(engine, matrix)),
    frobenius: frobeniusOf(matrix.values, scale) * scale,
  };
}

/** What reads one matrix of several, alone where the file allows it. */
export async function blockReader(tensor: Tensor, size: number): Promise<(block: number) => Promise<Values>> {
  if (isRanged(tensor)) return (block) => tensor.readRange(block * size, (block + 1) * size);
  const values = await tensor.read();
  return (block) => Promise.resolve(values.subarray(block * size, (block + 1) * size));
}

async function encloseConvolution(
  engine: Engine,
  operator: ConvolutionOperator,
  settings: Settings,
): Promise<OperatorEnclosure> {
  const layer = convolutionLayer(operator, await operator.tensor.read(), settings);
  return encloseLayer(engine, operator, layer, settings, (group) => group);
}

/** `restored` answers the enclosure of a group of the operator without its scale from that of the layer. */
async function encloseLayer(
  engine: Engine,
  operator: ConvolutionOperator,
  layer: ConvolutionLayer,
  settings: Settings,
  restored: (group: RankedEnclosure) => RankedEnclosure,
): Promise<OperatorEnclosure> {
  const enclosure: ConvolutionEnclosure =
    settings.method === 'gram'
      ? await boundConvolutionByGram(engine, layer, settings.iterations)
      : await boundConvolution(
          engine,
          layer,
          settings.tolerance ?? toleranceOf(settings),
          settings.method === 'quick' ? QUICK_PATIENCE : undefined,
        );
  const factor = Math.abs(operator.scale);
  const groups = enclosure.groups.map((group) => rescaled(restored(group), factor));
  const notes: string[] = [];
  if (enclosure.sized && layer.padding.amounts === null) {
    notes.push(t('the file does not give the padding: "same" padding is assumed'));
  }
  if (!enclosure.sized && operator.inputSize !== null && settings.method === 'auto') {
    notes.push(t('the file does not give the padding: the bound is for any input size'));
  }
  if (!enclosure.sized && layer.padding.mode !== 'zeros' && layer.padding.mode !== 'circular') {
    notes.push(t`the bound includes what ${layer.padding.mode} padding can add on the smallest inputs`);
  }
  return {
    ...largest(groups),
    inputSize: enclosure.sized ? operator.inputSize : null,
    method: enclosure.method,
    groups,
    frobenius: frobeniusOfAll(groups),
    largestRowNorm: null,
    notes,
  };
}

async function encloseFactoredConvolution(
  engine: Engine,
  operator: FactoredConvolutionOperator,
  settings: Settings,
): Promise<OperatorEnclosure> {
  const { convolution } = operator;
  const { values, outChannels, inChannels, scales, error } = await reducedKernel(engine, operator);
  const layer: ConvolutionLayer = {
    ...convolutionLayer(convolution, values, settings),
    outChannels,
    inChannelsPerGroup: inChannels,
  };
  const widening = roundUp(error * kernelFactor(layer));
  const enclosure = await encloseLayer(engine, convolution, layer, settings, (group) =>
    scales.reduce(rescaled, widened(group, widening, error)),
  );
  return { ...enclosure, method: t`QR of the update's factors; ${enclosure.method}` };
}

/** The small kernel with the norms of a factored one. */
export async function reducedKernel(
  engine: Engine,
  { up, core, down }: FactoredConvolutionOperator,
): Promise<ReducedKernel> {
  const [rows, p] = up.shape;
  const [, q, ...size] = core.shape;
  return reduceKernel(engine, {
    up: await up.read(),
    core: await core.read(),
    down: down && (await down.read()),
    ...{ rows, p, q, columns: down === null ? q : down.shape[1], taps: product(size) },
  });
}

/**
 * How much larger than the Frobenius norm of its kernel the norm of a convolution can be: by Cauchy's inequality, of the sum of
 * the norms of the taps, and by what its padding copies.
 */
export function kernelFactor(layer: ConvolutionLayer): number {
  const copies =
    layer.inputSize === null
      ? anySizeCopies(layer)
      : product(axesOf(layer, layer.inputSize).map(largestCopies));
  return roundUp(Math.sqrt(product(layer.size) * copies));
}

/** The enclosure of what is within `error` of an operator, in its norm; and `frobeniusError` in the Frobenius norm. */
export function widened(group: RankedEnclosure, error: number, frobeniusError: number): RankedEnclosure {
  return {
    ...group,
    lower: roundDown(group.lower - error),
    upper: roundUp(group.upper + error),
    frobeniusError: roundUp((group.frobeniusError ?? 0) + frobeniusError),
  };
}

/** Norms, Frobenius norms and ranks of a Kronecker product are the products of those of its factors. */
function kroneckerOf(left: OperatorEnclosure, right: OperatorEnclosure, factor: number): OperatorEnclosure {
  const [a] = left.groups ?? [];
  const [b] = right.groups ?? [];
  const group = rescaled(kroneckerGroup(a, b), factor);
  const same = left.method === right.method;
  return {
    ...right,
    ...largest([group]),
    groups: [group],
    frobenius: group.frobenius,
    method: `Kronecker product: ${left.method}${same ? '' : `; ${right.method}`}`,
    ...((left.certainty ?? right.certainty) && { certainty: 'probable' }),
  };
}

export function kroneckerGroup(a: RankedEnclosure, b: RankedEnclosure): RankedEnclosure {
  const [aError, bError] = [a.frobeniusError ?? 0, b.frobeniusError ?? 0];
  return {
    lower: roundDown(a.lower * b.lower),
    upper: times(a, b.upper).upper,
    frobenius: a.frobenius * b.frobenius,
    frobeniusError: roundUp(aError * b.frobenius + a.frobenius * bError + aError * bError),
    fullRank: a.fullRank * b.fullRank,
  };
}

/** Null: the default of each kind. */
export function toleranceOf({ method }: Pick<Settings, 'method'>): number | null {
  return method === 'quick' ? QUICK_TOLERANCE : null;
}

/** The layer as the bounds take it: a transposed one as the convolution from its output to its input. */
export function convolutionLayer(
  operator: ConvolutionOperator,
  values: Values,
  settings: Pick<Settings, 'padding'>,
): ConvolutionLayer {
  const { tensor, strides, dilations, groups, transposed } = operator;
  const size = tensor.shape.slice(2);
  const common = {
    values,
    outChannels: tensor.shape[0],
    inChannelsPerGroup: tensor.shape[1],
    size,
    strides,
    dilations,
    groups,
  };
  const { amounts } = operator.padding;
  const mode = paddingMode(operator, settings);
  if (!transposed) {
    // Circular padding means "same" where nothing else is said. Zeros of an unknown amount only allow any input size.
    const known = amounts !== null || mode === 'circular';
    return { ...common, padding: { mode, amounts }, inputSize: known ? operator.inputSize : null };
  }
  const { inputSize, outputSize } = operator;
  if (inputSize === null || outputSize === null || amounts === null) {
    return { ...common, padding: { mode: 'zeros', amounts: null }, inputSize: null };
  }
  // The adjoint reads the output, cropped at the begin; its own end padding is what makes as many outputs as there are inputs.
  const ends = size.map(
    (k, axis) =>
      (inputSize[axis] - 1) * strides[axis] +
      dilations[axis] * (k - 1) +
      1 -
      amounts[axis] -
      outputSize[axis],
  );
  return {
    ...common,
    padding: { mode: 'zeros', amounts: [...amounts.slice(0, size.length), ...ends] },
    inputSize: outputSize,
  };
}

/** The padding mode that a layer is analysed with: what the user says of zero-padded layers comes before the file. */
export function paddingMode(operator: ConvolutionOperator, settings: Pick<Settings, 'padding'>): PaddingMode {
  return settings.padding !== null && !operator.transposed ? settings.padding : operator.padding.mode;
}

async function encloseLowRank(
  engine: Engine,
  { up, down, rows, rank, columns, scale }: LowRankOperator,
  settings: Settings,
): Promise<OperatorEnclosure> {
  const bound = await boundLowRank(
    engine,
    await up.read(),
    await down.read(),
    rows,
    rank,
    columns,
    settings.tolerance ?? MATRIX_TOLERANCE,
  );
  const group = rescaled({ ...bound, fullRank: Math.min(rows, rank, columns) }, Math.abs(scale));
  return {
    ...largest([group]),
    inputSize: null,
    method: t`QR of the update's factors; ${METHODS.matrix}`,
    groups: [group],
    frobenius: group.frobenius,
    largestRowNorm: null,
    notes: [],
  };
}

async function encloseDiagonal({ gain, variance, epsilon }: DiagonalOperator): Promise<OperatorEnclosure> {
  const variances = await variance.read();
  const bound = boundDiagonal(gain && (await gain.read()), variances, epsilon);
  const group = { ...bound, fullRank: variances.length };
  return {
    ...largest([group]),
    inputSize: null,
    method: t('largest |gamma| / sqrt(variance + epsilon)'),
    groups: [group],
    frobenius: bound.frobenius,
    largestRowNorm: null,
    notes: [],
  };
}

async function encloseNormalization({
  gain,
  epsilon,
  centered,
  size,
}: NormalizationOperator): Promise<OperatorEnclosure> {
  const bound = boundNormalization(await gain.read(), epsilon, centered, size);
  return {
    ...bound,
    inputSize: null,
    method: t('largest |gamma| / sqrt(epsilon)'),
    groups: null,
    frobenius: null,
    largestRowNorm: null,
    notes: [t('limited by epsilon: the constant is reached where all inputs of the normalisation are alike')],
  };
}

/** The enclosure of `factor` times an operator. */
export function rescaled(group: RankedEnclosure, factor: number): RankedEnclosure {
  if (factor === 1) return group;
  const { frobenius, frobeniusError = 0, fullRank } = group;
  return {
    ...times(group, factor),
    frobenius: frobenius * factor,
    frobeniusError: (frobeniusError + Number.MIN_VALUE) * factor,
    fullRank,
  };
}

function largest(groups: readonly RankedEnclosure[]): { lower: number; upper: number } {
  return {
    lower: groups.reduce((most, { lower }) => Math.max(most, lower), 0),
    upper: groups.reduce((most, { upper }) => Math.max(most, upper), 0),
  };
}

function frobeniusOfAll(groups: readonly RankedEnclosure[]): number {
  const most = groups.reduce((a, { frobenius }) => Math.max(a, frobenius), 0);
  if (most === 0) return 0;
  return most * Math.sqrt(groups.reduce((sum, { frobenius }) => sum + (frobenius / most) ** 2, 0));
}

function largestRow(values: Values, columns: number): number {
  let most = 0;
  for (let begin = 0; begin < values.length; begin += columns) {
    let scale = 0;
    for (let i = begin; i < begin + columns; i++) scale = Math.max(scale, Math.abs(values[i]));
    if (scale === 0) continue;
    let sum = 0;
    for (let i = begin; i < begin + columns; i++) sum += (values[i] / scale) ** 2;
    most = Math.max(most, scale * Math.sqrt(sum));
  }
  return most;
}
