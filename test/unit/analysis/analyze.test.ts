import { beforeEach, describe, expect, it, vi } from 'vitest';
import { analyze, type AnalysisRequest, type Plan, type PlannedLayer } from '../../../src/analysis/analyze';
import { type BulkArray, Engine } from '../../../src/compute/engine';
import { ProviderError, type Provider } from '../../../src/compute/runtime';
import { InvalidTensorError } from '../../../src/model/errors';
import type { Layer } from '../../../src/model/model';
import type { LayerReport } from '../../../src/report/report';
import { Float32Engine } from '../bounds/rounding-engine';
import { DEFAULT_SETTINGS } from '../report/sample';
import type { ConvolutionLayer } from '../truth/layer';
import { gaussian, seeded } from '../truth/random';
import { convolutionOf, FakeModel, FakeTensor, layerOf, matrixOf } from './fakes';

/** What the analysis finds in place of a file and of the devices of this machine. */
const stage: { model: FakeModel; engine: Engine } = { model: new FakeModel([]), engine: new Engine('cpu') };

vi.mock('../../../src/model/open', () => ({ openModel: () => Promise.resolve(stage.model) }));
vi.mock('../../../src/compute/devices', () => ({
  chooseEngine: () =>
    Promise.resolve({ engine: stage.engine, description: 'a device', fallback: 'as it is' }),
}));

beforeEach(() => {
  stage.engine = new Engine('cpu');
});

const request: AnalysisRequest = {
  path: 'model.onnx',
  settings: DEFAULT_SETTINGS,
  layers: null,
  perGroup: false,
  only: null,
};

interface Told {
  readonly plan: Plan;
  /** By index into the plan. */
  readonly rows: ReadonlyMap<number, LayerReport>;
  readonly preliminary: ReadonlyMap<number, LayerReport>;
  readonly events: readonly string[];
}

async function analysisOf(layers: readonly Layer[], changes: Partial<AnalysisRequest> = {}): Promise<Told> {
  stage.model = new FakeModel(layers);
  const plans: Plan[] = [];
  const rows = new Map<number, LayerReport>();
  const preliminary = new Map<number, LayerReport>();
  const events: string[] = [];
  await analyze(
    { ...request, ...changes },
    {
      onPlan: (plan) => {
        plans.push(plan);
        events.push('plan');
      },
      onStart: (index) => events.push(`start ${index}`),
      onPreliminary: (index, row) => {
        preliminary.set(index, row);
        events.push(`preliminary ${index}`);
      },
      onRow: (index, row) => {
        rows.set(index, row);
        events.push(`row ${index}`);
      },
    },
  );
  expect(plans).toHaveLength(1);
  expect(stage.model.closed).toBe(1);
  return { plan: plans[0], rows, preliminary, events };
}

function identity(name: string): Layer {
  return layerOf(name, matrixOf(new FakeTensor([2, 2], Float32Array.of(1, 0, 0, 1)), 2, 2));
}

function rowOf({ rows }: Told, index: number): LayerReport {
  const row = rows.get(index);
  if (!row) throw new Error(`no row ${index}`);
  return row;
}

const norm = (told: Told, index: number) => rowOf(told, index).lipschitz?.upper;

