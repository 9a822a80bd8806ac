import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { translatorOf } from '../../../../src/editor/protocol/translation';
import { quote } from '../../../../src/model/quote';
import { coreSources } from '../../editor-sources';
import { inBrackets, pseudoBundle, put } from '../../pseudo-language';
import { translationsIn } from '../../translated-texts';

const translate = translatorOf(pseudoBundle);
const texts = [...new Set((await coreSources()).flatMap(translationsIn).map(([key]) => key))];

/** Names that look like sentences of the program, and like their parts. */
const hostileName = fc.oneof(
  fc.string(),
  fc.constantFrom(...texts),
  fc.constantFrom(': ', '; ', '"', '\\', '{0}', '$&', ' is missing', 'tensor "w" has no shape'),
);
const value = fc.oneof(
  hostileName.map(quote),
  fc.array(hostileName, { maxLength: 4 }).map((names) => quote(names.join(' '))),
  fc.integer().map(String),
);
const values = fc.array(value, { minLength: 4, maxLength: 4 });
const path = fc.constantFrom('', '/models/net.onnx: ', 'C:\\a: b\\net.safetensors: ', '/it is missing: ');

describe('translatorOf', () => {
  it.each(texts)('knows "%s" whatever its values, and behind the name of a file', (text) => {
    fc.assert(
      fc.property(values, path, (values, path) => {
        expect(translate(path + put(text, values))).toBe(path + put(inBrackets(text), values));
      }),
      { numRuns: 20 },
    );
  });

  it('translates sentences inside sentences', () => {
    const b = inBrackets;
    expect(translate('net.onnx: tensor "w" has 3 dimensions, more than 2')).toBe(
      `net.onnx: ${b(`${b('tensor "w"')} has 3 dimensions, more than 2`)}`,
    );
    expect(
      translate('its weight is unknown: the Reshape "r" cannot be followed, the input "s" is not constant'),
    ).toBe(
      b(
        `${b('its weight')} is unknown: ${b(`the Reshape "r" cannot be followed, ${b('the input "s" is not constant')}`)}`,
      ),
    );
    expect(translate('cuda: not part of ONNX Runtime for linux x64; webgpu: no adapter')).toBe(
      `cuda: ${b('not part of ONNX Runtime for linux x64')}; webgpu: no adapter`,
    );
  });

  it('puts values where the language wants them', () => {
    const translate = translatorOf({ 'the node {0} depends on {1}': '{1} vor {0}', 'its weight': 'Gewicht' });
    expect(translate('the node "$& {1}" depends on its weight')).toBe('Gewicht vor "$& {1}"');
  });

  it.each([
    '',
    'ENOENT',
    'the sky is falling',
    'no adapter: 0x80004005 (E_FAIL)',
    '"its weight"',
    '"w: its header has length 0" or so',
    '2.5',
  ])('leaves "%s" in English, which no text of the program is', (sentence) => {
    expect(translate(sentence)).toBe(sentence);
  });

  it('reads paths with single quotes', () => {
    expect(translate('/a"b/net.onnx: its header has length 0')).toBe(
      `/a"b/net.onnx: ${inBrackets('its header has length 0')}`,
    );
  });

  it.each([': ', '; ', '"', '\\"', ' is missing', ' of type ', 'its weight ', ' x', ', ', 'a'])(
    'ends soon for a hostile name of %j',
    (part) => {
      const name = part.repeat(Math.ceil(10_000 / part.length));
      for (const sentence of [name, `${name}: the file is empty`, `its weight ${name} is missing`]) {
        expect(translate(sentence).length).toBeGreaterThanOrEqual(sentence.length);
      }
    },
  );

  it('does nothing where the language is English', () => {
    expect(translatorOf(undefined)('its header has length 0')).toBe('its header has length 0');
  });
});
