/** Sentences that the core really writes come out as if it had written them in the user's language. */
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { analyze } from '../../../../src/analysis/analyze';
import { compare } from '../../../../src/analysis/compare/compare';
import { translatorOf } from '../../../../src/editor/protocol/translation';
import * as errors from '../../../../src/model/errors';
import { openModel } from '../../../../src/model/open';
import type { PairReport } from '../../../../src/report/comparison/comparison';
import type { LayerReport, Settings } from '../../../../src/report/report';
import { analyzeInWorker, compareInWorker } from '../../../../src/worker/client';
import { Folder } from '../../folder';
import { float, int, ints, modelBytes, node, tensor, text, value } from '../../onnx-builder';
import { pseudoBundle } from '../../pseudo-language';
import { DEFAULT_SETTINGS } from '../../report/sample';
import { container, f32, raw, safetensors } from '../../safetensors-builder';

/** What the core has written, and what it would have written in the pseudo-language. */
const written = vi.hoisted(() => new Map<string, string>());

vi.mock('@vscode/l10n', async () => {
  const { inBrackets, put } = await import('../../pseudo-language');
  return {
    t: (first: string | readonly string[], ...values: readonly (string | number)[]) => {
      const isText = typeof first === 'string';
      const message = isText ? first : first.reduce((text, part, i) => `${text}{${i - 1}}${part}`);
      const english = put(message, values);
      const translated = values.map((value) => written.get(String(value)) ?? value);
      written.set(english, put(inBrackets(message), translated));
      return english;
    },
  };
});

const translate = translatorOf(pseudoBundle);
const folder = new Folder();

/** Nothing of it is left in English but the name of a file in front. */
function expectTranslated(sentence: string, file = ''): void {
  const prefix = file === '' ? '' : `${file}: `;
  expect(sentence.startsWith(prefix)).toBe(true);
  const clause = sentence.slice(prefix.length);
  expect(translate(sentence)).toBe(prefix + (written.get(clause) ?? `no text of the program: ${clause}`));
}

const graph = (kernel = tensor('w', [2, 3, 3, 3])) => ({
  node: [node('Conv', ['x', 'w'], ['y'], {}, { name: 'conv' })],
  initializer: [kernel],
  input: [value('x', [1, 3, 8, 8])],
});

describe('refusals', () => {
  const header = JSON.stringify({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } });
  const refused: Record<
    keyof typeof errors & `${string}Error`,
    readonly [name: string, content: Uint8Array | string | null]
  > = {
    ModelError: ['none.safetensors', ''],
    UnreadableFileError: ['gone.onnx', null],
    UnknownFormatError: ['page.safetensors', '<html></html>'],
    GitLfsPointerError: [
      'lfs.onnx',
      `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`,
    ],
    TruncatedFileError: ['cut.safetensors', container(header).subarray(0, 20)],
    MalformedFileError: ['json.safetensors', container('{"w": }')],
    InvalidTensorError: ['span.safetensors', container(header, new Uint8Array(4))],
    UnsafePathError: [
      'out.safetensors.index.json',
      JSON.stringify({ weight_map: { w: '../w.safetensors' } }),
    ],
    CyclicGraphError: [
      'cycle.onnx',
      modelBytes({
        ...graph(),
        node: [node('Add', ['x', 'b'], ['a'], {}, { name: '"add": it' }), node('Add', ['a', 'x'], ['b'])],
      }),
    ],
    LimitExceededError: ['huge.safetensors', Buffer.from('ffffffff000000007b', 'hex')],
  };

  it.each(Object.entries(refused))('%s', async (kind, [name, content]) => {
    const path = content === null ? folder.join(name) : await folder.write(name, content);
    const error: unknown = await openModel(path, { inputSize: null }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(errors[kind as keyof typeof errors]);
    expectTranslated((error as Error).message, path);
  });
});

