import { describe, expect, it } from 'vitest';
import { DataType } from '../../../src/schema/onnx';
import { Folder } from '../folder';
import { float, graphAttribute, int, integers, ints, node, tensor, value } from '../onnx-builder';
import { gaussian, multiply, seeded } from '../truth/random';
import { largestSingularValue, type Matrix, transpose } from '../truth/singular-values';
import { bounded, boundOf, graphOf, NORMS, single, steepest, upper } from './networks';

const folder = new Folder();

/** W of order two with the given diagonal. */
const diagonal = (name: string, a: number, b: number) => tensor(name, [2, 2], [a, 0, 0, b]);

describe('chains', () => {
  it('the product of norms, in three norms', async () => {
    const nodes = [
      node('MatMul', ['x', 'a'], ['h']),
      node('Relu', ['h'], ['r']),
      node('MatMul', ['r', 'b'], ['y']),
    ];
    const a = tensor('a', [2, 2], [1, 2, 0, 4]);
    const b = tensor('b', [2, 2], [3, 0, 0, -1]);
    const found = await bounded(folder, graphOf(nodes, [1, 2], [a, b]));
    // x a: an output is made of a column, an input reaches a row.
    expect(upper(found, 'Linf')).toBeCloseTo(6 * 3, 9);
    expect(upper(found, 'L1')).toBeCloseTo(4 * 3, 9);
    const square = (21 + Math.sqrt(21 * 21 - 4 * 16)) / 2;
    expect(upper(found)).toBeCloseTo(3 * Math.sqrt(square), 4);
    expect(boundOf(found)).toMatchObject({ certainty: 'certified', domain: null, limits: [], lower: null });
  });

  it('orthogonal layers have the constant one', async () => {
    const turn = (name: string, angle: number) =>
      tensor(name, [2, 2], [Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle)]);
    const nodes = Array.from({ length: 10 }, (_, i) =>
      node('MatMul', [i === 0 ? 'x' : `h${i}`, `w${i}`], [i === 9 ? 'y' : `h${i + 1}`]),
    );
    const found = await bounded(
      folder,
      graphOf(
        nodes,
        [1, 2],
        Array.from({ length: 10 }, (_, i) => turn(`w${i}`, i)),
      ),
    );
    expect(upper(found)).toBeCloseTo(1, 5);
    expect(upper(found)).toBeGreaterThanOrEqual(1 - 1e-6);
  });

  it('hundreds of layers do not overflow', async () => {
    const nodes = Array.from({ length: 400 }, (_, i) =>
      node('MatMul', [i === 0 ? 'x' : `h${i}`, 'w'], [i === 399 ? 'y' : `h${i + 1}`]),
    );
    const found = await bounded(folder, graphOf(nodes, [1, 2], [diagonal('w', 10, 1)]));
    expect(boundOf(found).upper).toBeNull();
    expect(boundOf(found).log10Upper).toBeCloseTo(400, 3);
  });

  it('a layer of zeros makes a constant', async () => {
    const found = await bounded(
      folder,
      graphOf([node('MatMul', ['x', 'w'], ['y'])], [1, 2], [diagonal('w', 0, 0)]),
    );
    expect(found.network.bounds).toEqual([]);
  });
});

