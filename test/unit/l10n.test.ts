/**
 * `l10n/bundle.l10n.json`, from which translators start, holds exactly the texts of the sources. `npm run l10n` brings
 * it up to date.
 */
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { coreSources, editorSources, nodesOf, placeOf } from './editor-sources';
import { root } from './product';
import { isTranslation, literalOf, translationsIn } from './translated-texts';

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
    const texts = sources.flatMap(translationsIn).sort(([a], [b]) => (a < b ? -1 : 1));
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

  it('puts words between the values of a text', async () => {
    const texts = (await coreSources()).flatMap(translationsIn).map(([key]) => key);
    expect(texts.filter((text) => text.includes('}{'))).toEqual([]);
  });
});
