/** Bytes that a length takes where it is not known yet: enough for 2^35. */
const reserved = 5;

/** Writes one protocol buffer message, nested messages included, without knowing their lengths beforehand. */
export class MessageWriter {
  private buffer = Buffer.allocUnsafe(2 ** 12);
  /** Bytes written. */
  length = 0;

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** A non-negative integer up to 2^53. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.buffer[this.length++] = (rest % 128) + 128;
    this.buffer[this.length++] = rest;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Leaves room for the length of what is written until `endLength` is called with the result. */
  beginLength(): number {
    this.reserve(reserved);
    this.length += reserved;
    return this.length;
  }

  endLength(mark: number): void {
    let rest = this.length - mark;
    for (let i = reserved; i > 0; i--) {
      this.buffer[mark - i] = (rest % 128) + (i > 1 ? 128 : 0);
      rest = Math.floor(rest / 128);
    }
  }

  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.buffer.length, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