describe('branches', () => {
  it('n residual blocks of identities give 2^n, by the sums on the path', async () => {
    const nodes = Array.from({ length: 12 }, (_, i) => {
      const from = i === 0 ? 'x' : `h${i}`;
      return [
        node('Relu', [from], [`f${i}`]),
        node('Add', [from, `f${i}`], [i === 11 ? 'y' : `h${i + 1}`], {}, { name: `add${i}` }),
      ];
    }).flat();
    const found = await bounded(folder, graphOf(nodes, [1, 4]));
    for (const norm of NORMS) expect(upper(found, norm)).toBe(2 ** 12);
    expect(found.network.contributions.map(({ name }) => name).toSorted()).toEqual(
      Array.from({ length: 12 }, (_, i) => `add${i}`).toSorted(),
    );
    expect(found.network.path.reduce((sum, { log10 }) => sum + (log10 ?? 0), 0)).toBeCloseTo(
      12 * Math.log10(2),
      9,
    );
  });

  it('x + f(x) is 1 + L; a shared prefix counts once', async () => {
    const nodes = [
      node('MatMul', ['x', 'p'], ['h']),
      node('MatMul', ['h', 'f'], ['g']),
      node('Add', ['h', 'g'], ['y']),
    ];
    const found = await bounded(folder, graphOf(nodes, [1, 2], [diagonal('p', 5, 1), diagonal('f', 3, 1)]));
    expect(upper(found)).toBeCloseTo(5 * (1 + 3), 3);
  });

  it('Concat is the root of the sum of squares, the largest, the sum', async () => {
    const nodes = [
      node('MatMul', ['x', 'a'], ['f']),
      node('MatMul', ['x', 'b'], ['g']),
      node('Concat', ['f', 'g'], ['y'], { axis: { type: 2, i: 1 } }),
    ];
    const found = await bounded(folder, graphOf(nodes, [1, 2], [diagonal('a', 3, 1), diagonal('b', 4, 1)]));
    expect(upper(found)).toBeCloseTo(5, 4);
    expect(upper(found, 'Linf')).toBeCloseTo(4, 9);
    expect(upper(found, 'L1')).toBeCloseTo(7, 9);
  });

  it('several inputs and outputs: one bound for each pair that depends', async () => {
    const graph = {
      node: [node('MatMul', ['a', 'w'], ['p']), node('Add', ['p', 'b'], ['q']), node('Relu', ['b'], ['r'])],
      initializer: [diagonal('w', 2, 1)],
      input: [value('a', [1, 2]), value('b', [1, 2])],
      output: [value('q'), value('r')],
    };
    const { network } = await bounded(folder, graph);
    const l2 = network.bounds
      .filter(({ norm }) => norm === 'L2')
      .map(({ input, output, upper: u }) => [input, output, Math.round(u ?? 0)]);
    expect(l2).toEqual([
      ['a', 'q', 2],
      ['b', 'q', 1],
      ['b', 'r', 1],
    ]);
  });

  it('of more pairs than are listed, the largest are', async () => {
    const names = Array.from({ length: 60 }, (_, i) => String(i));
    const nodes = names.map((i) => node(i === '59' ? 'Mul' : 'Sub', ['s', 'c'], [`y${i}`]));
    const { network } = await bounded(folder, {
      node: [
        node(
          'Sum',
          names.map((i) => `x${i}`),
          ['s'],
        ),
        ...nodes,
      ],
      initializer: [tensor('c', [1], [7])],
      input: names.map((i) => value(`x${i}`, [1, 4])),
      output: names.map((i) => value(`y${i}`)),
    });
    expect(network.bounds.length).toBeLessThan(3 * 60 * 60);
    for (const norm of NORMS) {
      const largest = network.bounds.filter((bound) => bound.norm === norm && (bound.upper ?? 0) > 6);
      expect(largest.map(({ output }) => output)).toEqual(names.map(() => 'y59'));
    }
    expect(network.notes).toEqual([expect.stringContaining(`${3 * 600} more bounds`)]);
  });

  it('a value that is repeated counts by the copies', async () => {
    const nodes = [node('Add', ['x', 'c'], ['y'])];
    const found = await bounded(folder, graphOf(nodes, [1, 1], [tensor('c', [1, 9], [1])]));
    expect(upper(found)).toBeCloseTo(3, 9);
    expect(upper(found, 'Linf')).toBe(1);
    expect(upper(found, 'L1')).toBe(9);
  });

  it('a batch of any size is bounded where nothing is repeated, for one sample where it may be', async () => {
    const layer = node('MatMul', ['x', 'w'], ['h']);
    const chain = await bounded(
      folder,
      graphOf([layer, node('Relu', ['h'], ['y'])], ['batch', 2], [diagonal('w', 2, 1)]),
    );
    expect(chain.network.scope).toBe('x: ?x2');
    const residual = await bounded(
      folder,
      graphOf([layer, node('Add', ['h', 'x'], ['y'])], ['batch', 2], [diagonal('w', 2, 1)]),
    );
    expect(residual.network.scope).toBe('x: 1x2');
    expect(upper(residual)).toBeCloseTo(3, 3);
  });
});

describe('what jumps', () => {
  it('is not Lipschitz where it reaches the output', async () => {
    const nodes = [
      node('Greater', ['x', 'c'], ['b'], {}, { name: 'greater' }),
      node('Cast', ['b'], ['y'], { to: { type: 2, i: 1 } }),
    ];
    const found = await bounded(folder, graphOf(nodes, [1, 3], [tensor('c', [1])]));
    expect(boundOf(found)).toMatchObject({
      upper: null,
      log10Upper: null,
      limits: ['greater'],
      certainty: null,
    });
    expect(found.network.coverage.map(({ status }) => status)).toEqual(['unbounded', 'certified']);
  });

  it('as the condition of a choice, too', async () => {
    const nodes = [
      node('Greater', ['x', 'c'], ['b']),
      node('Neg', ['x'], ['n']),
      node('Where', ['b', 'x', 'n'], ['y'], {}, { name: 'where' }),
    ];
    const found = await bounded(folder, graphOf(nodes, [1, 3], [tensor('c', [1])]));
    expect(upper(found)).toBeNull();
  });

  it('shapes do not: what is computed from them depends on nothing', async () => {
    const nodes = [node('Shape', ['x'], ['s']), node('Reshape', ['x', 's'], ['y'])];
    expect(upper(await bounded(folder, graphOf(nodes, ['n', 3])))).toBe(1);
  });

  it('the shape of what depends on a jump is no constant', async () => {
    const nodes = [
      node('NonZero', ['x'], ['i']),
      node('Shape', ['i'], ['s']),
      node('Cast', ['s'], ['y'], { to: { type: 2, i: 1 } }),
    ];
    expect(upper(await bounded(folder, graphOf(nodes, [4])))).toBeNull();
  });
});

