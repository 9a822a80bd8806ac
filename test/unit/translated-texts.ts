/** The texts of sources that are translated where they are shown. */
import ts from 'typescript';
import { nodesOf, placeOf } from './editor-sources';

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
export function literalOf(literal: ts.Node, hole: (place: number) => string): string {
  if (ts.isStringLiteralLike(literal)) return literal.text;
  if (!ts.isTemplateExpression(literal)) throw new Error(`${placeOf(literal)}: no literal`);
  return literal.head.text + literal.templateSpans.map((span, i) => hole(i) + span.literal.text).join('');
}

const numbered = (place: number) => `{${place}}`;

type Translation = ts.CallExpression | ts.TaggedTemplateExpression;

/** `l10n.t(..)` of the editor, ``t`..` `` and `t(..)` of the core. */
export function isTranslation(node: ts.Node): node is Translation {
  const called = ts.isCallExpression(node)
    ? node.expression
    : ts.isTaggedTemplateExpression(node)
      ? node.tag
      : null;
  return called !== null && /^((vscode\.)?l10n\.)?t$/.test(called.getText());
}

/** Every text of a file under its key in a bundle. */
export function translationsIn(file: ts.SourceFile): (readonly [string, Entry])[] {
  return [...nodesOf(file)].filter(isTranslation).map(textOf);
}
