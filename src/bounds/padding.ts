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

/** Largest number of positions of the padded axis that hold the same input: the squared norm of the padding. */
export function largestCopies(axis: Axis): number {
  const copies = new Int32Array(axis.inputSize);
  let largest = 0;
  for (const source of paddedSources(axis)) {
    if (source >= 0) largest = Math.max(largest, ++copies[source]);
  }
  return largest;
}

/**
 * The same over all input sizes that the padding allows. Large inputs make the fewest copies, so the small ones are tried.
 * Reflection needs an input larger than its pads, circular padding one at least as large.
 */
export function largestCopiesAnySize(axis: Omit<Axis, 'inputSize'>): number {
  if (axis.mode === 'zeros') return 1;
  const pad = Math.max(0, axis.begin, axis.end);
  const least = axis.mode === 'reflect' ? pad + 1 : axis.mode === 'circular' ? Math.max(1, pad) : 1;
  let largest = 1;
  for (let inputSize = least; inputSize <= 2 * pad + 2; inputSize++) {
    largest = Math.max(largest, largestCopies({ ...axis, inputSize }));
  }
  return largest;
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