describe('bodies', () => {
  const branch = (factor: string) =>
    graphAttribute({
      name: factor,
      node: [node('MatMul', ['x', factor], [`${factor}y`])],
      output: [value(`${factor}y`)],
    });

  it('If with a condition that does not depend on the input is the larger branch', async () => {
    const graph = {
      node: [node('If', ['c'], ['y'], { then_branch: branch('a'), else_branch: branch('b') })],
      initializer: [diagonal('a', 2, 1), diagonal('b', 7, 1)],
      input: [value('x', [1, 2]), value('c', [], 9)],
      output: [value('y')],
    };
    const found = await bounded(folder, graph);
    expect(upper(found)).toBeCloseTo(7, 3);
    expect(found.network.notes).toEqual([expect.stringContaining('held fixed')]);
  });

  it('Loop is not followed where it depends on the input, and constant where it does not', async () => {
    const body = (source: string) =>
      graphAttribute({
        name: 'body',
        node: [node('Identity', ['c0'], ['c1']), node('Add', ['s0', source], ['s1'])],
        input: [value('i', [], 7), value('c0', [], 9), value('s0', [1, 2])],
        output: [value('c1', [], 9), value('s1', [1, 2])],
      });
    const graph = (source: string) => ({
      node: [
        node('Loop', ['n', '', 'k'], ['l'], { body: body(source) }, { name: 'loop' }),
        node('Concat', ['l', 'x'], ['y'], { axis: { type: 2, i: 1 } }),
      ],
      initializer: [integers('n', [3], []), tensor('k', [1, 2], [1])],
      input: [value('x', [1, 2])],
      output: [value('y')],
    });
    expect(upper(await bounded(folder, graph('k')))).toBe(1);
    const dependent = await bounded(folder, graph('x'));
    expect(upper(dependent)).toBeNull();
    expect(boundOf(dependent).limits.length).toBeGreaterThan(0);
  });

  it('local functions are followed', async () => {
    const graph = graphOf([node('twice', ['x'], ['y'], {}, { domain: 'local' })], [1, 2], []);
    const functions = [
      {
        name: 'twice',
        domain: 'local',
        input: ['a'],
        output: ['b'],
        node: [node('Add', ['a', 'a'], ['b'])],
        opsetImport: [{ domain: '', version: 20 }],
      },
    ];
    expect(upper(await bounded(folder, graph, { functions }))).toBe(2);
  });

  it('nodes of a local function are of the versions that it imports', async () => {
    // Up to opset 12, Softmax flattens all axes behind the first: its sums are taken over 6 numbers, not 3.
    const graph = graphOf([node('soft', ['x'], ['y'], {}, { domain: 'local' })], [2, 2, 3], []);
    const within = (version: number) => [
      {
        ...{ name: 'soft', domain: 'local', input: ['a'], output: ['b'] },
        node: [node('LogSoftmax', ['a'], ['b'], {}, { name: 'soft' })],
        opsetImport: [{ domain: '', version }],
      },
    ];
    expect(upper(await bounded(folder, graph, { functions: within(20) }))).toBeCloseTo(Math.sqrt(3), 9);
    expect(upper(await bounded(folder, graph, { functions: within(11) }))).toBeCloseTo(Math.sqrt(6), 9);
  });
});

describe('products', () => {
  it('of two activations have no constant, but one on bounded inputs', async () => {
    const nodes = [node('Relu', ['x'], ['r']), node('Mul', ['x', 'r'], ['y'], {}, { name: 'mul' })];
    const found = await bounded(folder, graphOf(nodes, [1, 3]));
    expect(boundOf(found)).toMatchObject({ domain: 'inputs in [-1, 1]', limits: ['mul'] });
    expect(upper(found)).toBeCloseTo(2, 9);
    expect(found.network.coverage.find(({ name }) => name === 'mul')?.status).toBe('domain');
  });

  it('of two sigmoids have one on all inputs', async () => {
    const nodes = [
      node('Sigmoid', ['x'], ['a']),
      node('Neg', ['x'], ['n']),
      node('Sigmoid', ['n'], ['b']),
      node('Mul', ['a', 'b'], ['y']),
    ];
    const found = await bounded(folder, graphOf(nodes, [1, 3]));
    expect(boundOf(found).domain).toBeNull();
    expect(upper(found)).toBeCloseTo(0.5, 9);
  });

  it('the square of a bounded value', async () => {
    const nodes = [node('Tanh', ['x'], ['t']), node('Mul', ['t', 't'], ['y'])];
    expect(upper(await bounded(folder, graphOf(nodes, [1, 3])))).toBeCloseTo(2, 9);
  });
});

