/** An ONNX file decoded in one go by its schema, without the readers under test. */
import { readFileSync } from 'node:fs';
import {
  DataType,
  decodeModel,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../../src/schema/onnx';
import type { LayerReport, Report } from '../../../src/report/report';
import { product } from '../truth/layer';

/** A node of the main graph or of a body in it. */
export interface GraphNode {
  /** Its name, else its first output's, behind the path of the bodies that it is in. */
  readonly label: string;
  readonly opType: string;
  readonly attributes: ReadonlyMap<string, AttributeProto>;
  /** The stored tensors that each input is made of; null: an activation, or no input. */
  readonly inputs: readonly (readonly TensorProto[] | null)[];
}

export function decodeFile(path: string): ModelProto {
  return decodeModel(readFileSync(path));
}

/** Every node with an input that depends on the network's. */
export function computingNodes({ graph = {} }: ModelProto): GraphNode[] {
  return [...walk(graph, '', new Map())];
}

type Constants = ReadonlyMap<string, readonly TensorProto[]>;

function* walk(graph: GraphProto, path: string, outer: Constants): Generator<GraphNode> {
  const constants = new Map(outer);
  for (const tensor of graph.initializer ?? []) constants.set(tensor.name ?? '', [tensor]);
  for (const proto of graph.node ?? []) {
    const { opType = '', name, output = [] } = proto;
    const attributes = new Map((proto.attribute ?? []).map((one) => [one.name ?? '', one]));
    const inputs = (proto.input ?? []).map((input) => constants.get(input) ?? null);
    const sources = opType === 'Constant' ? constantOf(proto) : inputs;
    const bodies = [...attributes.values()].flatMap(({ g }) => g ?? []);
    if (bodies.length === 0 && sources.length > 0 && sources.every((source) => source !== null)) {
      for (const result of output) constants.set(result, sources.flat());
      continue;
    }
    const label = path + (name || output[0]);
    yield { label, opType, attributes, inputs };
    for (const [attribute, { g }] of attributes) if (g) yield* walk(g, `${label}/${attribute}/`, constants);
  }
}

/** A stored tensor goes by the name of the value that it is. */
function constantOf({ attribute = [], output = [] }: NodeProto): TensorProto[][] {
  return attribute.map(({ t }) => (t ? [{ ...t, name: output[0] }] : []));
}

/** Inputs that say how large the output is to be, though of floating point. */
const sizes: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2] };

/** Stored numbers of floating point that an operation computes with, and more than one of them. */
export function weightsOf({ opType, inputs }: GraphNode): TensorProto[] {
  return inputs.flatMap((sources, input) =>
    sources === null || sizes[opType]?.includes(input) ? [] : sources.filter(isWeight),
  );
}

/** The one stored tensor of weights that an input is made of. */
export function weightAt({ label, inputs }: GraphNode, input: number): TensorProto {
  const [weight, ...others] = (inputs[input] ?? []).filter(isWeight);
  if (weight === undefined || others.some(({ name }) => name !== weight.name)) {
    throw new Error(`input ${input} of ${label} is not made of one weight`);
  }
  return weight;
}

function isWeight({ dataType, dims = [] }: TensorProto): boolean {
  const floating: (number | undefined)[] = [DataType.FLOAT, DataType.DOUBLE, DataType.FLOAT16];
  return floating.includes(dataType) && product(dims) > 1;
}

/** The values of a tensor of type float with its content in the file. */
export function valuesOf({ name, dataType, dims = [], rawData, floatData }: TensorProto): Float32Array {
  if (dataType !== DataType.FLOAT) throw new Error(`${name} is of type ${dataType}`);
  const values = rawData
    ? new Float32Array(new Uint8Array(rawData).buffer)
    : Float32Array.from(floatData ?? []);
  if (values.length !== product(dims)) throw new Error(`${name} has ${values.length} values`);
  return values;
}

/** The rows that stand for a node. */
export function rowsOf({ layers }: Report, node: GraphNode): LayerReport[] {
  return layers.filter((row) => belongsTo(row, node));
}

/** Whether the name of a row or of what was skipped is the node's, or the node's and what is told apart of it. */
export function belongsTo(row: { readonly name: string; readonly op: string }, node: GraphNode): boolean {
  return row.op === node.opType && (row.name === node.label || row.name.startsWith(`${node.label}/`));
}
