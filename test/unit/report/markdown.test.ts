import { describe, expect, it } from 'vitest';
import { formatMarkdown } from '../../../src/report/markdown';
import { ADAPTERS, FULL, layer, report } from './sample';

const nameCell = (name: string) => {
  const row = formatMarkdown(report({ layers: [layer({ name })] }))
    .split('\n')
    .find((line) => line.includes('| Conv |'));
  return row?.split(' | Conv |')[0].slice(2);
};

describe('formatMarkdown', () => {
  it('has columns of adapters where there are adapters', () => {
    const text = formatMarkdown(ADAPTERS);
    expect(text).toContain('- Base: `base/model.safetensors.index.json`, safetensors, 4.70 GB\n');
    expect(text).toContain('| Of full | Rank | Scale | First | Of base | Base + update | Notes |');
    expect(text).toContain('| 42% | 16 | 2 | 79.9% | 8.04–8.05% | 31.300 |  |');
    expect(text).toContain('| 42% |  |  |  |  |  |  |');
    expect(text).toContain('| 42% | 4 | -0.33333 | 25–100% |  |  |  |');
    const widths = text.split('\n').filter((line) => line.startsWith('|'));
    expect(new Set(widths.map((line) => line.split('|').length)).size).toBe(1);
  });

  it('is exactly this for a full report', () => {
    expect(formatMarkdown(FULL)).toBe(`## \`models/net.onnx\`

- onnx, 4.70 MB; 6 layers, 23.4 M parameters; 2.8 s
- Device: CPU, 2 threads (webgpu not used: no adapter)
- Settings: tolerance 0.001, input size 224×224
- **1 layer failed**: the error is in the row
- Largest norm: 316.23, \`畳み込み層/重み\`
- Lowest stable rank: 1.6% of the full rank, \`embed \\| table\`
- Product of the 5 upper bounds: 0 (meaningful only where these layers form one chain)

| Layer | Operator | Shape | Lipschitz | Certainty | Input size | Stable rank | Of full | Notes |
| --- | --- | --- | ---: | --- | --- | ---: | ---: | --- |
| \`features/conv1\` | Conv | 8×3×3×3 | 2.5094 | certified | 224×224 | 1.251 | 42% |  |
| \`features/depthwise\` | Conv | 2×1×3×3 | 2.51–2.56 | certified | any | 1.251 | 42% | 1, 2 |
| group 0 |  |  | 2.51–2.56 | certified | any |  |  |  |
| group 1 |  |  | 0.50000 | certified | any | 1.000 | 100% |  |
| \`embed \\| table\` | Gather | 30522×768 | 117.30 | certified | any | 12.50 | 1.6% | largest row norm 3.2500; 2 |
| \`evil\ufffd[31m\ufffd\ufffdname\` | MatMul | 4×4 |  |  |  |  |  | **failed**: models/net.onnx: tensor "w" ends 12 bytes before the size that its shape needs |
| \`畳み込み層/重み\` | LayerNormalization | 768 | 316.23 | analytic | any |  |  |  |
| \`zero\` | Conv | 2×2 | 0 | certified | any |  |  |  |

Notes:

1. The stride is not in the file: 1 is assumed.
2. The padding is not in the file.

Skipped (3):

- 2 × MatMul: both of its inputs are activations, such as \`/attn/MatMul\`
- 1 × Gemm: its weight is packed integers, such as \`head\`
`);
  });

  it.each([
    ['a|b', '`a\\|b`'],
    ['a`b', '`` a`b ``'],
    ['``', '``` `` ```'],
    ['a\\|b', 'a\\\\\\|b'],
    ['<img src=x>', '`<img src=x>`'],
    ['[a](http://b)', '`[a](http://b)`'],
    ['a\nb', '`a\ufffdb`'],
  ])('makes the name %j the cell %s', (name, cell) => {
    expect(nameCell(name)).toBe(cell);
  });

  it('lets no text of an error or reason become markup', () => {
    const text = formatMarkdown(
      report({
        layers: [layer({ lipschitz: null, error: 'a|b <b> *c* _d_ [e](f) `g`' })],
        skipped: [{ name: 'n', op: 'A|B', weight: null, reason: '<script>' }],
      }),
    );
    expect(text).toContain('**failed**: a\\|b \\<b\\> \\*c\\* \\_d\\_ \\[e\\](f) \\`g\\` |');
    expect(text).toContain('A\\|B: \\<script\\>,');
  });

  it('says that it was cancelled', () => {
    expect(formatMarkdown(report({ cancelled: { finished: 1, of: 9 } }))).toContain(
      '- **Cancelled after 1 of 9 layers**\n',
    );
  });
});
