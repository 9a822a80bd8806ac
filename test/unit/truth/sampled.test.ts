import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anySizeNorm } from './any-size';
import { convolutions, everyConvolution } from './random';
import { sampledNorm } from './sampled';

it('samples enclose the norm over all input sizes to the width that is asked for', () => {
  fc.assert(
    fc.property(
      convolutions({ ...everyConvolution, modes: ['zeros'] }),
      fc.constantFrom(0.2, 0.05),
      ({ layer }, width) => {
        const norm = anySizeNorm(layer);
        const { lower, upper } = sampledNorm(layer, width);
        expect(lower).toBeLessThanOrEqual(norm * (1 + 1e-9));
        expect(upper).toBeGreaterThanOrEqual(norm * (1 - 1e-9));
        expect(upper).toBeLessThanOrEqual(lower * (1 + width) * (1 + 1e-12));
      },
    ),
    { numRuns: 60 },
  );
});
