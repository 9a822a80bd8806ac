/** Weights as the bounds take them: finite, scaled by a power of two so that squares neither overflow nor vanish. */
import { t } from '@vscode/l10n';

export type Values = Float32Array | Float64Array;

/** The weights hold NaN or an infinity: no norm exists. */
export class NotFiniteError extends Error {
  constructor(value: number) {
    super(Number.isNaN(value) ? t('the weight contains NaN') : t('the weight contains an infinite value'));
    this.name = 'NotFiniteError';
  }
}

/**
 * The power of two `s` with `max |v| / s` in [1, 2); 1 for all zeros. Division by it is exact in float64 but for
 * values below `2^-1022 s`, which lose less than the smallest subnormal.
 * @throws NotFiniteError
 */
export function exponentScale(values: Values): number {
  // Of four at a time none waits for another; NaN is the maximum of NaN and anything.
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < values.length; i += 4) {
    a = Math.max(a, Math.abs(values[i]));
    b = Math.max(b, Math.abs(values[i + 1]));
    c = Math.max(c, Math.abs(values[i + 2]));
    d = Math.max(d, Math.abs(values[i + 3]));
  }
  for (; i < values.length; i++) a = Math.max(a, Math.abs(values[i]));
  const largest = Math.max(a, b, c, d);
  if (!Number.isFinite(largest)) throw new NotFiniteError(largest);
  return largest === 0 ? 1 : powerOfTwoBelow(largest);
}

/** The largest power of two that is not above `x > 0`. */
export function powerOfTwoBelow(x: number): number {
  let p = 2 ** Math.max(-1074, Math.min(1023, Math.floor(Math.log2(x))));
  if (p > x) p /= 2;
  else if (p * 2 <= x) p *= 2;
  return p;
}

/** `values / scale` in float64, from `begin` to `end`; `scale` is a power of two. */
export function scaled(
  values: Values,
  scale: number,
  begin = 0,
  end = values.length,
  out: Float64Array = new Float64Array(end - begin),
): Float64Array {
  // Two factors: 1 / scale itself overflows for the smallest subnormal scales.
  const half = scale < 2 ** -1000 ? 2 ** 500 : 1;
  const factor = 1 / (scale * half);
  for (let i = begin; i < end; i++) out[i - begin] = values[i] * half * factor;
  return out;
}

/** Whether `values / scale` can be anything but exact: whether a value lies below the range of float64 then. */
export function losesDigits(values: Values, scale: number): boolean {
  const least = 2 ** -1022 * scale;
  return values.some((v: number) => v !== 0 && Math.abs(v) < least);
}

/** Sum of squares by blocks of 1024: relative error below `gamma(1025 + length / 1024)`, 2^-33 for 2^30 values. */
export function sumOfSquares(values: Values, begin = 0, end = values.length): number {
  let total = 0;
  for (let block = begin; block < end; block += 1024) {
    const stop = Math.min(end, block + 1024);
    let sum = 0;
    for (let i = block; i < stop; i++) sum += values[i] * values[i];
    total += sum;
  }
  return total;
}
