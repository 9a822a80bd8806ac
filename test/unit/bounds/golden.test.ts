import { describe, expect, it } from 'vitest';
import { boundConvolution } from '../../../src/bounds/convolution';
import { Engine } from '../../../src/compute/engine';
import { goldenCircular, goldenConvolutions } from '../truth/golden';
import { expectEncloses, expectMaximumOfGroups, searchError, singularValueError, toBounds } from './layers';
import { Float32Engine } from './rounding-engine';

describe.each([
  ['float64', new Engine('cpu')],
  ['float32', new Float32Engine()],
])('golden layers in %s', (_, engine) => {
  it.each(goldenConvolutions())('$name, any size', async ({ layer, sigmaAnySize, frobenius }) => {
    const found = await boundConvolution(engine, toBounds(layer, 'any size'), null);
    expectMaximumOfGroups(found);
    expectEncloses(found, sigmaAnySize, searchError);
    expect(found.upper).toBeLessThanOrEqual(1.05 * sigmaAnySize);
    expect(found.lower).toBeGreaterThanOrEqual(sigmaAnySize / 1.05);
    const total = Math.hypot(...found.groups.map((group) => group.frobenius));
    expect(Math.abs(total - frobenius)).toBeLessThanOrEqual(1e-9 * frobenius);
  });

  it.each(goldenConvolutions())('$name, on its input', async ({ layer, sigmaExact, sigmaAnySize }) => {
    const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
    expectMaximumOfGroups(found);
    expectEncloses(found, sigmaExact, singularValueError);
    expect(found.upper).toBeLessThanOrEqual(1.05 * sigmaAnySize);
    expect(found.upper).toBeLessThanOrEqual(1.05 * sigmaExact);
  });

  it.each(goldenCircular())('$name, on its input', async ({ layer, sigmaExact, sigmaPerGroup }) => {
    const found = await boundConvolution(engine, toBounds(layer, 'sized'), null);
    expectMaximumOfGroups(found);
    expectEncloses(found, sigmaExact, singularValueError);
    expect(found.upper).toBeLessThanOrEqual(1.001 * sigmaExact);
    sigmaPerGroup.forEach((sigma, index) => expectEncloses(found.groups[index], sigma, singularValueError));
  });
});
