/** Updates from files to rows, compared with their dense products in float64. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundMatrix } from '../../../src/bounds/matrices/matrix';
import { Engine } from '../../../src/compute/engine';
import { isAdapter } from '../../../src/analysis/adapter';
import { analyze, type AnalysisRequest } from '../../../src/analysis/analyze';
import type { AdapterReport, LayerReport } from '../../../src/report/report';
import { rowDefect } from '../../../src/report/row-defect';
import { Folder } from '../folder';
import { DEFAULT_SETTINGS } from '../report/sample';
import { f32, safetensors, type TensorContent } from '../safetensors-builder';
import { anySizeNorm } from '../truth/any-size';
import { denseNorm } from '../truth/dense-operator';
import type { ConvolutionLayer } from '../truth/layer';
import { gaussian, type Random, seeded } from '../truth/random';
import { largestSingularValue, type Matrix } from '../truth/singular-values';

const folder = new Folder();
let count = 0;

type Content = Record<string, TensorContent>;

interface Surroundings {
  readonly base?: Content;
  readonly config?: unknown;
  readonly side?: unknown;
  readonly baseSide?: unknown;
  readonly request?: Partial<AnalysisRequest>;
}

async function rowsOf(adapter: Content, around: Surroundings = {}): Promise<LayerReport[]> {
  const place = `case ${count++}`;
  const path = await folder.write(`${place}/adapter_model.safetensors`, safetensors(adapter));
  const { base, config, side, baseSide } = around;
  if (config !== undefined) await folder.write(`${place}/adapter_config.json`, JSON.stringify(config));
  if (side !== undefined) {
    await folder.write(`${place}/adapter_model.safetensors.lipschitz.json`, JSON.stringify(side));
  }
  let basePath: string | null = null;
  if (base !== undefined) basePath = await folder.write(`${place}/base/model.safetensors`, safetensors(base));
  if (baseSide !== undefined) {
    await folder.write(`${place}/base/model.safetensors.lipschitz.json`, JSON.stringify(baseSide));
  }
  const rows: LayerReport[] = [];
  await analyze(
    {
      path,
      base: basePath,
      settings: { ...DEFAULT_SETTINGS, device: 'cpu' },
      layers: null,
      perGroup: false,
      only: null,
      ...around.request,
    },
    { onPlan: () => {}, onStart: () => {}, onPreliminary: () => {}, onRow: (_, row) => rows.push(row) },
  );
  for (const row of rows) expect(rowDefect(row)).toBeNull();
  return rows;
}

async function rowOf(adapter: Content, around: Surroundings = {}): Promise<LayerReport> {
  const rows = await rowsOf(adapter, around);
  expect(rows).toHaveLength(1);
  expect(rows[0].error).toBeNull();
  return rows[0];
}

function adapterOf({ adapter }: LayerReport): AdapterReport {
  if (adapter === undefined) throw new Error('no adapter');
  return adapter;
}

/** Random float32 values of a shape, with their tensor. */
interface Drawn {
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly content: TensorContent;
}

function draw(random: Random, shape: readonly number[]): Drawn {
  const length = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length }, () => gaussian(random));
  return { shape, values, content: f32(shape, values) };
}

/** (m, n, taps) by a formula for its entries: the dense product, one entry after the other. */
function dense(
  m: number,
  n: number,
  taps: number,
  entry: (i: number, j: number, t: number) => number,
): Float64Array {
  const out = new Float64Array(m * n * taps);
  let at = 0;
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let t = 0; t < taps; t++) out[at++] = entry(i, j, t);
  return out;
}

function sum(length: number, term: (k: number) => number): number {
  let total = 0;
  for (let k = 0; k < length; k++) total += term(k);
  return total;
}

interface Case {
  readonly kind: AdapterReport['kind'];
  readonly content: Content;
  readonly rank: number | null;
  readonly rows: number;
  readonly columns: number;
  /** Of the kernel; [] for a matrix. */
  readonly size: readonly number[];
  /** (rows, columns, taps), without the scale. */
  readonly values: Float64Array;
}

