/** Bytes of safetensors files. */

export interface TensorContent {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export type Content = Readonly<Record<string, TensorContent>> | readonly (readonly [string, TensorContent])[];

/** A valid file with these tensors, data in the order given; pairs for names that an object cannot hold. */
export function safetensors(content: Content, metadata?: Readonly<Record<string, string>>): Uint8Array {
  const pairs = isList(content) ? content : Object.entries(content);
  const members = metadata === undefined ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of pairs) {
    const begin = end;
    end += bytes.length;
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  return container(`{${members.join(',')}}`, Buffer.concat(pairs.map(([, { bytes }]) => bytes)));
}

/** A file with this header, right or wrong. */
export function container(header: string | Uint8Array, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

export function f32(shape: readonly number[], values?: ArrayLike<number>): TensorContent {
  return { dtype: 'F32', shape, bytes: bytesOf(Float32Array.from(values ?? counting(shape))) };
}

export function f64(shape: readonly number[], values?: ArrayLike<number>): TensorContent {
  return { dtype: 'F64', shape, bytes: bytesOf(Float64Array.from(values ?? counting(shape))) };
}

/** Elements of any type as their codes, or bytes of zero. */
export function raw(
  dtype: string,
  shape: readonly number[],
  bytesPerElement: number,
  codes?: readonly number[],
): TensorContent {
  const count = size(shape);
  const bytes = Buffer.alloc(count * bytesPerElement);
  codes?.forEach((code, i) => bytes.writeUIntLE(code, i * bytesPerElement, bytesPerElement));
  return { dtype, shape, bytes };
}

/** Small integers of both signs, none of them 0, that differ from one to the next. */
function counting(shape: readonly number[]): number[] {
  return Array.from({ length: size(shape) }, (_, i) => (i % 2 === 0 ? 1 : -1) * (1 + (i % 7)));
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

function bytesOf(values: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(values.buffer);
}

function isList(content: Content): content is readonly (readonly [string, TensorContent])[] {
  return Array.isArray(content);
}
