/**
 * Layers too large to be written out whose norm is known all the same: kernels that are a product of a matrix over the
 * channels and one vector per axis. The operator is the Kronecker product of the parts, whatever the padding, stride and
 * dilation, so its norm is the product of theirs.
 */
import fc from 'fast-check';
import { anySizeNorm } from './any-size';
import { denseNorm } from './dense-operator';
import type { ConvolutionLayer, PaddingMode } from './layer';
import { product } from './layer';
import { matrixFamilies, seeded } from './random';
import { largestSingularValue } from './singular-values';

export interface SeparableLayer {
  readonly layer: ConvolutionLayer;
  /** Norm of every group on the layer's input size. */
  readonly norms: readonly number[];
  /** Supremum of the norm of every group over all input sizes, with zero padding. */
  readonly anySizeNorms: readonly number[];
}

/** Input sizes and channels for which the operator has about a thousand rows and columns or more, by number of axes. */
const largeMaps = {
  sizes: [
    { min: 200, max: 400 },
    { min: 24, max: 40 },
    { min: 9, max: 14 },
  ],
  channels: [
    { min: 3, max: 6 },
    { min: 3, max: 6 },
    { min: 3, max: 6 },
  ],
};
const smallMaps = {
  sizes: [
    { min: 9, max: 13 },
    { min: 5, max: 7 },
    { min: 4, max: 5 },
  ],
  channels: [
    { min: 90, max: 100 },
    { min: 32, max: 40 },
    { min: 16, max: 20 },
  ],
};

export function separableLayers(modes: readonly PaddingMode[]): fc.Arbitrary<SeparableLayer> {
  const axis = (axes: number, maps: typeof largeMaps) =>
    fc.record({
      taps: fc.integer({ min: 1, max: axes === 3 ? 3 : 5 }),
      stride: fc.constantFrom(1, 1, 1, 2),
      dilation: fc.constantFrom(1, 1, 2),
      begin: fc.integer({ min: 0, max: 4 }),
      end: fc.integer({ min: 0, max: 4 }),
      size: fc.integer(maps.sizes[axes - 1]),
    });
  return fc
    .tuple(fc.constantFrom(1, 2, 2, 3), fc.constantFrom(largeMaps, largeMaps, smallMaps))
    .chain(([axes, maps]) =>
      fc.record({
        mode: fc.constantFrom(...modes),
        axes: fc.array(axis(axes, maps).filter(fits), { minLength: axes, maxLength: axes }),
        groups: fc.constantFrom(1, 1, 2),
        outputs: fc.integer(maps.channels[axes - 1]),
        inputs: fc.integer(maps.channels[axes - 1]),
        family: fc.constantFrom('gaussian', 'gaussian', 'orthogonal', 'pair', 'rankOne', 'zero'),
        seed: fc.integer(),
      } as const),
    )
    .map(({ mode, axes, groups, outputs, inputs, family, seed }) => {
      const random = seeded(seed);
      // Where there are two groups, the second is always the ordinary one.
      const channels = Array.from({ length: groups }, (_, group) =>
        matrixFamilies[group === 0 ? family : 'gaussian'](random, outputs, inputs),
      );
      const lines = axes.map(({ taps, stride, dilation, begin, end, size }) =>
        lineOf(
          Float64Array.from({ length: taps }, () => Math.round(20 * (random() - 0.4)) / 8),
          { strides: [stride], dilations: [dilation], pads: [begin, end], inputSize: [size], mode },
        ),
      );
      const kernel = axes.map(({ taps }) => taps);
      const taps = product(kernel);
      const pair = outputs * inputs;
      const layer: ConvolutionLayer = {
        weight: Float64Array.from({ length: groups * pair * taps }, (_, at) => {
          const flat = Math.floor(at / taps);
          return channels[Math.floor(flat / pair)].values[flat % pair] * tapOf(lines, at % taps);
        }),
        shape: [groups * outputs, inputs, ...kernel],
        transposed: false,
        strides: axes.map(({ stride }) => stride),
        dilations: axes.map(({ dilation }) => dilation),
        groups,
        mode,
        pads: [...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)],
        inputSize: axes.map(({ size }) => size),
        outputPadding: axes.map(() => 0),
        scale: 1,
      };
      const channelNorms = channels.map(largestSingularValue);
      const sized = product(lines.map(denseNorm));
      const anySize = product(lines.map(anySizeNorm));
      return {
        layer,
        norms: channelNorms.map((norm) => norm * sized),
        anySizeNorms: channelNorms.map((norm) => norm * anySize),
      };
    });
}

interface DrawnAxis {
  readonly taps: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
  readonly size: number;
}

/** Whether the axis has an output, and an input that every kind of padding is defined on. */
function fits({ taps, dilation, begin, end, size }: DrawnAxis): boolean {
  return size + begin + end > (taps - 1) * dilation && size > Math.max(begin, end);
}

function lineOf(weight: Float64Array, rest: Partial<ConvolutionLayer>): ConvolutionLayer {
  return {
    weight,
    shape: [1, 1, weight.length],
    transposed: false,
    strides: [1],
    dilations: [1],
    groups: 1,
    mode: 'zeros',
    pads: [0, 0],
    inputSize: [1],
    outputPadding: [0],
    scale: 1,
    ...rest,
  };
}

function tapOf(lines: readonly ConvolutionLayer[], tap: number): number {
  let value = 1;
  for (let axis = lines.length - 1; axis >= 0; axis--) {
    const { weight } = lines[axis];
    value *= weight[tap % weight.length];
    tap = Math.floor(tap / weight.length);
  }
  return value;
}