describe('an analysis', () => {
  it('tells of the plan, then of every layer in turn', async () => {
    const { plan, rows, events } = await analysisOf([identity('a'), identity('b')]);
    expect(events).toEqual(['plan', 'start 0', 'row 0', 'start 1', 'row 1']);
    expect(plan.model).toEqual({ path: 'model.onnx', format: 'onnx', bytes: 1234 });
    expect(plan.device).toEqual({ provider: 'cpu', description: 'a device', fallback: 'as it is' });
    expect(plan.skipped).toEqual([{ name: 'plus', op: 'Add', weight: 'bias', reason: 'adds a constant' }]);
    expect(plan.layers.map(({ name }) => name)).toEqual(['a', 'b']);
    for (const [index, planned] of plan.layers.entries()) {
      expect(planned.cost).toBeGreaterThan(0);
      expect(rows.get(index)).toMatchObject({ ...withoutCost(planned), error: null, notes: [] });
    }
  });

  it('computes only the layers that are still wanted', async () => {
    const { plan, events } = await analysisOf([identity('a'), identity('b'), identity('c')], {
      only: [2, 0],
    });
    expect(plan.layers).toHaveLength(3);
    expect(events).toEqual(['plan', 'start 2', 'row 2', 'start 0', 'row 0']);
  });

  it('closes the model where a listener throws', async () => {
    stage.model = new FakeModel([identity('a')]);
    const fail = () => {
      throw new Error('nobody listens');
    };
    const run = analyze(request, { onPlan: fail, onStart: fail, onPreliminary: fail, onRow: fail });
    await expect(run).rejects.toThrow('nobody listens');
    expect(stage.model.closed).toBe(1);
  });
});

describe('the layers that are asked for', () => {
  const names = [
    'conv1',
    'conv2',
    '/model/If_0/then_branch/Conv',
    'model.layers.0.attn.q',
    'model.layers.10.attn.q',
    '.hidden',
    'gate{0,1}',
    'a+(b)',
    'Übertrag',
  ];

  it.each<[string, string[]]>([
    ['*', names],
    ['conv1', ['conv1']],
    ['conv?', ['conv1', 'conv2']],
    ['*Conv', ['/model/If_0/then_branch/Conv']],
    ['/model/*', ['/model/If_0/then_branch/Conv']],
    ['*.attn.*', ['model.layers.0.attn.q', 'model.layers.10.attn.q']],
    ['model.layers.?.*', ['model.layers.0.attn.q']],
    ['*hidden', ['.hidden']],
    ['gate{0,1}', ['gate{0,1}']],
    ['a+(b)', ['a+(b)']],
    ['?bertrag', ['Übertrag']],
    ['Conv1', []],
    ['conv', []],
  ])('%s', async (glob, expected) => {
    const { plan, rows } = await analysisOf(names.map(identity), { layers: glob });
    expect(plan.layers.map(({ name }) => name)).toEqual(expected);
    expect([...rows.keys()]).toEqual(expected.map((_, index) => index));
  });
});

describe('weights that layers share', () => {
  it('are read and analysed once', async () => {
    const tensor = new FakeTensor([2, 2], Float32Array.of(3, 0, 0, 4));
    const told = await analysisOf([
      layerOf('a', matrixOf(tensor, 2, 2)),
      identity('other'),
      layerOf('b', matrixOf(tensor, 2, 2)),
    ]);
    expect(tensor.reads).toBe(1);
    const { name, weight, seconds, ...row } = rowOf(told, 0);
    expect(rowOf(told, 2)).toMatchObject(row);
    expect([name, weight, rowOf(told, 2).name, rowOf(told, 2).weight]).toEqual([
      'a',
      'a.weight',
      'b',
      'b.weight',
    ]);
    expect(rowOf(told, 2).seconds).toBeLessThanOrEqual(seconds);
    expect(norm(told, 1)).toBeCloseTo(1);
  });

  it('are told by what they hold, not by their name', async () => {
    const [one, two] = ['one', 'two'].map(
      (name) => new FakeTensor([2], Float32Array.of(3, 4), 'the same', name),
    );
    const told = await analysisOf([layerOf('a', matrixOf(one, 1, 2)), layerOf('b', matrixOf(two, 1, 2))]);
    expect([one.reads, two.reads]).toEqual([1, 0]);
    expect(norm(told, 1)).toBeCloseTo(5);
  });

  it('are analysed again for another operator', async () => {
    const tensor = new FakeTensor([4], Float32Array.of(3, 0, 0, 4));
    const told = await analysisOf([
      layerOf('a', matrixOf(tensor, 2, 2)),
      layerOf('b', matrixOf(tensor, 1, 4)),
      layerOf('c', matrixOf(tensor, 2, 2, { scale: 2 })),
    ]);
    expect(tensor.reads).toBe(3);
    expect([0, 1, 2].map((index) => norm(told, index))).toEqual([
      expect.closeTo(4, 5),
      expect.closeTo(5, 5),
      expect.closeTo(8, 5),
    ]);
  });

  it('have one error', async () => {
    const tensor = new FakeTensor([2], Float32Array.of(NaN, 4));
    const told = await analysisOf([
      layerOf('a', matrixOf(tensor, 1, 2)),
      layerOf('b', matrixOf(tensor, 1, 2)),
    ]);
    expect(tensor.reads).toBe(1);
    expect([0, 1].map((index) => rowOf(told, index).error)).toEqual(Array(2).fill('the weight contains NaN'));
  });
});