/** Every way in which an update is stored, with its dense product from the definition. */
const kinds: Record<string, (random: Random, integer: (least: number, most: number) => number) => Case> = {
  'LoRA of a matrix': (random, integer) => {
    const [m, r, n] = [integer(1, 12), integer(1, 5), integer(1, 12)];
    const [up, down] = [draw(random, [m, r]), draw(random, [r, n])];
    return {
      ...{ kind: 'LoRA', rank: r, rows: m, columns: n, size: [] },
      content: { 'm.lora_down.weight': down.content, 'm.lora_up.weight': up.content },
      values: dense(m, n, 1, (i, j) => sum(r, (k) => up.values[i * r + k] * down.values[k * n + j])),
    };
  },
  'LoRA of a convolution': (random, integer) => {
    const [m, r, n] = [integer(1, 6), integer(1, 4), integer(1, 6)];
    const size = [integer(1, 3), integer(2, 3)];
    const taps = size[0] * size[1];
    const [up, down] = [draw(random, [m, r, 1, 1]), draw(random, [r, n, ...size])];
    return {
      ...{ kind: 'LoRA', rank: r, rows: m, columns: n, size },
      content: { 'm.lora_down.weight': down.content, 'm.lora_up.weight': up.content },
      values: dense(m, n, taps, (i, j, t) =>
        sum(r, (k) => up.values[i * r + k] * down.values[(k * n + j) * taps + t]),
      ),
    };
  },
  'LoRA with a core': (random, integer) => {
    const [m, r, n] = [integer(1, 6), integer(1, 3), integer(1, 6)];
    const size = [integer(2, 3)];
    const [taps] = size;
    const up = draw(random, [m, r, 1]);
    const mid = draw(random, [r, r, taps]);
    const down = draw(random, [r, n, 1]);
    return {
      ...{ kind: 'LoRA', rank: r, rows: m, columns: n, size },
      content: {
        'm.lora_down.weight': down.content,
        'm.lora_mid.weight': mid.content,
        'm.lora_up.weight': up.content,
      },
      values: dense(m, n, taps, (i, j, t) =>
        sum(r, (a) =>
          sum(r, (b) => up.values[i * r + a] * mid.values[(a * r + b) * taps + t] * down.values[b * n + j]),
        ),
      ),
    };
  },
  'LoHa of a matrix': (random, integer) => {
    const [m, r, n] = [integer(2, 12), integer(1, 3), integer(2, 12)];
    const a = [draw(random, [m, r]), draw(random, [m, r])];
    const b = [draw(random, [r, n]), draw(random, [r, n])];
    const entry = (which: number, i: number, j: number) =>
      sum(r, (k) => a[which].values[i * r + k] * b[which].values[k * n + j]);
    return {
      ...{ kind: 'LoHa', rank: r, rows: m, columns: n, size: [] },
      content: {
        'm.hada_w1_a': a[0].content,
        'm.hada_w1_b': b[0].content,
        'm.hada_w2_a': a[1].content,
        'm.hada_w2_b': b[1].content,
      },
      values: dense(m, n, 1, (i, j) => entry(0, i, j) * entry(1, i, j)),
    };
  },
  'LoHa with cores': (random, integer) => {
    const [m, r, n] = [integer(1, 5), integer(1, 2), integer(1, 5)];
    const size = [integer(2, 3)];
    const [taps] = size;
    const a = [draw(random, [r, m]), draw(random, [r, m])];
    const b = [draw(random, [r, n]), draw(random, [r, n])];
    const t = [draw(random, [r, r, taps]), draw(random, [r, r, taps])];
    const entry = (which: number, i: number, j: number, tap: number) =>
      sum(r, (p) =>
        sum(
          r,
          (q) =>
            t[which].values[(p * r + q) * taps + tap] *
            a[which].values[p * m + i] *
            b[which].values[q * n + j],
        ),
      );
    return {
      ...{ kind: 'LoHa', rank: r, rows: m, columns: n, size },
      content: {
        'm.hada_w1_a': a[0].content,
        'm.hada_w1_b': b[0].content,
        'm.hada_t1': t[0].content,
        'm.hada_w2_a': a[1].content,
        'm.hada_w2_b': b[1].content,
        'm.hada_t2': t[1].content,
      },
      values: dense(m, n, taps, (i, j, tap) => entry(0, i, j, tap) * entry(1, i, j, tap)),
    };
  },
  'LoKr of whole factors': (random, integer) => {
    const [l, p, k, n] = [integer(1, 4), integer(1, 4), integer(1, 4), integer(1, 4)];
    const [w1, w2] = [draw(random, [l, p]), draw(random, [k, n])];
    return {
      ...{ kind: 'LoKr', rank: null, rows: l * k, columns: p * n, size: [] },
      content: { 'm.lokr_w1': w1.content, 'm.lokr_w2': w2.content },
      values: dense(
        l * k,
        p * n,
        1,
        (i, j) => w1.values[Math.floor(i / k) * p + Math.floor(j / n)] * w2.values[(i % k) * n + (j % n)],
      ),
    };
  },
  'LoKr of products': (random, integer) => {
    const [l, p, k, n, r] = [integer(1, 4), integer(1, 4), integer(1, 4), integer(1, 4), integer(1, 3)];
    const [a1, b1] = [draw(random, [l, r]), draw(random, [r, p])];
    const [a2, b2] = [draw(random, [k, r]), draw(random, [r, n])];
    const entry = (a: Drawn, b: Drawn, width: number, i: number, j: number) =>
      sum(r, (q) => a.values[i * r + q] * b.values[q * width + j]);
    return {
      ...{ kind: 'LoKr', rank: r, rows: l * k, columns: p * n, size: [] },
      content: {
        'm.lokr_w1_a': a1.content,
        'm.lokr_w1_b': b1.content,
        'm.lokr_w2_a': a2.content,
        'm.lokr_w2_b': b2.content,
      },
      values: dense(
        l * k,
        p * n,
        1,
        (i, j) => entry(a1, b1, p, Math.floor(i / k), Math.floor(j / n)) * entry(a2, b2, n, i % k, j % n),
      ),
    };
  },
  'LoKr of a kernel': (random, integer) => {
    const [l, p, k, n] = [integer(1, 3), integer(1, 3), integer(1, 3), integer(1, 3)];
    const size = [integer(2, 3)];
    const [taps] = size;
    const [w1, w2] = [draw(random, [l, p]), draw(random, [k, n, taps])];
    return {
      ...{ kind: 'LoKr', rank: null, rows: l * k, columns: p * n, size },
      content: { 'm.lokr_w1': w1.content, 'm.lokr_w2': w2.content },
      values: dense(
        l * k,
        p * n,
        taps,
        (i, j, t) =>
          w1.values[Math.floor(i / k) * p + Math.floor(j / n)] *
          w2.values[((i % k) * n + (j % n)) * taps + t],
      ),
    };
  },
  'LoKr of a kernel with a core': (random, integer) => {
    const [l, p, k, n, r] = [integer(1, 3), integer(1, 3), integer(1, 3), integer(1, 3), integer(1, 2)];
    const size = [integer(2, 3)];
    const [taps] = size;
    const w1 = draw(random, [l, p]);
    const [t2, a, b] = [draw(random, [r, r, taps]), draw(random, [r, k]), draw(random, [r, n])];
    const entry = (i: number, j: number, t: number) =>
      sum(r, (x) =>
        sum(r, (y) => t2.values[(x * r + y) * taps + t] * a.values[x * k + i] * b.values[y * n + j]),
      );
    return {
      ...{ kind: 'LoKr', rank: r, rows: l * k, columns: p * n, size },
      content: {
        'm.lokr_w1': w1.content,
        'm.lokr_t2': t2.content,
        'm.lokr_w2_a': a.content,
        'm.lokr_w2_b': b.content,
      },
      values: dense(
        l * k,
        p * n,
        taps,
        (i, j, t) => w1.values[Math.floor(i / k) * p + Math.floor(j / n)] * entry(i % k, j % n, t),
      ),
    };
  },
};

