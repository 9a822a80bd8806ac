/** Element types of stored tensors, and their decoding into numbers. */
import { t } from '@vscode/l10n';

export type ElementType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float8e8m0'
  | 'float6e2m3'
  | 'float6e3m2'
  | 'float4e2m1'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'int4'
  | 'int2'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'uint4'
  | 'uint2'
  | 'bool';

export type Values = Float32Array | Float64Array;

const bits: Readonly<Record<ElementType, number>> = {
  float64: 64,
  float32: 32,
  float16: 16,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  float8e8m0: 8,
  float6e2m3: 6,
  float6e3m2: 6,
  float4e2m1: 4,
  int64: 64,
  int32: 32,
  int16: 16,
  int8: 8,
  int4: 4,
  int2: 2,
  uint64: 64,
  uint32: 32,
  uint16: 16,
  uint8: 8,
  uint4: 4,
  uint2: 2,
  bool: 8,
};

export function bitsPerElement(type: ElementType): number {
  return bits[type];
}

/** Bytes that `count` elements take when they are packed without gaps. */
export function bytesOfElements(type: ElementType, count: number): number {
  return Math.ceil((count * bits[type]) / 8);
}

/**
 * Little-endian elements as numbers. Exact, infinities and NaNs included, except that a 64-bit integer beyond 2^53 in
 * magnitude becomes the nearest float64. Elements narrower than a byte follow each other from the lowest bit of the
 * first byte up (so the first of two 4-bit elements is the low nibble). A bool is 1 for every byte but 0.
 *
 * The result may share the memory of `bytes`.
 * @param bytes exactly `bytesOfElements(type, count)` of them; else a RangeError.
 * @returns Float32Array where every value of the type is a float32, else Float64Array.
 */
export function decodeElements(bytes: Uint8Array, type: ElementType, count: number): Values {
  if (bytes.length !== bytesOfElements(type, count)) {
    throw new RangeError(t`${bytes.length} bytes are not ${count} elements of type ${type}`);
  }
  switch (type) {
    case 'float64':
      return new Float64Array(...native(bytes, 8));
    case 'float32':
      return new Float32Array(...native(bytes, 4));
    case 'bfloat16':
      return decodeBfloat16(new Uint16Array(...native(bytes, 2)));
    case 'float16':
      return lookUp(new Uint16Array(...native(bytes, 2)), tableOf(type));
    case 'int16':
      return new Float32Array(new Int16Array(...native(bytes, 2)));
    case 'uint16':
      return new Float32Array(new Uint16Array(...native(bytes, 2)));
    case 'int32':
      return new Float64Array(new Int32Array(...native(bytes, 4)));
    case 'uint32':
      return new Float64Array(new Uint32Array(...native(bytes, 4)));
    case 'int64':
    case 'uint64':
      return decodeIntegers64(bytes, type === 'int64');
    default:
      return bits[type] === 8
        ? lookUp(bytes, tableOf(type))
        : lookUpNarrow(bytes, bits[type], tableOf(type), count);
  }
}

const littleEndianHost = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Arguments of a typed array over little-endian elements of `width` bytes, copied where the host cannot use them. */
function native(
  bytes: Uint8Array,
  width: 2 | 4 | 8,
): [buffer: ArrayBufferLike, byteOffset: number, length: number] {
  let elements = bytes;
  if (!littleEndianHost || bytes.byteOffset % width !== 0) elements = new Uint8Array(bytes);
  if (!littleEndianHost) {
    const swapped = Buffer.from(elements.buffer);
    if (width === 2) swapped.swap16();
    else if (width === 4) swapped.swap32();
    else swapped.swap64();
  }
  return [elements.buffer, elements.byteOffset, elements.length / width];
}

/** A bfloat16 is the upper half of a float32. */
function decodeBfloat16(codes: Uint16Array): Float32Array {
  const upper = new Uint32Array(codes.length);
  for (let i = 0; i < codes.length; i++) upper[i] = codes[i] << 16;
  return new Float32Array(upper.buffer);
}

function decodeIntegers64(bytes: Uint8Array, signed: boolean): Float64Array {
  const [buffer, offset, count] = native(bytes, 8);
  const lower = new Uint32Array(buffer, offset, 2 * count);
  const upper = signed ? new Int32Array(buffer, offset, 2 * count) : lower;
  const [low, high] = littleEndianHost ? [0, 1] : [1, 0];
  const values = new Float64Array(count);
  // The product is exact, so the sum is rounded once.
  for (let i = 0; i < count; i++) values[i] = upper[2 * i + high] * 2 ** 32 + lower[2 * i + low];
  return values;
}

