import { t } from '@vscode/l10n';
import type { RangeFile } from '../file';

/** A number in the file has no end: more than ten bytes, or the data ends first (`cut`). */
export class VarintError extends Error {
  constructor(readonly cut: boolean) {
    super(t('a varint does not end'));
  }
}

/** Bytes read ahead: few, because what follows the description of a tensor is mostly stepped over. */
const readAhead = 2 ** 16;

/** A position in a file and the bytes that follow it. Moving the position forward reads nothing. */
export class FileCursor {
  static readonly longestVarint = 10;

  position = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  /** Place of `bytes` in the file. */
  private start = 0;

  constructor(private readonly file: RangeFile) {}

  /** Makes the next `length` bytes available, or as many as the file has. */
  async load(length: number): Promise<void> {
    const { position, file } = this;
    const end = Math.min(position + length, file.size);
    if (position >= this.start && end <= this.start + this.bytes.length) return;
    this.bytes = await file.read(position, Math.min(Math.max(length, readAhead), file.size - position));
    this.start = position;
  }

  /** The next `length` bytes, which must be loaded. They are the cursor's own: valid until the next `load`. */
  take(length: number): Uint8Array {
    const begin = this.position - this.start;
    this.position += length;
    return this.bytes.subarray(begin, begin + length);
  }

  /**
   * The unsigned number at the position, which must be loaded; rounded beyond 2^53.
   * @param end where the message ends that the number must be in.
   * @throws VarintError
   */
  varint(end: number): number {
    let value = 0;
    let power = 1;
    for (let i = 0; i < FileCursor.longestVarint; i++) {
      if (this.position >= end) throw new VarintError(true);
      const byte = this.bytes[this.position - this.start];
      this.position += 1;
      value += (byte % 128) * power;
      if (byte < 128) return value;
      power *= 128;
    }
    throw new VarintError(false);
  }
}
