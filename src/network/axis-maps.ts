/**
 * Linear maps that work on the spatial axes one by one: pooling by averages, interpolation. The norm of the whole is the
 * product of those of its axes, for it is their Kronecker product.
 */
import { roundUp } from '../bounds/rounding';
import { ofCopies, type PerNorm } from './norms';

/** One output of an axis: the inputs that it is made of. */
export interface AxisRow {
  readonly indices: readonly number[];
  readonly weights: readonly number[];
}

/** The norms of one axis, that of L2 by Schur's test: `||A||^2 <= ||A||_1 ||A||_inf`. */
export function normsOfAxis(rows: readonly AxisRow[], inputs: number): PerNorm<number> {
  const columns = new Float64Array(inputs);
  let largestRow = 0;
  for (const { indices, weights } of rows) {
    let sum = 0;
    weights.forEach((weight, i) => {
      sum += Math.abs(weight);
      columns[indices[i]] += Math.abs(weight);
    });
    largestRow = Math.max(largestRow, sum);
  }
  const [Linf, L1] = [upOfSum(largestRow), upOfSum(columns.reduce((most, sum) => Math.max(most, sum), 0))];
  return { L2: roundUp(Math.sqrt(Linf * L1)), Linf, L1 };
}

/** Sums of at most 2^20 terms. */
function upOfSum(sum: number): number {
  return sum * (1 + 2 ** -32);
}

export function product(axes: readonly PerNorm<number>[]): PerNorm<number> {
  const of = (norm: keyof PerNorm<number>): number =>
    axes.reduce((result, axis) => (axis[norm] === 1 ? result : roundUp(result * axis[norm])), 1);
  return { L2: of('L2'), Linf: of('Linf'), L1: of('L1') };
}

/** Axes longer than this are not written out. */
export const LONGEST_AXIS = 2 ** 16;

/** How a coordinate of the output is one of the input: the modes of ONNX's Resize. */
export type Coordinates =
  'half_pixel' | 'pytorch_half_pixel' | 'align_corners' | 'asymmetric' | 'half_pixel_symmetric';

export function isCoordinates(text: string): text is Coordinates {
  return ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric', 'half_pixel_symmetric'].includes(
    text,
  );
}

/** ONNX, Resize: `scale` is that of the file, which need not be exactly `outputs / inputs`. */
function coordinate(mode: Coordinates, x: number, inputs: number, outputs: number, scale: number): number {
  switch (mode) {
    case 'half_pixel':
      return (x + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return outputs > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return outputs > 1 ? (x * (inputs - 1)) / (outputs - 1) : 0;
    case 'asymmetric':
      return x / scale;
    case 'half_pixel_symmetric': {
      const adjustment = outputs / (scale * inputs);
      return (inputs / 2) * (1 - adjustment) + (x + 0.5) / scale - 0.5;
    }
  }
}

/** The rows of a linear interpolation, the coordinates clamped to the input. */
export function linearRows(mode: Coordinates, inputs: number, outputs: number, scale: number): AxisRow[] {
  return Array.from({ length: outputs }, (_, x) => {
    const place = Math.min(Math.max(coordinate(mode, x, inputs, outputs, scale), 0), inputs - 1);
    const left = Math.min(Math.floor(place), inputs - 1);
    const right = Math.min(left + 1, inputs - 1);
    return { indices: [left, right], weights: [1 - (place - left), place - left] };
  });
}

/**
 * The norms of a choice of the nearest elements on an axis, by how often one of them is chosen. Where the coordinate is
 * within float32's rounding of a border, the runtime may go either way, so both count.
 */
export function normsOfNearest(
  mode: Coordinates,
  inputs: number,
  outputs: number,
  scale: number,
  rounding: string,
): PerNorm<number> {
  const copies = new Float64Array(inputs);
  const clamp = (index: number): number => Math.min(Math.max(index, 0), inputs - 1);
  for (let x = 0; x < outputs; x++) {
    const place = coordinate(mode, x, inputs, outputs, scale);
    const slack = Number.isInteger(scale) ? 0 : (Math.abs(place) + 1) * 2 ** -20;
    const [a, b] = [place - slack, place + slack].map((at) => clamp(chosen(at, rounding)));
    copies[a]++;
    if (a !== b) copies[b]++;
  }
  return ofCopies(copies.reduce((most, count) => Math.max(most, count), 0));
}

function chosen(place: number, rounding: string): number {
  switch (rounding) {
    case 'floor':
      return Math.floor(place);
    case 'ceil':
      return Math.ceil(place);
    case 'round_prefer_ceil':
      return Math.floor(place + 0.5);
    default:
      return Math.ceil(place - 0.5);
  }
}

/**
 * The rows of an average over windows on an axis.
 * @param pads zeros before the axis
 * @param counted the zeros of the pads are part of the average
 */
export function averageRows(
  inputs: number,
  outputs: number,
  window: {
    readonly kernel: number;
    readonly stride: number;
    readonly dilation: number;
    readonly pads: readonly [number, number];
  },
  counted: boolean,
): AxisRow[] {
  return Array.from({ length: outputs }, (_, o) => {
    const places = Array.from(
      { length: window.kernel },
      (_, tap) => o * window.stride + tap * window.dilation - window.pads[0],
    );
    const indices = places.filter((place) => place >= 0 && place < inputs);
    const divisor = counted ? window.kernel : indices.length;
    return { indices, weights: indices.map(() => 1 / divisor) };
  });
}

/** How many windows hold one element: taps that meet it from windows at multiples of the stride. */
export function windowsPerElement(kernel: number, stride: number, dilation: number): number {
  return Math.ceil(kernel / (stride / greatestCommonDivisor(stride, dilation)));
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
