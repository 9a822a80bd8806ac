/** Small ONNX graphs, built in memory, that the engine runs. Shapes are dynamic: one session serves every layer. */
import { AttributeType, encodeModel, type AttributeProto, type NodeProto } from '../schema/onnx';

export type Precision = 'float32' | 'float64';

export interface Program {
  readonly name: string;
  /** Rank by name. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeProto[];
}

const ELEMENT_TYPE = { float32: 1, float64: 11 } as const;
/** Oldest operator set that has every operator below in its present form; every provider knows it. */
const OPSET = 13;
const IR_VERSION = 8;

/** The program as an ONNX model for one element type. */
export function encodeProgram(program: Program, precision: Precision): Uint8Array {
  const valueInfo = (name: string, rank: number) => ({
    name,
    type: {
      tensorType: {
        elemType: ELEMENT_TYPE[precision],
        shape: { dim: Array.from({ length: rank }, (_, axis) => ({ dimParam: `${name}${axis}` })) },
      },
    },
  });
  return encodeModel({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: program.name,
      node: [...program.nodes],
      input: Object.entries(program.inputs).map(([name, rank]) => valueInfo(name, rank)),
      output: Object.entries(program.outputs).map(([name, rank]) => valueInfo(name, rank)),
    },
  });
}

function node(opType: string, input: string[], output: string, attribute: AttributeProto[] = []): NodeProto {
  return { opType, name: output, input, output: [output], attribute };
}

const integer = (name: string, i: number): AttributeProto => ({ name, i, type: AttributeType.INT });
const real = (name: string, f: number): AttributeProto => ({ name, f, type: AttributeType.FLOAT });
const transposeLastTwo = (input: string, output: string) =>
  node('Transpose', [input], output, [{ name: 'perm', ints: [0, 2, 1], type: AttributeType.INTS }]);

/** `A B^T` of a (m, k), b (n, k). */
export const multiplyTransposed: Program = {
  name: 'multiplyTransposed',
  inputs: { a: 2, b: 2 },
  outputs: { c: 2 },
  nodes: [node('Gemm', ['a', 'b'], 'c', [integer('transB', 1)])],
};

/** `A B`. */
export const multiply: Program = {
  name: 'multiply',
  inputs: { a: 2, b: 2 },
  outputs: { c: 2 },
  nodes: [node('MatMul', ['a', 'b'], 'c')],
};

/** `A B` of batches (batch, m, k), (batch, k, n). */
export const batchMultiply: Program = {
  name: 'batchMultiply',
  inputs: { a: 3, b: 3 },
  outputs: { c: 3 },
  nodes: [node('MatMul', ['a', 'b'], 'c')],
};

/** `C + A B^T` of a (m, k), b (n, k), c (m, n). */
export const addTransposedProduct: Program = {
  name: 'addTransposedProduct',
  inputs: { a: 2, b: 2, c: 2 },
  outputs: { d: 2 },
  nodes: [node('Gemm', ['a', 'b', 'c'], 'd', [integer('transB', 1)])],
};

/** `C - A B^T` of a (m, k), b (n, k), c (m, n). */
export const subtractTransposedProduct: Program = {
  name: 'subtractTransposedProduct',
  inputs: { a: 2, b: 2, c: 2 },
  outputs: { d: 2 },
  nodes: [node('Gemm', ['a', 'b', 'c'], 'd', [integer('transB', 1), real('alpha', -1)])],
};

/** `C - A B` of a (m, k), b (k, n), c (m, n). */
export const subtractProduct: Program = {
  name: 'subtractProduct',
  inputs: { a: 2, b: 2, c: 2 },
  outputs: { d: 2 },
  nodes: [node('Gemm', ['a', 'b', 'c'], 'd', [real('alpha', -1)])],
};

/**
 * Real and imaginary part of `(X + iY)^H (X + iY)` for batches x, y (batch, m, n), exactly Hermitian whatever the
 * products round to. `half` is the constant 1/2, shape (1, 1, 1).
 */
export const hermitianGram: Program = {
  name: 'hermitianGram',
  inputs: { x: 3, y: 3, half: 3 },
  outputs: { p: 3, q: 3 },
  nodes: [
    transposeLastTwo('x', 'xt'),
    transposeLastTwo('y', 'yt'),
    node('MatMul', ['xt', 'x'], 'xx'),
    node('MatMul', ['yt', 'y'], 'yy'),
    node('Add', ['xx', 'yy'], 's'),
    transposeLastTwo('s', 'st'),
    node('Add', ['s', 'st'], 'ss'),
    node('Mul', ['ss', 'half'], 'p'),
    node('MatMul', ['xt', 'y'], 't'),
    transposeLastTwo('t', 'tt'),
    node('Sub', ['t', 'tt'], 'q'),
  ],
};

/**
 * `scale (P + iQ)^2` for Hermitian matrices, that is P symmetric and Q antisymmetric, from two real products:
 * with `T = P Q` and `S = (P + Q)(P - Q)` the real part is `S + T + T^T`, the imaginary one `T - T^T`.
 * Batches p, q (batch, n, n); scale (batch, 1, 1), and `half` as above.
 */
export const hermitianSquare: Program = {
  name: 'hermitianSquare',
  inputs: { p: 3, q: 3, scale: 3, half: 3 },
  outputs: { p2: 3, q2: 3 },
  nodes: [
    node('MatMul', ['p', 'q'], 't'),
    node('Add', ['p', 'q'], 'sum'),
    node('Sub', ['p', 'q'], 'difference'),
    node('MatMul', ['sum', 'difference'], 's'),
    transposeLastTwo('t', 'tt'),
    transposeLastTwo('s', 'st'),
    node('Add', ['s', 'st'], 'ss'),
    node('Mul', ['ss', 'half'], 'sh'),
    node('Add', ['t', 'tt'], 'twice'),
    node('Add', ['sh', 'twice'], 'unscaledReal'),
    node('Sub', ['t', 'tt'], 'unscaledImaginary'),
    node('Mul', ['unscaledReal', 'scale'], 'p2'),
    node('Mul', ['unscaledImaginary', 'scale'], 'q2'),
  ],
};
