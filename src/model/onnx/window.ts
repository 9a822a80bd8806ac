/** Sliding windows: the arithmetic of padding and sizes that convolutions and pooling share. Per spatial axis. */
import { t } from '@vscode/l10n';
import { quote } from '../quote';
import { intsAttribute, stringAttribute, Unfit } from './attributes';
import type { Operation } from './program';
import { dimension, written, type Dimension } from './shape';

export type AutoPad = 'NOTSET' | 'SAME_UPPER' | 'SAME_LOWER' | 'VALID';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly autoPad: AutoPad;
  /** All begins, then all ends; they count where `autoPad` is NOTSET. */
  readonly pads: readonly number[];
}

/** Elements that are added before and after an axis; negative: cut off. */
export type Pads = readonly [begin: number, end: number];

/**
 * @param kernel the size of the weight's kernel; null: the attribute `kernel_shape` gives it.
 * @throws Unfit where an attribute is missing, of another number of axes or out of range
 */
export function windowOf(operation: Operation, kernel: readonly number[] | null): Window {
  const given = intsAttribute(operation, 'kernel_shape');
  const size = kernel ?? given;
  if (size === null) throw new Unfit(t(`it has no attribute "kernel_shape"`));
  const axes = size.length;
  if (
    given !== null &&
    given.length > 0 &&
    !(given.length === axes && given.every((k, i) => k === size[i]))
  ) {
    throw new Unfit(t`its attribute "kernel_shape" is ${written(given)}, its kernel ${written(size)}`);
  }
  const autoPad = stringAttribute(operation, 'auto_pad', 'NOTSET') || 'NOTSET';
  if (!isAutoPad(autoPad)) throw new Unfit(t`its attribute "auto_pad" is ${quote(autoPad)}`);
  return {
    kernel: size,
    strides: perAxis(operation, 'strides', axes, 1, 1),
    dilations: perAxis(operation, 'dilations', axes, 1, 1),
    autoPad,
    pads: perAxis(operation, 'pads', 2 * axes, 0, -Infinity),
  };
}

function isAutoPad(text: string): text is AutoPad {
  return text === 'NOTSET' || text === 'SAME_UPPER' || text === 'SAME_LOWER' || text === 'VALID';
}

/** An attribute with `length` integers of at least `least`; `absent` for each where there is none. */
export function perAxis(
  operation: Operation,
  name: string,
  length: number,
  absent: number,
  least: number,
): readonly number[] {
  const values = intsAttribute(operation, name);
  if (values === null || values.length === 0) return Array<number>(length).fill(absent);
  if (values.length !== length) {
    throw new Unfit(t`its attribute ${quote(name)} has ${values.length} values in place of ${length}`);
  }
  if (!values.every((value) => Number.isSafeInteger(value) && value >= least)) {
    throw new Unfit(t`its attribute ${quote(name)} is ${written(values)}`);
  }
  return values;
}

/** Length of the dilated kernel. */
function extentOfKernel(window: Window, axis: number): number {
  return (window.kernel[axis] - 1) * window.dilations[axis] + 1;
}

/** Padding of one axis of an input of `size` elements; null where it depends on a size that is unknown. */
function padsOfAxis(window: Window, axis: number, size: Dimension): Pads | null {
  const axes = window.kernel.length;
  if (window.autoPad === 'VALID') return [0, 0];
  if (window.autoPad === 'NOTSET') return [window.pads[axis], window.pads[axis + axes]];
  const extent = extentOfKernel(window, axis);
  const stride = window.strides[axis];
  if (stride === 1) return shared(extent - 1, window.autoPad === 'SAME_UPPER');
  if (size === null) return null;
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
  return shared(total, window.autoPad === 'SAME_UPPER');
}

/** An odd element goes to the end, or to the beginning. */
function shared(total: number, moreAtEnd: boolean): Pads {
  const less = Math.floor(total / 2);
  return moreAtEnd ? [less, total - less] : [total - less, less];
}