describe('rows and what is skipped', () => {
  const norm = { epsilon: float(1e-5) };
  const onnx = modelBytes(
    {
      node: [
        node('Conv', ['x', 'w'], ['a'], { pads: ints(1, 1, 1, 1) }, { name: 'conv' }),
        node('Conv', ['x', 'nan'], ['b'], {}, { name: 'nan' }),
        node('Conv', ['x', 'w'], ['c'], { group: int(7) }, { name: 'groups' }),
        node('Conv', ['x', 'w'], ['c2'], { auto_pad: text('is missing') }, { name: 'auto' }),
        node('Conv', ['x', 'gone: it'], ['c3'], {}, { name: 'gone' }),
        node('LayerNormalization', ['a', 'gain'], ['d'], norm, { name: 'norm' }),
        node('BatchNormalization', ['a', 'two', 'two', 'two', 'two'], ['e'], norm, { name: 'batch' }),
        node('MatMul', ['d', 'matrix'], ['f'], {}, { name: 'matrix' }),
        node('Mul', ['a', 'gain'], ['g'], {}, { name: 'scaling' }),
        node('PRelu', ['a', 'gain'], ['h'], {}, { name: 'slopes' }),
        node('Concat', ['a', 'w'], ['i'], { axis: int(0) }, { name: 'concat' }),
        node('Where', ['a', 'w', 'x'], ['j'], {}, { name: 'where' }),
        node('Div', ['matrix', 'a'], ['k'], {}, { name: 'division' }),
        node('MatMul', ['a', 'x'], ['l'], {}, { name: 'activations' }),
        node('MatMul', ['reshaped', 'x'], ['m'], {}, { name: 'product' }),
        node('Reshape', ['matrix', 'sizes'], ['reshaped'], {}, { name: '"r", it is' }),
      ],
      initializer: [
        tensor('w', [2, 3, 3, 3], [1, -2, 3, -1]),
        tensor('nan', [2, 3, 3, 3], [1, NaN]),
        tensor('gain', [8], [1, 2]),
        tensor('two', [2], [1, 2]),
        tensor('matrix', [8, 8], [1, 2, 3]),
        tensor('unused', [8, 8], [1, 2, 3]),
        { name: 'sizes', dims: [2], dataType: 7, int64Data: [3, 5] },
      ],
      input: [value('x', [1, 3, 8, 8])],
    },
    {},
  );
  const pair = safetensors({
    'conv.weight': f32([4, 2, 3, 3]),
    'depthwise.weight': f32([4, 1, 3, 3]),
    'block.lora_A.weight': f32([2, 6]),
    'block.lora_B.weight': f32([6, 2]),
    'half.lora_A.weight': f32([2, 6]),
    'normed.weight_g': f32([4, 1]),
    'normed.weight_v': f32([4, 6]),
    'head.bias': f32([4]),
    position_ids: raw('I64', [4], 8),
    'packed.qweight': raw('I32', [4, 4], 4),
    'huge.weight': f32([2, 2, 2, 2, 2, 2]),
    'eight.weight': raw('F8_E4M3', [4, 4], 1, Array<number>(16).fill(0x38)),
  });

  const analysed = async (name: string, content: Uint8Array, changes: Partial<Settings> = {}) => {
    const path = await folder.write(name, content);
    const rows: LayerReport[] = [];
    const sentences: string[] = [];
    await analyze(
      {
        path,
        settings: { ...DEFAULT_SETTINGS, device: 'cpu', ...changes },
        layers: null,
        perGroup: false,
        only: null,
      },
      {
        onPlan: ({ skipped, device }) =>
          sentences.push(device.description, ...skipped.map(({ reason }) => reason)),
        onStart: () => undefined,
        onPreliminary: () => undefined,
        onRow: (_, row) => rows.push(row),
      },
    );
    for (const { notes, error, lipschitz } of rows) {
      sentences.push(...notes, ...(error === null ? [] : [error]), ...(lipschitz ? [lipschitz.method] : []));
    }
    return { sentences: [...new Set(sentences)], path };
  };

  it.each([
    ['net.onnx', onnx, {}],
    ['net.onnx', onnx, { method: 'gram' }],
    ['net.onnx', onnx, { method: 'quick', inputSize: 'any' }],
    ['net.onnx', onnx, { padding: 'circular' }],
    ['net.safetensors', pair, {}],
    ['net.safetensors', pair, { inputSize: [8, 8] }],
  ] as const)('%s', async (name, content, changes) => {
    const { sentences, path } = await analysed(name, content, changes);
    expect(sentences.length).toBeGreaterThan(8);
    for (const sentence of sentences) {
      expectTranslated(sentence, sentence.startsWith(`${path}: `) ? path : '');
    }
  });
});

