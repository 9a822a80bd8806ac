/** Values of a tensor in the fields of numbers (`float_data`, `int32_data`, ...), as the bytes of its elements. */
import { t } from '@vscode/l10n';
import type { Place } from '../../schema/onnx';
import { bitsPerElement, bytesOfElements, type ElementType } from '../elements';
import type { Clause, InvalidTensorError } from '../errors';
import type { RangeFile } from '../file';

/** Fields of numbers in `TensorProto`. */
export const numberFields = {
  float_data: 4,
  int32_data: 5,
  int64_data: 7,
  double_data: 10,
  uint64_data: 11,
} as const;

/** Their numbers take as many bytes as an element; those of the others are varints. */
export function isFixedWidth(field: number): boolean {
  return field === numberFields.float_data || field === numberFields.double_data;
}

/**
 * Little-endian elements, as `raw_data` would hold them.
 *
 * Elements of a byte or more have one number each. Of elements of two and four bits a number has as many as a byte
 * (ONNX, TensorProto.int32_data); of elements of six bits one. An integer may be written with or without its sign, as
 * long as its low bits are all that the type has.
 * @param places of one field: `field`.
 * @param invalid makes the error for what is wrong with the tensor.
 */
export async function readNumbers(
  file: RangeFile,
  places: readonly Place[],
  field: number,
  element: ElementType,
  count: number,
  invalid: (what: Clause) => InvalidTensorError,
): Promise<Uint8Array> {
  const bits = bitsPerElement(element);
  const width = Math.max(bits, 8) / 8;
  const expected = bits < 6 ? bytesOfElements(element, count) : count;
  const numbers = new Uint8Array(expected * width);
  const view = new DataView(numbers.buffer);
  let found = 0;
  for (const { offset = 0, length = 0, tagged = false } of places) {
    const bytes = await file.read(offset, length);
    const varint = new VarintReader(bytes);
    while (varint.position < length) {
      if (tagged) varint.next();
      if (found === expected)
        throw invalid((it) => t`${it} has more values than its ${count} elements of type ${element}`);
      const position = found * width;
      if (isFixedWidth(field)) {
        if (varint.position + width > length) throw invalid((it) => t`${it} has half a value at its end`);
        numbers.set(bytes.subarray(varint.position, varint.position + width), position);
        varint.position += width;
      } else {
        if (!varint.next()) throw invalid((it) => t`${it} has a value that does not end`);
        if (!varint.fits(8 * width)) throw invalid((it) => t`${it} has a value that is no ${element}`);
        if (width === 1) view.setUint8(position, varint.low);
        else if (width === 2) view.setUint16(position, varint.low, true);
        else view.setUint32(position, varint.low, true);
        if (width === 8) view.setInt32(position + 4, varint.high, true);
      }
      found += 1;
    }
  }
  if (found < expected)
    throw invalid((it) => t`${it} has too few values for its ${count} elements of type ${element}`);
  return bits === 6 ? packed(numbers, invalid) : numbers;
}

/** Six bits of each number in a row, from the lowest bit up. */
function packed(numbers: Uint8Array, invalid: (what: Clause) => InvalidTensorError): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((numbers.length * 6) / 8));
  for (const [i, number] of numbers.entries()) {
    if (number >= 64) throw invalid((it) => t`${it} has a value of more than six bits`);
    const byte = Math.floor((i * 6) / 8);
    const spread = number << ((i * 6) % 8);
    bytes[byte] |= spread;
    if (spread > 255) bytes[byte + 1] |= spread >> 8;
  }
  return bytes;
}

/** Reads varints of 64 bits one after the other into `low` and `high`. */
class VarintReader {
  position = 0;
  /** Unsigned. */
  low = 0;
  /** Signed. */
  high = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** False where the number does not end: `low` and `high` are meaningless then. */
  next(): boolean {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70 && this.position < this.bytes.length; shift += 7) {
      const byte = this.bytes[this.position++];
      const part = byte & 127;
      if (shift <= 28) low |= part << shift;
      if (shift === 28) high = part >> 4;
      else if (shift > 28) high |= part << (shift - 32);
      if (byte < 128) {
        this.low = low >>> 0;
        this.high = high;
        return true;
      }
    }
    return false;
  }

  /** Whether an integer of so many bits, signed or not, has this value. */
  fits(bits: number): boolean {
    const value = this.high * 2 ** 32 + this.low;
    return bits === 64 || (value >= -(2 ** (bits - 1)) && value < 2 ** bits);
  }
}
