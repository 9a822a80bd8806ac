/** The singular values of a layer's operator, on request. */
import { t } from '@vscode/l10n';
import { product } from '../bounds/kernel';
import { householder } from '../bounds/matrices/low-rank';
import { diagonalOf } from '../bounds/normalization';
import {
  convolutionSpectrum,
  exact,
  kroneckerSpectrum,
  matrixSpectrum,
  merged,
  multiplied,
  secondsOfMatrixSpectrum,
  secondsOfSymbolSpectra,
  type Spectrum,
  type SymbolSpectra,
  type Told,
} from '../bounds/spectra/spectrum';
import { PROBES, STEPS } from '../bounds/spectra/stochastic-lanczos';
import { exponentScale, scaled } from '../bounds/values';
import { Engine } from '../compute/engine';
import type {
  ConvolutionOperator,
  DiagonalOperator,
  FactoredConvolutionOperator,
  KroneckerOperator,
  LowRankOperator,
  MatrixOperator,
  Operator,
} from '../model/model';
import type { Settings, SpectrumReport } from '../report/report';
import { blockReader, convolutionLayer, reducedKernel } from './operator';
import { describeSpectrum } from './spectrum-report';

type Found = Spectrum | SymbolSpectra;

/** Products of singular values that are formed, or it takes too much memory. */
const MOST_PRODUCTS = 2 ** 22;

/** An operator without a spectrum, or with one that is too large; the message is a clause that says so. */
export class NoSpectrumError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NoSpectrumError';
  }
}

/**
 * Computed in float64 on the CPU, whatever the device is.
 * @throws NoSpectrumError, ModelError, NotFiniteError
 */
export async function spectrumOf(
  operator: Operator,
  settings: Settings,
  told: Told = () => undefined,
): Promise<SpectrumReport> {
  const engine = new Engine('cpu');
  if (operator.kind === 'diagonal') {
    return describeSpectrum(await diagonalSpectrum(operator), t('entries of the diagonal'));
  }
  const found = await spectrumIn(engine, operator, settings, told);
  return describeSpectrum(found, methodOf(found));
}

function methodOf(found: Found): string {
  if ('symbols' in found) {
    const grid = found.counts.join('x');
    return t`symbol on a grid of ${grid} frequencies; ${methodOf(found.symbols[0])}`;
  }
  return found.isExact
    ? t('Householder bidiagonalisation (Golub and Kahan 1965)')
    : t`stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017) with ${PROBES} random directions and ${STEPS} steps`;
}

async function spectrumIn(
  engine: Engine,
  operator: Exclude<Operator, DiagonalOperator>,
  settings: Settings,
  told: Told,
): Promise<Found> {
  switch (operator.kind) {
    case 'matrix':
      return spectrumOfMatrix(engine, operator, told);
    case 'lowRank':
      return spectrumOfLowRank(engine, operator);
    case 'convolution':
      return spectrumOfConvolution(engine, operator, settings, told);
    case 'factoredConvolution':
      return spectrumOfFactored(engine, operator, settings, told);
    case 'kronecker':
      return spectrumOfKronecker(engine, operator, settings, told);
    case 'normalization':
      throw new NoSpectrumError(t('the derivative of a normalisation depends on its input'));
  }
}

async function spectrumOfMatrix(
  engine: Engine,
  { tensor, blocks, rows, columns, scale }: MatrixOperator,
  told: Told,
): Promise<Spectrum> {
  const readBlock = await blockReader(tensor, rows * columns);
  const found: Spectrum[] = [];
  for (let block = 0; block < blocks; block++) {
    found.push(await matrixSpectrum(engine, { values: await readBlock(block), rows, columns }, blocks));
    await told((block + 1) / blocks);
  }
  return multiplied(merged(found), Math.abs(scale));
}

