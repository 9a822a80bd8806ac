import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Certainty, LayerReport } from '../../../src/report/report';
import { formatTable } from '../../../src/report/table';
import { cellWidth } from '../../../src/report/text';
import { ADAPTERS, FULL, layer, report } from './sample';

const plain = (width: number) => ({ width, color: false });

describe('formatTable', () => {
  it('is exactly this for a full report', () => {
    expect(`\n${formatTable(FULL, plain(100))}`).toBe(`
models/net.onnx
onnx, 4.70 MB, on CPU, 2 threads
webgpu not used: no adapter
tolerance 0.001, input size 224×224

layer               operator     shape      Lipschitz    stable rank  of full   input size     notes
features/conv1      Conv         8×3×3×3      2.5094      1.251       ███▍      224×224
features/depthwise  Conv         2×1×3×3      2.51–2.56   1.251       ███▍      any            1-2
  group 0                                     2.51–2.56
  group 1                                     0.50000     1.000       ████████
embed | table       Gather       30522×768  117.30       12.50        ▏         any            2
  largest row norm 3.2500
evil�[31m��name     MatMul       4×4        failed
  models/net.onnx: tensor "w" ends 12 bytes before the size that its shape needs
畳み込み層/重み     Layer…ation  768        316.23                              any, analytic
zero                Conv         2×2          0                                 any

1  The stride is not in the file: 1 is assumed.
2  The padding is not in the file.

3 skipped
  2 × MatMul: both of its inputs are activations (such as /attn/MatMul)
  1 × Gemm: its weight is packed integers (head)

1 layer failed.
6 layers, 23.4 M parameters, 2.8 s
largest norm        316.23  畳み込み層/重み
lowest stable rank  1.6% of full  embed | table
product of the 5 upper bounds: 0 (meaningful only where these layers form one chain)
certified (where a row says nothing else): true for the stored weights, rounding included
analytic: true in exact arithmetic, rounding not accounted for
`);
  });

  it('is exactly this for adapters', () => {
    expect(`\n${formatTable(ADAPTERS, plain(120))}`).toBe(`
adapter_model.safetensors
safetensors, 1.20 MB, on CPU, 2 threads
base base/model.safetensors.index.json, safetensors, 4.70 GB

layer                             operator  shape    Lipschitz  stable rank  of full  first    of base     base + update
base_model.model…elf_attn.q_proj  DoRA      16×4096  2.5094     1.251        ███▍     79.9%    8.04–8.05%  31.300
lost                              LoKr      4×4      2.5094     1.251        ███▍
zero base                         LoHa      8×4      2.5094     1.251        ███▍     25–100%

3 layers, 648 parameters, 2.8 s
largest norm        2.5094  base_model.model.model.layers.0.self_attn.q_proj
lowest stable rank  42% of full  base_model.model.model.layers.0.self_attn.q_proj
product of the 3 upper bounds: 15.81 (meaningful only where these layers form one chain)
first: share of the update's energy (squared Frobenius norm) in its first singular direction; of base: its norm over
that of the weight; base + update: the norm of both together
certified, any input size (every row): true for the stored weights, rounding included
`);
  });

  it.each([80, 90, 100, 120])('fits adapters into %d cells', (width) => {
    const wide = { lower: 1.2345e-12, upper: 2.3456e-12 };
    const [first] = ADAPTERS.layers;
    const base = { weight: 'w', norm: { ...wide, certainty: 'certified' as const } };
    const promised = base.norm;
    const row = {
      ...first,
      lipschitz: first.lipschitz && { ...first.lipschitz, ...wide },
      ...(first.adapter && {
        adapter: { ...first.adapter, base: { ...base, relative: promised, sum: promised } },
      }),
    };
    const lines = formatTable({ ...ADAPTERS, layers: [row, ...ADAPTERS.layers] }, plain(width)).split('\n');
    expect(Math.max(...lines.map(cellWidth))).toBeLessThanOrEqual(width);
    expect(lines.some((line) => line.includes('e-12–'))).toBe(true);
  });

  it('emphasises with colours, and is the same table without them', () => {
    const text = formatTable(FULL, { width: 100, color: true });
    expect(stripVTControlCharacters(text)).toBe(formatTable(FULL, plain(100)));
    // The largest norm, a failure, and no sequence that came from a name.
    expect(text).toContain('\u001b[1m316.23\u001b[0m');
    expect(text).toContain('\u001b[31mfailed\u001b[0m');
    expect(text.split('\u001b').every((part, i) => i === 0 || /^\[(?:0|1|2|31|33|36)m/.test(part))).toBe(
      true,
    );
  });

  it('leaves out columns that hold nothing', () => {
    const [titles] = formatTable(report({ layers: [layer({ stableRank: null })] }), plain(100))
      .split('\n')
      .filter((line) => line.startsWith('layer'));
    expect(titles).toBe('layer  operator  shape    Lipschitz');
  });

  it('says once what holds for every row, and in each row where they differ', () => {
    const of = (name: string, certainty: Certainty) =>
      layer({ name, lipschitz: { lower: 1, upper: 1, certainty, scope: 'any input size', method: 'm' } });
    const same = formatTable(report({ layers: [of('a', 'analytic'), of('b', 'analytic')] }), plain(100));
    expect(same).not.toContain('any\n');
    expect(same).toContain('\nanalytic, any input size (every row): true in exact arithmetic');
    const mixed = formatTable(report({ layers: [of('a', 'certified'), of('b', 'probable')] }), plain(100));
    expect(mixed).toMatch(/^a .* any$/m);
    expect(mixed).toMatch(/^b .* any, probable$/m);
    expect(mixed).toContain('\ncertified (where a row says nothing else): ');
    expect(mixed).toContain('\nprobable: ');
  });

  it('lists the three largest norms and lowest ranks of a long table', () => {
    const layers = Array.from({ length: 11 }, (_, i) =>
      layer({
        name: `layer${i}`,
        lipschitz: {
          lower: i + 1,
          upper: i + 1,
          certainty: 'certified',
          scope: 'any input size',
          method: 'm',
        },
        stableRank: {
          value: i + 1,
          normalized: (i + 1) / 20,
          interval: { lower: i + 1, upper: i + 1 },
        },
      }),
    );
    expect(formatTable(report({ layers }), plain(100))).toContain(`
11 layers, 2376 parameters, 2.8 s
largest norm        11.000  layer10
                    10.000  layer9
                    9.0000  layer8
lowest stable rank  5.0% of full  layer0
                    10% of full   layer1
                    15% of full   layer2
product of the 11 upper bounds: 10^7.7 (meaningful only where these layers form one chain)
`);
  });

  it('says that there are no layers', () => {
    expect(formatTable(report({ layers: [] }), plain(100))).toBe(
      'models/net.onnx\nonnx, 4.70 MB, on CPU, 2 threads\n\nNo layers.\n\n0 layers, 0 parameters, 2.8 s\n',
    );
  });

  it('says that it was cancelled', () => {
    expect(formatTable(report({ cancelled: { finished: 1, of: 9 } }), plain(100))).toContain(
      '\nCancelled after 1 of 9 layers.\n',
    );
  });

  it('counts what it does not list among the skipped', () => {
    const skipped = Array.from({ length: 30 }, (_, i) => ({
      name: `node${i}`,
      op: `Op${i % 7}`,
      weight: null,
      reason: i < 20 ? 'it is computed' : `reason ${i}`,
    }));
    const text = formatTable(report({ skipped }), plain(100));
    expect(text).toContain(
      '\n30 skipped\n  20 × Op0, Op1, Op2, 4 other kinds: it is computed (such as node0)\n   1 × Op6: reason 20 (node20)\n',
    );
    expect(text).toContain('\n  and 3 for other reasons, listed by --format json\n');
  });

  it('takes tables of any length', () => {
    const layers = Array.from({ length: 20_000 }, (_, i) => layer({ name: `layer${i}` }));
    expect(formatTable(report({ layers }), plain(100)).split('\n').length).toBeGreaterThan(20_000);
  });

  describe('whatever is in the file', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 120 }), fc.string({ maxLength: 30 }));
    const positive = fc
      .tuple(
        fc.double({ min: 1, max: 10, noNaN: true, maxExcluded: true }),
        fc.integer({ min: -300, max: 300 }),
      )
      .map(([mantissa, exponent]) => Number(`${mantissa}e${exponent}`));
    const interval = fc
      .tuple(positive, fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([lower, excess]) => ({ lower, upper: lower * (1 + excess) }));
    const rank = fc
      .tuple(fc.double({ min: 1, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([value, share]) => ({
        value,
        normalized: share,
        interval: { lower: value, upper: value * (1 + share) },
      }));
    const anyLayer: fc.Arbitrary<LayerReport> = fc
      .record({
        name: text,
        op: text,
        shape: fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 5 }),
        lipschitz: fc.option(
          fc.record({
            bound: interval,
            certainty: fc.constantFrom<Certainty>('certified', 'analytic', 'probable', 'estimate'),
            scope: fc.constantFrom('any input size', 'input size 8x8', 'input size 1024x1024x1024'),
          }),
        ),
        stableRank: fc.option(rank),
        largestRowNorm: fc.option(positive),
        groups: fc.option(
          fc.array(
            interval.map((bound) => ({ ...bound, stableRank: null })),
            { maxLength: 3 },
          ),
        ),
        notes: fc.array(text, { maxLength: 4 }),
        error: fc.option(text),
      })
      .map(({ lipschitz, ...rest }) =>
        layer({
          ...rest,
          lipschitz: lipschitz && {
            ...lipschitz.bound,
            certainty: lipschitz.certainty,
            scope: lipschitz.scope,
            method: 'm',
          },
        }),
      );
    const anyReport = fc
      .record({
        layers: fc.array(anyLayer, { maxLength: 13 }),
        path: text,
        description: text,
        fallback: fc.option(text),
        skipped: fc.array(fc.record({ name: text, op: text, weight: fc.constant(null), reason: text }), {
          maxLength: 10,
        }),
      })
      .map(({ layers, path, description, fallback, skipped }) =>
        report({
          layers,
          skipped,
          model: { path, format: 'onnx', bytes: 1 },
          device: { provider: 'cpu', description, fallback },
        }),
      );

    it('has no line that is too long, and no character that acts on a terminal', () => {
      fc.assert(
        fc.property(anyReport, fc.integer({ min: 60, max: 160 }), (any, width) => {
          for (const line of formatTable(any, plain(width)).split('\n')) {
            expect(cellWidth(line)).toBeLessThanOrEqual(Math.max(80, width));
            expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|\s$/u);
          }
        }),
        { numRuns: 400 },
      );
    });
  });
});
