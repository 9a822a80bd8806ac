/**
 * `l10n/bundle.l10n.json`, from which translators start, holds exactly the texts of the sources. `npm run l10n` brings
 * it up to date.
 */
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { coreSources, editorSources, nodesOf, placeOf } from './editor-sources';
import { root } from './product';

type Entry = string | { readonly message: string; readonly comment: readonly string[] };

/** The text of a translation and its key in a bundle, as VS Code looks it up. */
function textOf(node: Translation): readonly [string, Entry] {
  if (ts.isTaggedTemplateExpression(node)) return sameFor(literalOf(node.template, numbered));
  const [argument] = node.arguments;
  if (ts.isStringLiteralLike(argument)) return sameFor(argument.text);
  if (!ts.isObjectLiteralExpression(argument)) {
    throw new Error(`${placeOf(node)}: the text must be a literal, or it is not translated`);
  }
  const message = literals(argument, 'message').join('');
  const comment = literals(argument, 'comment');
  return [`${message}/${comment.join('')}`, { message, comment }];
}

function sameFor(text: string): readonly [string, Entry] {
  return [text, text];
}

/** The string, or the strings of the list, that an object literal has under a name. */
function literals(object: ts.ObjectLiteralExpression, name: string): string[] {
  const property = object.properties.find((each) => each.name?.getText() === name);
  if (!property) throw new Error(`${placeOf(object)}: no ${name}`);
  return [...nodesOf(property)].filter(ts.isStringLiteralLike).map(({ text }) => text);
}

/** The text of a literal, with what `hole` answers in the place of each value. */
function literalOf(literal: ts.Node, hole: (place: number) => string): string {
  if (ts.isStringLiteralLike(literal)) return literal.text;
  if (!ts.isTemplateExpression(literal)) throw new Error(`${placeOf(literal)}: no literal`);
  return literal.head.text + literal.templateSpans.map((span, i) => hole(i) + span.literal.text).join('');
}

const numbered = (place: number) => `{${place}}`;

type Translation = ts.CallExpression | ts.TaggedTemplateExpression;

/** `l10n.t(..)` of the editor, ``t`..` `` and `t(..)` of the core. */
function isTranslation(node: ts.Node): node is Translation {
  const called = ts.isCallExpression(node)
    ? node.expression
    : ts.isTaggedTemplateExpression(node)
      ? node.tag
      : null;
  return called !== null && /^((vscode\.)?l10n\.)?t$/.test(called.getText());
}

/** Two words in a row, the second in lower case: neither names of operators nor the parts of a key. */
const SENTENCE = /[A-Za-z]+,? [a-z]{2,}(?![\w.:])/;

function isUntranslatedSentence(node: ts.Node): boolean {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateExpression(node)) return false;
  const { parent } = node;
  if (ts.isImportDeclaration(parent) || isTranslation(parent)) return false;
  return SENTENCE.test(literalOf(node, () => '{}'));
}

const sources = [...(await editorSources()), ...(await coreSources())];

describe('l10n/bundle.l10n.json', () => {
  it('holds every text of the editor and of the core, and no other', async () => {
    const calls = sources.flatMap((file) => [...nodesOf(file)].filter(isTranslation));
    const texts = calls.map(textOf).sort(([a], [b]) => (a < b ? -1 : 1));
    const bundle = `${JSON.stringify(Object.fromEntries(texts), undefined, 2)}\n`;
    await expect(bundle).toMatchFileSnapshot(join(root, 'l10n/bundle.l10n.json'));
  });
});

describe('the core', () => {
  it('writes its sentences so that they can be translated', async () => {
    const sentences = (await coreSources()).flatMap((file) =>
      [...nodesOf(file)].filter(isUntranslatedSentence),
    );
    expect(sentences.map((node) => `${placeOf(node)}: ${node.getText()}`)).toEqual([]);
  });

  /** `report/wording.ts` and its like: what stands between two values must tell where one ends. */
  it('puts words between the values of a text', async () => {
    const calls = (await coreSources()).flatMap((file) => [...nodesOf(file)].filter(isTranslation));
    const texts = calls.map((call) => textOf(call)[0]);
    expect(texts.filter((text) => /\}\{/.test(text))).toEqual([]);
  });
});
