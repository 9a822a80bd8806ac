import { describe, expect, it } from 'vitest';
import {
  type Axis,
  circulantSize,
  largestCopies,
  largestCopiesAnySize,
  mostCopies,
  outputSize,
} from '../../../../src/bounds/padded/padding';
import { denseNorm } from '../../truth/dense-operator';
import type { ConvolutionLayer, PaddingMode } from '../../truth/layer';
import { outputSize as outputSizeOf } from '../../truth/layer';

const copying: readonly PaddingMode[] = ['circular', 'reflect', 'replicate'];

function layerOf(axis: Axis, weight: readonly number[], dilation = 1): ConvolutionLayer {
  return {
    weight: Float64Array.from(weight),
    shape: [1, 1, weight.length],
    transposed: false,
    strides: [axis.stride],
    dilations: [dilation],
    groups: 1,
    mode: axis.mode,
    pads: [axis.begin, axis.end],
    inputSize: [axis.inputSize],
    outputPadding: [0],
    scale: 1,
  };
}

/** Every padding of an input of every size for which it is defined. */
function* paddings(mode: PaddingMode, largest: number): Generator<Axis> {
  for (let inputSize = 1; inputSize <= largest; inputSize++) {
    const limit = mode === 'reflect' ? inputSize - 1 : largest;
    for (let begin = 0; begin <= limit; begin++) {
      for (let end = 0; end <= limit; end++) yield { inputSize, begin, end, extent: 1, stride: 1, mode };
    }
  }
}

describe('copies of an input position', () => {
  it.each(copying)('are the squared norm of %s padding', (mode) => {
    for (const axis of paddings(mode, 7)) {
      expect(denseNorm(layerOf(axis, [1])) ** 2).toBeCloseTo(largestCopies(axis), 12);
    }
  });

  it('of reflection are 2, and 3 where both sides reach the same position', () => {
    const axis: Axis = { inputSize: 6, begin: 2, end: 2, extent: 1, stride: 1, mode: 'reflect' };
    expect(largestCopies(axis)).toBe(2);
    expect(largestCopies({ ...axis, begin: 3, end: 3 })).toBe(3);
    expect(largestCopies({ ...axis, begin: 5, end: 1 })).toBe(3);
    expect(largestCopies({ ...axis, begin: 3, end: 1 })).toBe(2);
  });

  it('of replication are 1 more than the pads of a side, and of both sides on a single element', () => {
    const axis: Axis = { inputSize: 6, begin: 2, end: 3, extent: 1, stride: 1, mode: 'replicate' };
    expect(largestCopies(axis)).toBe(4);
    expect(largestCopies({ ...axis, inputSize: 1 })).toBe(6);
  });

  it.each(copying)('over any size are the most of every single size, %s', (mode) => {
    const most = new Map<string, number>();
    for (const axis of paddings(mode, 11)) {
      const key = `${axis.begin} ${axis.end}`;
      most.set(key, Math.max(most.get(key) ?? 0, largestCopies(axis)));
    }
    for (let begin = 0; begin <= 4; begin++) {
      for (let end = 0; end <= 4; end++) {
        const axis = { begin, end, extent: 1, stride: 1, mode };
        expect(largestCopiesAnySize(axis), `${begin} ${end}`).toBe(most.get(`${begin} ${end}`));
      }
    }
  });

  it.each(copying)('are told without counting, for reflection at most, %s', (mode) => {
    for (let inputSize = 1; inputSize <= 7; inputSize++) {
      for (let begin = 0; begin <= 20; begin++) {
        for (let end = 0; end <= 20; end++) {
          const axis: Axis = { inputSize, begin, end, extent: 1, stride: 1, mode };
          const [told, counted] = [mostCopies(axis), largestCopies(axis)];
          expect(told).toBeGreaterThanOrEqual(counted);
          expect(told).toBeLessThanOrEqual(mode === 'reflect' ? counted + 3 : counted);
        }
      }
    }
  });

  it('are those where pads are too long to count', () => {
    const axis: Axis = {
      inputSize: 3,
      begin: 2 ** 30,
      end: 2 ** 30,
      extent: 1,
      stride: 1,
      mode: 'replicate',
    };
    expect(largestCopies(axis)).toBe(1 + 2 ** 30);
    expect(largestCopies({ ...axis, mode: 'circular' })).toBe(Math.ceil((2 ** 31 + 3) / 3));
    expect(largestCopies({ ...axis, mode: 'reflect' })).toBe(2 ** 30 + 2);
  });

  it('of zeros are none', () => {
    expect(largestCopiesAnySize({ begin: 3, end: 2, mode: 'zeros' })).toBe(1);
  });
});

describe('sizes', () => {
  it('of the output are those of the definition', () => {
    for (const axis of paddings('zeros', 6)) {
      for (const stride of [1, 2, 3]) {
        for (const [taps, dilation] of [
          [1, 1],
          [2, 1],
          [3, 1],
          [2, 3],
        ]) {
          const whole = { ...axis, stride, extent: dilation * (taps - 1) + 1 };
          const layer = layerOf(whole, new Array<number>(taps).fill(1), dilation);
          expect(outputSize(whole)).toBe(outputSizeOf(layer)[0]);
        }
      }
    }
  });

  it('of the circulant leave every output its own window and zeros around the input', () => {
    for (const mode of ['zeros'] as const) {
      for (const axis of paddings(mode, 6)) {
        for (const stride of [1, 2, 3]) {
          for (const taps of [1, 2, 3, 5]) {
            const whole = { ...axis, stride, extent: taps };
            if (outputSize(whole) < 1) continue;
            const layer = layerOf(
              whole,
              Array.from({ length: taps }, (_, tap) => tap + 1),
            );
            const size = circulantSize(whole);
            expect(size % stride).toBe(0);
            // The circulant: the same rows as the layer on the input positions it holds, in a ring of `size`.
            const ring = ringRows(layer, size);
            const dense = denseRows(layer);
            dense.forEach((row, output) => {
              expect(ring[output].slice(axis.begin, axis.begin + axis.inputSize)).toEqual(row);
            });
            expect(ring.length).toBeGreaterThanOrEqual(dense.length);
          }
        }
      }
    }
  });
});

function denseRows(layer: ConvolutionLayer): number[][] {
  const inputs = layer.inputSize[0];
  return Array.from({ length: outputSizeOf(layer)[0] }, (_, output) => {
    const row = new Array<number>(inputs).fill(0);
    layer.weight.forEach((value, tap) => {
      const at = output * layer.strides[0] + tap - layer.pads[0];
      if (at >= 0 && at < inputs) row[at] += value;
    });
    return row;
  });
}

/** All windows of a ring, the padded input's first element at 0. */
function ringRows(layer: ConvolutionLayer, size: number): number[][] {
  return Array.from({ length: size / layer.strides[0] }, (_, output) => {
    const row = new Array<number>(size).fill(0);
    layer.weight.forEach((value, tap) => {
      row[(output * layer.strides[0] + tap) % size] += value;
    });
    return row;
  });
}