it('differences and what has none', async () => {
  const side = (stride: number, epsilon: number, shapes: readonly number[][]) =>
    modelBytes(
      {
        node: [
          node('Conv', ['x', 'kernel'], ['a'], { strides: ints(stride, stride) }, { name: 'conv' }),
          node('LayerNormalization', ['a', 'gain'], ['b'], { epsilon: float(epsilon) }, { name: 'norm' }),
          ...shapes.map((_, i) => node('MatMul', ['b', `w${i}`], [`m${i}`], {}, { name: `matrix${i}` })),
        ],
        initializer: [
          tensor('kernel', [2, 3, 3, 3], [1, -2, 3, -1]),
          tensor('gain', [6], [1, 2]),
          ...shapes.map((shape, i) => tensor(`w${i}`, shape, [1, 2, stride])),
        ],
        input: [value('x', [1, 3, 8, 8])],
      },
      {},
    );
  const [a, b] = [
    await folder.write(
      'a.onnx',
      side(1, 1e-5, [
        [6, 4],
        [6, 6],
      ]),
    ),
    await folder.write(
      'b.onnx',
      side(2, 1e-3, [
        [6, 5],
        [6, 6],
      ]),
    ),
  ];
  const sentences: string[] = [];
  const rows: PairReport[] = [];
  await compare(
    { a, b, settings: { ...DEFAULT_SETTINGS, device: 'cpu' }, layers: null, only: null },
    {
      onPlan: ({ onlyInA, onlyInB }) =>
        sentences.push(...[...onlyInA, ...onlyInB].flatMap(({ reason }) => reason ?? [])),
      onStart: () => undefined,
      onRow: (_, row) => rows.push(row),
    },
  );
  sentences.push(
    ...rows.flatMap(({ notes, difference }) => [...notes, difference?.lipschitz.method ?? []].flat()),
  );
  expect(sentences).toHaveLength(5);
  for (const sentence of sentences) expectTranslated(sentence);
});

describe('failures of the worker', () => {
  const workerPath = join(import.meta.dirname, '../../../fixtures/worker/scripted.cjs');
  const run = (script: string, device: Settings['device'] = 'cpu') =>
    analyzeInWorker(
      { path: script, settings: { ...DEFAULT_SETTINGS, device }, layers: null, perGroup: false, only: null },
      {},
      { workerPath },
    );

  it.each(['a:abort', 'a:exit', 'a:reject', 'a:nan', `${'a:abort+'.repeat(12)}b`])('%s', async (script) => {
    const { rows } = await run(script);
    const failures = rows.flatMap((row) => row?.error ?? []);
    expect(failures.length).toBeGreaterThan(0);
    for (const error of failures) expectTranslated(error);
  });

  it('without a plan', async () => {
    const error: unknown = await run('@abort+a').catch((reason: unknown) => reason);
    expectTranslated((error as Error).message, '@abort+a');
  });

  it('of a comparison', async () => {
    const request = { a: '@abort', b: 'b', settings: DEFAULT_SETTINGS, layers: null, only: null };
    const error: unknown = await compareInWorker(request, {}, { workerPath }).catch(
      (reason: unknown) => reason,
    );
    expect((error as Error).message).toBe('@abort and b: the comparison crashed: signal SIGABRT');
    expectTranslated((error as Error).message, '@abort and b');
  });

  it('of a device', async () => {
    const { plan } = await run('@driver+a', 'auto');
    expectTranslated(plan?.device.fallback ?? '');
  });
});