describe('folding', () => {
  const kernel = tensor(
    'k',
    [2, 2, 3, 3],
    Array.from({ length: 36 }, (_, i) => Math.sin(i * 1.7)),
  );
  const conv = node('Conv', ['x', 'k'], ['h'], { pads: ints(1, 1, 1, 1) }, { name: 'conv' });
  const [gain, variance] = [
    [0.5, 3],
    [4, 0.25],
  ];
  const statistics = [
    tensor('g', [2], gain),
    tensor('b', [2], [1, 2]),
    tensor('m', [2], [3, 4]),
    tensor('v', [2], variance),
  ];
  const factors = gain.map((g, c) => g / Math.sqrt(variance[c] + Math.fround(1e-5)));
  const folded = tensor(
    'k',
    [2, 2, 3, 3],
    Array.from({ length: 36 }, (_, i) => Math.fround(Math.sin(i * 1.7)) * factors[Math.floor(i / 18)]),
  );

  it('a convolution and its normalisation have the norm of the folded convolution', async () => {
    const nodes = [
      conv,
      node('BatchNormalization', ['h', 'g', 'b', 'm', 'v'], ['n'], {}, { name: 'bn' }),
      node('Relu', ['n'], ['y']),
    ];
    const both = await bounded(folder, graphOf(nodes, [1, 2, 8, 8], [kernel, ...statistics]));
    const byHand = await bounded(folder, graphOf([{ ...conv, output: ['y'] }], [1, 2, 8, 8], [folded]));
    for (const norm of NORMS) {
      const [a, b] = [upper(both, norm) ?? NaN, upper(byHand, norm) ?? NaN];
      expect(Math.abs(a / b - 1)).toBeLessThan(2e-6);
    }
    const product = both.rows.reduce((all, { lipschitz }) => all * (lipschitz?.upper ?? NaN), 1);
    expect(upper(both)).toBeLessThan(0.99 * product);
    expect(both.network.contributions[0].name).toBe('conv + bn');
  });

  it('so does a factor for each channel, with a bias between', async () => {
    const nodes = [conv, node('Add', ['h', 'c'], ['a']), node('Mul', ['a', 'f'], ['y'])];
    const constants = [kernel, tensor('c', [1, 2, 1, 1], [7, -7]), tensor('f', [2, 1, 1], factors)];
    const found = await bounded(folder, graphOf(nodes, [1, 2, 8, 8], constants));
    const byHand = await bounded(folder, graphOf([{ ...conv, output: ['y'] }], [1, 2, 8, 8], [folded]));
    expect(Math.abs((upper(found) ?? NaN) / (upper(byHand) ?? NaN) - 1)).toBeLessThan(2e-6);
  });

  it('and the columns of a matrix', async () => {
    const nodes = [node('MatMul', ['x', 'w'], ['h']), node('Div', ['h', 'd'], ['y'])];
    const found = await bounded(
      folder,
      graphOf(nodes, [1, 2], [diagonal('w', 8, 1), tensor('d', [2], [16, 0.5])]),
    );
    expect(upper(found)).toBeCloseTo(2, 5);
  });

  it('several operations behind a scaled layer take its norm once, and what scales it further another one', async () => {
    // As in hard swish: n relu6(n + 3), and a second branch 5 n f.
    const nodes = [
      conv,
      node('BatchNormalization', ['h', 'g', 'b', 'm', 'v'], ['n'], {}, { name: 'bn' }),
      node('Add', ['n', 'three'], ['a']),
      node('Sub', ['n', 'three'], ['s']),
      node('Mul', ['n', 'f'], ['p']),
      node('Sum', ['a', 's', 'p'], ['y']),
    ];
    const constants = [tensor('three', [], [3]), tensor('f', [1, 2, 1, 1], [5, 0.2])];
    const found = await bounded(folder, graphOf(nodes, [1, 2, 8, 8], [kernel, ...statistics, ...constants]));
    expect(found.enclosed).toBe(2);
    const weights = new Float32Array(folded.rawData?.slice().buffer ?? new ArrayBuffer(0));
    const scaledBy = (f: readonly number[]) => {
      const scaled = tensor(
        'k',
        [2, 2, 3, 3],
        weights.map((x, i) => x * f[Math.floor(i / 18)]),
      );
      return bounded(folder, graphOf([{ ...conv, output: ['y'] }], [1, 2, 8, 8], [scaled]));
    };
    const [once, further] = [upper(await scaledBy([1, 1])) ?? NaN, upper(await scaledBy([5, 0.2])) ?? NaN];
    expect(Math.abs((upper(found) ?? NaN) / (2 * once + further) - 1)).toBeLessThan(2e-6);
  });

  it('a scaling along another axis is not folded', async () => {
    const nodes = [conv, node('Mul', ['h', 'f'], ['y'])];
    const found = await bounded(folder, graphOf(nodes, [1, 2, 2, 2], [kernel, tensor('f', [2], [1, 100])]));
    const norm = found.rows[0].lipschitz?.upper ?? NaN;
    expect(upper(found)).toBeCloseTo(100 * norm, 6);
  });
});

