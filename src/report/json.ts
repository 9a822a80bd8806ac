import { t } from '@vscode/l10n';

/** Characters that a terminal would obey or hide and that JSON lets through. */
const UNSAFE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Depth of a report's rows, below which a value is written as one piece. */
const DEPTH = 2;

/**
 * JSON text: the object of one report (of whatever kind), or the array of several. Names are exact; characters that
 * could act on a terminal are escaped. Throws on a number that JSON cannot hold, which would silently become null.
 */
export function formatJson(reports: object): string {
  return [...jsonPieces(reports)].join('');
}

/** The same text in pieces, none of them longer than a row, or than one list about the network. */
export function* jsonPieces(reports: object): Generator<string> {
  const depth = Array.isArray(reports) ? DEPTH + 1 : DEPTH;
  for (const piece of pieces('', reports, '', depth)) yield piece.replace(UNSAFE, escapeUnits);
  yield '\n';
}

/** What `JSON.stringify` answers with an indent of 2, inside of `indent`. */
function* pieces(key: string, value: unknown, indent: string, depth: number): Generator<string> {
  const isList = Array.isArray(value);
  const entries =
    typeof value === 'object' && value !== null && depth > 0
      ? Object.entries(value).filter(([, each]) => each !== undefined)
      : [];
  if (entries.length === 0) {
    const text = JSON.stringify(value, (inner, each: unknown) => refuseNonFinite(inner || key, each), 2);
    yield text.replaceAll('\n', `\n${indent}`);
    return;
  }
  const inside = `${indent}  `;
  let lead = isList ? '[' : '{';
  for (const [name, each] of entries) {
    yield `${lead}\n${inside}${isList ? '' : `${JSON.stringify(name)}: `}`;
    yield* pieces(name, each, inside, depth - 1);
    lead = ',';
  }
  yield `\n${indent}${isList ? ']' : '}'}`;
}

function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RangeError(t`the report's ${key} is ${value}`);
  }
  return value;
}

function escapeUnits(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
