/**
 * Lazy tensors made from other tensors. Nothing is read before `read` is called. A combination that cannot be (other
 * number of elements, axis out of range, ...) is a RangeError when the tensor is made.
 */
import { t } from '@vscode/l10n';
import { createHash } from 'node:crypto';
import type { Values } from './elements';
import type { Tensor } from './model';

/** A tensor of which consecutive elements can be read without the rest. */
export interface RangedTensor extends Tensor {
  /** Elements `begin` to `end` in row-major order; 0 <= begin <= end <= number of elements. */
  readRange(begin: number, end: number): Promise<Values>;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, dimension) => product * dimension, 1);
}

/** A small constant that is in memory. Equal contents have equal keys. */
export function fromValues(name: string, shape: readonly number[], values: Values): RangedTensor {
  requireShape(shape);
  if (elementCount(shape) !== values.length) {
    throw new RangeError(t`${values.length} values do not fill the shape (${shape.join(', ')})`);
  }
  const dtype = values instanceof Float32Array ? 'float' : 'double';
  const digest = createHash('sha256').update(
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  return {
    name,
    shape,
    dtype,
    key: `values(${dtype}; ${shape.join(',')}; ${digest.digest('hex')})`,
    read: () => Promise.resolve(values.slice()),
    readRange: (begin, end) => Promise.resolve(values.slice(begin, end)),
  };
}

/**
 * The values of `base` after a computation.
 * @param operation names the computation and everything that it depends on besides the base: becomes part of the key.
 */
export function derived(
  base: Tensor,
  shape: readonly number[],
  operation: string,
  compute: (values: Values) => Values | Promise<Values>,
): Tensor {
  requireShape(shape);
  return {
    name: base.name,
    shape,
    dtype: base.dtype,
    key: `${operation} of ${base.key}`,
    read: async () => compute(await base.read()),
  };
}

/** What a reshaped tensor shows another shape of; reshaping again starts from there. */
const unshaped = new WeakMap<Tensor, Tensor>();

/** The same values in row-major order under another shape of as many elements. */
export function reshaped(tensor: Tensor, shape: readonly number[]): Tensor {
  requireShape(shape);
  if (elementCount(shape) !== elementCount(tensor.shape)) {
    throw new RangeError(t`shape (${tensor.shape.join(', ')}) cannot become (${shape.join(', ')})`);
  }
  const base = unshaped.get(tensor) ?? tensor;
  if (sameShape(base.shape, shape)) return base;
  const view: Tensor = {
    name: base.name,
    shape,
    dtype: base.dtype,
    key: `shape(${shape.join(',')}) of ${base.key}`,
    read: () => base.read(),
    ...(isRanged(base) && { readRange: (begin: number, end: number) => base.readRange(begin, end) }),
  };
  unshaped.set(view, base);
  return view;
}

/** Axis `i` of the result is axis `permutation[i]` of the tensor (as numpy's and ONNX's). */
export function transposed(tensor: Tensor, permutation: readonly number[]): Tensor {
  const rank = tensor.shape.length;
  if (permutation.length !== rank || ![...permutation].sort((a, b) => a - b).every((axis, i) => axis === i)) {
    throw new RangeError(t`(${permutation.join(', ')}) is no permutation of ${rank} axes`);
  }
  if (permutation.every((axis, i) => axis === i)) return tensor;
  const { shape } = tensor;
  return derived(
    tensor,
    permutation.map((axis) => shape[axis]),
    `transpose(${shape.join(',')}; ${permutation.join(',')})`,
    (values) => transposeValues(values, shape, permutation),
  );
}

/**
 * The part of a tensor between `begin` and `end` of one axis. Where that part is consecutive in the file (no longer
 * axis before it), only it is read.
 */
export function sliced(tensor: Tensor, axis: number, begin: number, end: number): Tensor {
  const { shape } = tensor;
  if (!(axis in shape)) throw new RangeError(t`no axis ${axis} in (${shape.join(', ')})`);
  if (!Number.isInteger(begin) || !Number.isInteger(end) || begin < 0 || begin > end || end > shape[axis]) {
    throw new RangeError(t`no slice ${begin} to ${end} of axis ${axis} of (${shape.join(', ')})`);
  }
  if (begin === 0 && end === shape[axis]) return tensor;
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  const slice = derived(
    tensor,
    shape.with(axis, end - begin),
    `slice(${shape.join(',')}; ${axis}; ${begin}; ${end})`,
    (values) => sliceValues(values, outer, shape[axis] * inner, begin * inner, end * inner),
  );
  if (outer !== 1 || !isRanged(tensor)) return slice;
  const first = begin * inner;
  const ranged: RangedTensor = {
    ...slice,
    read: () => tensor.readRange(first, end * inner),
    readRange: (from, to) => tensor.readRange(first + from, first + to),
  };
  return ranged;
}

/** Values times a number, in float64. */
export function scaledBy(tensor: Tensor, factor: number): Tensor {
  if (factor === 1) return tensor;
  return elementwise(tensor, `times(${exactly(factor)})`, (value) => value * factor);
}

/** Values divided by a number, in float64. */
export function dividedBy(tensor: Tensor, divisor: number): Tensor {
  if (divisor === 1) return tensor;
  return elementwise(tensor, `over(${exactly(divisor)})`, (value) => value / divisor);
}

function elementwise(tensor: Tensor, operation: string, apply: (value: number) => number): Tensor {
  const compute = (values: Values): Float64Array => {
    const results = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) results[i] = apply(values[i]);
    return results;
  };
  const result = derived(tensor, tensor.shape, operation, compute);
  if (!isRanged(tensor)) return result;
  const ranged: RangedTensor = {
    ...result,
    readRange: async (begin, end) => compute(await tensor.readRange(begin, end)),
  };
  return ranged;
}