describe('broadcasting of old opsets, along an axis that an attribute names', () => {
  // ONNX Runtime has no operators of opset 6: their constants follow from the definition.
  const old = { irVersion: 3, opsetImport: [{ domain: '', version: 6 }] };
  const along = (axis: number) => ({ broadcast: int(1), axis: int(axis) });
  const factors = tensor('f', [2], [1, 100]);

  it('is not folded as if it were along the last', async () => {
    // Row 1 of h is a hundred times as long: 5 times 100. Along the last axis it would be the norm of diag(5, 1).
    const nodes = [
      node('MatMul', ['x', 'w'], ['h']),
      node('Mul', ['h', 'f'], ['y'], along(0), { name: 'mul' }),
    ];
    const found = await bounded(folder, graphOf(nodes, [2, 2], [diagonal('w', 5, 0.01), factors]), old);
    for (const norm of NORMS) expect(upper(found, norm) ?? Infinity).toBeGreaterThanOrEqual(500);
  });

  it('has no constant where copies would have to be counted', async () => {
    // x + (sums of its rows, each along its row): I + 1 1^T for each row.
    const nodes = [
      node('ReduceSum', ['x'], ['s'], { axes: ints(1), keepdims: int(0) }),
      node('Add', ['x', 's'], ['y'], along(0), { name: 'add' }),
    ];
    const found = await bounded(folder, graphOf(nodes, [3, 3]), old);
    for (const norm of NORMS) expect(upper(found, norm) ?? Infinity).toBeGreaterThanOrEqual(4);
  });

  it('by a constant multiplies by no more than its largest element', async () => {
    const nodes = [node('Mul', ['x', 'f'], ['y'], along(0), { name: 'mul' })];
    const found = await bounded(folder, graphOf(nodes, [2, 3], [factors]), old);
    for (const norm of NORMS) expect(upper(found, norm) ?? Infinity).toBeGreaterThanOrEqual(100);
  });
});

describe('a packed matrix', () => {
  it('has its bias in the range of what it answers', async () => {
    const packed = {
      name: 'w',
      dims: [3, 1, 8],
      dataType: DataType.UINT8,
      int32Data: Array.from({ length: 24 }, (_, i) => (37 * i + 11) % 256),
    };
    const constants = [packed, tensor('s', [3, 1], [0.5, 0.25, 1]), tensor('b', [3], [100, -50, 0])];
    const attributes = { K: int(16), N: int(3), bits: int(4), block_size: int(16) };
    const nodes = [
      node('MatMulNBits', ['x', 'w', 's', '', '', 'b'], ['h'], attributes, { domain: 'com.microsoft' }),
      node('Mul', ['h', 'h'], ['y']),
    ];
    const found = await bounded(folder, graphOf(nodes, [1, 16], constants));
    const met = await steepest(found.path, [1, 16], 1);
    for (const norm of NORMS) {
      expect(boundOf(found, norm).domain).toBe('inputs in [-1, 1]');
      expect(upper(found, norm)).toBeGreaterThanOrEqual(met[norm]);
    }
    // Without the bias the square would be steep by no more than twice the square of the norm.
    const norm = found.rows[0].lipschitz?.upper ?? NaN;
    expect(upper(found)).toBeGreaterThanOrEqual(2 * 100 * 0.5 * norm);
  });
});

