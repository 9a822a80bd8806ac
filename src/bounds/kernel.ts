import { gamma, roundUp } from './rounding';
import { sumOfSquares, type Values } from './values';

/** How a convolution (cross-correlation) is laid out; d = strides.length spatial dimensions. */
export interface KernelShape {
  /** Output channels of all groups. */
  readonly outChannels: number;
  /** Input channels of one group. */
  readonly inChannelsPerGroup: number;
  /** Kernel size per axis. */
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
}

/**
 * The kernel of one group after polyphase: a stride-1 convolution of d dimensions from `phases * ci` to `co` channels
 * with the same norm. Only the phases that some tap reads are kept, and only the positions that hold a tap.
 *
 * Its symbol is `F(w) = sum_a K_a exp(-i <a, w>)`. As norms do not change under transposition, K_a is stored with
 * `rows >= columns`.
 */
export interface PolyphaseKernel {
  readonly rows: number;
  readonly columns: number;
  /** Integer positions a, `d` numbers each, least position 0 on every axis. */
  readonly positions: readonly (readonly number[])[];
  /** Values in the order (position, row, column). */
  readonly values: Float64Array;
  /** `min(co, ci * prod(strides))`: the rank that the stable rank is normalised by. */
  readonly fullRank: number;
}

/** The taps of one group, as polyphase kernel. `values` hold (co, ci / groups, k_1 .. k_d). */
export function polyphase(values: Values, shape: KernelShape, group: number): PolyphaseKernel {
  const { size, strides, dilations, groups } = shape;
  const co = shape.outChannels / groups;
  const ci = shape.inChannelsPerGroup;
  const taps = product(size);
  const phases = new Map<string, number>();
  const places = new Map<string, number>();
  const positions: number[][] = [];
  const tapPhase: number[] = [];
  const tapPlace: number[] = [];
  for (let tap = 0; tap < taps; tap++) {
    const offset = unravel(tap, size).map((p, axis) => p * dilations[axis]);
    const phase = offset.map((o, axis) => o % strides[axis]).join();
    const position = offset.map((o, axis) => Math.floor(o / strides[axis]));
    if (!phases.has(phase)) phases.set(phase, phases.size);
    if (!places.has(position.join())) {
      places.set(position.join(), positions.length);
      positions.push(position);
    }
    tapPhase.push(phases.get(phase) ?? 0);
    tapPlace.push(places.get(position.join()) ?? 0);
  }
  const wide = ci * phases.size;
  const transpose = co < wide;
  const rows = Math.max(co, wide);
  const columns = Math.min(co, wide);
  const out = new Float64Array(positions.length * rows * columns);
  const base = group * co * ci * taps;
  for (let o = 0; o < co; o++) {
    for (let c = 0; c < ci; c++) {
      for (let tap = 0; tap < taps; tap++) {
        const column = tapPhase[tap] * ci + c;
        const place = tapPlace[tap] * rows * columns;
        out[place + (transpose ? column * co + o : o * wide + column)] =
          values[base + (o * ci + c) * taps + tap];
      }
    }
  }
  return { rows, columns, positions, values: out, fullRank: Math.min(co, ci * product(strides)) };
}

/**
 * The same kernel with the greatest common divisor of the positions taken out of every axis. Frequencies are only
 * rescaled: the supremum over all of them, so the norm for any input size, is unchanged. (Dilation is the usual cause.)
 */
export function undilated(kernel: PolyphaseKernel): PolyphaseKernel {
  const d = kernel.positions[0].length;
  const divisors = Array.from({ length: d }, (_, axis) =>
    Math.max(
      1,
      kernel.positions.reduce((divisor, position) => greatestCommonDivisor(divisor, position[axis]), 0),
    ),
  );
  return { ...kernel, positions: kernel.positions.map((p) => p.map((a, axis) => a / divisors[axis])) };
}

/**
 * The kernel without what is zero: rows and columns that are at every position, as pruned channels are, and positions. All other singular
 * values of its symbols are the same; the symbols are but for a phase.
 */
export function withoutZeros(kernel: PolyphaseKernel): PolyphaseKernel {
  const { values, positions } = kernel;
  const [places, rows, columns] = [new Set<number>(), new Set<number>(), new Set<number>()];
  for (let p = 0, k = 0; p < positions.length; p++) {
    for (let r = 0; r < kernel.rows; r++) {
      for (let c = 0; c < kernel.columns; c++, k++) {
        if (values[k] === 0) continue;
        places.add(p);
        rows.add(r);
        columns.add(c);
      }
    }
  }
  const isSmaller =
    places.size < positions.length || rows.size < kernel.rows || columns.size < kernel.columns;
  if (places.size === 0 || !isSmaller) return kernel;
  const [used, ours, others] = [places, rows, columns].map((some) => [...some].sort((a, b) => a - b));
  const out = new Float64Array(used.length * ours.length * others.length);
  let k = 0;
  for (const p of used) {
    for (const r of ours) {
      for (const c of others) out[k++] = values[(p * kernel.rows + r) * kernel.columns + c];
    }
  }
  const least = positions[0].map((_, axis) => Math.min(...used.map((p) => positions[p][axis])));
  const smaller = {
    ...kernel,
    rows: ours.length,
    columns: others.length,
    positions: used.map((p) => positions[p].map((a, axis) => a - least[axis])),
    values: out,
  };
  return smaller.rows < smaller.columns ? transposed(smaller) : smaller;
}

/** The kernel whose symbol is `F(w)^T`, with the same norms. */
export function transposed(kernel: PolyphaseKernel): PolyphaseKernel {
  const { rows, columns, positions, values } = kernel;
  const out = new Float64Array(values.length);
  for (let p = 0; p < positions.length; p++) {
    const from = p * rows * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[from + c * rows + r] = values[from + r * columns + c];
    }
  }
  return { ...kernel, rows: columns, columns: rows, values: out };
}

/** The largest position on every axis; the smallest is 0. */
export function extentsOf(positions: PolyphaseKernel['positions']): number[] {
  return positions[0].map((_, axis) => positions.reduce((most, p) => Math.max(most, p[axis]), 0));
}

/** Half the extent of the positions per axis: the exponential type of the centred symbol. */
export function halfExtent({ positions }: Pick<PolyphaseKernel, 'positions'>): number[] {
  return extentsOf(positions).map((extent) => extent / 2);
}

/** The mean of the eigenvalues of `F(w)^H F(w)` over all w: that of `||F||_F^2` is `||K||_F^2` (Parseval). */
export function meanEigenvalue({ columns, values }: PolyphaseKernel): number {
  return sumOfSquares(values) / columns;
}

/** `sum_a ||K_a||_F`: no symbol's norm is larger. */
export function boundByTaps({ rows, columns, positions, values }: PolyphaseKernel): number {
  const entries = rows * columns;
  let sum = 0;
  for (let p = 0; p < positions.length; p++) {
    sum += Math.sqrt(sumOfSquares(values, p * entries, (p + 1) * entries));
  }
  return roundUp(sum * (1 + gamma(entries + positions.length)));
}

export function product(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a * b, 1);
}

/** Coordinates of a row-major index. */
export function unravel(index: number, shape: readonly number[]): number[] {
  const out = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    out[axis] = index % shape[axis];
    index = Math.floor(index / shape[axis]);
  }
  return out;
}

export function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
