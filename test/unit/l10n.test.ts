/**
 * `l10n/bundle.l10n.json`, from which translators start, holds exactly the texts of the sources. `npm run l10n` brings
 * it up to date.
 */
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { editorSources, nodesOf, placeOf } from './editor-sources';
import { root } from './product';

type Entry = string | { readonly message: string; readonly comment: readonly string[] };

/** The text of a call of `l10n.t` and its key in a bundle, as VS Code looks it up. */
function textOf(call: ts.CallExpression): readonly [string, Entry] {
  const [argument] = call.arguments;
  if (ts.isStringLiteralLike(argument)) return [argument.text, argument.text];
  if (!ts.isObjectLiteralExpression(argument)) {
    throw new Error(`${placeOf(call)}: the text must be a literal, or it is not translated`);
  }
  const message = literals(argument, 'message').join('');
  const comment = literals(argument, 'comment');
  return [`${message}/${comment.join('')}`, { message, comment }];
}

/** The string, or the strings of the list, that an object literal has under a name. */
function literals(object: ts.ObjectLiteralExpression, name: string): string[] {
  const property = object.properties.find((each) => each.name?.getText() === name);
  if (!property) throw new Error(`${placeOf(object)}: no ${name}`);
  return [...nodesOf(property)].filter(ts.isStringLiteralLike).map(({ text }) => text);
}

function isTranslation(node: ts.Node): node is ts.CallExpression {
  return ts.isCallExpression(node) && /^(vscode\.)?l10n\.t$/.test(node.expression.getText());
}

describe('l10n/bundle.l10n.json', () => {
  it('holds every text of the editor, and no other', async () => {
    const calls = (await editorSources()).flatMap((file) => [...nodesOf(file)].filter(isTranslation));
    const texts = calls.map(textOf).sort(([a], [b]) => (a < b ? -1 : 1));
    const bundle = `${JSON.stringify(Object.fromEntries(texts), undefined, 2)}\n`;
    await expect(bundle).toMatchFileSnapshot(join(root, 'l10n/bundle.l10n.json'));
  });
});
