/** Tensors as ONNX files store them: in `raw_data`, in a field of numbers, or in a file of their own. */
import { t } from '@vscode/l10n';
import { DataLocation, DataType, type Place, type TensorProto } from '../../schema/onnx';
import { bitsPerElement, bytesOfElements, decodeElements, type ElementType, type Values } from '../elements';
import { InvalidTensorError, UnreadableFileError, type Clause } from '../errors';
import { RangeFile } from '../file';
import type { Tensor } from '../model';
import { quote } from '../quote';
import { elementCount, type RangedTensor } from '../tensor';
import { isFixedWidth, numberFields, readNumbers } from './number-fields';

/** A file with external data, as it was when the model was opened. */
export interface ExternalFile {
  /** Real path. */
  readonly path: string;
  readonly size: number;
  /** Time of its last change, milliseconds. */
  readonly modified: number;
}

export interface Storage {
  readonly file: RangeFile;
  /** By location as the tensors give it. */
  readonly external: ReadonlyMap<string, ExternalFile>;
}

interface StoredType {
  readonly name: string;
  /** Null where the values are no real numbers. */
  readonly element: ElementType | null;
  /** The field for values of this type besides `raw_data`. */
  readonly field: NumberField;
}

const rawDataField = 9;
/** Dimensions of a tensor: as many as NumPy has. */
const largestRank = 64;
/** Bytes that a tensor without any data may take by its shape: more than any real one. */
const largestLeftOut = 2 ** 40;
type NumberField = keyof typeof numberFields;

const storedTypes: ReadonlyMap<number, StoredType> = new Map<number, StoredType>([
  [DataType.FLOAT, { name: 'float', element: 'float32', field: 'float_data' }],
  [DataType.UINT8, { name: 'uint8', element: 'uint8', field: 'int32_data' }],
  [DataType.INT8, { name: 'int8', element: 'int8', field: 'int32_data' }],
  [DataType.UINT16, { name: 'uint16', element: 'uint16', field: 'int32_data' }],
  [DataType.INT16, { name: 'int16', element: 'int16', field: 'int32_data' }],
  [DataType.INT32, { name: 'int32', element: 'int32', field: 'int32_data' }],
  [DataType.INT64, { name: 'int64', element: 'int64', field: 'int64_data' }],
  [DataType.STRING, { name: 'string', element: null, field: 'int32_data' }],
  [DataType.BOOL, { name: 'bool', element: 'bool', field: 'int32_data' }],
  [DataType.FLOAT16, { name: 'float16', element: 'float16', field: 'int32_data' }],
  [DataType.DOUBLE, { name: 'double', element: 'float64', field: 'double_data' }],
  [DataType.UINT32, { name: 'uint32', element: 'uint32', field: 'uint64_data' }],
  [DataType.UINT64, { name: 'uint64', element: 'uint64', field: 'uint64_data' }],
  [DataType.COMPLEX64, { name: 'complex64', element: null, field: 'float_data' }],
  [DataType.COMPLEX128, { name: 'complex128', element: null, field: 'double_data' }],
  [DataType.BFLOAT16, { name: 'bfloat16', element: 'bfloat16', field: 'int32_data' }],
  [DataType.FLOAT8E4M3FN, { name: 'float8e4m3fn', element: 'float8e4m3fn', field: 'int32_data' }],
  [DataType.FLOAT8E4M3FNUZ, { name: 'float8e4m3fnuz', element: 'float8e4m3fnuz', field: 'int32_data' }],
  [DataType.FLOAT8E5M2, { name: 'float8e5m2', element: 'float8e5m2', field: 'int32_data' }],
  [DataType.FLOAT8E5M2FNUZ, { name: 'float8e5m2fnuz', element: 'float8e5m2fnuz', field: 'int32_data' }],
  [DataType.UINT4, { name: 'uint4', element: 'uint4', field: 'int32_data' }],
  [DataType.INT4, { name: 'int4', element: 'int4', field: 'int32_data' }],
  [DataType.FLOAT4E2M1, { name: 'float4e2m1', element: 'float4e2m1', field: 'int32_data' }],
  [DataType.FLOAT8E8M0, { name: 'float8e8m0', element: 'float8e8m0', field: 'int32_data' }],
  [DataType.UINT2, { name: 'uint2', element: 'uint2', field: 'int32_data' }],
  [DataType.INT2, { name: 'int2', element: 'int2', field: 'int32_data' }],
  [DataType.FLOAT6E2M3, { name: 'float6e2m3', element: 'float6e2m3', field: 'int32_data' }],
  [DataType.FLOAT6E3M2, { name: 'float6e3m2', element: 'float6e3m2', field: 'int32_data' }],
]);

