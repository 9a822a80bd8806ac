/** What the Cast operator does to values, by element types as `types.ts` names them. */
import type { Values } from '../../elements';
import type { Tensor } from '../../model';
import { derived } from '../../tensor';
import { integerFormat, isFloat, isQuantized } from '../types';

/**
 * A tensor of type `from` after a cast to `to`; null where the cast is not between numbers.
 *
 * Floating point rounds to the nearest, ties to even, as the operator's specification says; integers from floating
 * point lose their fraction, and become NaN where the specification leaves the result undefined.
 * @param saturate as the operator's attribute: what is too large for 8 bits becomes the largest number.
 */
export function cast(tensor: Tensor, from: string, to: string, saturate: boolean): Tensor | null {
  if (isExact(from, to)) return tensor;
  const round = rounding(from, to, saturate);
  if (round === null) return null;
  const target = `cast(${from}; ${to}; ${saturate})`;
  return derived(tensor, tensor.shape, target, (values) => mapped(values, round, to));
}

/** Every value of one type is one of the other (64-bit integers are read as float64 in the first place). */
function isExact(from: string, to: string): boolean {
  const isNumber = isFloat(from) || integerFormat(from) !== null || from === 'bool';
  if (from === to || (to === 'double' && isNumber)) return true;
  return (
    to === 'float' && isNumber && from !== 'double' && (isFloat(from) || isQuantized(from) || from === 'bool')
  );
}

function mapped(values: Values, round: (value: number) => number, to: string): Values {
  const narrow = to !== 'double' && (isFloat(to) || isQuantized(to) || to === 'bool');
  const results = narrow ? new Float32Array(values.length) : new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) results[i] = round(values[i]);
  return results;
}

function rounding(from: string, to: string, saturate: boolean): ((value: number) => number) | null {
  if (!isFloat(from) && integerFormat(from) === null && from !== 'bool') return null;
  if (to === 'float') return Math.fround;
  if (to === 'bool') return (value) => (value === 0 ? 0 : 1);
  const format = floatFormats.get(to);
  if (format !== undefined) return (value) => roundToFormat(value, format, saturate);
  const integer = integerFormat(to);
  if (integer === null) return null;
  const modulus = 2 ** integer.bits;
  const least = integer.signed ? -modulus / 2 : 0;
  if (!isFloat(from)) return (value) => wrapped(value, least, modulus);
  return (value) => {
    const whole = Math.trunc(value);
    return whole >= least && whole < least + modulus ? whole : NaN;
  };
}

/** The lower bits of an integer. */
function wrapped(value: number, least: number, modulus: number): number {
  // Where nothing is cut off, the detour would round the numbers of 64 bits.
  if (value >= least && value < least + modulus) return value;
  const rest = (value - least) % modulus;
  return (rest < 0 ? rest + modulus : rest) + least;
}

interface FloatFormat {
  /** Bits of the fraction. */
  readonly fraction: number;
  /** Exponent of the smallest normal number, a power of two. */
  readonly leastExponent: number;
  readonly largest: number;
  /** What a number that is too large becomes where it does not saturate. */
  readonly overflow: 'infinity' | 'nan' | 'saturate';
  /** Can be told to saturate. */
  readonly saturates: boolean;
}

function format(
  fraction: number,
  leastExponent: number,
  largest: number,
  overflow: FloatFormat['overflow'],
  saturates: boolean,
): FloatFormat {
  return { fraction, leastExponent, largest, overflow, saturates };
}

/** IEEE 754; the cast table of the ONNX operator; OCP Microscaling Formats 1.0, section 5.3. */
const floatFormats = new Map<string, FloatFormat>([
  ['float16', format(10, -14, 65504, 'infinity', false)],
  ['bfloat16', format(7, -126, (2 - 2 ** -7) * 2 ** 127, 'infinity', false)],
  ['float8e4m3fn', format(3, -6, 448, 'nan', true)],
  ['float8e4m3fnuz', format(3, -7, 240, 'nan', true)],
  ['float8e5m2', format(2, -14, 57344, 'infinity', true)],
  ['float8e5m2fnuz', format(2, -15, 57344, 'nan', true)],
  ['float6e2m3', format(3, 0, 7.5, 'saturate', true)],
  ['float6e3m2', format(2, -2, 28, 'saturate', true)],
  ['float4e2m1', format(1, 0, 6, 'saturate', true)],
]);

/** The nearest number of the format, ties to even. */
function roundToFormat(value: number, target: FloatFormat, saturate: boolean): number {
  if (Number.isNaN(value)) return NaN;
  const magnitude = Math.abs(value);
  // 2^leastExponent is at least the exponent wanted; the logarithm may be off by one beside a power of two.
  let exponent = Math.max(Math.floor(Math.log2(magnitude)), target.leastExponent);
  if (exponent > target.leastExponent && 2 ** exponent > magnitude) exponent--;
  else if (2 ** (exponent + 1) <= magnitude) exponent++;
  const quantum = 2 ** (exponent - target.fraction);
  const rounded = magnitude === Infinity ? Infinity : roundHalfToEven(magnitude / quantum) * quantum;
  return Math.sign(value) * (rounded <= target.largest ? rounded : overflowed(target, saturate));
}

function overflowed(target: FloatFormat, saturate: boolean): number {
  if (target.overflow === 'saturate' || (saturate && target.saturates)) return target.largest;
  return target.overflow === 'nan' ? NaN : Infinity;
}

export function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
