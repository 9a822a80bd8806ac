/** Protocol buffers by hand: for files that no writer of ONNX would make. */

/** An unsigned number; beyond 2^53 as a bigint. */
export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 128n; rest /= 128n) bytes.push(Number(rest % 128n) + 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** A field with a number. */
export function numberField(field: number, value: number | bigint): Uint8Array {
  return concat(varint(field * 8), varint(value));
}

/** A field with a content of bytes: a message, a text, a packed list. `claimed`: the length that it says it has. */
export function field(number: number, content: Uint8Array | string, claimed?: number | bigint): Uint8Array {
  const bytes = Buffer.from(content);
  return concat(varint(number * 8 + 2), varint(claimed ?? bytes.length), bytes);
}

/** Places of the lengths in a message, found by following what looks like messages. */
export function lengthPositions(bytes: Uint8Array, begin = 0, end = bytes.length): number[] {
  const positions: number[] = [];
  let position = begin;
  const next = (): number => {
    let value = 0;
    for (let power = 1; position < end; power *= 128) {
      const byte = bytes[position++];
      value += (byte % 128) * power;
      if (byte < 128) return value;
    }
    return Infinity;
  };
  while (position < end) {
    const wireType = next() % 8;
    if (wireType === 0) next();
    else if (wireType === 1) position += 8;
    else if (wireType === 5) position += 4;
    else if (wireType === 2) {
      const here = position;
      const length = next();
      if (position + length > end) return [];
      positions.push(here, ...lengthPositions(bytes, position, position + length));
      position += length;
    } else return [];
  }
  return position === end ? positions : [];
}