describe('consecutive matrices', () => {
  const random = seeded(5);
  const matrix = (rows: number, columns: number): Matrix => ({
    ...{ rows, columns },
    values: Float64Array.from({ length: rows * columns }, () => Math.fround(gaussian(random))),
  });
  const weight = (name: string, { rows, columns, values }: Matrix) =>
    tensor(name, [rows, columns], [...values]);
  /** Of the product, from its inputs (rows) to its outputs. */
  const normsOf = ({ rows, columns, values }: Matrix) => {
    const size = (r: number, c: number) => Math.abs(values[r * columns + c]);
    const sums = (count: number, length: number, at: (i: number, k: number) => number) =>
      Array.from({ length: count }, (_, i) =>
        Array.from({ length }, (_, k) => at(i, k)).reduce((sum, x) => sum + x, 0),
      );
    return {
      L2: largestSingularValue({ rows, columns, values }),
      Linf: Math.max(...sums(columns, rows, (c, r) => size(r, c))),
      L1: Math.max(...sums(rows, columns, size)),
    };
  };

  it('have the norm of their product, in three norms', async () => {
    const [a, b, c] = [matrix(3, 5), matrix(4, 5), matrix(4, 2)];
    const factors = [0.01, 100, 1, -3];
    const nodes = [
      node('MatMul', ['x', 'a'], ['h'], {}, { name: 'first' }),
      node('Add', ['h', 'shift'], ['i'], {}, { name: 'shift' }),
      node('Gemm', ['i', 'b', 'bias'], ['j'], { alpha: float(0.5), transB: int(1) }, { name: 'second' }),
      node('Mul', ['j', 'factors'], ['k'], {}, { name: 'factors' }),
      node('MatMul', ['k', 'c'], ['y'], {}, { name: 'third' }),
    ];
    const constants = [tensor('shift', [5], [1, 2, 3, 4, 5]), tensor('bias', [4], [1, 1, 1, 1])];
    const found = await bounded(
      folder,
      graphOf(
        nodes,
        [7, 3],
        [weight('a', a), weight('b', b), weight('c', c), ...constants, tensor('factors', [4], factors)],
      ),
    );
    const middle = transpose(b);
    const scaled = middle.values.map((value, i) => 0.5 * value * Math.fround(factors[i % 4]));
    const product = multiply(multiply(a, { ...middle, values: scaled }), c);
    const truth = normsOf(product);
    for (const norm of NORMS) {
      expect(upper(found, norm)).toBeGreaterThanOrEqual(truth[norm]);
      expect(upper(found, norm)).toBeLessThan(truth[norm] * (1 + 2e-6));
    }
    const { path, contributions, coverage, whatIf } = found.network;
    expect(path.map(({ name }) => name)).toEqual(['first + second + third']);
    expect(contributions[0].name).toBe('first + second + third');
    expect(whatIf[0].layers).toEqual(['first + second + third']);
    expect(coverage.map(({ name, status }) => [name, status])).toEqual(
      ['first', 'shift', 'second', 'factors', 'third'].map((name) => [name, 'certified']),
    );
    expect(coverage[4].reason).toContain('product of consecutive layers');
  });

  it('that undo each other are the identity', async () => {
    const nodes = Array.from({ length: 40 }, (_, i) =>
      node('MatMul', [i === 0 ? 'x' : `h${i}`, i % 2 ? 'down' : 'up'], [i === 39 ? 'y' : `h${i + 1}`]),
    );
    const found = await bounded(
      folder,
      graphOf(nodes, [1, 2], [diagonal('up', 2 ** 60, 2 ** -60), diagonal('down', 2 ** -60, 2 ** 60)]),
    );
    for (const norm of NORMS) expect(upper(found, norm)).toBeCloseTo(1, 5);
  });

  it('are bounded one by one where something lies between, or where their product is large', async () => {
    const constants = [diagonal('a', 2, 1), diagonal('b', 0.5, 1)];
    const between = [
      node('MatMul', ['x', 'a'], ['h']),
      node('Relu', ['h'], ['r']),
      node('MatMul', ['r', 'b'], ['y']),
    ];
    expect(upper(await bounded(folder, graphOf(between, [1, 2], constants)))).toBeCloseTo(2, 5);
    const turned = [node('MatMul', ['x', 'a'], ['h']), node('Gemm', ['h', 'b'], ['y'], { transA: int(1) })];
    expect(upper(await bounded(folder, graphOf(turned, [2, 2], constants)))).toBeCloseTo(2, 5);
    const wide = [
      tensor('a', [1030, 1], [2, ...new Array<number>(1029).fill(0)]),
      tensor('b', [1, 1030], [3, ...new Array<number>(1029).fill(0)]),
    ];
    const large = [node('MatMul', ['x', 'a'], ['h']), node('MatMul', ['h', 'b'], ['y'])];
    const found = await bounded(folder, graphOf(large, [1, 1030], wide));
    expect(upper(found)).toBeCloseTo(6, 5);
    expect(found.network.path).toHaveLength(2);
  });

  it('never fall below the norms of the product in float64', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const sizes = [3, 6, 2, 5].map((size) => size + seed);
      const weights = [0, 1, 2].map((i) => matrix(sizes[i], sizes[i + 1]));
      const nodes = weights.map((_, i) =>
        node('MatMul', [i === 0 ? 'x' : `h${i}`, `w${i}`], [i === 2 ? 'y' : `h${i + 1}`]),
      );
      const found = await bounded(
        folder,
        graphOf(
          nodes,
          [1, sizes[0]],
          weights.map((each, i) => weight(`w${i}`, each)),
        ),
      );
      const truth = normsOf(weights.reduce((a, b) => multiply(a, b)));
      for (const norm of NORMS) expect(upper(found, norm)).toBeGreaterThanOrEqual(truth[norm]);
    }
  });
});

