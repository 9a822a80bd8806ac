import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axesOf } from '../../../../src/bounds/convolution';
import { product } from '../../../../src/bounds/kernel';
import {
  envelopeOf,
  gramLayout,
  layoutTerms,
  type PaddedGram,
  paddedGram,
  type Side,
} from '../../../../src/bounds/padded/padded-gram';
import { type PaddedOperator, paddedOperator } from '../../../../src/bounds/padded/padded-operator';
import { type Axis, largestCopies, outputSize } from '../../../../src/bounds/padded/padding';
import { Engine } from '../../../../src/compute/engine';
import { denseOperator } from '../../truth/dense-operator';
import { adjoint, type ConvolutionLayer, groupAlone } from '../../truth/layer';
import { convolutions } from '../../truth/random';
import { largestSingularValue, type Matrix } from '../../truth/singular-values';
import { toBounds } from '../layers';
import { UnluckyEngine } from '../rounding-engine';

const engine = new Engine('cpu');
const sides: readonly Side[] = ['inputs', 'outputs'];

/** Weights over the largest of them. */
function normalized(weight: Float32Array | Float64Array): Float64Array {
  const values = Float64Array.from(weight);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest === 0 ? values : values.map((value) => value / largest);
}

/** The operator of a layer of one group with weights near one, its axes and the squared norm of its padding. */
function operatorOf(layer: ConvolutionLayer): { operator: PaddedOperator; axes: Axis[]; copies: number } {
  const bounded = toBounds(layer, 'sized');
  const axes = axesOf(bounded, bounded.inputSize ?? []);
  return {
    operator: paddedOperator(normalized(bounded.values), bounded, axes),
    axes,
    copies: product(axes.map((axis) => largestCopies(axis))),
  };
}

async function gramOf(
  one: Engine,
  layer: ConvolutionLayer,
  side: Side,
  outermost: number,
): Promise<{ gram: PaddedGram; operator: PaddedOperator }> {
  const { operator, axes, copies } = operatorOf(layer);
  const sizes = axes.map((axis) => (side === 'inputs' ? axis.inputSize : outputSize(axis)));
  const layout = gramLayout(operator, side, sizes, outermost);
  if (layout === null) throw new Error('too many terms');
  const { kernel, outChannels, inChannels } = operator;
  return { gram: await paddedGram(one, layout, kernel, outChannels, inChannels, copies), operator };
}

/** The entry for two channels of two positions, numbered as in the layer. */
function entryOf(
  { layout, blocks, channels }: PaddedGram,
  p: number,
  c: number,
  q: number,
  d: number,
): number {
  const [row, column] = [layout.ranks[p], layout.ranks[q]];
  if (row < column) return entryOf({ layout, blocks, channels } as PaddedGram, q, d, p, c);
  const at = layout.rows[row].columns.indexOf(column);
  return at < 0 ? 0 : blocks[layout.rows[row].sums[at]][c * channels + d];
}

/** `A^T A` or `A A^T`. */
function gramOfMatrix({ rows, columns, values }: Matrix, side: Side): (i: number, j: number) => number {
  const [along, length] = side === 'inputs' ? [columns, rows] : [1, columns];
  const from = side === 'inputs' ? 1 : columns;
  return (i, j) => {
    let sum = 0;
    for (let k = 0; k < length; k++) sum += values[i * from + k * along] * values[j * from + k * along];
    return sum;
  };
}

