/** Reports made by hand, for the tests of the formats. */
import type {
  AdapterReport,
  LayerReport,
  NetworkBound,
  NetworkReport,
  Report,
  Settings,
  SpectrumReport,
} from '../../../src/report/report';

export const DEFAULT_SETTINGS: Settings = {
  method: 'auto',
  iterations: null,
  tolerance: null,
  device: 'auto',
  inputSize: null,
  padding: null,
};

export function layer(overrides: Partial<LayerReport> = {}): LayerReport {
  return {
    name: 'conv1',
    op: 'Conv',
    weight: `${overrides.name ?? 'conv1'}.weight`,
    shape: [8, 3, 3, 3],
    dtype: 'float',
    parameters: 216,
    convolution: null,
    lipschitz: {
      lower: 2.50939,
      upper: 2.50941,
      certainty: 'certified',
      scope: 'any input size',
      method: 'branch and bound',
    },
    stableRank: { value: 1.2513, normalized: 0.4171, interval: { lower: 1.2513, upper: 1.2514 } },
    frobenius: 2.807,
    largestRowNorm: null,
    groups: null,
    notes: [],
    error: null,
    seconds: 0.01,
    ...overrides,
  };
}

export function spectrum(overrides: Partial<SpectrumReport> = {}): SpectrumReport {
  return {
    kind: 'exact',
    method: 'Householder bidiagonalisation (Golub and Kahan 1965)',
    count: 5,
    largest: 4,
    median: 2,
    smallest: 0,
    values: [4, 3, 2, 1, 0],
    histogram: { edges: [1, 2, 4], counts: [1, 3], zeros: 1 },
    frequencies: null,
    ...overrides,
  };
}

export function networkBound(overrides: Partial<NetworkBound> = {}): NetworkBound {
  return {
    norm: 'L2',
    input: 'x',
    output: 'y',
    lower: 1.5,
    upper: 72,
    log10Upper: 1.858,
    certainty: 'certified',
    domain: null,
    limits: [],
    ...overrides,
  };
}

export function network(overrides: Partial<NetworkReport> = {}): NetworkReport {
  return {
    bounds: [networkBound(), networkBound({ norm: 'Linf' })],
    scope: 'x: 1x4',
    isAssumed: false,
    coverage: [],
    path: [],
    contributions: [
      { name: 'conv', op: 'Conv', log10: 1 },
      { name: 'pool', op: 'AveragePool', log10: -0.5 },
    ],
    whatIf: [],
    notes: [],
    seconds: 1,
    ...overrides,
  };
}

export function report(overrides: Partial<Report> = {}): Report {
  return {
    schema: 1,
    model: { path: 'models/net.onnx', format: 'onnx', bytes: 4_700_000 },
    settings: DEFAULT_SETTINGS,
    device: { provider: 'cpu', description: 'CPU, 2 threads', fallback: null },
    layers: [layer()],
    skipped: [],
    network: null,
    seconds: 2.84,
    ...overrides,
  };
}

const scale = (x: number) => ({
  lower: x * 0.999999,
  upper: x * 1.000001,
  certainty: 'certified' as const,
  scope: 'any input size',
  method: 'arrow certificate',
});

export function adapter(overrides: Partial<AdapterReport> = {}): AdapterReport {
  return { kind: 'LoRA', decomposed: false, rank: 8, scale: 2, energy: null, base: null, ...overrides };
}

/** Everything a report can hold. */
export const FULL = report({
  device: { provider: 'cpu', description: 'CPU, 2 threads', fallback: 'webgpu not used: no adapter' },
  settings: { ...DEFAULT_SETTINGS, tolerance: 0.001, inputSize: [224, 224] },
  layers: [
    layer({
      name: 'features/conv1',
      convolution: {
        strides: [2, 2],
        dilations: [1, 1],
        groups: 1,
        padding: { mode: 'zeros', amounts: [1, 1, 1, 1] },
        inputSize: [224, 224],
      },
      lipschitz: { ...scale(2.5094), scope: 'input size 224x224' },
    }),
    layer({
      name: 'features/depthwise',
      shape: [2, 1, 3, 3],
      parameters: 18,
      lipschitz: { ...scale(0), lower: 2.5103, upper: 2.5553 },
      groups: [
        { lower: 2.5103, upper: 2.5553, stableRank: null },
        {
          lower: 0.5,
          upper: 0.5,
          stableRank: { value: 1, normalized: 1, interval: { lower: 1, upper: 1 } },
        },
      ],
      notes: ['The stride is not in the file: 1 is assumed.', 'The padding is not in the file.'],
    }),
    layer({
      name: 'embed | table',
      op: 'Gather',
      shape: [30522, 768],
      parameters: 23440896,
      lipschitz: scale(117.3),
      stableRank: { value: 12.5, normalized: 0.0163, interval: { lower: 12.5, upper: 12.5001 } },
      largestRowNorm: 3.25,
      notes: ['The padding is not in the file.'],
    }),
    layer({
      name: 'evil\u001b[31m\u202e\nname',
      op: 'MatMul',
      shape: [4, 4],
      parameters: 16,
      lipschitz: null,
      stableRank: null,
      frobenius: null,
      error: 'models/net.onnx: tensor "w" ends 12 bytes before the size that its shape needs',
    }),
    layer({
      name: '畳み込み層/重み',
      op: 'LayerNormalization',
      shape: [768],
      parameters: 768,
      lipschitz: { ...scale(316.2277), certainty: 'analytic', method: 'limited by eps' },
      stableRank: null,
      frobenius: null,
    }),
    layer({
      name: 'zero',
      shape: [2, 2],
      parameters: 4,
      lipschitz: { ...scale(0) },
      stableRank: null,
      frobenius: 0,
    }),
  ],
  skipped: [
    { name: '/attn/MatMul', op: 'MatMul', weight: null, reason: 'both of its inputs are activations' },
    { name: '/attn/MatMul_1', op: 'MatMul', weight: null, reason: 'both of its inputs are activations' },
    { name: 'head', op: 'Gemm', weight: 'head.qweight', reason: 'its weight is packed integers' },
  ],
});

const interval = (lower: number, upper: number) => ({ lower, upper, certainty: 'certified' as const });

/** Updates of another model's weights: with a base, with one that does not fit, without a scale. */
export const ADAPTERS = report({
  model: { path: 'adapter_model.safetensors', format: 'safetensors', bytes: 1_200_000 },
  base: { path: 'base/model.safetensors.index.json', format: 'safetensors', bytes: 4_700_000_000 },
  layers: [
    layer({
      name: 'base_model.model.model.layers.0.self_attn.q_proj',
      op: 'DoRA',
      shape: [16, 4096],
      adapter: {
        kind: 'LoRA',
        decomposed: true,
        rank: 16,
        scale: 2,
        energy: interval(0.79921, 0.79923),
        base: {
          weight: 'model.layers.0.self_attn.q_proj.weight',
          norm: interval(31.2, 31.2001),
          relative: interval(0.0804, 0.0805),
          sum: interval(31.3, 31.3001),
        },
      },
    }),
    layer({
      name: 'lost',
      op: 'LoKr',
      shape: [4, 4],
      adapter: { kind: 'LoKr', decomposed: false, rank: null, scale: null, energy: null, base: null },
    }),
    layer({
      name: 'zero base',
      op: 'LoHa',
      shape: [8, 4],
      adapter: {
        kind: 'LoHa',
        decomposed: false,
        rank: 4,
        scale: -1 / 3,
        energy: interval(0.25, 1),
        base: { weight: 'w', norm: interval(0, 0), relative: null, sum: null },
      },
    }),
  ],
});
