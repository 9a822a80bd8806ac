import { t } from '@vscode/l10n';
import { bitsPerElement, decodeElements, type Values } from '../elements';
import { InvalidTensorError, LimitExceededError } from '../errors';
import type { RangeFile } from '../file';
import { elementCount, type RangedTensor } from '../tensor';
import { dtypeOf, type Dtype } from './dtypes';
import type { TensorEntry } from './header';
import { quote } from '../quote';

/** A tensor in a safetensors file, read on demand. */
export class StoredTensor implements RangedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** The format's name in lower case. */
  readonly dtype: string;
  readonly key: string;
  readonly count: number;
  /** Null for an element type that the format did not have when this was written. */
  readonly elementType: Dtype | null;
  readonly #file: RangeFile;
  readonly #begin: number;
  readonly #end: number;

  constructor(file: RangeFile, entry: TensorEntry) {
    this.name = entry.name;
    this.shape = entry.shape;
    this.dtype = entry.dtype.toLowerCase();
    this.count = elementCount(entry.shape);
    this.elementType = dtypeOf(entry.dtype);
    this.key = `${file.path}:${entry.begin}-${entry.end}:${this.dtype}`;
    this.#file = file;
    this.#begin = entry.begin;
    this.#end = entry.end;
  }

  /** Path of the file that holds the elements. */
  get path(): string {
    return this.#file.path;
  }

  /** Why its elements are not the numbers of a weight, as a clause; null where they are. */
  get obstacle(): string | null {
    switch (this.elementType?.kind) {
      case undefined:
        return t`elements of type ${quote(this.dtype)}, which is not known`;
      case 'integer':
        return t`elements of type ${this.dtype}: indices or flags, or packed or quantised values`;
      case 'micro':
        return t`elements of type ${this.dtype}, which mean nothing without the scales of their blocks`;
      case 'complex':
        return t('complex numbers');
      case 'float':
        return this.count === 0 ? t('it has no elements') : null;
    }
  }

  async read(): Promise<Values> {
    return this.#decode(this.#begin, this.#end, this.count);
  }

  async readRange(begin: number, end: number): Promise<Values> {
    const type = this.elementType?.type ?? null;
    const bytes = type === null ? 0 : bitsPerElement(type) / 8;
    if (!Number.isInteger(bytes)) return (await this.read()).slice(begin, end);
    return this.#decode(this.#begin + begin * bytes, this.#begin + end * bytes, end - begin);
  }

  async #decode(begin: number, end: number, count: number): Promise<Values> {
    const type = this.elementType?.type ?? null;
    if (type === null) {
      throw new InvalidTensorError(
        this.path,
        t`tensor ${quote(this.name)} has elements of type ${quote(this.dtype)}, which cannot be read`,
      );
    }
    const bytes = await this.#file.read(begin, end - begin);
    try {
      return decodeElements(bytes, type, count);
    } catch (error) {
      // The only way: more elements than one array can hold.
      throw new LimitExceededError(
        this.path,
        t`tensor ${quote(this.name)} is too large to be held in memory`,
        { cause: error },
      );
    }
  }
}
