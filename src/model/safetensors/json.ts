/** The JSON around tensors: header, index, side files. All of it may be hostile. */
import { t } from '@vscode/l10n';
import { LimitExceededError, MalformedFileError, type Clause } from '../errors';
import { RangeFile, refuseGitLfsPointer } from '../file';
import type { ModelFile } from '../model';
import { quote } from '../quote';

/**
 * Keys, lists and objects in one text: what its memory depends on. The largest index that is published has 500,000
 * keys; a header takes seven for each tensor.
 */
const mostParts = 5_000_000;

export type JsonObject = ReadonlyMap<string, unknown>;

/**
 * Parses the JSON object that `bytes` hold. A map, so that names like `__proto__` are names like others.
 * @param what names the text in messages: `the header`.
 * @param depth how deep objects and lists may be nested, the outer object included.
 * @throws MalformedFileError naming `path` for text that is no JSON object, or one with a key given twice;
 * LimitExceededError for more keys, lists and objects than any model has.
 */
export function parseJsonObject(bytes: Uint8Array, path: string, what: string, depth: number): JsonObject {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MalformedFileError(path, t`${what} is not text in UTF-8`, { cause: error });
  }
  let value: unknown;
  try {
    checkStructure(text, depth);
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof TooManyParts) throw new LimitExceededError(path, error.clause(what));
    if (error instanceof StructureError) throw new MalformedFileError(path, error.clause(what));
    throw new MalformedFileError(path, t`${what} is not valid JSON`, { cause: error });
  }
  const object = asObject(value);
  if (object === null) throw new MalformedFileError(path, t`${what} is not a JSON object`);
  return object;
}

/**
 * Reads and parses a whole file.
 * @param limit largest size of such a file, bytes.
 * @throws LimitExceededError where the file is larger; otherwise as `parseJsonObject` and `RangeFile`.
 */
export async function readJsonObject(
  path: string,
  limit: number,
  depth: number,
): Promise<{ object: JsonObject; file: ModelFile }> {
  const file = await RangeFile.open(path);
  try {
    await refuseGitLfsPointer(file);
    if (file.size > limit) {
      throw new LimitExceededError(
        path,
        t`the file has ${file.size} bytes, more than the ${limit} that any real one needs`,
      );
    }
    const bytes = await file.read(0, file.size);
    return {
      object: parseJsonObject(bytes, path, t('the file'), depth),
      file: { path, bytes: file.size, modified: file.modified },
    };
  } finally {
    await file.close();
  }
}

/** A member of a parsed JSON object; undefined where there is none, or where the value is no object. */
export function memberOf(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members of a parsed JSON object, in the order of the text; null for any other value. */
export function asObject(value: unknown): JsonObject | null {
  return isObject(value) ? new Map(Object.entries(value)) : null;
}

class StructureError extends Error {
  constructor(readonly clause: Clause) {
    super();
  }
}
class TooManyParts extends StructureError {}

/**
 * Refuses what `JSON.parse` accepts but should not get: deep nesting and millions of small parts, of which it could run
 * out of memory, and repeated keys, of which it would keep the last in silence. Text that is no JSON may pass.
 */
function checkStructure(text: string, depth: number): void {
  /** Keys seen of each open object; null for a list. */
  const open: (Set<string> | null)[] = [];
  let parts = 0;
  const count = () => {
    if (++parts > mostParts)
      throw new TooManyParts((it) => t`${it} has more than ${mostParts} keys, lists and objects`);
  };
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
      case '[':
        count();
        if (open.length === depth)
          throw new StructureError((it) => t`${it} is nested deeper than ${depth} levels`);
        open.push(text[i] === '{' ? new Set() : null);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case '"': {
        const end = endOfString(text, i);
        const keys = open.at(-1);
        if (keys && isKey(text, end)) {
          count();
          const quoted = text.slice(i, end);
          const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
          if (keys.has(key)) throw new StructureError((it) => t`${it} has the key ${quote(key)} twice`);
          keys.add(key);
        }
        i = end - 1;
      }
    }
  }
}

/** Position after the closing quote of the string that opens at `begin`. */
function endOfString(text: string, begin: number): number {
  for (let i = begin + 1; i < text.length; i++) {
    if (text[i] === '"') return i + 1;
    if (text[i] === '\\') i++;
  }
  return text.length;
}

/** Whether a colon follows the string that ends at `end`. */
function isKey(text: string, end: number): boolean {
  let i = end;
  while (i < text.length && ' \t\r\n'.includes(text[i])) i++;
  return text[i] === ':';
}