function lookUp(codes: Uint8Array | Uint16Array, table: Float32Array): Float32Array {
  const values = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = table[codes[i]];
  return values;
}

function lookUpNarrow(bytes: Uint8Array, width: number, table: Float32Array, count: number): Float32Array {
  const values = new Float32Array(count);
  const mask = 2 ** width - 1;
  for (let i = 0, bit = 0; i < count; i++, bit += width) {
    // Not a shift: a tensor may have more than 2^31 bits. Past the last byte there is nothing that the mask keeps.
    const byte = Math.floor(bit / 8);
    values[i] = table[((bytes[byte] | (bytes[byte + 1] << 8)) >> (bit % 8)) & mask];
  }
  return values;
}

const tables = new Map<ElementType, Float32Array>();

/** The value of every code of a type of at most 16 bits. */
function tableOf(type: ElementType): Float32Array {
  let table = tables.get(type);
  if (table === undefined) {
    table = Float32Array.from({ length: 2 ** bits[type] }, (_, code) => valueOf(code, type));
    tables.set(type, table);
  }
  return table;
}

function valueOf(code: number, type: ElementType): number {
  switch (type) {
    case 'bool':
      return code === 0 ? 0 : 1;
    case 'int8':
    case 'int4':
    case 'int2':
      return code < 2 ** (bits[type] - 1) ? code : code - 2 ** bits[type];
    case 'float8e8m0':
      // Powers of two only, without sign or zero (OCP Microscaling Formats 1.0, section 5.4.1).
      return code === 255 ? NaN : 2 ** (code - 127);
    case 'float16':
    case 'float8e4m3fn':
    case 'float8e4m3fnuz':
    case 'float8e5m2':
    case 'float8e5m2fnuz':
    case 'float6e2m3':
    case 'float6e3m2':
    case 'float4e2m1':
      return floatOf(code, floats[type]);
    default:
      return code;
  }
}

interface FloatFormat {
  readonly exponent: number;
  readonly mantissa: number;
  readonly bias: number;
  /**
   * What is no number: as in IEEE 754 (largest exponent), only the code of all ones, only the code of minus zero, or
   * nothing.
   */
  readonly special: 'ieee' | 'ones' | 'minusZero' | 'none';
}

/**
 * IEEE 754; Micikevicius et al., arXiv:2209.05433 (E4M3FN, E5M2); Noune et al., arXiv:2206.02915 (FNUZ);
 * OCP Microscaling Formats 1.0, section 5.3 (six and four bits).
 */
const floats = {
  float16: { exponent: 5, mantissa: 10, bias: 15, special: 'ieee' },
  float8e4m3fn: { exponent: 4, mantissa: 3, bias: 7, special: 'ones' },
  float8e4m3fnuz: { exponent: 4, mantissa: 3, bias: 8, special: 'minusZero' },
  float8e5m2: { exponent: 5, mantissa: 2, bias: 15, special: 'ieee' },
  float8e5m2fnuz: { exponent: 5, mantissa: 2, bias: 16, special: 'minusZero' },
  float6e2m3: { exponent: 2, mantissa: 3, bias: 1, special: 'none' },
  float6e3m2: { exponent: 3, mantissa: 2, bias: 3, special: 'none' },
  float4e2m1: { exponent: 2, mantissa: 1, bias: 1, special: 'none' },
} as const satisfies Partial<Record<ElementType, FloatFormat>>;

function floatOf(code: number, format: FloatFormat): number {
  const { exponent, mantissa, bias, special } = format;
  const signBit = 2 ** (exponent + mantissa);
  const negative = code >= signBit;
  const magnitude = code % signBit;
  const power = Math.floor(magnitude / 2 ** mantissa);
  const fraction = (magnitude % 2 ** mantissa) / 2 ** mantissa;
  const sign = negative ? -1 : 1;
  if (special === 'ieee' && power === 2 ** exponent - 1) return fraction === 0 ? sign * Infinity : NaN;
  if (special === 'ones' && magnitude === signBit - 1) return NaN;
  if (special === 'minusZero' && code === signBit) return NaN;
  return sign * (power === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (power - bias));
}
