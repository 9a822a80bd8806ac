/** The element types of the safetensors format. */
import type { ElementType } from '../elements';

export interface Dtype {
  /** Bits that an element takes in the file. */
  readonly bits: number;
  /** How elements are decoded; null for complex numbers. */
  readonly type: ElementType | null;
  /**
   * `float`: the stored numbers are the values. `integer`: indices, masks, or quantised values. `micro`: meaningless
   * without the scale of a block that is stored elsewhere.
   */
  readonly kind: 'float' | 'integer' | 'micro' | 'complex';
}

const dtypes: ReadonlyMap<string, Dtype> = new Map<string, Dtype>([
  ['F64', { bits: 64, type: 'float64', kind: 'float' }],
  ['F32', { bits: 32, type: 'float32', kind: 'float' }],
  ['F16', { bits: 16, type: 'float16', kind: 'float' }],
  ['BF16', { bits: 16, type: 'bfloat16', kind: 'float' }],
  ['F8_E4M3', { bits: 8, type: 'float8e4m3fn', kind: 'float' }],
  ['F8_E4M3FN', { bits: 8, type: 'float8e4m3fn', kind: 'float' }],
  ['F8_E4M3FNUZ', { bits: 8, type: 'float8e4m3fnuz', kind: 'float' }],
  ['F8_E5M2', { bits: 8, type: 'float8e5m2', kind: 'float' }],
  ['F8_E5M2FNUZ', { bits: 8, type: 'float8e5m2fnuz', kind: 'float' }],
  ['F8_E8M0', { bits: 8, type: 'float8e8m0', kind: 'micro' }],
  ['F6_E2M3', { bits: 6, type: 'float6e2m3', kind: 'micro' }],
  ['F6_E3M2', { bits: 6, type: 'float6e3m2', kind: 'micro' }],
  ['F4', { bits: 4, type: 'float4e2m1', kind: 'micro' }],
  ['C64', { bits: 64, type: null, kind: 'complex' }],
  ['I64', { bits: 64, type: 'int64', kind: 'integer' }],
  ['I32', { bits: 32, type: 'int32', kind: 'integer' }],
  ['I16', { bits: 16, type: 'int16', kind: 'integer' }],
  ['I8', { bits: 8, type: 'int8', kind: 'integer' }],
  ['U64', { bits: 64, type: 'uint64', kind: 'integer' }],
  ['U32', { bits: 32, type: 'uint32', kind: 'integer' }],
  ['U16', { bits: 16, type: 'uint16', kind: 'integer' }],
  ['U8', { bits: 8, type: 'uint8', kind: 'integer' }],
  ['BOOL', { bits: 8, type: 'bool', kind: 'integer' }],
]);

/** Null for a name that the format does not have (yet). */
export function dtypeOf(name: string): Dtype | null {
  return dtypes.get(name) ?? null;
}
