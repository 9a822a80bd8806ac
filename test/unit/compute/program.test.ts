import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as programs from '../../../src/compute/program';
import type { Precision, Program } from '../../../src/compute/program';
import { type Operand, Sessions } from '../../../src/compute/runtime';
import { seeded } from '../truth/random';

const sessions = new Sessions('cpu');

/** A batch of matrices, row-major. */
interface Batch {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

type Batches = Readonly<Record<string, Batch>>;

/** What a program has to answer, entry by entry from its description. */
interface Definition {
  /** Sizes of the operands: batch, m, k, n. */
  readonly operands: (
    b: number,
    m: number,
    k: number,
    n: number,
  ) => Readonly<Record<string, readonly number[]>>;
  readonly answer: (operands: Batches) => Batches;
  /** How operands that are not just any matrices have to look. */
  readonly prepare?: (name: string, batch: Batch) => Batch;
}

const half = (name: string, batch: Batch) => (name === 'half' ? map(batch, () => 0.5) : batch);

const definitions: Readonly<Record<string, Definition>> = {
  multiplyTransposed: {
    operands: (_, m, k, n) => ({ a: [m, k], b: [n, k] }),
    answer: ({ a, b }) => ({ c: multiply(a, transpose(b)) }),
  },
  multiply: {
    operands: (_, m, k, n) => ({ a: [m, k], b: [k, n] }),
    answer: ({ a, b }) => ({ c: multiply(a, b) }),
  },
  batchMultiply: {
    operands: (b, m, k, n) => ({ a: [b, m, k], b: [b, k, n] }),
    answer: ({ a, b }) => ({ c: multiply(a, b) }),
  },
  subtractProduct: {
    operands: (_, m, k, n) => ({ a: [m, k], b: [k, n], c: [m, n] }),
    answer: ({ a, b, c }) => ({ d: add(c, multiply(a, b), -1) }),
  },
  addTransposedProduct: {
    operands: (_, m, k, n) => ({ a: [m, k], b: [n, k], c: [m, n] }),
    answer: ({ a, b, c }) => ({ d: add(c, multiply(a, transpose(b))) }),
  },
  subtractTransposedProduct: {
    operands: (_, m, k, n) => ({ a: [m, k], b: [n, k], c: [m, n] }),
    answer: ({ a, b, c }) => ({ d: add(c, multiply(a, transpose(b)), -1) }),
  },
  hermitianGram: {
    operands: (b, m, _, n) => ({ x: [b, m, n], y: [b, m, n], half: [1, 1, 1] }),
    prepare: half,
    answer: ({ x, y }) => ({
      p: add(multiply(transpose(x), x), multiply(transpose(y), y)),
      q: add(multiply(transpose(x), y), multiply(transpose(y), x), -1),
    }),
  },
  hermitianSquare: {
    operands: (b, _, __, n) => ({ p: [b, n, n], q: [b, n, n], scale: [b, 1, 1], half: [1, 1, 1] }),
    prepare: (name, batch) => {
      if (name === 'p') return add(batch, transpose(batch));
      if (name === 'q') return add(batch, transpose(batch), -1);
      return half(name, batch);
    },
    // (P + iQ)^2 = P^2 - Q^2 + i (P Q + Q P)
    answer: ({ p, q, scale }) => ({
      p2: scaled(add(multiply(p, p), multiply(q, q), -1), scale),
      q2: scaled(add(multiply(p, q), multiply(q, p)), scale),
    }),
  },
};

const all = Object.values(programs).filter((value): value is Program => typeof value === 'object');

describe.each(all.map((program) => ({ name: program.name, program })))('the program $name', ({ program }) => {
  const { operands, answer, prepare = (_, batch) => batch } = definitions[program.name];

  it.each([
    ['float64', 2 ** -53],
    ['float32', 2 ** -24],
  ] as const)('does what it says, in %s', async (precision, roundoff) => {
    const size = fc.integer({ min: 1, max: 12 });
    await fc.assert(
      fc.asyncProperty(size, size, size, size, fc.integer(), async (b, m, k, n, seed) => {
        const random = seeded(seed);
        const entries = Object.entries(operands(b, m, k, n)).map(([name, shape]) => {
          const raw = prepare(
            name,
            batchOf(shape, () => 2 * random() - 1),
          );
          return { name, shape, batch: map(raw, (value) => stored(value, precision)) };
        });
        const answers = await sessions.run(
          program,
          precision,
          Object.fromEntries(
            entries.map(({ name, shape, batch }) => [name, operand(shape, batch, precision)]),
          ),
        );
        const expected = answer(Object.fromEntries(entries.map(({ name, batch }) => [name, batch])));
        expect(Object.keys(answers).sort()).toEqual(Object.keys(expected).sort());
        for (const [name, { values }] of Object.entries(expected)) {
          expect(answers[name]).toBeInstanceOf(precision === 'float32' ? Float32Array : Float64Array);
          expect(answers[name]).toHaveLength(values.length);
          // Entries are sums of at most 12 products of numbers of at most 2, twice over.
          const allowed = 16 * 200 * roundoff;
          const differences = values.map((value, at) => Math.abs(answers[name][at] - value));
          expect(Math.max(...differences)).toBeLessThan(allowed);
        }
      }),
      { numRuns: 60 },
    );
  });
});

it('Hermitian products are exactly Hermitian, whatever they round to', async () => {
  const random = seeded(5);
  const [b, m, n] = [3, 40, 17];
  const draw = (shape: readonly number[]) =>
    operand(
      shape,
      batchOf(shape, () => 2 * random() - 1),
      'float32',
    );
  const constant: Operand = { values: Float32Array.of(0.5), shape: [1, 1, 1] };
  const { p, q } = await sessions.run(programs.hermitianGram, 'float32', {
    x: draw([b, m, n]),
    y: draw([b, m, n]),
    half: constant,
  });
  const { p2, q2 } = await sessions.run(programs.hermitianSquare, 'float32', {
    p: { values: p, shape: [b, n, n] },
    q: { values: q, shape: [b, n, n] },
    scale: { values: Float32Array.of(1, 0.125, 3), shape: [b, 1, 1] },
    half: constant,
  });
  for (const [real, imaginary] of [
    [p, q],
    [p2, q2],
  ]) {
    for (let at = 0; at < b * n * n; at++) {
      const [batch, row, column] = [Math.floor(at / n ** 2), Math.floor(at / n) % n, at % n];
      const mirrored = batch * n ** 2 + column * n + row;
      expect(real[at]).toBe(real[mirrored]);
      expect(imaginary[at] + imaginary[mirrored]).toBe(0);
    }
  }
});

/** The last two dimensions are those of a matrix. */
function batchOf(shape: readonly number[], value: () => number): Batch {
  const [rows, columns] = shape.slice(-2);
  const count = shape.length === 3 ? shape[0] : 1;
  return { count, rows, columns, values: Float64Array.from({ length: count * rows * columns }, value) };
}

function operand(shape: readonly number[], { values }: Batch, precision: Precision): Operand {
  return { values: precision === 'float32' ? Float32Array.from(values) : values, shape };
}

function stored(value: number, precision: Precision): number {
  return precision === 'float32' ? Math.fround(value) : value;
}

function map(batch: Batch, change: (value: number) => number): Batch {
  return { ...batch, values: batch.values.map(change) };
}

function entry({ rows, columns, values }: Batch, at: number, row: number, column: number): number {
  return values[(at * rows + row) * columns + column];
}

function build(
  count: number,
  rows: number,
  columns: number,
  value: (at: number, row: number, column: number) => number,
): Batch {
  const values = new Float64Array(count * rows * columns);
  for (let index = 0; index < values.length; index++) {
    const row = Math.floor(index / columns);
    values[index] = value(Math.floor(row / rows), row % rows, index % columns);
  }
  return { count, rows, columns, values };
}

function transpose(a: Batch): Batch {
  return build(a.count, a.columns, a.rows, (at, row, column) => entry(a, at, column, row));
}

function multiply(a: Batch, b: Batch): Batch {
  return build(a.count, a.rows, b.columns, (at, row, column) => {
    let sum = 0;
    for (let k = 0; k < a.columns; k++) sum += entry(a, at, row, k) * entry(b, at, k, column);
    return sum;
  });
}

/** `a + factor b`. */
function add(a: Batch, b: Batch, factor = 1): Batch {
  return { ...a, values: a.values.map((value, at) => value + factor * b.values[at]) };
}

/** Every matrix times the number of its own. */
function scaled(a: Batch, scale: Batch): Batch {
  return build(a.count, a.rows, a.columns, (at, row, column) => scale.values[at] * entry(a, at, row, column));
}
