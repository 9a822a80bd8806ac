/** What padding does to one axis, counted rather than guessed. */

export type PaddingMode = 'zeros' | 'circular' | 'reflect' | 'replicate';

/** One axis of a convolution on an input of known size. */
export interface Axis {
  readonly inputSize: number;
  readonly begin: number;
  readonly end: number;
  /** `dilation (k - 1) + 1`. */
  readonly extent: number;
  readonly stride: number;
  readonly mode: PaddingMode;
}

/** Number of outputs; 0 or less where the kernel does not fit. */
export function outputSize({ inputSize, begin, end, extent, stride }: Axis): number {
  return Math.floor((inputSize + begin + end - extent) / stride) + 1;
}

/** For every position of the padded axis the input position that it holds, -1 for a zero. */
export function paddedSources({ inputSize: n, begin, end, mode }: Axis): Int32Array {
  const sources = new Int32Array(Math.max(0, n + begin + end));
  for (let i = 0; i < sources.length; i++) sources[i] = sourceOf(i - begin, n, mode);
  return sources;
}

function sourceOf(i: number, n: number, mode: PaddingMode): number {
  if (i >= 0 && i < n) return i;
  switch (mode) {
    case 'zeros':
      return -1;
    case 'circular':
      return ((i % n) + n) % n;
    case 'replicate':
      return i < 0 ? 0 : n - 1;
    case 'reflect': {
      if (n === 1) return 0;
      const period = 2 * (n - 1);
      const folded = ((i % period) + period) % period;
      return folded < n ? folded : period - folded;
    }
  }
}

/** Padded axes longer than this are not counted position by position. */
const LONGEST_COUNTED = 2 ** 20;

/** Largest number of positions of the padded axis that hold the same input: the squared norm of the padding. */
export function largestCopies(axis: Axis): number {
  if (axis.mode === 'zeros') return 1;
  if (axis.inputSize + axis.begin + axis.end > LONGEST_COUNTED) return mostCopies(axis);
  const copies = new Int32Array(axis.inputSize);
  let largest = 0;
  for (const source of paddedSources(axis)) {
    if (source >= 0) largest = Math.max(largest, ++copies[source]);
  }
  return largest;
}

/** The same, at most, for pads and inputs of any length. */
export function mostCopies({ inputSize: n, begin, end, mode }: Axis): number {
  const total = n + begin + end;
  switch (mode) {
    case 'zeros':
      return 1;
    case 'circular':
      return Math.ceil(total / n);
    case 'reflect':
      if (begin < n && end < n) return largestCopiesAnySize({ mode, begin, end });
      return n <= 2 ? Math.ceil(total / n) : 2 * Math.ceil(total / (2 * (n - 1)));
    case 'replicate':
      return n === 1 ? total : 1 + Math.max(0, begin, end);
  }
}

/**
 * The same, at most, over all input sizes (for reflection: all that are larger than the pads). An input of one position is
 * copied to every pad. Reflection reaches a position at most once from either side.
 */
export function largestCopiesAnySize({ mode, begin, end }: Pick<Axis, 'mode' | 'begin' | 'end'>): number {
  switch (mode) {
    case 'zeros':
      return 1;
    case 'reflect':
      return 1 + (begin > 0 ? 1 : 0) + (end > 0 ? 1 : 0);
    case 'circular':
    case 'replicate':
      return 1 + Math.max(0, begin) + Math.max(0, end);
  }
}

/**
 * The least size of a circulant operator, a multiple of the stride, of which a zero-padded (or unpadded) axis is a
 * compression: reads before the input and after it must meet zeros, and no two outputs may coincide.
 */
export function circulantSize(axis: Axis): number {
  const { inputSize, begin, extent, stride } = axis;
  const outputs = outputSize(axis);
  const lastRead = (outputs - 1) * stride + extent - 1 - begin;
  const least = Math.max(inputSize + Math.max(0, begin), lastRead + 1, outputs * stride);
  return Math.ceil(least / stride) * stride;
}
