/** Shapes of matrix products, recurrent layers and attention. */
import { flagAttribute, intAttribute, intsAttribute, stringAttribute } from '../attributes';
import type { Operation } from '../program';
import { broadcast, dimension, type Dimension, type Shape } from '../shape';
import { fromShape, named, nothing, type Known, type ShapeRule } from './rule';

/** Product of stacks of matrices, as numpy's matmul. */
function productShape(a: Shape, b: Shape): Shape | null {
  if (a.length === 0 || b.length === 0) return null;
  const [left, right] = [a.length === 1 ? [1, a[0]] : a, b.length === 1 ? [b[0], 1] : b];
  const batch = broadcast([left.slice(0, -2), right.slice(0, -2)]);
  const [rows, inner] = left.slice(-2);
  const [otherInner, columns] = right.slice(-2);
  if (batch === null || (inner !== null && otherInner !== null && inner !== otherInner)) return null;
  return [...batch, ...(a.length === 1 ? [] : [rows]), ...(b.length === 1 ? [] : [columns])];
}

function matmul(second: number): ShapeRule {
  return fromShape((shape, operation, known) => {
    const other = known.shape(operation.inputs[second] ?? null);
    return other === null ? null : productShape(shape, other);
  });
}

const fusedMatmul = fromShape((shape, operation, known) => {
  const other = known.shape(operation.inputs[1] ?? null);
  if (other === null || flagAttribute(operation, 'transBatchA') || flagAttribute(operation, 'transBatchB'))
    return null;
  return productShape(
    flagAttribute(operation, 'transA') ? exchanged(shape) : shape,
    flagAttribute(operation, 'transB') ? exchanged(other) : other,
  );
});

function exchanged(shape: Shape): Shape {
  return shape.length < 2 ? shape : [...shape.slice(0, -2), shape[shape.length - 1], shape[shape.length - 2]];
}

function gemm(second: number): ShapeRule {
  return fromShape((shape, operation, known) => {
    const other = known.shape(operation.inputs[second] ?? null);
    if (shape.length !== 2 || other?.length !== 2) return null;
    const rows = flagAttribute(operation, 'transA') ? shape[1] : shape[0];
    return [rows, flagAttribute(operation, 'transB') ? other[0] : other[1]];
  });
}

const packedMatmul = fromShape((shape, operation) =>
  shape.length === 0 ? null : shape.with(-1, dimension(intAttribute(operation, 'N', null))),
);

/** X (sequence, batch, input) to Y (sequence, directions, batch, hidden), Y_h and Y_c (directions, batch, hidden). */
const recurrent: ShapeRule = (operation, known) => {
  const shape = known.shape(operation.inputs[0] ?? null);
  if (shape?.length !== 3) return nothing;
  const weights = known.shape(operation.inputs[2] ?? null);
  const hidden = weights?.length === 3 ? weights[2] : dimension(intAttribute(operation, 'hidden_size', null));
  const directions = stringAttribute(operation, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  if (flagAttribute(operation, 'layout')) {
    const last = [shape[0], directions, hidden];
    return [[shape[0], shape[1], directions, hidden], last, last];
  }
  const last = [directions, shape[1], hidden];
  return [[shape[0], directions, shape[1], hidden], last, last];
};

/** The values' width: the last of `qkv_hidden_sizes`, else a third of the columns. */
const attention = fromShape((shape, operation, known) => {
  const sizes = intsAttribute(operation, 'qkv_hidden_sizes');
  const columns: Dimension = known.shape(operation.inputs[1] ?? null)?.[1] ?? null;
  const width = sizes?.length === 3 ? sizes[2] : columns === null ? null : columns / 3;
  return shape.length < 2 ? null : shape.with(-1, dimension(width));
});

const embedding: ShapeRule = (operation, known) => {
  const ids = known.shape(operation.inputs[0] ?? null);
  const width = known.shape(operation.inputs[2] ?? null)?.[1] ?? null;
  return ids === null ? nothing : [[...ids, width]];
};

const gatherPacked: ShapeRule = (operation: Operation, known: Known) => {
  const [data, indices] = [0, 1].map((input) => known.shape(operation.inputs[input] ?? null));
  const scales = known.shape(operation.inputs[2] ?? null);
  if (data === null || indices === null || data.length !== scales?.length) return nothing;
  return [[...indices, ...data.slice(1).map((): Dimension => null)]];
};

/** Query (batch, sequence, hidden) gives an output of the values' width: that of the value where it is one. */
const multiHead = fromShape((shape) => (shape.length === 3 ? [shape[0], shape[1], null] : null));

export const productShapes: Readonly<Record<string, ShapeRule>> = {
  ...named(
    'MatMul MatMulInteger com.microsoft:DynamicQuantizeMatMul com.microsoft:MatMulIntegerToFloat com.microsoft:GemmFastGelu',
    matmul(1),
  ),
  ...named(
    'com.microsoft:FusedMatMul com.microsoft:FusedMatMulActivation com.microsoft:TransposeMatMul',
    fusedMatmul,
  ),
  QLinearMatMul: matmul(3),
  ...named('Gemm com.microsoft:FusedGemm', gemm(1)),
  'com.microsoft:QGemm': gemm(3),
  ...named('com.microsoft:MatMulNBits com.microsoft:MatMulBnb4', packedMatmul),
  ...named('LSTM GRU RNN', recurrent),
  ...named(
    `com.microsoft:Attention com.microsoft:QAttention com.microsoft:DecoderMaskedSelfAttention
    com.microsoft:PackedAttention com.microsoft:LongformerAttention`,
    attention,
  ),
  'com.microsoft:MultiHeadAttention': multiHead,
  'com.microsoft:EmbedLayerNormalization': embedding,
  'com.microsoft:GatherBlockQuantized': gatherPacked,
};
