import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isBelow,
  OWN_ORDER,
  resolutionBelow,
  shiftBelow,
  workspace,
} from '../../../../src/bounds/symbols/definite';
import { Engine } from '../../../../src/compute/engine';
import { exactGram, isNormBelow } from '../../truth/exact';
import { largestSingularValue } from '../../truth/singular-values';
import { lowerOf } from '../../truth/triangle';
import { seeded } from '../../truth/random';
import { UnluckyEngine } from '../rounding-engine';

const engine = new Engine('cpu');

/** `F^H F` of an integer matrix `x + iy` (rows, n): real and imaginary part, exact in float64. */
function hermitian(random: () => number, rows: number, n: number, rank = n) {
  const draw = () =>
    Float64Array.from({ length: rows * n }, (_, at) => (at % n < rank ? Math.floor(9 * random()) - 4 : 0));
  const [x, y] = [draw(), draw()];
  const real = new Float64Array(n * n);
  const imaginary = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let r = 0; r < rows; r++) {
        const [a, b, c, d] = [x[r * n + i], y[r * n + i], x[r * n + j], y[r * n + j]];
        real[i * n + j] += a * c + b * d;
        imaginary[i * n + j] += a * d - b * c;
      }
    }
  }
  return { real, imaginary };
}

async function proves(
  one: Engine,
  { real, imaginary }: { real: Float64Array; imaginary: Float64Array },
  n: number,
  bound: number,
  error = 0,
): Promise<boolean> {
  const theta = shiftBelow(bound * bound, n, error);
  return (
    theta !== null && (await isBelow(one, theta, lowerOf(real, n), lowerOf(imaginary, n), 0, workspace(n)))
  );
}

describe('isBelow', () => {
  it('proves nothing that is false, and nearly all that is true: against exact arithmetic', async () => {
    let missed = 0;
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer(),
        fc.integer({ min: 0, max: 60 }),
        async (n, rows, seed, bits) => {
          const random = seeded(seed);
          const matrix = hermitian(random, rows, n, 1 + Math.floor(n * random()));
          const exact = [matrix.real, matrix.imaginary].map((part) => Array.from(part, BigInt));
          // The norm to the last bit, by bisection with exact decisions.
          let [low, high] = [0, 1e4];
          for (let k = 0; k < 64; k++) {
            const middle = (low + high) / 2;
            if (isNormBelow(exact[0], exact[1], n, middle)) high = middle;
            else low = middle;
          }
          expect(await proves(engine, matrix, n, low)).toBe(false);
          expect(await proves(engine, matrix, n, low * (1 - 2 ** -bits))).toBe(false);
          tried++;
          if (!(await proves(engine, matrix, n, high * (1 + 1e-13)))) missed++;
        },
      ),
      { numRuns: 200 },
    );
    // A zero matrix has no bound above all rounding.
    expect(missed).toBeLessThan(0.1 * tried);
  });

  it('is the same exact decision with a shift of the diagonal', () => {
    const gram = exactGram([3, 4], 2, 1);
    expect(isNormBelow(gram, [0n], 1, 5)).toBe(false);
    expect(isNormBelow(gram, [0n], 1, 5 + 2 ** -49)).toBe(true);
  });

  it.each([
    ['by rows', OWN_ORDER],
    ['by panels', OWN_ORDER + 1],
    ['by panels', 230],
  ])('knows the norm of a matrix with a known one: %s, order %i', async (_, n) => {
    // 2 I + i times a matrix with eigenvalues between -2 and 2, 2 cos(pi k / (n + 1)).
    const real = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 2 : 0));
    const imaginary = new Float64Array(n * n);
    for (let i = 1; i < n; i++) {
      imaginary[i * n + i - 1] = 1;
      imaginary[(i - 1) * n + i] = -1;
    }
    const norm = Math.sqrt(2 + 2 * Math.cos(Math.PI / (n + 1)));
    for (const one of [engine, new UnluckyEngine(1), new UnluckyEngine(-1)]) {
      expect(await proves(one, { real, imaginary }, n, norm * (1 - 1e-14))).toBe(false);
      expect(await proves(one, { real, imaginary }, n, norm * (1 + resolutionBelow(n)))).toBe(true);
    }
  });

  it.each([
    ['full', (n: number) => n],
    ['of a third of the rank', (n: number) => Math.ceil(n / 3)],
    ['of rank one', () => 1],
  ])('decides by panels as singular values in float64 do: %s', async (_, rankOf) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: OWN_ORDER + 1, max: 170 }), fc.integer(), async (n, seed) => {
        const matrix = hermitian(seeded(seed), n, n, rankOf(n));
        // H as a real matrix [[Re, -Im], [Im, Re]], with every eigenvalue twice.
        const values = new Float64Array(4 * n * n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            const [re, im] = [matrix.real[i * n + j], matrix.imaginary[i * n + j]];
            values[i * 2 * n + j] = values[(n + i) * 2 * n + n + j] = re;
            values[(n + i) * 2 * n + j] = im;
            values[i * 2 * n + n + j] = -im;
          }
        }
        const norm = Math.sqrt(largestSingularValue({ rows: 2 * n, columns: 2 * n, values }));
        for (const one of [engine, new UnluckyEngine(1), new UnluckyEngine(-1)]) {
          expect(await proves(one, matrix, n, norm * (1 - 1e-12))).toBe(false);
          expect(await proves(one, matrix, n, norm * (1 + resolutionBelow(n)))).toBe(true);
        }
      }),
      { numRuns: 3 },
    );
  });

  it('proves nothing where solving by an inverse may be off by more than it has room for', async () => {
    // In the first diagonal block of theta I - H nearly singular columns stand beside regular ones.
    const n = OWN_ORDER + 1;
    const real = new Float64Array(n * n);
    for (let i = 0; i < 40; i++) real[i * n + i] = 1;
    real[(n - 1) * n + 40] = 0.5;
    const decides = (theta: number) =>
      isBelow(engine, theta, lowerOf(real, n), lowerOf(new Float64Array(n * n), n), 0, workspace(n));
    expect(await decides(1 + 2 ** -50)).toBe(false);
    expect(await decides(1 + 2 ** -20)).toBe(true);
  });

  it('leaves room for the error of the matrix', async () => {
    const one = { real: Float64Array.of(4), imaginary: new Float64Array(1) };
    expect(await proves(engine, one, 1, Math.sqrt(4.9), 1)).toBe(false);
    expect(await proves(engine, one, 1, Math.sqrt(5.1), 1)).toBe(true);
    expect(shiftBelow(1, 1, 2)).toBeNull();
  });
});

describe('shiftBelow', () => {
  it('stays below the bound by what the factorisation may round', () => {
    for (const n of [1, 10, OWN_ORDER, OWN_ORDER + 1, 500]) {
      const theta = shiftBelow(3, n, 0) ?? 0;
      const byPanels = n > OWN_ORDER;
      // sqrt(2) gamma_{2n+4} n theta, Higham's bound; twice that, and what solving by inverses may be off by.
      const growth = (byPanels ? 2 : 1) * Math.SQRT2 * (2 * n + 4) * 2 ** -53 * n;
      expect(3 / theta - 1).toBeGreaterThan(growth + (byPanels ? 2 ** -22 : 0));
      expect(theta).toBeGreaterThan(3 * (1 - resolutionBelow(n)));
      expect(resolutionBelow(n)).toBeLessThan(byPanels ? 1e-6 : 1e-11);
    }
  });
});