function layerOf(
  weight: Float64Array,
  { rows, columns, size }: Pick<Case, 'rows' | 'columns' | 'size'>,
  rest: Partial<ConvolutionLayer> = {},
): ConvolutionLayer {
  return {
    weight,
    shape: [rows, columns, ...size],
    transposed: false,
    strides: size.map(() => 1),
    dilations: size.map(() => 1),
    groups: 1,
    mode: 'zeros',
    pads: size.flatMap(() => [0, 0]),
    inputSize: size.map(() => 8),
    outputPadding: size.map(() => 0),
    scale: 1,
    ...rest,
  };
}

function unfolded(values: Float64Array, { rows }: Case): Matrix {
  return { rows, columns: values.length / rows, values };
}

function squares(values: Float64Array): number {
  return values.reduce((total, value) => total + value * value, 0);
}

/** The norm for any input size, of a matrix its own. */
function normOf(values: Float64Array, one: Case): number {
  return one.size.length === 0
    ? largestSingularValue(unfolded(values, one))
    : anySizeNorm(layerOf(values, one));
}

/** `slack`: what the truth may be off by, relatively. */
function expectHolds(
  interval: { lower: number; upper: number } | null | undefined,
  truth: number,
  slack: number,
  width: number,
) {
  if (!interval) throw new Error('no interval');
  expect(interval.lower).toBeLessThanOrEqual(truth * (1 + slack));
  expect(interval.upper).toBeGreaterThanOrEqual(truth * (1 - slack));
  expect(interval.upper - interval.lower).toBeLessThanOrEqual(width * Math.max(truth, 1e-6));
}