/** Where the values of a tensor are, decided when the model is opened. */
type Source = Span | Numbers | Nothing;

/** Consecutive elements in the model's file, or in `external`. */
interface Span {
  readonly kind: 'span';
  readonly element: ElementType;
  readonly external: ExternalFile | null;
  readonly offset: number;
}

/** Numbers of a field that must be decoded one by one. */
interface Numbers {
  readonly kind: 'numbers';
  readonly element: ElementType;
  readonly field: number;
  readonly places: readonly Place[];
}

/** No values that can be read. */
interface Nothing {
  readonly kind: 'nothing';
  readonly reason: Clause;
}

const severalTimes: Clause = (it) => t`${it} has its values more than once`;

function nothing(reason: Clause): Nothing {
  return { kind: 'nothing', reason };
}

/**
 * A lazy tensor.
 * @param name of the tensor.
 * @param label what messages call it, such as `tensor "w"`.
 * @throws InvalidTensorError at once where its shape is none, or where it claims other amounts of data than there are:
 * such a file is not to be trusted. What is wrong with its values or its type, it throws when it is read.
 */
export function storedTensor(
  proto: TensorProto,
  name: string,
  label: () => string,
  storage: Storage,
): Tensor {
  const { file } = storage;
  const invalid: Invalid = (what) => new InvalidTensorError(file.path, what(label()));
  const shape = proto.dims ?? [];
  const count = checkedCount(shape, invalid);
  const dataType = proto.dataType ?? DataType.UNDEFINED;
  const base = { name, shape, dtype: storedTypes.get(dataType)?.name ?? `type ${dataType}` };
  const source = locate(proto, dataType, count, storage, invalid);
  switch (source.kind) {
    case 'nothing':
      return {
        ...base,
        key: `unreadable ${label()} of ${file.path}`,
        read: () => Promise.reject(invalid(source.reason)),
      };
    case 'numbers': {
      const { element, field, places } = source;
      const where = places.map(({ offset, length }) => `${offset}+${length}`).join();
      return {
        ...base,
        key: `${file.path}@${field}:${where}(${element}; ${shape.join()})`,
        read: async () =>
          decodeElements(await readNumbers(file, places, field, element, count, invalid), element, count),
      };
    }
    case 'span': {
      const { element, external, offset } = source;
      const tensor: RangedTensor = {
        ...base,
        key: `${external?.path ?? file.path}@${offset}(${element}; ${shape.join()})`,
        read: () => readSpan(file, source, 0, count),
        readRange: (begin, end) => readSpan(file, source, begin, end),
      };
      return tensor;
    }
  }
}

type Invalid = (what: Clause) => InvalidTensorError;

function locate(
  proto: TensorProto,
  dataType: number,
  count: number,
  storage: Storage,
  invalid: Invalid,
): Source {
  const type = storedTypes.get(dataType);
  if (type === undefined) {
    return nothing(
      dataType === DataType.UNDEFINED
        ? (it) => t`${it} has no element type`
        : (it) => t`${it} has an element type that is not known (${dataType})`,
    );
  }
  const { name, element } = type;
  if (element === null)
    return nothing((it) => t`${it} is of the type ${name}: its values are no real numbers`);
  switch (proto.dataLocation ?? DataLocation.DEFAULT) {
    case DataLocation.DEFAULT:
      return inlineSource(proto.place ?? [], { ...type, element }, count, invalid);
    case DataLocation.EXTERNAL:
      return externalSource(proto, element, count, storage, invalid);
    default:
      return nothing((it) => t`${it} has its data in an unknown place`);
  }
}

function checkedCount(shape: readonly number[], invalid: Invalid): number {
  if (shape.length > largestRank) throw invalid((it) => t`${it} has ${shape.length} dimensions`);
  if (!shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0)) {
    throw invalid((it) => t`${it} has the impossible shape (${shape.join(', ')})`);
  }
  const count = elementCount(shape);
  // Every size in bits stays exact as well.
  if (count > Number.MAX_SAFE_INTEGER / 64)
    throw invalid((it) => t`${it} has too many elements: shape (${shape.join(', ')})`);
  return count;
}

