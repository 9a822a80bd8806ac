/** The difference of two tensors without loss. */
import { t } from '@vscode/l10n';
import type { Tensor } from '../../model/model';
import { isRanged, type RangedTensor } from '../../model/tensor';

type Values = Float32Array | Float64Array;

/** `a - b = nearest + remainder`, element by element and exactly (TwoSum, Knuth). */
export interface Subtraction {
  /** The float64 numbers next to the differences. */
  readonly nearest: Tensor;
  readonly remainder: Tensor;
  /** Whether the remainder of everything that has been read of `nearest` is zero: so between weights of float32, nearly always. */
  isExact(): boolean;
}

/** @param b with as many elements as `a`, in the same order. */
export function subtraction(a: Tensor, b: Tensor): Subtraction {
  let exact = true;
  return {
    nearest: combined(a, b, 'minus', (x, y) => {
      const differences = new Float64Array(x.length);
      for (let i = 0; i < x.length; i++) {
        differences[i] = x[i] - y[i];
        exact &&= remainderOf(x[i], y[i], differences[i]) === 0;
        if (!Number.isFinite(differences[i]) && Number.isFinite(x[i]) && Number.isFinite(y[i])) {
          throw new RangeError(t('the difference of the weights is beyond the range of float64'));
        }
      }
      return differences;
    }),
    remainder: combined(a, b, 'remainder', (x, y) => {
      const remainders = new Float64Array(x.length);
      for (let i = 0; i < x.length; i++) remainders[i] = remainderOf(x[i], y[i], x[i] - y[i]);
      return remainders;
    }),
    isExact: () => exact,
  };
}

/** `x - y - difference`, exactly, `difference` being the rounded one. */
function remainderOf(x: number, y: number, difference: number): number {
  const taken = difference - x;
  return x - (difference - taken) - (y + taken);
}

function combined(
  a: Tensor,
  b: Tensor,
  operation: string,
  compute: (x: Values, y: Values) => Float64Array,
): Tensor {
  const whole: Tensor = {
    name: a.name,
    shape: a.shape,
    dtype: 'double',
    key: `${operation}(${a.key}; ${b.key})`,
    read: async () => compute(await a.read(), await b.read()),
  };
  if (!isRanged(a) || !isRanged(b)) return whole;
  const ranged: RangedTensor = {
    ...whole,
    readRange: async (begin, end) => compute(await a.readRange(begin, end), await b.readRange(begin, end)),
  };
  return ranged;
}