/**
 * `(q - zeroPoint) * scale` in float64: exact for q and zeroPoint of up to 16 bits and scales of up to 32.
 *
 * `scale` (and `zeroPoint`, of as many elements) holds one value; or one for each index of `axis`; or, with
 * `blockSize`, the shape of `q` with that axis divided by the block size, rounded up.
 * @param axis null only where `scale` has one element.
 * @param blockSize null where the scale is not blocked.
 */
export function dequantized(
  q: Tensor,
  scale: Tensor,
  zeroPoint: Tensor | null,
  axis: number | null,
  blockSize: number | null,
): Tensor {
  const layout = quantizationLayout(q.shape, scale.shape, axis, blockSize);
  if (zeroPoint !== null && elementCount(zeroPoint.shape) !== elementCount(scale.shape)) {
    throw new RangeError(
      t`zero points (${zeroPoint.shape.join(', ')}) for scales (${scale.shape.join(', ')})`,
    );
  }
  const operation = `dequantize(${JSON.stringify(layout)}; ${scale.key}; ${zeroPoint?.key ?? ''})`;
  return derived(q, q.shape, operation, async (values) =>
    dequantizeValues(values, await scale.read(), zeroPoint === null ? null : await zeroPoint.read(), layout),
  );
}

/** Element (o, a, i) of q seen as (outer, length, inner) has the scale (o, floor(a / block), i) of (.., steps, ..). */
interface QuantizationLayout {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly block: number;
  /** The scale has one value for all inner and outer indices. */
  readonly perAxis: boolean;
}

function quantizationLayout(
  shape: readonly number[],
  scaleShape: readonly number[],
  axis: number | null,
  blockSize: number | null,
): QuantizationLayout {
  const scales = elementCount(scaleShape);
  if (scales === 1 && blockSize === null) {
    return { outer: 1, length: 1, inner: elementCount(shape), block: 1, perAxis: true };
  }
  if (axis === null || !(axis in shape)) {
    throw new RangeError(t`scales (${scaleShape.join(', ')}) for no axis of (${shape.join(', ')})`);
  }
  const length = shape[axis];
  if (blockSize === null) {
    if (scales !== length) throw new RangeError(t`${scales} scales for an axis of ${length}`);
  } else {
    if (!Number.isInteger(blockSize) || blockSize < 1)
      throw new RangeError(t`blocks of ${blockSize} elements`);
    if (!sameShape(scaleShape, shape.with(axis, Math.ceil(length / blockSize)))) {
      throw new RangeError(
        t`scales (${scaleShape.join(', ')}) for blocks of ${blockSize} along axis ${axis} of (${shape.join(', ')})`,
      );
    }
  }
  return {
    outer: elementCount(shape.slice(0, axis)),
    length,
    inner: elementCount(shape.slice(axis + 1)),
    block: blockSize ?? 1,
    perAxis: blockSize === null,
  };
}

