import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../../src/model/errors';
import type { Model, Tensor } from '../../../../src/model/model';
import { openOnnx } from '../../../../src/model/onnx/layers';
import { DataType, type AttributeProto, type NodeProto, type TensorProto } from '../../../../src/schema/onnx';
import { Folder } from '../../folder';
import {
  float,
  floats,
  int,
  integers,
  ints,
  modelBytes,
  node,
  tensor,
  text,
  value,
} from '../../onnx-builder';
import { microsoft } from './networks';

const folder = new Folder();

/** Every operator that something is known of, and what is not. */
const operators =
  `Add ArgMax AveragePool BatchNormalization Cast CastLike Concat Constant ConstantOfShape Conv ConvInteger
  ConvTranspose DeformConv DepthToSpace DequantizeLinear Div DynamicQuantizeLinear Einsum Equal Expand Flatten Gather
  GatherElements GatherND Gemm GlobalAveragePool GroupNormalization GRU Identity If InstanceNormalization
  LayerNormalization Loop LSTM MatMul MatMulInteger MaxPool Mul NonZero OneHot Pad Pow PRelu QLinearConv QLinearMatMul
  QuantizeLinear Range ReduceMean ReduceProd Relu Reshape Resize RMSNormalization RNN Shape
  SimplifiedLayerNormalization Size Slice Softmax SpaceToDepth Split Squeeze Sub Sum Tile TopK Transpose Unsqueeze
  Upsample Where com.microsoft:Attention com.microsoft:DecoderAttention com.microsoft:DynamicQuantizeLSTM
  com.microsoft:DynamicQuantizeMatMul com.microsoft:EmbedLayerNormalization com.microsoft:FusedConv
  com.microsoft:FusedGemm com.microsoft:FusedMatMul com.microsoft:GatherBlockQuantized com.microsoft:GemmFastGelu
  com.microsoft:GroupNorm com.microsoft:LongformerAttention com.microsoft:MatMulIntegerToFloat
  com.microsoft:MatMulNBits com.microsoft:MoE com.microsoft:NhwcConv com.microsoft:QAttention com.microsoft:QGemm
  com.microsoft:QLinearAdd com.microsoft:QLinearConcat com.microsoft:QLinearConv com.microsoft:QMoE
  com.microsoft:SkipGroupNorm com.microsoft:SkipLayerNormalization local:Unknown`.split(/\s+/);

const attributeNames =
  `K N activation allowzero alpha auto_pad axes axis batch_dims bits block_size blocksize ceil_mode
  channels_last dilations direction end ends epsilon equation group groups hidden_size k keepdims kernel_shape layout
  mode num_groups num_outputs output_dtype output_padding output_shape pads perm qkv_hidden_sizes scales shape split
  start starts strides to training_mode transA transB value_float value_ints`.split(/\s+/);

const texts =
  'SAME_UPPER SAME_LOWER VALID NOTSET bidirectional reflect wrap edge ij,jk->ik bij,bjk->bik'.split(' ');
const numbers = [0, 1, 2, 3, 4, 8, 10, 16, -1, -2, 7, 2 ** 31, 2 ** 53, -(2 ** 62)];

const number = fc.constantFrom(...numbers);
const list = fc.array(number, { maxLength: 6 });
const attribute: fc.Arbitrary<AttributeProto> = fc.oneof(
  { weight: 4, arbitrary: number.map(int) },
  { weight: 4, arbitrary: list.map((values) => ints(...values)) },
  { weight: 1, arbitrary: number.map(float) },
  { weight: 1, arbitrary: list.map((values) => floats(...values)) },
  { weight: 2, arbitrary: fc.constantFrom(...texts).map(text) },
);

const activations = [
  value('x0', [1, 4, 8, 8]),
  value('x1', ['n', 4, 'w']),
  value('x2', [2, 8]),
  value('x3', null),
  value('x4', [4], DataType.INT64),
  value('x5', [2, 8], DataType.UINT8),
  value('x6', [0, -1, 4]),
];

