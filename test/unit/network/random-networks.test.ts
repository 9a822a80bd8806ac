/** Random networks of many operators: no slope that is met is above the bound. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { NodeProto, TensorProto } from '../../../src/schema/onnx';
import { Folder } from '../folder';
import { float, int, ints, node, tensor } from '../onnx-builder';
import { bounded, boundOf, graphOf, NORMS, randomNumbers, steepest } from './networks';

const folder = new Folder();

const SHAPE = [1, 2, 6, 6] as const;

type Part =
  'conv' | 'scale' | 'norm' | 'act' | 'residual' | 'gate' | 'pool' | 'blur' | 'concat' | 'max' | 'pad';
const parts: Part[] = [
  'conv',
  'scale',
  'norm',
  'act',
  'residual',
  'gate',
  'pool',
  'blur',
  'concat',
  'max',
  'pad',
];

/** A network on images of two channels; every part leaves the shape as it was. */
function networkOf(list: readonly Part[], seed: number): { nodes: NodeProto[]; constants: TensorProto[] } {
  const random = randomNumbers(seed + 1);
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  let current = 'x';
  const weights = (name: string, dims: number[], base = 0) => {
    const size = dims.reduce((a, b) => a * b, 1);
    constants.push(
      tensor(
        name,
        dims,
        Array.from({ length: size }, () => base + 2 * random() - 1),
      ),
    );
    return name;
  };
  const same = { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1) };
  list.forEach((part, i) => {
    const [out, a, b] = [`h${i}`, `a${i}`, `b${i}`];
    const conv = (from: string, to: string, channels = 2) =>
      nodes.push(
        node('Conv', [from, weights(`k${to}`, [2, channels, 3, 3])], [to], { pads: ints(1, 1, 1, 1) }),
      );
    switch (part) {
      case 'conv':
        conv(current, out);
        break;
      case 'scale':
        nodes.push(node('Mul', [current, weights(`f${i}`, [2, 1, 1])], [out]));
        break;
      case 'norm':
        weights(`m${i}`, [2]);
        nodes.push(
          node(
            'BatchNormalization',
            [current, weights(`g${i}`, [2]), `m${i}`, `m${i}`, weights(`v${i}`, [2], 1.1)],
            [out],
            { epsilon: float(0.1) },
          ),
        );
        break;
      case 'act':
        nodes.push(
          node(
            ['Relu', 'Tanh', 'Sigmoid', 'HardSwish', 'Elu', 'Mish'][Math.floor(random() * 6)],
            [current],
            [out],
          ),
        );
        break;
      case 'residual':
        conv(current, a);
        nodes.push(node('Relu', [a], [b]), node('Add', [current, b], [out]));
        break;
      case 'gate':
        nodes.push(
          node('Tanh', [current], [a]),
          node('GlobalAveragePool', [a], [b]),
          node('Sigmoid', [b], [`${b}s`]),
          node('Mul', [a, `${b}s`], [out]),
        );
        break;
      case 'pool':
        nodes.push(node('MaxPool', [current], [out], same));
        break;
      case 'blur':
        nodes.push(node('AveragePool', [current], [out], same));
        break;
      case 'concat':
        nodes.push(node('Neg', [current], [a]), node('Concat', [current, a], [b], { axis: int(1) }));
        conv(b, out, 4);
        break;
      case 'max':
        conv(current, a);
        nodes.push(node('Max', [current, a], [out]));
        break;
      case 'pad':
        constants.push({ name: `p${i}`, dims: [8], dataType: 7, int64Data: [0, 0, 1, 1, 0, 0, 1, 1] });
        nodes.push(node('Pad', [current, `p${i}`], [a], { mode: { type: 3, s: Buffer.from('reflect') } }));
        nodes.push(node('Conv', [a, weights(`k${i}`, [2, 2, 3, 3])], [out]));
        break;
    }
    current = out;
  });
  nodes.push(node('Identity', [current], ['y']));
  return { nodes, constants };
}

it('no slope is above the bound', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 7 }),
      fc.nat(1e6),
      async (list, seed) => {
        const { nodes, constants } = networkOf(list, seed);
        const found = await bounded(folder, graphOf(nodes, SHAPE, constants));
        const slopes = await steepest(found.path, SHAPE, 0.5, seed + 1, 30);
        for (const norm of NORMS) {
          const { upper, domain } = boundOf(found, norm);
          expect(upper, `${list.join()} in ${norm}`).not.toBeNull();
          expect(domain).toBeNull();
          expect(slopes[norm], `${list.join()} in ${norm}`).toBeLessThanOrEqual((upper ?? 0) * (1 + 1e-4));
        }
      },
    ),
    { numRuns: 60 },
  );
});