describe('paddedGram', () => {
  it.each(sides)('is the Gram matrix of the operator: %s', async (side) => {
    await fc.assert(
      fc.asyncProperty(convolutions(), fc.nat(), async ({ layer: drawn }, axis) => {
        const direct = groupAlone({ ...(drawn.transposed ? adjoint(drawn) : drawn), scale: 1 }, 0);
        const { gram, operator } = await gramOf(engine, direct, side, axis % direct.strides.length);
        const positions = side === 'inputs' ? operator.inputs : operator.outputs;
        const matrix = denseOperator({ ...direct, weight: normalized(direct.weight) });
        const truth = gramOfMatrix(matrix, side);
        expect(gram.layout.ranks.length).toBe(positions);
        for (let i = 0; i < positions * gram.channels; i++) {
          for (let j = 0; j <= i; j++) {
            const [c, p] = [Math.floor(i / positions), i % positions];
            const [d, q] = [Math.floor(j / positions), j % positions];
            const off = Math.abs(entryOf(gram, p, c, q, d) - truth(i, j));
            expect(off).toBeLessThanOrEqual(1e-13 * gram.size);
          }
        }
        expect(gram.size).toBeGreaterThanOrEqual(largestSingularValue(matrix) ** 2 * (1 - 1e-12));
      }),
      { numRuns: 150 },
    );
  });

  it.each(sides)('begins its rows where the envelope says: %s', async (side) => {
    await fc.assert(
      fc.asyncProperty(convolutions(), fc.nat(), async ({ layer: drawn }, axis) => {
        const direct = groupAlone({ ...(drawn.transposed ? adjoint(drawn) : drawn), scale: 1 }, 0);
        const { gram } = await gramOf(engine, direct, side, axis % direct.strides.length);
        envelopeOf(gram.layout).forEach((first, row) => {
          const { columns, sums } = gram.layout.rows[row];
          expect(first).toBeLessThanOrEqual(row);
          expect(columns.every((column) => column >= first && column <= row)).toBe(true);
          // Symmetric to the last bit, as only a triangle is factorised.
          const at = columns.indexOf(row);
          if (at < 0) return;
          const block = gram.blocks[sums[at]];
          for (let c = 0; c < gram.channels; c++) {
            for (let d = 0; d < c; d++) {
              expect(block[c * gram.channels + d]).toBe(block[d * gram.channels + c]);
            }
          }
        });
      }),
      { numRuns: 60 },
    );
  });

  const line: ConvolutionLayer = {
    ...{ weight: Float64Array.of(1), shape: [1, 1, 1], transposed: false, strides: [1], dilations: [1] },
    ...{ groups: 1, mode: 'zeros', pads: [0, 0], inputSize: [1], outputPadding: [0], scale: 1 },
  };

  it('covers long products', async () => {
    // 1 + 4095 2^-54: additions are lost.
    const weight = new Float64Array(4096).fill(2 ** -27).fill(1, 0, 1);
    for (const one of [engine, new UnluckyEngine(1), new UnluckyEngine(-1)]) {
      const { gram } = await gramOf(one, { ...line, weight, shape: [4096, 1, 1] }, 'inputs', 0);
      expect(gram.error).toBeGreaterThanOrEqual(4095 * 2 ** -54);
      expect(Math.abs(gram.blocks[0][0] - 1 - 4095 * 2 ** -54)).toBeLessThanOrEqual(gram.error);
    }
  });

  it('covers as many sums as there are pairs of taps', async () => {
    // One input, which all taps read, the first for one channel, the others for another: 1 + 300^2 2^-54, of which 1 is left.
    const weight = new Float64Array(602);
    weight[0] = 1;
    weight.fill(2 ** -27, 302);
    const layer: ConvolutionLayer = { ...line, weight, shape: [2, 1, 301], mode: 'circular', pads: [300, 0] };
    const { gram } = await gramOf(engine, layer, 'inputs', 0);
    expect(gram.blocks[0][0]).toBe(1);
    expect(gram.error).toBeGreaterThanOrEqual(300 ** 2 * 2 ** -54);
  });

  it('counts the copies of an input', async () => {
    // Five outputs that all read one input: norm 5^(1/2).
    const { gram } = await gramOf(engine, { ...line, mode: 'replicate', pads: [2, 2] }, 'inputs', 0);
    expect(gram.blocks[0][0]).toBe(5);
    expect(gram.size).toBeGreaterThanOrEqual(5);
    expect(gram.size).toBeLessThan(5.001);
  });

  it.each(sides)('has as many terms as are counted axis by axis, of the %s', (side) => {
    fc.assert(
      fc.property(convolutions(), ({ layer: drawn }) => {
        const layer = groupAlone({ ...(drawn.transposed ? adjoint(drawn) : drawn), scale: 1 }, 0);
        const { operator, axes } = operatorOf(layer);
        const { taps, outputs, inputs, sources } = operator;
        const met = new Array<number>(side === 'inputs' ? outputs : inputs).fill(0);
        sources.forEach((input, at) => {
          if (input >= 0) met[side === 'inputs' ? at % outputs : input]++;
        });
        const terms = met.reduce((sum, count) => sum + count ** 2, 0);
        expect(sources).toHaveLength(taps * outputs);
        expect(layoutTerms(axes, toBounds(layer, 'sized'), side)).toBe(terms);
      }),
    );
  });

  it('is not written down where it has too many terms', () => {
    const weight = new Float64Array(1500).fill(1);
    const { operator } = operatorOf({
      ...line,
      weight,
      shape: [1, 1, 1500],
      mode: 'circular',
      pads: [1499, 0],
    });
    expect(gramLayout(operator, 'inputs', [1], 0)).toBeNull();
  });
});
