/** From which side a kernel is looked at: a short look at how much its symbols vary. */
import { placeBetween } from './climb';
import {
  type ComplexVector,
  complexStart,
  concatenated,
  evaluate,
  type EvaluatedSymbol,
  times,
  timesAdjoint,
} from './evaluated-symbol';
import { type PolyphaseKernel, transposed } from '../kernel';
import { sumOfSquares } from '../values';

/** Frequencies at which kernels are looked at, and how much less the other side must vary to be taken. */
const PLACES = [1, 2, 3] as const;
const STEADIER = 1 / 2;

/**
 * The kernel or its transpose, which has the same norms, where that is as small: the one of which `H(w) = F(w)^H F(w)` varies less.
 * An isometry with scaled outputs does not vary at all one way, and with scaled inputs the other way.
 */
export function steadierSide(kernel: PolyphaseKernel): PolyphaseKernel {
  const { rows, columns, positions } = kernel;
  if (rows !== columns || columns === 1 || positions.length === 1) return kernel;
  const symbols = symbolsOf(kernel);
  const ours = sampledDeviation(symbols, columns, timesGram);
  const others = sampledDeviation(symbols, rows, (f, u) => times(f, timesAdjoint(f, u)));
  return others < STEADIER * ours ? transposed(kernel) : kernel;
}

/** About the root mean square of the eigenvalues of `H(w) - A_0` over all w. */
export function usualDeviationOf(kernel: PolyphaseKernel): number {
  return sampledDeviation(symbolsOf(kernel), kernel.columns, timesGram);
}

/** `F^H F v`. */
function timesGram(symbol: EvaluatedSymbol, v: ComplexVector): ComplexVector {
  return timesAdjoint(symbol, times(symbol, v));
}

function symbolsOf(kernel: PolyphaseKernel): EvaluatedSymbol[] {
  const axes = kernel.positions[0].length;
  return PLACES.map((place) => evaluate(kernel, placeBetween(place, axes)));
}

/** The standard deviation of what the symbols' Gram matrices make of one vector of unit length. */
function sampledDeviation(
  symbols: readonly EvaluatedSymbol[],
  order: number,
  apply: (symbol: EvaluatedSymbol, x: ComplexVector) => ComplexVector,
): number {
  const start = complexStart(order);
  const images = symbols.map((symbol) => concatenated(apply(symbol, start)));
  const mean = images[0].map((_, i) => images.reduce((sum, image) => sum + image[i], 0) / images.length);
  const squares = images.reduce((sum, image) => sum + sumOfSquares(image.map((x, i) => x - mean[i])), 0);
  return Math.sqrt(squares / (images.length - 1) / sumOfSquares(concatenated(start)));
}
