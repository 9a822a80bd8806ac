/** Every text that the extension hands to the page is shown by it, with as many values as it has places. */
import { basename, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import type { PanelStrings } from '../../../src/editor/protocol/strings';
import { nodesOf } from '../editor-sources';
import { root } from '../product';
import { strings } from './english';

type Key = keyof PanelStrings;

interface Use {
  readonly key: Key;
  /** How many are put in. */
  readonly values: number;
}

/** The numbers of the places in a text, each once, in rising order. */
function placesOf(text: string): number[] {
  const numbers = Array.from(text.matchAll(/\{([^}]*)\}/g), ([, number]) => Number(number));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Every reading of a text in the page: `strings.key`, `strings[key]` and `locale.text(key, ...values)`. */
function usesOf(config: string): Use[] {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const parsed = ts.getParsedCommandLineOfConfigFile(config, {}, host);
  if (!parsed) throw new Error(`${config} cannot be read`);
  const program = ts.createProgram(parsed.fileNames, parsed.options);
  const checker = program.getTypeChecker();
  const isStrings = (node: ts.Expression) => checker.getTypeAtLocation(node).symbol?.name === 'PanelStrings';
  const keysOf = (node: ts.Expression) => {
    const type = checker.getTypeAtLocation(node);
    return (type.isUnion() ? type.types : [type]).flatMap((each) =>
      each.isStringLiteral() ? (each.value as Key) : [],
    );
  };
  const usesAt = (node: ts.Node): Use[] => {
    if (ts.isPropertyAccessExpression(node) && isStrings(node.expression)) {
      return [{ key: node.name.text as Key, values: 0 }];
    }
    if (ts.isElementAccessExpression(node) && isStrings(node.expression)) {
      return keysOf(node.argumentExpression).map((key) => ({ key, values: 0 }));
    }
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      if (name.text !== 'text' || checker.getTypeAtLocation(expression).symbol?.name !== 'Locale') return [];
      return keysOf(node.arguments[0]).map((key) => ({ key, values: node.arguments.length - 1 }));
    }
    return [];
  };
  // `Locale.text` looks up the key that it is given: its calls count.
  const files = parsed.fileNames.filter((file) => basename(file) !== 'locale.ts');
  return files.flatMap((file) => {
    const source = program.getSourceFile(file);
    return source ? [...nodesOf(source)].flatMap(usesAt) : [];
  });
}

describe('the texts of the page', () => {
  const keys = Object.keys(strings) as Key[];
  const uses = usesOf(join(root, 'webview/tsconfig.json'));

  it('are all shown', () => {
    const used = new Set(uses.map(({ key }) => key));
    expect(keys.filter((key) => !used.has(key))).toEqual([]);
  });

  it('get as many values as they have places', () => {
    expect(uses.filter(({ key, values }) => placesOf(strings[key]).length !== values)).toEqual([]);
  });

  it.each(keys)('%s: the places are numbered from 0 on', (key) => {
    const text = strings[key];
    expect(text.trim()).toBe(text);
    expect(text).not.toBe('');
    const places = placesOf(text);
    expect(places).toEqual(places.map((_, index) => index));
  });
});
