/** What may be set of a layer in a side file, and the check of it. `media/lipschitz.schema.json` says the same. */
import { t } from '@vscode/l10n';
import { MalformedFileError, type Clause } from '../errors';
import type { PaddingMode } from '../model';
import { asObject, type JsonObject } from './json';
import { quote } from '../quote';

export type SettingOp = 'linear' | 'embedding' | 'experts' | 'convolution' | 'layerNorm' | 'rmsNorm' | 'skip';

/** One number for every axis, or one each. */
export type PerAxis = number | readonly number[];

export interface LayerSettings {
  readonly op?: SettingOp;
  readonly transposed?: boolean;
  readonly strides?: PerAxis;
  readonly dilations?: PerAxis;
  readonly groups?: number;
  readonly padding?: {
    readonly mode?: PaddingMode;
    /** As many as there are axes: the same before and after; twice as many: all begins, then all ends. */
    readonly amounts?: PerAxis;
  };
  readonly outputPadding?: PerAxis;
  readonly inputSize?: PerAxis;
  readonly epsilon?: number;
}

/** Settings of the layers that a name, or a pattern of names, stands for. */
export interface Rule {
  readonly pattern: string;
  readonly settings: LayerSettings;
}

/**
 * The rules of a side file, in its order.
 * @throws MalformedFileError naming the key at fault.
 */
export function checkRules(object: JsonObject, path: string): Rule[] {
  try {
    const { layers } = readSideFile(object, []);
    if (layers === undefined) throw new SettingError([], (it) => t`${it} has no "layers"`);
    return [...layers].map(([pattern, settings]) => ({ pattern, settings }));
  } catch (error) {
    if (error instanceof SettingError) throw new MalformedFileError(path, error.message);
    throw error;
  }
}

/** Reads one value of the file; `place` is the way to it, key by key. */
type Reader<T> = (value: unknown, place: readonly string[]) => T;

class SettingError extends Error {
  constructor(place: readonly string[], problem: Clause) {
    super(problem(place.length === 0 ? t('it') : place.map(quote).join(' > ')));
  }
}

const largestInteger = 2 ** 31 - 1;
const mostAxes = 3;

const text: Reader<string> = (value, place) => {
  if (typeof value !== 'string') throw new SettingError(place, (it) => t`${it} is not text`);
  return value;
};

const flag: Reader<boolean> = (value, place) => {
  if (typeof value !== 'boolean') throw new SettingError(place, (it) => t`${it} is neither true nor false`);
  return value;
};

const nonNegative: Reader<number> = (value, place) => {
  if (typeof value !== 'number' || value < 0 || !Number.isFinite(value)) {
    throw new SettingError(place, (it) => t`${it} is not a number of 0 or more`);
  }
  return value;
};

function integerFrom(least: number): Reader<number> {
  return (value, place) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > largestInteger) {
      throw new SettingError(place, (it) => t`${it} is not an integer from ${least} to ${largestInteger}`);
    }
    return value;
  };
}

function oneOf<T extends string>(...words: readonly T[]): Reader<T> {
  return (value, place) => {
    const word = words.find((candidate) => candidate === value);
    if (word === undefined)
      throw new SettingError(place, (it) => t`${it} is none of ${words.map(quote).join(', ')}`);
    return word;
  };
}

function perAxis(read: Reader<number>, most = mostAxes): Reader<PerAxis> {
  return (value, place) => {
    if (!Array.isArray(value)) return read(value, place);
    if (value.length < 1 || value.length > most)
      throw new SettingError(place, (it) => t`${it} does not have 1 to ${most} numbers`);
    return value.map((item) => read(item, place));
  };
}

function objectOf<T>(readers: { readonly [K in keyof T]-?: Reader<Exclude<T[K], undefined>> }): Reader<T> {
  return (value, place) => {
    const result: Record<string, unknown> = {};
    for (const [key, member] of membersOf(value, place)) {
      if (!Object.hasOwn(readers, key))
        throw new SettingError([...place, key], (it) => t`${it} is not a key that exists here`);
      result[key] = readers[key as keyof T](member, [...place, key]);
    }
    return result as T;
  };
}

function mapOf<T>(read: Reader<T>): Reader<ReadonlyMap<string, T>> {
  return (value, place) =>
    new Map([...membersOf(value, place)].map(([key, member]) => [key, read(member, [...place, key])]));
}

function membersOf(value: unknown, place: readonly string[]): ReadonlyMap<string, unknown> {
  const members = value instanceof Map ? (value as ReadonlyMap<string, unknown>) : asObject(value);
  if (members === null) throw new SettingError(place, (it) => t`${it} is not a JSON object`);
  return members;
}

const readSideFile = objectOf<{ $schema?: string; layers?: ReadonlyMap<string, LayerSettings> }>({
  $schema: text,
  layers: mapOf(
    objectOf<LayerSettings>({
      op: oneOf('linear', 'embedding', 'experts', 'convolution', 'layerNorm', 'rmsNorm', 'skip'),
      transposed: flag,
      strides: perAxis(integerFrom(1)),
      dilations: perAxis(integerFrom(1)),
      groups: integerFrom(1),
      padding: objectOf<NonNullable<LayerSettings['padding']>>({
        mode: oneOf('zeros', 'circular', 'reflect', 'replicate'),
        amounts: perAxis(integerFrom(0), 2 * mostAxes),
      }),
      outputPadding: perAxis(integerFrom(0)),
      inputSize: perAxis(integerFrom(1)),
      epsilon: nonNegative,
    }),
  ),
});
