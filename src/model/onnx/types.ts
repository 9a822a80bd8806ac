/** ONNX element types by name: those of TensorProto.DataType in lower case. */
import { DataType } from '../../schema/onnx';

const names = new Map<number, string>(
  Object.entries(DataType).map(([name, code]) => [code, name.toLowerCase()]),
);

/** @param code TensorProto.DataType; null where it is none. */
export function typeName(code: number): string | null {
  return code === DataType.UNDEFINED ? null : (names.get(code) ?? null);
}

export function isFloat(type: string): boolean {
  return type === 'double' || type === 'bfloat16' || type.startsWith('float');
}

export function isComplex(type: string): boolean {
  return type.startsWith('complex');
}

/** Bits and sign of an integer type; null: it is none. */
export function integerFormat(type: string): { readonly bits: number; readonly signed: boolean } | null {
  const match = /^(u?)int(\d+)$/.exec(type);
  return match === null ? null : { bits: Number(match[2]), signed: match[1] === '' };
}

/** Types that hold quantised numbers; wider integers are indices, sizes or sums. */
export function isQuantized(type: string): boolean {
  const format = integerFormat(type);
  return format !== null && format.bits <= 16;
}
