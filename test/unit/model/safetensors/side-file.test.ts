import Ajv from 'ajv';
import fc from 'fast-check';
import { readFile, symlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  GitLfsPointerError,
  LimitExceededError,
  MalformedFileError,
  UnsafePathError,
} from '../../../../src/model/errors';
import { globMatches } from '../../../../src/model/glob';
import { checkRules } from '../../../../src/model/safetensors/settings';
import { Folder } from '../../folder';
import { f32, safetensors } from '../../safetensors-builder';
import { convolution, layer, matrix, Models, names, reasons } from './models';

const folder = new Folder();
const models = new Models(folder);

const content = {
  'block.0.conv.weight': f32([4, 2, 3]),
  'block.1.conv.weight': f32([4, 2, 3]),
  'head.weight': f32([4, 2, 3]),
  'norm.weight': f32([4]),
};

describe('the side file', () => {
  it('applies to modules, tensors and patterns, the last one that sets a key first', async () => {
    const side = {
      $schema: './lipschitz.schema.json',
      layers: {
        'block.*': { strides: 2, groups: 2 },
        'block.1.conv.weight': { strides: 3 },
        head: { op: 'linear' },
        'norm*': { op: 'rmsNorm', epsilon: 1e-6 },
      },
    };
    const model = await models.of(content, { side });
    expect(convolution(layer(model, 'block.0.conv'))).toMatchObject({ strides: [2], groups: 2 });
    expect(convolution(layer(model, 'block.1.conv'))).toMatchObject({ strides: [3], groups: 2 });
    expect(matrix(layer(model, 'head'))).toMatchObject({ rows: 4, columns: 6 });
    expect(layer(model, 'norm')).toMatchObject({
      op: 'RMSNorm',
      operator: { kind: 'normalization', epsilon: 1e-6, centered: false, size: 4 },
      notes: [],
    });
  });

  it('says what an operator is that name and shape do not tell', async () => {
    const model = await models.of(
      { ...content, table: f32([7, 3]), stack: f32([2, 3, 4]), rel_pos: f32([5, 3]), lonely: f32([2, 2]) },
      {
        side: {
          layers: {
            table: { op: 'embedding' },
            stack: { op: 'experts' },
            rel_pos: { op: 'linear' },
            lonely: { op: 'skip' },
            norm: { op: 'layerNorm' },
            'head.weight': { op: 'convolution', transposed: true },
          },
        },
      },
    );
    expect(layer(model, 'table').op).toBe('Embedding');
    expect(matrix(layer(model, 'stack'))).toMatchObject({ blocks: 2, rows: 3, columns: 4 });
    expect(layer(model, 'rel_pos').op).toBe('Linear');
    expect(reasons(model)).toEqual({ lonely: 'left out by the side file' });
    expect(layer(model, 'norm').notes).toEqual(['Epsilon is not in the file: 0.00001 is assumed.']);
    expect(layer(model, 'head').op).toBe('ConvTranspose1d');
  });

  it('belongs to an index as to a file', async () => {
    await folder.write('index/one.safetensors', safetensors(content));
    const map = Object.fromEntries(Object.keys(content).map((name) => [name, 'one.safetensors']));
    const path = await folder.write(
      'index/model.safetensors.index.json',
      JSON.stringify({ weight_map: map }),
    );
    await folder.write(
      'index/model.safetensors.index.json.lipschitz.json',
      '{"layers":{"head":{"op":"skip"}}}',
    );
    expect(names(await models.at(path))).toEqual(['block.0.conv', 'block.1.conv']);
  });

  it.each([
    ['no text at all', '', 'not valid JSON'],
    ['a list', '[]', 'not a JSON object'],
    ['nothing', '{}', 'it has no "layers"'],
    ['an unknown key', '{"layers":{},"layer":{}}', '"layer" is not a key'],
    ['an unknown setting', '{"layers":{"head":{"stride":2}}}', '"layers" > "head" > "stride" is not a key'],
    ['a key given twice', '{"layers":{"head":{},"head":{}}}', '"head" twice'],
    [
      'an operator that there is not',
      '{"layers":{"head":{"op":"conv"}}}',
      '"layers" > "head" > "op" is none of',
    ],
    ['a stride of 0', '{"layers":{"head":{"strides":[1,0]}}}', '"strides" is not an integer from 1'],
    ['a fractional stride', '{"layers":{"head":{"strides":1.5}}}', '"strides" is not an integer from 1'],
    ['a huge stride', '{"layers":{"head":{"strides":1e18}}}', '"strides" is not an integer from 1'],
    ['four strides', '{"layers":{"head":{"strides":[1,1,1,1]}}}', '"strides" does not have 1 to 3 numbers'],
    [
      'a padding mode that there is not',
      '{"layers":{"head":{"padding":{"mode":"wrap"}}}}',
      '"padding" > "mode" is none of',
    ],
    [
      'a negative epsilon',
      '{"layers":{"norm":{"op":"rmsNorm","epsilon":-1}}}',
      '"epsilon" is not a number of 0 or more',
    ],
    [
      'an infinite epsilon',
      '{"layers":{"norm":{"op":"rmsNorm","epsilon":1e999}}}',
      '"epsilon" is not a number of 0 or more',
    ],
    [
      'a name that no layer has',
      '{"layers":{"haed":{"strides":2}}}',
      '"strides" for "haed" applies to no layer',
    ],
    [
      'a setting that its layer does not have',
      '{"layers":{"head":{"epsilon":1}}}',
      '"epsilon" for "head" applies to no layer',
    ],
    [
      'an operator that does not fit',
      '{"layers":{"norm":{"op":"convolution"}}}',
      '"op" for "norm" does not fit its 1 dimensions',
    ],
  ])('is refused with %s', async (what, side, part) => {
    const place = `bad ${what}`;
    const path = await folder.write(`${place}/model.safetensors`, safetensors(content));
    const beside = await folder.write(`${place}/model.safetensors.lipschitz.json`, side);
    const error: unknown = await models.at(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MalformedFileError);
    expect((error as Error).message.startsWith(`${beside}: `)).toBe(true);
    expect((error as Error).message).toContain(part);
  });

  it('is refused with more patterns than can be compared', async () => {
    const rules = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`head*${'*'.repeat(i)}`, { strides: 1 }]));
    await expect(models.of(content, { side: { layers: rules(1001) } })).rejects.toThrow(LimitExceededError);
    expect(names(await models.of(content, { side: { layers: rules(1000) } }))).toContain('head');
  });

  it.skipIf(process.platform === 'win32')('is a file in the folder of the model', async () => {
    const path = await folder.write('link/model.safetensors', safetensors(content));
    const elsewhere = await folder.write('elsewhere.json', '{"layers":{}}');
    await symlink(elsewhere, `${path}.lipschitz.json`);
    await expect(models.at(path)).rejects.toThrow(UnsafePathError);
  });

  it('is refused as a Git LFS pointer', async () => {
    const path = await folder.write('lfs/model.safetensors', safetensors(content));
    await folder.write(
      'lfs/model.safetensors.lipschitz.json',
      'version https://git-lfs.github.com/spec/v1\nsize 9\n',
    );
    await expect(models.at(path)).rejects.toThrow(GitLfsPointerError);
  });
});

