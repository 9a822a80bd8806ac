/** The header of a safetensors file: 8 bytes of length, then a JSON object of names, shapes and places. */
import { t } from '@vscode/l10n';
import { describeContent } from '../content';
import {
  InvalidTensorError,
  LimitExceededError,
  MalformedFileError,
  TruncatedFileError,
  UnknownFormatError,
  type Clause,
} from '../errors';
import { refuseGitLfsPointer, type RangeFile } from '../file';
import { dtypeOf } from './dtypes';
import { asObject, isObject, memberOf, parseJsonObject } from './json';
import { quote } from '../quote';

/** What the header says of one tensor, checked against the file. */
export interface TensorEntry {
  readonly name: string;
  /** The format's name of the element type; may be one that we do not know. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Place of the elements in the file, bytes from its beginning. */
  readonly begin: number;
  readonly end: number;
}

/** The format's own cap, bytes; the largest headers that are published have some tens of megabytes. */
const largestHeader = 100_000_000;
/** No array library has tensors of more dimensions. */
const highestRank = 64;
const lengthBytes = 8;
/** The header, an entry, the list of its shape. */
const headerDepth = 3;
const brace = '{'.charCodeAt(0);

/**
 * Reads and checks a header. Parts of the data that no tensor claims are harmless and accepted.
 * @returns the entries in the order of the header. Their spans are inside the file, fit shape and element type (where
 * the type is known), and do not overlap.
 * @throws ModelError of the kind that fits, naming the file and the tensor.
 */
export async function readHeader(file: RangeFile): Promise<TensorEntry[]> {
  await refuseGitLfsPointer(file);
  const length = await readHeaderLength(file);
  const dataBegin = lengthBytes + length;
  const header = parseJsonObject(
    await file.read(lengthBytes, length),
    file.path,
    t('the header'),
    headerDepth,
  );
  const entries: TensorEntry[] = [];
  for (const [name, value] of header) {
    if (name === '__metadata__') checkMetadata(value, file.path);
    else entries.push(checkEntry(name, value, dataBegin, file));
  }
  refuseOverlaps(entries, file.path);
  return entries;
}

async function readHeaderLength(file: RangeFile): Promise<number> {
  if (file.size === 0) throw new UnknownFormatError(file.path, t('the file is empty'));
  const start = await file.read(0, Math.min(file.size, lengthBytes + 1));
  if (start.length > lengthBytes && start[lengthBytes] !== brace) {
    throw new UnknownFormatError(file.path, await contentInstead(file));
  }
  if (start.length < lengthBytes) {
    throw new TruncatedFileError(
      file.path,
      t`the file has ${file.size} bytes, less than the 8 that every safetensors file has`,
    );
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length === 0n) throw new MalformedFileError(file.path, t('its header has length 0'));
  if (length > largestHeader) {
    throw new LimitExceededError(
      file.path,
      t`it announces a header of ${String(length)} bytes, more than the ${largestHeader} that the format allows`,
    );
  }
  if (length > file.size - lengthBytes) {
    throw new TruncatedFileError(
      file.path,
      t`it announces a header of ${String(length)} bytes, but has only ${file.size} bytes`,
    );
  }
  return Number(length);
}

async function contentInstead(file: RangeFile): Promise<string> {
  const content = await describeContent(file);
  return content === null
    ? t('it is not a safetensors file')
    : t`it is not a safetensors file but ${content}`;
}

function checkMetadata(value: unknown, path: string): void {
  const metadata = asObject(value);
  if (metadata === null)
    throw new MalformedFileError(path, t('"__metadata__" in the header is not a JSON object'));
  for (const [key, text] of metadata) {
    if (typeof text !== 'string')
      throw new MalformedFileError(path, t`"__metadata__" has the value of ${quote(key)} not as text`);
  }
}

function checkEntry(name: string, value: unknown, dataBegin: number, file: RangeFile): TensorEntry {
  const tensor = () => t`tensor ${quote(name)}`;
  const malformed = (what: Clause) => new MalformedFileError(file.path, what(tensor()));
  const invalid = (what: Clause) => new InvalidTensorError(file.path, what(tensor()));

  if (!isObject(value)) throw malformed((it) => t`${it} is not a JSON object in the header`);
  const dtype = memberOf(value, 'dtype');
  if (typeof dtype !== 'string') throw malformed((it) => t`${it} has no element type ("dtype")`);
  const shape = memberOf(value, 'shape');
  if (!Array.isArray(shape)) throw malformed((it) => t`${it} has no shape`);
  if (shape.length > highestRank)
    throw invalid((it) => t`${it} has ${shape.length} dimensions, more than ${highestRank}`);
  if (!shape.every(isSize))
    throw invalid((it) => t`${it} has a dimension that is not an integer from 0 to 2^53 - 1`);
  const offsets = memberOf(value, 'data_offsets');
  if (!Array.isArray(offsets) || offsets.length !== 2)
    throw malformed((it) => t`${it} has no pair of "data_offsets"`);
  if (!offsets.every(isSize))
    throw invalid((it) => t`${it} has an offset that is not an integer from 0 to 2^53 - 1`);
  const [begin, end] = offsets;
  if (begin > end) throw invalid((it) => t`${it} begins at offset ${begin}, after its end at ${end}`);
  if (end > file.size - dataBegin) {
    throw new TruncatedFileError(
      file.path,
      t`tensor ${quote(name)} ends at offset ${end}, but the file has only ${file.size - dataBegin} bytes of data`,
    );
  }
  const bits = dtypeOf(dtype)?.bits;
  if (bits !== undefined && bitsOf(shape, bits) !== BigInt(end - begin) * 8n) {
    throw invalid(
      (it) =>
        t`${it} of shape (${shape.join(', ')}) and type ${dtype} does not fill its ${end - begin} bytes exactly`,
    );
  }
  return { name, dtype, shape, begin: dataBegin + begin, end: dataBegin + end };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Exact, however large the dimensions. */
function bitsOf(shape: readonly number[], bits: number): bigint {
  return shape.reduce((product, dimension) => product * BigInt(dimension), BigInt(bits));
}

function refuseOverlaps(entries: readonly TensorEntry[], path: string): void {
  const spans = entries.filter(({ begin, end }) => begin < end).sort((a, b) => a.begin - b.begin);
  for (let i = 1; i < spans.length; i++) {
    if (spans[i].begin < spans[i - 1].end) {
      throw new MalformedFileError(
        path,
        t`tensors ${quote(spans[i - 1].name)} and ${quote(spans[i].name)} claim the same bytes`,
      );
    }
  }
}