describe('a layer that cannot be analysed', () => {
  const unreadable = new InvalidTensorError('model.onnx', "tensor 'w' ends too early");

  it.each<[string, Float32Array | Error, RegExp]>([
    ['NaN', Float32Array.of(1, NaN, 0, 1), /^the weight contains NaN$/],
    ['an infinity', Float32Array.of(1, 0, -Infinity, 1), /^the weight contains an infinite value$/],
    ['a tensor that cannot be read', unreadable, /^model.onnx: tensor 'w' ends too early$/],
  ])('because of %s has an error, and the others go on', async (_, values, error) => {
    const told = await analysisOf([
      identity('before'),
      layerOf('bad', matrixOf(new FakeTensor([2, 2], values), 2, 2)),
      layerOf('bad convolution', {
        ...convolutionOf(smallConvolution(1), false),
        tensor: new FakeTensor([2, 2, 1, 1], values),
      }),
      identity('after'),
    ]);
    expect([rowOf(told, 0).error, rowOf(told, 3).error]).toEqual([null, null]);
    expect(norm(told, 3)).toBeCloseTo(1);
    for (const index of [1, 2]) {
      const { seconds, ...row } = rowOf(told, index);
      expect(seconds).toBeGreaterThanOrEqual(0);
      expect(row.error).toMatch(error);
      expect(row).toMatchObject({
        ...withoutCost(told.plan.layers[index]),
        lipschitz: null,
        stableRank: null,
      });
      expect([row.frobenius, row.largestRowNorm, row.groups]).toEqual([null, null, null]);
    }
  });

  it('because its norm overflows says so', async () => {
    const huge = new FakeTensor([2, 2], Float64Array.of(1e308, 1e308, 1e308, 1e308));
    const told = await analysisOf([layerOf('huge', matrixOf(huge, 2, 2)), identity('after')]);
    expect(rowOf(told, 0)).toMatchObject({
      lipschitz: null,
      error: 'its norm is beyond the range of float64',
    });
    expect(norm(told, 1)).toBeCloseTo(1);
  });
});

describe('a large matrix', () => {
  const order = 2600;
  const random = seeded(3);
  const values = Float32Array.from({ length: order * order }, () => random() - 0.5);
  const large = layerOf('large', matrixOf(new FakeTensor([order, order], values), order, order));

  it('has a probable row at once, and a certified one within it', async () => {
    const { rows, preliminary, events } = await analysisOf([identity('small'), large]);
    expect(events).toEqual(['plan', 'start 0', 'row 0', 'start 1', 'preliminary 1', 'row 1']);
    const [first, last] = [preliminary.get(1)?.lipschitz, rows.get(1)?.lipschitz];
    if (!first || !last) throw new Error('a row is missing');
    expect([first.certainty, last.certainty]).toEqual(['probable', 'certified']);
    expect(first.lower).toBeLessThanOrEqual(last.upper);
    expect(first.upper).toBeGreaterThanOrEqual(last.lower);
    expect(last.upper / last.lower).toBeLessThanOrEqual(1 + 1e-6);
  });

  it('has the probable row alone where that is asked for', async () => {
    const told = await analysisOf([large], { settings: { ...request.settings, method: 'quick' } });
    expect(told.events).toEqual(['plan', 'start 0', 'row 0']);
    expect(rowOf(told, 0).lipschitz?.certainty).toBe('probable');
  });
});