function dequantizeValues(
  values: Values,
  scale: Values,
  zeroPoint: Values | null,
  { outer, length, inner, block, perAxis }: QuantizationLayout,
): Float64Array {
  const results = new Float64Array(values.length);
  const steps = Math.ceil(length / block);
  let element = 0;
  for (let o = 0; o < outer; o++) {
    for (let a = 0; a < length; a++) {
      const step = Math.floor(a / block);
      for (let i = 0; i < inner; i++, element++) {
        const s = perAxis ? step : (o * steps + step) * inner + i;
        results[element] = (values[element] - (zeroPoint === null ? 0 : zeroPoint[s])) * scale[s];
      }
    }
  }
  return results;
}

export function isRanged(tensor: Tensor): tensor is RangedTensor {
  return 'readRange' in tensor;
}

/** An array of the same kind, so of the same exactness. */
function emptyLike(values: Values, length: number): Values {
  return values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

function sliceValues(values: Values, outer: number, stride: number, begin: number, end: number): Values {
  const results = emptyLike(values, outer * (end - begin));
  for (let o = 0; o < outer; o++) {
    results.set(values.subarray(o * stride + begin, o * stride + end), o * (end - begin));
  }
  return results;
}

/** Side of the squares in which two axes are exchanged: both sides of the copy stay in the cache. */
const tile = 32;

function transposeValues(values: Values, shape: readonly number[], permutation: readonly number[]): Values {
  const results = emptyLike(values, values.length);
  if (values.length === 0) return results;
  const strides = rowMajorStrides(shape);
  // Where the tensor's last axis goes, and what becomes the last one: the two that a copy runs along.
  const rank = shape.length;
  const along = permutation.indexOf(rank - 1);
  const resultShape = permutation.map((axis) => shape[axis]);
  const resultStrides = rowMajorStrides(resultShape);
  const sourceStrides = permutation.map((axis) => strides[axis]);
  const columns = resultShape[rank - 1];
  const columnStride = sourceStrides[rank - 1];
  const rows = along === rank - 1 ? 1 : resultShape[along];
  const rowStride = resultStrides[along];
  const others = resultShape.map((_, axis) => axis).filter((axis) => axis !== rank - 1 && axis !== along);

  const index = others.map(() => 0);
  for (;;) {
    let source = 0;
    let target = 0;
    others.forEach((axis, i) => {
      source += index[i] * sourceStrides[axis];
      target += index[i] * resultStrides[axis];
    });
    for (let row = 0; row < rows; row += tile) {
      const lastRow = Math.min(row + tile, rows);
      for (let column = 0; column < columns; column += tile) {
        const lastColumn = Math.min(column + tile, columns);
        for (let r = row; r < lastRow; r++) {
          for (let c = column; c < lastColumn; c++) {
            results[target + r * rowStride + c] = values[source + r + c * columnStride];
          }
        }
      }
    }
    let axis = others.length - 1;
    while (axis >= 0 && ++index[axis] === resultShape[others[axis]]) index[axis--] = 0;
    if (axis < 0) return results;
  }
}

/** Elements between neighbours along each axis. */
function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

function requireShape(shape: readonly number[]): void {
  if (!shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0)) {
    throw new RangeError(t`(${shape.join(', ')}) is no shape`);
  }
}

/** Tells apart what `String` does not: 0 and -0. */
function exactly(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