describe('the published schema', () => {
  const schemaFile = new URL('../../../../media/lipschitz.schema.json', import.meta.url);
  const number = fc.oneof(fc.integer({ min: -1, max: 4 }), fc.constantFrom(1.5, 2 ** 31 - 1, 2 ** 31, 1e300));
  const anything = fc.oneof(
    number,
    fc.constantFrom(null, true, false, '', 'zeros', 'linear', {}, []),
    fc.array(number, { maxLength: 7 }),
  );
  const settings = fc.record(
    {
      op: fc.oneof(
        fc.constantFrom(
          'linear',
          'embedding',
          'experts',
          'convolution',
          'layerNorm',
          'rmsNorm',
          'skip',
          'conv',
        ),
        anything,
      ),
      transposed: anything,
      strides: anything,
      dilations: anything,
      groups: anything,
      padding: fc.oneof(
        fc.record(
          {
            mode: fc.oneof(fc.constantFrom('zeros', 'circular', 'reflect', 'replicate'), anything),
            amounts: anything,
            side: anything,
          },
          { requiredKeys: [] },
        ),
        anything,
      ),
      outputPadding: anything,
      inputSize: anything,
      epsilon: anything,
      stride: anything,
    },
    { requiredKeys: [] },
  );
  const document = fc.record(
    {
      $schema: fc.oneof(fc.constant('x'), anything),
      layers: fc.oneof(
        { arbitrary: fc.dictionary(fc.string(), settings, { maxKeys: 2 }), weight: 9 },
        { arbitrary: anything, weight: 1 },
      ),
      other: anything,
    },
    { requiredKeys: [] },
  );

  /** A document with few keys, or else nearly every one would be refused. */
  const sparse = document.map((value) => {
    const layers: unknown = value.layers;
    if (typeof layers !== 'object' || layers === null || Array.isArray(layers)) return value;
    const trimmed = Object.entries(layers).map(
      ([name, keys]) => [name, Object.fromEntries(Object.entries(keys as object).slice(0, 2))] as const,
    );
    return {
      ...(value.$schema === undefined ? {} : { $schema: value.$schema }),
      layers: Object.fromEntries(trimmed),
    };
  });

  it('accepts exactly what the code accepts', async () => {
    const ajv = new Ajv({ strict: true, allErrors: false });
    const accepts = ajv.compile(JSON.parse(await readFile(schemaFile, 'utf8')) as object);
    const codeAccepts = (value: object) => {
      try {
        checkRules(new Map(Object.entries(value)), 'side file');
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedFileError);
        return false;
      }
    };
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(sparse, (value) => {
        const verdict = accepts(value);
        seen[verdict ? 'accepted' : 'refused']++;
        expect(codeAccepts(value)).toBe(verdict);
      }),
      { numRuns: 5000 },
    );
    expect(seen.accepted).toBeGreaterThan(300);
    expect(seen.refused).toBeGreaterThan(300);
  });
});

describe('globMatches', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.c', false],
    ['*', '', true],
    ['*', 'a.b.c', true],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['a*bc*c', 'abc', false],
    ['**', 'x', true],
    ['', '', true],
    ['', 'a', false],
    ['a?', 'ab', true],
    ['a?', 'a', false],
    ['?*b?', 'abc', true],
    ['?*b?', 'bc', false],
    ['[ab]', 'a', false],
    ['a.b', 'a-b', false],
  ])('%j against %j: %s', (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  it('agrees with regular expressions', () => {
    const word = fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }).map((letters) => letters.join(''));
    const pattern = fc
      .array(fc.constantFrom('a', 'b', '*'), { maxLength: 8 })
      .map((letters) => letters.join(''));
    fc.assert(
      fc.property(pattern, word, (glob, text) => {
        expect(globMatches(glob, text)).toBe(new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(text));
      }),
      { numRuns: 3000 },
    );
  });

  it('takes no time on patterns that make others backtrack', () => {
    const begin = performance.now();
    expect(globMatches('*a'.repeat(500) + '*b', 'a'.repeat(10_000))).toBe(false);
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});