describe('patterns', () => {
  it('division by its own root mean square, of the distance to the mean', async () => {
    const nodes = [
      node('ReduceMean', ['x', 'axes'], ['m']),
      node('Sub', ['x', 'm'], ['s']),
      node('Pow', ['s', 'two'], ['q']),
      node('ReduceMean', ['q', 'axes'], ['v']),
      node('Add', ['v', 'eps'], ['w']),
      node('Sqrt', ['w'], ['r']),
      node('Div', ['s', 'r'], ['y']),
    ];
    const constants = [integers('axes', [-1]), tensor('two', [], [2]), tensor('eps', [], [0.01])];
    const found = await bounded(folder, graphOf(nodes, [2, 5], constants));
    expect(upper(found)).toBeCloseTo(10, 5);
    expect(boundOf(found).domain).toBeNull();
    expect(found.network.coverage.every(({ status }) => status === 'certified')).toBe(true);
  });

  it('a value that leaves the pattern is not part of it', async () => {
    const nodes = [node('Sigmoid', ['x'], ['s']), node('Mul', ['x', 's'], ['y'], {}, { name: 'mul' })];
    const found = await bounded(folder, graphOf(nodes, [2, 5]));
    expect(upper(found)).toBeCloseTo(1.09984, 5);
    const swapped = [
      node('Sigmoid', ['x'], ['s']),
      node('Neg', ['x'], ['n']),
      node('Mul', ['n', 'z'], ['y'], {}, { name: 'mul' }),
      node('Sigmoid', ['t'], ['z']),
      node('Abs', ['x'], ['t']),
    ];
    expect(boundOf(await bounded(folder, graphOf(swapped, [2, 5]))).domain).toBe('inputs in [-1, 1]');
  });
});

describe('what if', () => {
  it('the worst layers are set to one', async () => {
    const nodes = [
      node('MatMul', ['x', 'a'], ['h'], {}, { name: 'ten' }),
      node('Relu', ['h'], ['hr']),
      node('MatMul', ['hr', 'b'], ['i'], {}, { name: 'half' }),
      node('Relu', ['i'], ['ir']),
      node('MatMul', ['ir', 'c'], ['y'], {}, { name: 'three' }),
    ];
    const weights = [diagonal('a', 10, 1), diagonal('b', 0.5, 0.1), diagonal('c', 3, 1)];
    const { network } = await bounded(folder, graphOf(nodes, [1, 2], weights));
    expect(network.whatIf.map(({ layers }) => layers)).toEqual([['ten'], ['ten', 'three']]);
    expect(network.whatIf[0].upper).toBeCloseTo(1.5, 4);
    expect(network.whatIf[1].upper).toBeCloseTo(0.5, 4);
  });
});

describe('what is not known', () => {
  it('an unknown operator is named, and only its own pairs have no bound', async () => {
    const graph = {
      node: [
        node('Mystery', ['a'], ['p'], {}, { name: 'what', domain: 'elsewhere' }),
        node('Relu', ['b'], ['q']),
      ],
      input: [value('a', [1, 2]), value('b', [1, 2])],
      output: [value('p'), value('q')],
    };
    const { network } = await bounded(folder, graph);
    expect(
      network.bounds.filter(({ norm }) => norm === 'L2').map(({ upper: u, limits }) => [u, limits]),
    ).toEqual([
      [null, ['what']],
      [1, []],
    ]);
    expect(network.coverage[0]).toMatchObject({ name: 'what', status: 'unknown', constant: null });
  });

  it('a row without a bound leaves the network without one', async () => {
    const found = await bounded(
      folder,
      graphOf([node('MatMul', ['x', 'w'], ['y'], {}, { name: 'bad' })], [1, 2], [diagonal('w', NaN, 1)]),
    );
    expect(boundOf(found)).toMatchObject({ upper: null, limits: ['bad'] });
  });

  it('a normalisation is limited by epsilon', async () => {
    const layer = single('LayerNormalization', [2, 16], { epsilon: float(0.01) }, [tensor('g', [16], [2])]);
    const found = await bounded(folder, layer);
    expect(upper(found)).toBeCloseTo(20, 5);
    expect(upper(found, 'Linf')).toBeCloseTo(80, 4);
    expect(found.network.coverage[0].reason).toContain('limited by epsilon');
  });
});