/** With `up = Q R`, Q orthonormal, those of `R down`; the others are zero. */
async function spectrumOfLowRank(
  engine: Engine,
  { up, down, rows, rank, columns, scale }: LowRankOperator,
): Promise<Spectrum> {
  const [left, right] = [await up.read(), await down.read()];
  const scales = [exponentScale(left), exponentScale(right)];
  const unit = scaled(left, scales[0]);
  const order = Math.min(rows, rank);
  const triangle = rows > rank ? householder(unit, rows, rank) : unit;
  const values = await engine.multiply(triangle, scaled(right, scales[1]), order, rank, columns);
  const found = await matrixSpectrum(engine, { values, rows: order, columns });
  return [...scales, Math.abs(scale)].reduce(multiplied, found);
}

async function spectrumOfConvolution(
  engine: Engine,
  operator: ConvolutionOperator,
  settings: Settings,
  told: Told,
): Promise<Found> {
  const layer = convolutionLayer(operator, await operator.tensor.read(), settings);
  return mapped(await convolutionSpectrum(engine, layer, told), (some) =>
    multiplied(some, Math.abs(operator.scale)),
  );
}

async function spectrumOfFactored(
  engine: Engine,
  operator: FactoredConvolutionOperator,
  settings: Settings,
  told: Told,
): Promise<Found> {
  const { convolution } = operator;
  const { values, outChannels, inChannels, scales } = await reducedKernel(engine, operator);
  const layer = {
    ...convolutionLayer(convolution, values, settings),
    outChannels,
    inChannelsPerGroup: inChannels,
  };
  const found = await convolutionSpectrum(engine, layer, told);
  return mapped(found, (some) => [...scales, Math.abs(convolution.scale)].reduce(multiplied, some));
}

async function spectrumOfKronecker(
  engine: Engine,
  operator: KroneckerOperator,
  settings: Settings,
  told: Told,
): Promise<Found> {
  const left = await spectrumIn(engine, operator.left, settings, () => undefined);
  const right = await spectrumIn(engine, operator.right, settings, told);
  if ('symbols' in left) throw new NoSpectrumError(t('its left factor is no matrix'));
  const sizes = 'symbols' in right ? right.symbols.map(({ values }) => values.length) : [right.values.length];
  if (left.values.length * sizes.reduce((sum, size) => sum + size, 0) > MOST_PRODUCTS) {
    throw new NoSpectrumError(t('it has too many singular values'));
  }
  return mapped(right, (some) => multiplied(kroneckerSpectrum(left, some), Math.abs(operator.scale)));
}

function mapped(found: Found, change: (spectrum: Spectrum) => Spectrum): Found {
  return 'symbols' in found ? { ...found, symbols: found.symbols.map(change) } : change(found);
}

async function diagonalSpectrum({ gain, variance, epsilon }: DiagonalOperator): Promise<Spectrum> {
  const entries = diagonalOf({
    gain: gain && (await gain.read()),
    variance: await variance.read(),
    epsilon,
  });
  return exact(entries.map(Math.abs).sort().reverse());
}

/** About how many seconds it takes on a typical machine. */
export function secondsOfSpectrum(operator: Operator): number {
  switch (operator.kind) {
    case 'matrix':
      return operator.blocks * secondsOfMatrixSpectrum(operator.rows, operator.columns, operator.blocks);
    case 'lowRank': {
      const { rows, rank, columns } = operator;
      return secondsOfMatrixSpectrum(rows, rank) + secondsOfMatrixSpectrum(Math.min(rows, rank), columns);
    }
    case 'convolution':
      return secondsOfConvolution(operator.tensor.shape, operator);
    case 'factoredConvolution':
      return secondsOfConvolution(operator.core.shape, operator.convolution);
    case 'kronecker':
      return secondsOfSpectrum(operator.left) + secondsOfSpectrum(operator.right);
    case 'diagonal':
    case 'normalization':
      return 0;
  }
}

function secondsOfConvolution(
  [outer, inner, ...size]: readonly number[],
  { groups, strides }: Pick<ConvolutionOperator, 'groups' | 'strides'>,
): number {
  const phases = product(size.map((length, axis) => Math.min(length, strides[axis])));
  const [rows, columns] = [outer / groups, inner * phases].sort((a, b) => b - a);
  return size.every((length, axis) => length <= strides[axis])
    ? groups * secondsOfMatrixSpectrum(rows, columns, groups)
    : secondsOfSymbolSpectra(rows, columns, groups, size.length);
}