/** Padding of all axes in ONNX order; null where that of an axis is unknown. */
export function padsOf(window: Window, size: readonly Dimension[] | null): readonly number[] | null {
  const pads = window.kernel.map((_, axis) => padsOfAxis(window, axis, size?.[axis] ?? null));
  if (!pads.every((pair) => pair !== null)) return null;
  return [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)];
}

/**
 * Number of positions of the window along an axis; null where unknown, or where the window does not fit at all.
 * @param ceil pooling may count a last window that only partly fits (`ceil_mode`).
 */
export function outputOfAxis(window: Window, axis: number, size: Dimension, ceil = false): Dimension {
  const pads = padsOfAxis(window, axis, size);
  if (size === null || pads === null) return null;
  const stride = window.strides[axis];
  const room = size + pads[0] + pads[1] - extentOfKernel(window, axis);
  if (room < 0) return null;
  const whole = Math.floor(room / stride) + 1;
  if (!ceil || room % stride === 0) return dimension(whole);
  // Whether a window counts that starts in the padding at the end depends on the operator's version.
  return whole * stride < size + pads[0] ? dimension(whole + 1) : null;
}

/** A transposed convolution: how much of its full output is cut off, and what is left. */
export interface Transposition {
  readonly pads: Pads;
  /** Null where the input's size is unknown. */
  readonly output: Dimension;
}

export interface TransposedWindow extends Window {
  readonly outputPadding: readonly number[];
  /** Sizes that the file asks for; the padding is what they need. */
  readonly outputShape: readonly number[] | null;
}

/** @throws Unfit as `windowOf` */
export function transposedWindowOf(operation: Operation, kernel: readonly number[]): TransposedWindow {
  const axes = kernel.length;
  const window = windowOf(operation, kernel);
  const shape = intsAttribute(operation, 'output_shape');
  // Some writers list batch and channels too.
  const spatial = shape === null || shape.length === 0 ? null : shape.slice(-axes);
  if (spatial !== null && (shape?.length === axes || shape?.length === axes + 2) === false) {
    throw new Unfit(t`its attribute "output_shape" has ${shape?.length ?? 0} values`);
  }
  if (spatial !== null && !spatial.every((size) => dimension(size) !== null)) {
    throw new Unfit(t`its attribute "output_shape" is ${written(spatial)}`);
  }
  return {
    ...window,
    outputPadding: perAxis(operation, 'output_padding', axes, 0, 0),
    outputShape: spatial,
  };
}

/** ONNX ConvTranspose, "output_shape can also be explicitly specified"; null where the padding is unknown. */
export function transpositionOfAxis(
  window: TransposedWindow,
  axis: number,
  size: Dimension,
): Transposition | null {
  const axes = window.kernel.length;
  const stride = window.strides[axis];
  // Without the part that grows with the input, (size - 1) * stride.
  const rest = window.outputPadding[axis] + extentOfKernel(window, axis);
  const full = size === null ? null : (size - 1) * stride + rest;
  const wanted = window.outputShape?.[axis] ?? null;
  const same = window.autoPad === 'SAME_UPPER' || window.autoPad === 'SAME_LOWER';
  if (wanted === null && !same) {
    const pads: Pads = window.autoPad === 'VALID' ? [0, 0] : [window.pads[axis], window.pads[axis + axes]];
    return { pads, output: dimension(full === null ? null : full - pads[0] - pads[1]) };
  }
  const total = wanted === null ? rest - stride : full === null ? null : full - wanted;
  if (total === null) return null;
  // Runtimes do not agree on an output that is longer than the full one, which would end with zeros.
  if (total < 0) return { pads: [0, 0], output: null };
  const output = wanted ?? (size === null ? null : size * stride);
  return { pads: shared(total, window.autoPad === 'SAME_UPPER'), output: dimension(output) };
}