function integers(random: Random): (least: number, most: number) => number {
  return (least, most) => least + Math.floor(random() * (most - least + 1));
}

/** Updates of the modules 0, 1, ... of one file, each of a seed. */
function drawn(make: (typeof kinds)[string], count: number): { cases: Case[]; content: Content } {
  const cases = fc.sample(fc.integer(), count).map((seed) => {
    const random = seeded(seed);
    return make(random, integers(random));
  });
  const named = cases.flatMap(({ content }, at) =>
    Object.entries(content).map(([name, tensor]) => [name.replace(/^m/, `${at}`), tensor]),
  );
  return { cases, content: Object.fromEntries(named) as Content };
}

/** Random weights of a base that fit the updates. */
function weightsFor(cases: readonly Case[]): Drawn[] {
  const random = seeded(7);
  return cases.map(({ rows, columns, size }) => draw(random, [rows, columns, ...size]));
}

function alphas(count: number, alpha: (at: number) => number): Content {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}.alpha`, f32([], [alpha(at)])]));
}

const RUNS = 40;

describe.each(Object.entries(kinds))('%s', (_, make) => {
  const { cases, content } = drawn(make, RUNS);
  const convolution = cases[0].size.length > 0;
  /** What truths are off by, and how wide intervals may be, relatively. */
  const [slack, width] = convolution ? [1e-9, 3e-3] : [1e-12, 1e-5];

  it('has the norm, the stable rank and the energy of its dense product', async () => {
    const alphaOf = (at: number) => Math.fround(0.7 * (at % 5) - 1);
    const rows = await rowsOf({ ...content, ...alphas(RUNS, alphaOf) });
    expect(rows).toHaveLength(RUNS);
    for (const [at, one] of cases.entries()) {
      const row = rows[at];
      const scale = one.rank === null ? 1 : alphaOf(at) / one.rank;
      const adapter = adapterOf(row);
      expect(adapter).toMatchObject({ kind: one.kind, rank: one.rank, scale, decomposed: false, base: null });
      const values = one.values.map((value) => scale * value);
      const norm = normOf(values, one);
      expectHolds(row.lipschitz, norm, slack, width);
      const multipliedOut = row.notes.some((note) => note.includes('multiplied out'));
      expect(row.lipschitz?.certainty).toBe(multipliedOut ? 'analytic' : 'certified');
      const total = squares(values);
      expect(row.frobenius).toBeCloseTo(Math.sqrt(total), 9);
      expectHolds(row.stableRank?.interval, total / norm ** 2, 1e-8, 1);
      const first = largestSingularValue(unfolded(values, one));
      expectHolds(adapter.energy, first ** 2 / total, 1e-8, 1e-4);
    }
  });

  it('is compared with the weights of a base', async () => {
    const weights = weightsFor(cases);
    const base = Object.fromEntries(weights.map((weight, at) => [`model.${at}.weight`, weight.content]));
    const rows = await rowsOf({ ...content, ...alphas(RUNS, () => 0.5) }, { base });
    for (const [at, one] of cases.entries()) {
      const row = rows[at];
      const scale = one.rank === null ? 1 : 0.5 / one.rank;
      const update = one.values.map((value) => scale * value);
      const before = Float64Array.from(weights[at].values);
      const found = adapterOf(row).base;
      expect(found?.weight).toBe(`model.${at}.weight`);
      const [norm, size] = [normOf(before, one), normOf(update, one)];
      expectHolds(row.lipschitz, size, slack, width);
      expectHolds(found?.norm, norm, slack, width);
      expectHolds(found?.relative, size / norm, 3 * slack, 3 * width);
      const after = before.map((value, i) => value + update[i]);
      expectHolds(found?.sum, normOf(after, one), slack, width);
      expect(found?.norm.certainty).toBe('certified');
      expect(found?.sum?.certainty).toBe('certified');
      expect(found?.relative?.certainty).toBe(row.lipschitz?.certainty);
    }
  });

  if (!convolution) return;

  it('has the geometry of its base', async () => {
    const weights = weightsFor(cases);
    const geometryOf = (at: number) => {
      const { size } = cases[at];
      const strides = size.map((_, axis) => 1 + ((at + axis) % 2));
      const mode = at % 3 === 0 ? 'reflect' : 'zeros';
      return { strides, mode, pads: size.flatMap(() => [1, 1]), inputSize: size.map(() => 5) } as const;
    };
    const rows = await rowsOf(
      { ...content, ...alphas(RUNS, () => 1) },
      {
        base: Object.fromEntries(weights.map((weight, at) => [`${at}.weight`, weight.content])),
        baseSide: {
          layers: Object.fromEntries(
            cases.map((_, at) => {
              const { strides, mode, inputSize } = geometryOf(at);
              return [`${at}`, { strides, groups: 1, padding: { mode, amounts: 1 }, inputSize }];
            }),
          ),
        },
      },
    );
    for (const [at, one] of cases.entries()) {
      const { strides, mode, inputSize } = geometryOf(at);
      expect(rows[at].convolution).toMatchObject({ strides, inputSize, padding: { mode } });
      const scale = one.rank === null ? 1 : 1 / one.rank;
      const update = one.values.map((value) => scale * value);
      const truth = (values: Float64Array) => denseNorm(layerOf(values, one, geometryOf(at)));
      expectHolds(rows[at].lipschitz, truth(update), 1e-12, 1e-4);
      const after = update.map((value, i) => value + weights[at].values[i]);
      expectHolds(adapterOf(rows[at]).base?.sum, truth(after), 1e-12, 1e-4);
    }
  });
});

describe('isAdapter', () => {
  it('is true of a file with updates, and of no other', async () => {
    const adapter = await folder.write(
      'is/adapter.safetensors',
      safetensors({ 'q.lora_A.weight': f32([1, 2]), 'q.lora_B.weight': f32([2, 1]) }),
    );
    const other = await folder.write('is/other.safetensors', safetensors({ 'q.weight': f32([2, 2]) }));
    expect(await isAdapter(adapter)).toBe(true);
    expect(await isAdapter(other)).toBe(false);
    await expect(isAdapter(folder.join('is/none.safetensors'))).rejects.toThrow('none.safetensors');
  });
});

describe('an update of a kernel of one position', () => {
  it.each(['replicate', 'reflect', 'zeros'] as const)(
    'has what %s padding adds to its norm',
    async (mode) => {
      const random = seeded(41);
      const [up, down] = [draw(random, [3, 2, 1, 1]), draw(random, [2, 4, 1, 1])];
      const pads = [2, 1, 2, 1];
      const geometry = { strides: [1, 1], groups: 1, padding: { mode, amounts: pads }, inputSize: [4, 3] };
      const row = await rowOf(
        { 'm.lora_down.weight': down.content, 'm.lora_up.weight': up.content, 'm.alpha': f32([], [2]) },
        { base: { 'm.weight': draw(random, [3, 4, 1, 1]).content }, baseSide: { layers: { m: geometry } } },
      );
      const layer: ConvolutionLayer = {
        ...{ transposed: false, strides: [1, 1], dilations: [1, 1], groups: 1, mode, pads, scale: 1 },
        ...{ shape: [3, 4, 1, 1], inputSize: [4, 3], outputPadding: [0, 0] },
        weight: dense(3, 4, 1, (i, j) => sum(2, (k) => up.values[i * 2 + k] * down.values[k * 4 + j])),
      };
      expectHolds(row.lipschitz, denseNorm(layer), 1e-12, 1e-4);
    },
  );
});

describe('an update with a base', () => {
  const random = seeded(11);
  const up = draw(random, [6, 2]);
  const down = draw(random, [2, 12]);
  const lora = { 'q.lora_A.weight': down.content, 'q.lora_B.weight': up.content };
  const config = { peft_type: 'LORA', lora_alpha: 3, r: 2 };
  const product = dense(6, 12, 1, (i, j) => sum(2, (k) => up.values[i * 2 + k] * down.values[k * 12 + j]));
  const update = product.map((value) => 1.5 * value);
  const norm = (rows: number, values: Float64Array) =>
    largestSingularValue({ rows, columns: values.length / rows, values });

  it('is that of the transpose where the base stores it', async () => {
    const weight = draw(random, [12, 6]);
    const row = await rowOf(lora, { config, base: { 'q.weight': weight.content } });
    const after = update.map((value, at) => value + weight.values[(at % 12) * 6 + Math.floor(at / 12)]);
    expectHolds(adapterOf(row).base?.sum, norm(6, after), 1e-12, 1e-5);
    expect(row.notes).toContainEqual(expect.stringContaining('transpose'));
  });

  it('is that of the transpose of a square weight where the configuration says so', async () => {
    const square = draw(random, [2, 6]);
    const content = { 'q.lora_A.weight': square.content, 'q.lora_B.weight': up.content };
    const weight = draw(random, [6, 6]);
    const after = (turned: boolean) =>
      dense(
        6,
        6,
        1,
        (i, j) =>
          1.5 * sum(2, (k) => up.values[i * 2 + k] * square.values[k * 6 + j]) +
          weight.values[turned ? j * 6 + i : i * 6 + j],
      );
    for (const turned of [false, true]) {
      const row = await rowOf(content, {
        config: { ...config, fan_in_fan_out: turned },
        base: { 'q.weight': weight.content },
      });
      expectHolds(adapterOf(row).base?.sum, norm(6, after(turned)), 1e-12, 1e-5);
    }
  });

  it('is that of the transposed table of an embedding', async () => {
    const weight = draw(random, [12, 6]);
    const row = await rowOf(
      { 'emb.lora_embedding_A': down.content, 'emb.lora_embedding_B': up.content },
      { config, base: { 'emb.weight': weight.content } },
    );
    const after = update.map((value, at) => value + weight.values[(at % 12) * 6 + Math.floor(at / 12)]);
    expectHolds(adapterOf(row).base?.sum, norm(6, after), 1e-12, 1e-5);
  });

  it.each([
    ['q.lora_magnitude_vector.weight', [6]],
    ['q.dora_scale', [1, 12]],
  ] as const)('has the magnitudes %s of a DoRA', async (name, shape) => {
    const weight = draw(random, [6, 12]);
    const lengths = draw(random, shape);
    const content = { ...lora, [name]: lengths.content };
    const row = await rowOf(content, { config, base: { 'q.weight': weight.content } });
    const merged = update.map((value, at) => value + weight.values[at]);
    const slice = (at: number) => (shape.length === 1 ? Math.floor(at / 12) : at % 12);
    const sizes = new Float64Array(12);
    merged.forEach((value, at) => (sizes[slice(at)] += value * value));
    const after = merged.map(
      (value, at) => (value * lengths.values[slice(at)]) / Math.sqrt(sizes[slice(at)]),
    );
    const adapter = adapterOf(row);
    expect(row.op).toBe('DoRA');
    expect(adapter.decomposed).toBe(true);
    expectHolds(adapter.base?.sum, norm(6, after), 1e-12, 1e-5);
    const change = after.map((value, at) => value - weight.values[at]);
    expectHolds(row.lipschitz, norm(6, change), 1e-12, 1e-5);
    expectHolds(adapter.energy, norm(6, change) ** 2 / squares(change), 1e-8, 1e-4);
    expect(row.lipschitz?.certainty).toBe('analytic');
    expect(adapter.base?.norm.certainty).toBe('certified');
    expect(adapter.base?.sum?.certainty).toBe('analytic');
    // Without the base it is the update as it is before the magnitudes.
    const alone = await rowOf(content, { config });
    expectHolds(alone.lipschitz, norm(6, update), 1e-12, 1e-5);
    expect(alone.notes).toContainEqual(expect.stringContaining('before magnitudes'));
  });

  it('fails where a DoRA divides by zero', async () => {
    const zero = f32([6, 2], new Float32Array(12));
    const [row] = await rowsOf(
      {
        'q.lora_A.weight': down.content,
        'q.lora_B.weight': zero,
        'q.lora_magnitude_vector.weight': f32([6]),
      },
      { config, base: { 'q.weight': f32([6, 12], new Float32Array(72)) } },
    );
    expect(row.error).toContain('row 0 of base plus update has norm 0');
  });

  const flattened = {
    LoRA: {
      content: { 'c.lora_down.weight': down.content, 'c.lora_up.weight': up.content },
      values: product,
    },
    LoHa: {
      content: {
        'c.hada_w1_a': up.content,
        'c.hada_w1_b': down.content,
        'c.hada_w2_a': up.content,
        'c.hada_w2_b': down.content,
      },
      values: product.map((value) => value * value),
    },
    'LoKr of a product': {
      content: {
        'c.lokr_w1': f32([1, 1], [2]),
        'c.lokr_w2_a': up.content,
        'c.lokr_w2_b': down.content,
      },
      values: product.map((value) => 2 * value),
    },
    'LoKr of whole factors': {
      content: {
        'c.lokr_w1': f32([1, 1], [2]),
        'c.lokr_w2': f32([6, 12], Float32Array.from(product)),
      },
      values: Float64Array.from(Float32Array.from(product), (value) => 2 * value),
    },
  };

  it.each(Object.entries(flattened))('tells the kernel size of a flattened %s', async (kind, one) => {
    const weight = draw(random, [6, 4, 3]);
    const content = { ...one.content, 'c.alpha': f32([], [2]) };
    const row = await rowOf(content, { base: { 'c.weight': weight.content } });
    const layer = (weights: Float64Array): ConvolutionLayer =>
      layerOf(weights, { rows: 6, columns: 4, size: [3] });
    expectHolds(row.lipschitz, anySizeNorm(layer(one.values)), 1e-6, 3e-3);
    const after = one.values.map((value, at) => value + weight.values[at]);
    expectHolds(adapterOf(row).base?.sum, anySizeNorm(layer(after)), 1e-6, 3e-3);
    const alone = await rowOf(content);
    expectHolds(alone.lipschitz, norm(6, one.values), 1e-6, 1e-4);
    const note = expect.stringContaining('only the base tells') as string;
    if (kind !== 'LoRA') expect(alone.notes).toContainEqual(note);
    expect(row.notes).not.toContainEqual(note);
  });

  it('is multiplied out for a convolution with groups', async () => {
    const weight = draw(random, [6, 4, 3]);
    const row = await rowOf(
      { ...flattened.LoRA.content, 'c.alpha': f32([], [2]) },
      { base: { 'c.weight': weight.content }, baseSide: { layers: { c: { groups: 2 } } } },
    );
    expect(row.convolution?.groups).toBe(2);
    expect(row.lipschitz?.certainty).toBe('analytic');
    const halves = [0, 1].map((group) =>
      anySizeNorm(layerOf(product.slice(group * 36, (group + 1) * 36), { rows: 3, columns: 4, size: [3] })),
    );
    expectHolds(row.lipschitz, Math.max(...halves), 1e-9, 3e-3);
  });

  it('says why there is nothing to compare with', async () => {
    const noteOf = async (base: Content): Promise<string | undefined> => {
      const row = await rowOf(lora, { config, base });
      expect(adapterOf(row).base).toBeNull();
      expect(row.lipschitz?.certainty).toBe('certified');
      return row.notes.at(-1);
    };
    expect(await noteOf({ 'k.weight': f32([6, 12]) })).toBe(
      'Not compared with the base: the base has no weight of that name.',
    );
    expect(await noteOf({ 'q.weight': f32([6, 11]) })).toBe(
      'Not compared with the base: the shape of "q.weight" in the base does not fit.',
    );
    expect(await noteOf({ 'a.q.weight': f32([6, 12]), 'b.q.weight': f32([6, 12]) })).toBe(
      'Not compared with the base: both "a.q" and "b.q" of the base could be meant.',
    );
    expect(await noteOf({ 'q.weight': f32([6, 12], new Float32Array(72).fill(NaN)) })).toBe(
      'Not compared with the base: the weight contains NaN.',
    );
  });

  it('is relative to no zero weight', async () => {
    const row = await rowOf(lora, { config, base: { 'q.weight': f32([6, 12], new Float32Array(72)) } });
    expect(adapterOf(row).base).toMatchObject({ norm: { lower: 0, upper: 0 }, relative: null });
    expectHolds(adapterOf(row).base?.sum, norm(6, update), 1e-12, 1e-5);
  });

  it('has no energy where it is zero', async () => {
    const row = await rowOf({
      'q.lora_A.weight': down.content,
      'q.lora_B.weight': f32([6, 2], new Float32Array(12)),
    });
    expect(adapterOf(row).energy).toBeNull();
    expect(row.lipschitz).toMatchObject({ lower: 0, upper: 0 });
  });

  it('promises no more than the method that was asked for', async () => {
    const settings = { ...DEFAULT_SETTINGS, method: 'gram', device: 'cpu' } as const;
    const row = await rowOf(lora, {
      config,
      base: { 'q.weight': draw(random, [6, 12]).content },
      request: { settings },
    });
    expect(adapterOf(row).base?.norm.certainty).toBe('analytic');
    expect(adapterOf(row).base?.sum?.certainty).toBe('analytic');
  });
});

describe('a LoRA of full size', () => {
  it('equals its dense product', async () => {
    const random = seeded(3);
    const [m, r] = [4096, 16];
    const [up, down] = [draw(random, [m, r]), draw(random, [r, m])];
    const row = await rowOf({
      'q.lora_A.weight': down.content,
      'q.lora_B.weight': up.content,
      'q.alpha': f32([], [32]),
    });
    const { lower, upper } = row.lipschitz ?? { lower: 0, upper: Infinity };
    expect(upper).toBeLessThanOrEqual(lower * (1 + 1e-5));
    const engine = new Engine('cpu');
    const product = await engine.multiply(
      Float64Array.from(up.values, (value) => 2 * value),
      Float64Array.from(down.values),
      m,
      r,
      m,
    );
    const whole = await boundMatrix(engine, { values: product, rows: m, columns: m }, 1e-6);
    expect(Math.abs(upper / whole.upper - 1)).toBeLessThanOrEqual(2e-6);
    expect(Math.abs(lower / whole.lower - 1)).toBeLessThanOrEqual(2e-6);
    expect(Math.abs((row.frobenius ?? 0) / whole.frobenius - 1)).toBeLessThanOrEqual(1e-9);
    const energy = (upper / whole.frobenius) ** 2;
    expectHolds(adapterOf(row).energy, energy, 1e-5, 1e-4);
  }, 60_000);
});