function inlineSource(
  places: readonly Place[],
  { name, element, field: ownField }: StoredType & { readonly element: ElementType },
  count: number,
  invalid: Invalid,
): Source {
  const available = places.reduce((sum, { length = 0 }) => sum + length, 0);
  // A number of a field takes at least one byte and holds at most as many elements as one byte of raw data.
  const needed = Math.min(count, bytesOfElements(element, count));
  if (available < needed) {
    const missing: Clause = (it) =>
      t`${it} has ${available} bytes of data for ${count} elements of type ${name}`;
    // Some exporters leave all weights out on purpose: such tensors claim nothing but their shape.
    if (available === 0 && needed <= largestLeftOut) return nothing(missing);
    throw invalid(missing);
  }
  const fields = new Set(places.map(({ field }) => field));
  if (fields.size > 1 || (fields.has(rawDataField) && places.length > 1)) return nothing(severalTimes);
  const [field = rawDataField] = fields;
  const first = places.at(0);
  if (field !== rawDataField && field !== numberFields[ownField]) {
    const used = Object.entries(numberFields).find(([, number]) => number === field)?.[0];
    return nothing((it) => t`${it} is of the type ${name}, whose values are not stored in ${String(used)}`);
  }
  if (field === rawDataField || (isFixedWidth(field) && places.length === 1 && first?.tagged !== true)) {
    requireLength(first?.length ?? 0, element, count, invalid);
    return { kind: 'span', element, external: null, offset: first?.offset ?? 0 };
  }
  return { kind: 'numbers', element, field, places };
}

function externalSource(
  proto: TensorProto,
  element: ElementType,
  count: number,
  storage: Storage,
  invalid: Invalid,
): Source {
  const { location, offset, length } = externalReference(proto, invalid);
  if (proto.place !== undefined) return nothing(severalTimes);
  const external = storage.external.get(location);
  if (external === undefined)
    throw invalid((it) => t`${it} has its data in ${quote(location)}, which was not opened`);
  const needed = bytesOfElements(element, count);
  // Without a length the data goes on to the end of the file, that of other tensors included.
  if (length !== null) requireLength(length, element, count, invalid);
  if (offset + needed > external.size) {
    throw invalid(
      (it) =>
        t`${it} takes bytes ${offset} to ${offset + needed} of ${quote(location)}, which has ${external.size}`,
    );
  }
  return { kind: 'span', element, external, offset };
}

function requireLength(length: number, element: ElementType, count: number, invalid: Invalid): void {
  const needed = bytesOfElements(element, count);
  if (length !== needed) {
    throw invalid(
      (it) => t`${it} has ${length} bytes of data, but ${count} elements of type ${element} take ${needed}`,
    );
  }
}

/** Whether the values of a tensor are in a file of their own. */
export function isExternal(proto: TensorProto): boolean {
  return proto.dataLocation === DataLocation.EXTERNAL;
}

export interface ExternalReference {
  readonly location: string;
  /** Bytes. */
  readonly offset: number;
  /** Bytes; null: to the end of the file. */
  readonly length: number | null;
}

/** Where a tensor says that its external data is. */
export function externalReference(proto: TensorProto, invalid: Invalid): ExternalReference {
  const entries = new Map<string, string>();
  for (const { key = '', value = '' } of proto.externalData ?? []) {
    if (entries.has(key)) throw invalid((it) => t`${it} gives the ${quote(key)} of its external data twice`);
    entries.set(key, value);
  }
  const bytes = (key: string): number | null => {
    const value = entries.get(key);
    if (value === undefined) return null;
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (!Number.isSafeInteger(number)) {
      throw invalid((it) => t`${it} gives ${quote(value)} as the ${key} of its external data`);
    }
    return number;
  };
  const location = entries.get('location');
  if (location === undefined) throw invalid((it) => t`${it} does not say in which file its external data is`);
  return { location, offset: bytes('offset') ?? 0, length: bytes('length') };
}

/** Elements that follow a byte boundary: narrower ones are read from a multiple of this on. */
const alignedElements = 4;

async function readSpan(
  file: RangeFile,
  { element, external, offset: start }: Span,
  begin: number,
  end: number,
): Promise<Values> {
  const first = bitsPerElement(element) < 8 ? begin - (begin % alignedElements) : begin;
  const offset = bytesOfElements(element, first);
  const length = bytesOfElements(element, end - first);
  const bytes =
    external === null
      ? await file.read(start + offset, length)
      : await readExternal(external, start + offset, length);
  const values = decodeElements(bytes, element, end - first);
  return first === begin ? values : values.slice(begin - first);
}

/** Opened for each read: a model may have more files than can be open at a time. */
async function readExternal(external: ExternalFile, offset: number, length: number): Promise<Uint8Array> {
  const file = await RangeFile.open(external.path);
  try {
    if (file.size !== external.size || file.modified !== external.modified) {
      throw new UnreadableFileError(external.path, t('the file was changed since the model was opened'));
    }
    return await file.read(offset, length);
  } finally {
    await file.close();
  }
}