const constants: TensorProto[] = [
  ...[
    [4, 4, 3, 3],
    [4, 4, 3],
    [8, 8],
    [2, 8, 8],
    [1, 16, 4],
    [4],
    [8],
    [],
    [1],
    [0],
    [3, 0],
    [4, 24],
    [2, 16, 8],
  ].map((dims, i) => tensor(`c${i}`, dims, [1, -2, 0.5, NaN])),
  ...[[], [0, -1], [1, 2], [2 ** 40, 2], [-1], [8, 8], [1, 1, 1, 1, 1, 1, 1, 1], [2, 2, -9e18]].map(
    (values, i) => integers(`c${13 + i}`, values),
  ),
  integers('c21', [3], []),
  { name: 'c22', dims: [8, 8], dataType: DataType.INT8, int32Data: Array<number>(64).fill(-7) },
  { name: 'c23', dims: [4, 4, 3, 3], dataType: DataType.UINT8, int32Data: Array<number>(144).fill(7) },
  { name: 'c24', dims: [4], dataType: DataType.UINT8, int32Data: [1, 2, 3, 4] },
  { name: 'c25', dims: [2], dataType: DataType.STRING },
  { name: 'c26', dims: [2], dataType: DataType.COMPLEX64, floatData: [1, 2, 3, 4] },
];

interface Draft {
  readonly operator: string;
  readonly inputs: readonly number[];
  readonly outputs: number;
  readonly attributes: Readonly<Record<string, AttributeProto>>;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  operator: fc.constantFrom(...operators),
  inputs: fc.array(fc.nat(999), { minLength: 1, maxLength: 8 }),
  outputs: fc.integer({ min: 1, max: 3 }),
  attributes: fc.dictionary(fc.constantFrom(...attributeNames), attribute, { maxKeys: 5 }),
});

/** Most first inputs are activations or outputs of a node before, most others constants; the rest is anything. */
function build(drafts: readonly Draft[]): NodeProto[] {
  const made: string[] = [];
  const namesOf = (list: readonly { readonly name?: string }[]): string[] =>
    list.map(({ name }) => name ?? '');
  return drafts.map(({ operator, inputs, outputs, attributes }, i) => {
    const [domain, name] = operator.includes(':') ? operator.split(':') : ['', operator];
    const values = [...namesOf(activations), ...made];
    const anything = [...namesOf(constants), ...values, '', 'nowhere'];
    const chosen = inputs.map((input, position) => {
      const usual = position === 0 ? values : namesOf(constants);
      const pool = input % 4 === 0 ? anything : usual;
      return pool[Math.floor(input / 4) % pool.length];
    });
    const named = Array.from({ length: outputs }, (_, k) => `v${i}_${k}`);
    made.push(...named);
    return node(name, chosen, named, attributes, { domain });
  });
}

async function readAll(model: Model): Promise<void> {
  for (const { name, operator, parameters, notes } of model.layers) {
    expect(name.length).toBeGreaterThan(0);
    expect(parameters).toBeGreaterThan(0);
    expect(notes.every((note) => note.endsWith('.'))).toBe(true);
    const parts: unknown[] = Object.values(operator);
    const tensors = parts.filter(
      (part): part is Tensor => typeof part === 'object' && part !== null && 'read' in part,
    );
    for (const part of tensors) {
      const count = part.shape.reduce((product, length) => product * length, 1);
      expect(await part.read()).toHaveLength(count);
    }
    if (operator.kind === 'matrix') {
      const count = operator.tensor.shape.reduce((product, length) => product * length, 1);
      expect(operator.blocks * operator.rows * operator.columns).toBe(count);
    }
  }
}

describe('any graph', () => {
  it('is opened and read, or refused with a reason', async () => {
    let layers = 0;
    let skipped = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(draft, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(null, 'any' as const, [5, 6], [7]),
        async (drafts, inputSize) => {
          const graph = { node: build(drafts), initializer: constants, input: activations };
          const path = await folder.write('random.onnx', modelBytes(graph, microsoft));
          const model = await openOnnx(path, { inputSize }).catch((error: unknown) => {
            expect(error).toBeInstanceOf(ModelError);
            return null;
          });
          if (model === null) return;
          layers += model.layers.length;
          skipped += model.skipped.length;
          expect(new Set(model.layers.map(({ name }) => name)).size).toBe(model.layers.length);
          for (const { reason } of model.skipped) {
            expect(reason).toMatch(/^[a-z].*[^.]$/s);
            expect(reason).not.toMatch(/undefined|NaN|\[object|null/);
          }
          await readAll(model).finally(() => model.close());
        },
      ),
      { numRuns: 1000 },
    );
    expect(layers).toBeGreaterThan(80);
    expect(skipped).toBeGreaterThan(1000);
  });
});