describe('the certainty of a row', () => {
  it.each([
    ['auto', undefined, 'certified'],
    ['quick', undefined, 'certified'],
    ['gram', undefined, 'analytic'],
    ['auto', true, 'analytic'],
  ] as const)('method %s, rounded weights %s: %s', async (method, rounded, certainty) => {
    const layer = { ...identity('a'), ...(rounded && { rounded }) };
    const told = await analysisOf([layer], { settings: { ...request.settings, method } });
    expect(rowOf(told, 0).lipschitz?.certainty).toBe(certainty);
  });
});

describe('a device that fails', () => {
  /** Fails from the product `first` on, counted over all layers. */
  class FailingEngine extends Float32Engine {
    private products = 0;

    constructor(
      private readonly first: number,
      private readonly failing: Provider,
    ) {
      super();
    }

    override bulkMultiply(a: BulkArray, b: BulkArray, m: number, k: number, n: number): Promise<BulkArray> {
      if (++this.products >= this.first) {
        return Promise.reject(new ProviderError(this.failing, new Error('the device is lost\nat line 1')));
      }
      return super.bulkMultiply(a, b, m, k, n);
    }

    get count(): number {
      return this.products;
    }
  }

  const convolutions = [1, 2, 3].map((seed) =>
    layerOf(`conv${seed}`, convolutionOf(wideConvolution(seed), false)),
  );

  it('is given up: its layer and all that follow are computed on the CPU, and say so', async () => {
    const onCpu = await analysisOf(convolutions);
    const counting = new FailingEngine(Infinity, 'webgpu');
    stage.engine = counting;
    await analysisOf(convolutions.slice(0, 1));
    expect(counting.count).toBeGreaterThan(0);

    const failing = new FailingEngine(counting.count + 1, 'webgpu');
    stage.engine = failing;
    const told = await analysisOf(convolutions);
    const note = 'computed on the CPU: webgpu failed: the device is lost';
    expect([0, 1, 2].map((index) => rowOf(told, index).notes)).toEqual([[], [note], [note]]);
    for (const index of [1, 2]) expect(rowOf(told, index).lipschitz).toEqual(rowOf(onCpu, index).lipschitz);
    expect(failing.count).toBe(counting.count + 1);
  });

  it('is no way out where the CPU itself fails', async () => {
    stage.engine = new FailingEngine(1, 'cpu');
    const told = await analysisOf([...convolutions.slice(0, 1), identity('other')]);
    expect(rowOf(told, 0)).toMatchObject({ lipschitz: null, error: 'the device is lost', notes: [] });
    expect(rowOf(told, 1).error).toBeNull();
  });
});

function withoutCost({ cost: _, ...description }: PlannedLayer): Partial<LayerReport> {
  return description;
}

/** So many channels that a device is worth its while, on an axis too long for a grid. */
function wideConvolution(seed: number): ConvolutionLayer {
  const random = seeded(seed);
  return {
    ...smallConvolution(seed),
    weight: Float32Array.from({ length: 64 * 64 * 2 }, () => gaussian(random)),
    shape: [64, 64, 2],
    strides: [1],
    dilations: [1],
    pads: [0, 0],
    inputSize: [5000],
    outputPadding: [0],
  };
}

/** Two channels, as many taps on either axis. */
function smallConvolution(seed: number, taps = 1): ConvolutionLayer {
  const random = seeded(seed);
  return {
    weight: Float32Array.from({ length: 4 * taps ** 2 }, () => gaussian(random)),
    shape: [2, 2, taps, taps],
    transposed: false,
    strides: [1, 1],
    dilations: [1, 1],
    groups: 1,
    mode: 'zeros',
    pads: [0, 0, 0, 0],
    inputSize: [5, 5],
    outputPadding: [0, 0],
    scale: 1,
  };
}
