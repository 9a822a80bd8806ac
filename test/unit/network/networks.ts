/** Networks made for a test: their bounds, and the slopes that ONNX Runtime meets on them. */
import { encloseOperator, paddingMode } from '../../../src/analysis/operator';
import { failedRow, rowOf } from '../../../src/analysis/row';
import { Engine } from '../../../src/compute/engine';
import { loadRuntime } from '../../../src/compute/runtime';
import { openModel } from '../../../src/model/open';
import { boundNetwork } from '../../../src/network/bound-network';
import type { LayerReport, NetworkBound, NetworkReport, Settings } from '../../../src/report/report';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
} from '../../../src/schema/onnx';
import type { Folder } from '../folder';
import { modelBytes, node, value } from '../onnx-builder';
import { DEFAULT_SETTINGS } from '../report/sample';

export interface Bounded {
  readonly path: string;
  readonly rows: readonly LayerReport[];
  readonly network: NetworkReport;
  /** How many norms of operators it took beside those of the rows. */
  readonly enclosed: number;
}

export type Norm = NetworkBound['norm'];
export const NORMS: readonly Norm[] = ['L2', 'Linf', 'L1'];

/** ONNX Runtime knows this one's operators, and so do we. */
const REST: Omit<ModelProto, 'graph'> = {
  irVersion: 9,
  opsetImport: [
    { domain: '', version: 20 },
    { domain: 'com.microsoft', version: 1 },
    { domain: 'local', version: 1 },
  ],
};

let count = 0;

export async function bounded(
  folder: Folder,
  graph: GraphProto,
  rest: Omit<ModelProto, 'graph'> = {},
  settings: Partial<Settings> = {},
): Promise<Bounded> {
  return boundedFile(
    await folder.write(`${count++}.onnx`, modelBytes(graph, { ...REST, ...rest })),
    settings,
  );
}

const engine = new Engine('cpu');

/** As an analysis does it, without the choice of a device. */
export async function boundedFile(path: string, settings: Partial<Settings> = {}): Promise<Bounded> {
  const chosen: Settings = { ...DEFAULT_SETTINGS, ...settings };
  const model = await openModel(path, { inputSize: chosen.inputSize });
  try {
    const { layers, computation } = model;
    if (computation === null) throw new Error(`${path} has no network`);
    const rows: LayerReport[] = [];
    for (const layer of layers) {
      try {
        const found = await encloseOperator(engine, layer.operator, chosen);
        rows.push(rowOf(layer, chosen, found, false, 0, []));
      } catch (error) {
        rows.push(failedRow(layer, chosen, String(error), 0));
      }
    }
    let enclosed = 0;
    const network = await boundNetwork({
      computation,
      bounds: new Map(rows.map(({ name, lipschitz }) => [name, lipschitz])),
      paddingOf: (operator) => paddingMode(operator, chosen),
      enclose: async (operator) => {
        enclosed++;
        return (await encloseOperator(engine, operator, chosen)).upper;
      },
    });
    return { path, rows, network, enclosed };
  } finally {
    await model.close();
  }
}

/** A chain or any other graph with one input x and one output y, both of float. */
export function graphOf(
  nodes: NodeProto[],
  shape: readonly (number | string)[],
  initializer: TensorProto[] = [],
  output = 'y',
): GraphProto {
  return { node: nodes, initializer, input: [value('x', shape)], output: [value(output)] };
}

/** A network of one node. */
export function single(
  opType: string,
  shape: readonly number[],
  attributes: Readonly<Record<string, AttributeProto>> = {},
  initializer: TensorProto[] = [],
  domain = '',
): GraphProto {
  const inputs = ['x', ...initializer.map(({ name }) => name ?? '')];
  return graphOf([node(opType, inputs, ['y'], attributes, { name: 'n', domain })], shape, initializer);
}

/** The bound of the one input and output; null where there is none. */
export function boundOf({ network }: Bounded, norm: Norm = 'L2'): NetworkBound {
  const found = network.bounds.filter((bound) => bound.norm === norm);
  if (found.length !== 1) throw new Error(`${found.length} bounds in ${norm}`);
  return found[0];
}

export function upper(network: Bounded, norm: Norm = 'L2'): number | null {
  return boundOf(network, norm).upper;
}

/** Runs a model of one input of float on many points; answers the output of each. */
export async function outputsOf(
  path: string,
  shape: readonly number[],
  points: readonly Float32Array[],
): Promise<Float32Array[]> {
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(path, { executionProviders: ['cpu'], logSeverityLevel: 4 });
  try {
    const outputs: Float32Array[] = [];
    for (const point of points) {
      const { [session.outputNames[0]]: output } = await session.run({
        x: new Tensor('float32', point, shape),
      });
      outputs.push((output.data as Float32Array).slice());
    }
    return outputs;
  } finally {
    await session.release();
  }
}

export function normOf(values: ArrayLike<number>, norm: Norm): number {
  const list = Array.from(values, Math.abs);
  if (norm === 'Linf') return Math.max(0, ...list);
  return norm === 'L1' ? list.reduce((a, b) => a + b, 0) : Math.sqrt(list.reduce((a, b) => a + b * b, 0));
}

export function difference(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (x, i) => x - b[i]);
}

export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** The largest slope over pairs of points, less what float32 may be off by. */
export async function steepest(
  path: string,
  shape: readonly number[],
  reach: number,
  seed = 1,
  pairs = 40,
): Promise<Record<Norm, number>> {
  const random = randomNumbers(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  const points: Float32Array[] = [];
  for (let i = 0; i < pairs; i++) {
    const start = Float32Array.from({ length: size }, () => reach * (2 * random() - 1));
    const step = reach * 10 ** (-3 * random());
    // In one element, in all alike, or in every direction: operators are steepest along different ones.
    const one = Math.floor(random() * size);
    const kind = i % 3;
    points.push(
      start,
      start.map(
        (x, j) => x + (kind === 0 ? (j === one ? step : 0) : kind === 1 ? step : step * (2 * random() - 1)),
      ),
    );
  }
  const outputs = await outputsOf(path, shape, points);
  const largest: Record<Norm, number> = { L2: 0, Linf: 0, L1: 0 };
  for (let i = 0; i < points.length; i += 2) {
    for (const norm of NORMS) {
      const change = normOf(difference(outputs[i + 1], outputs[i]), norm);
      const rounding = 2 ** -20 * normOf(outputs[i], norm);
      const distance = normOf(difference(points[i + 1], points[i]), norm);
      if (distance > 0) largest[norm] = Math.max(largest[norm], (change - rounding) / distance);
    }
  }
  return largest;
}