describe('hostile graphs', () => {
  it.each([
    ['windows without end', node('AveragePool', ['x'], ['y'], { kernel_shape: ints(2 ** 50, 2 ** 50) })],
    [
      'strides without end',
      node('MaxPool', ['x'], ['y'], { kernel_shape: ints(3, 3), strides: ints(2 ** 50, 1) }),
    ],
    ['attributes of the wrong kind', node('LeakyRelu', ['x'], ['y'], { alpha: ints(1) })],
    ['an axis that is not there', node('ReduceSum', ['x'], ['y'], { axes: ints(7) })],
    ['no inputs', node('Concat', [], ['y'])],
    ['absent inputs', node('Where', ['', 'x', ''], ['y'])],
    [
      'many inputs',
      node(
        'Sum',
        Array.from({ length: 5000 }, () => 'x'),
        ['y'],
      ),
    ],
    [
      'many parts',
      node(
        'Concat',
        Array.from({ length: 150_000 }, () => 'x'),
        ['y'],
        { axis: { type: 2, i: 0 } },
      ),
    ],
  ])('%s', async (_, last) => {
    const { network } = await bounded(folder, graphOf([last], [1, 1, 8, 8]));
    expect(network.coverage).toHaveLength(1);
    expect(network.coverage[0].reason).not.toBe('');
  });

  it('an input of which the file says nothing counts as one of floating point', async () => {
    const graph = { node: [node('Relu', ['x'], ['y'])], input: [{ name: 'x' }], output: [value('y')] };
    const { network } = await bounded(folder, graph);
    expect(network).toMatchObject({
      scope: 'x: any shape',
      bounds: [{ upper: 1 }, { upper: 1 }, { upper: 1 }],
    });
  });
});

describe('what is added', () => {
  it('is part of what a folded normalisation depends on', async () => {
    const ones = ['gain', 'variance'].map((name) => tensor(name, [1], [1]));
    const network = (shift: string, mean: string) =>
      graphOf(
        [
          node('Conv', ['x', 'w'], ['h']),
          node('ReduceMean', ['x', 'axes'], ['m'], { keepdims: int(0) }),
          node('Mul', ['m', 'thousand'], ['s']),
          node('BatchNormalization', ['h', 'gain', shift, mean, 'variance'], ['y']),
        ],
        [1, 1, 4, 4],
        [
          ...ones,
          tensor('w', [1, 1, 1, 1], [1]),
          integers('axes', [0, 2, 3]),
          tensor('thousand', [], [1000]),
          tensor('zero', [1], [0]),
        ],
      );
    for (const [shift, mean] of [
      ['s', 'zero'],
      ['zero', 's'],
    ]) {
      // The mean of 16 elements, a thousand times, on all of them.
      const { upper } = boundOf(await bounded(folder, network(shift, mean)));
      expect(upper ?? Infinity).toBeGreaterThanOrEqual(1000);
    }
    expect(boundOf(await bounded(folder, network('zero', 'zero'))).upper).toBeCloseTo(1, 3);
  });

  it.each([
    ['by an input', 20, { pads: [0, 0, 2, 2, 0, 0, 2, 2] }],
    ['by an attribute', 10, { value: 50 }],
  ])('is in the range of padding %s, alone and in front of a convolution', async (_, opset, given) => {
    const isInput = 'pads' in given;
    const pad = isInput
      ? node('Pad', ['a', 'pads', 'fifty'], ['p'])
      : node('Pad', ['a'], ['p'], { pads: ints(0, 0, 2, 2, 0, 0, 2, 2), value: float(50) });
    for (const [nodes, factor] of [
      [[], 'p'],
      [[node('Conv', ['p', 'w'], ['c'])], 'c'],
    ] as const) {
      const found = await bounded(
        folder,
        graphOf(
          [
            node('Sigmoid', ['x'], ['a']),
            pad,
            ...nodes,
            node('Tanh', ['x'], ['t']),
            node('ReduceMax', ['t'], ['z'], { axes: ints(0, 1, 2, 3) }),
            node('Mul', [factor, 'z'], ['y']),
          ],
          [1, 1, 4, 4],
          [
            tensor('w', [1, 1, 1, 1], [1]),
            integers('pads', [0, 0, 2, 2, 0, 0, 2, 2]),
            tensor('fifty', [], [50]),
          ],
        ),
        { opsetImport: [{ domain: '', version: isInput ? 17 : opset }] },
      );
      expect(boundOf(found, 'Linf').upper ?? Infinity).toBeGreaterThanOrEqual(50);
    }
  });
});

it('a shrinkage around a negative threshold has no constant', async () => {
  const shrink = (threshold: number) =>
    bounded(
      folder,
      graphOf([node('Shrink', ['x'], ['y'], { bias: float(threshold), lambd: float(threshold) })], [2]),
    );
  expect(upper(await shrink(0.5))).toBe(1);
  expect(boundOf(await shrink(-1)).upper).toBeNull();
});
