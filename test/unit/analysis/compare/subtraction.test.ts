import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { subtraction } from '../../../../src/analysis/compare/subtraction';
import { fromValues } from '../../../../src/model/tensor';
import { exactly, type Fraction } from '../../truth/exact';
import { FakeTensor } from '../fakes';

function minus(a: Fraction, b: Fraction): Fraction {
  return {
    numerator: a.numerator * b.denominator - b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

const tensor = (...values: number[]) => fromValues('w', [values.length], Float64Array.from(values));

describe('subtraction', () => {
  it('loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ noNaN: true, min: -1e300, max: 1e300 }),
        fc.double({ noNaN: true, min: -1e300, max: 1e300 }),
        async (x, y) => {
          const difference = subtraction(tensor(x), tensor(y));
          const [nearest] = await difference.nearest.read();
          const [remainder] = await difference.remainder.read();
          const left = minus(minus(exactly(x), exactly(y)), exactly(nearest));
          expect(minus(left, exactly(remainder)).numerator).toBe(0n);
          expect(difference.isExact()).toBe(left.numerator === 0n);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is exact between weights of float32 of like size', async () => {
    const a = new FakeTensor([3], Float32Array.of(0.1, 0.2, -0.3));
    const b = new FakeTensor([3], Float32Array.of(0.11, 1e-5, 0.3));
    const difference = subtraction(a, b);
    await difference.nearest.read();
    expect(difference.isExact()).toBe(true);
  });

  it('reads parts where both tensors can', async () => {
    const difference = subtraction(tensor(5, 7), tensor(1, 2));
    if (!('readRange' in difference.nearest)) throw new Error('no parts');
    expect(await (difference.nearest as ReturnType<typeof tensor>).readRange(1, 2)).toEqual(
      Float64Array.of(5),
    );
  });

  it('refuses a difference that is no float64', async () => {
    const difference = subtraction(tensor(1.5e308), tensor(-1.5e308));
    await expect(difference.nearest.read()).rejects.toThrow('beyond the range of float64');
  });
});
