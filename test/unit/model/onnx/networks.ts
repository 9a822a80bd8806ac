import { afterEach, expect } from 'vitest';
import type {
  ConvolutionOperator,
  Layer,
  MatrixOperator,
  Model,
  OpenOptions,
} from '../../../../src/model/model';
import { establishFacts } from '../../../../src/model/onnx/facts';
import { openOnnx } from '../../../../src/model/onnx/layers';
import { flatten } from '../../../../src/model/onnx/program';
import { readOnnx } from '../../../../src/model/onnx/read';
import type { Shape } from '../../../../src/model/onnx/shape';
import type { GraphProto, ModelProto } from '../../../../src/schema/onnx';
import type { Folder } from '../../folder';
import { modelBytes } from '../../onnx-builder';

export type Rest = Omit<ModelProto, 'graph'>;

/** Models of ONNX Runtime's own operators need its domain. */
export const microsoft: Rest = {
  opsetImport: [
    { domain: '', version: 21 },
    { domain: 'com.microsoft', version: 1 },
    { domain: 'local', version: 1 },
  ],
};

/** Opens networks made for a test, and closes them after it. */
export class Networks {
  readonly #open: Model[] = [];
  #count = 0;

  constructor(private readonly folder: Folder) {
    afterEach(async () => {
      await Promise.all(this.#open.splice(0).map((model) => model.close()));
    });
  }

  async of(
    graph: GraphProto,
    inputSize: OpenOptions['inputSize'] = null,
    rest: Rest = microsoft,
  ): Promise<Model> {
    return this.at(await this.write(modelBytes(graph, rest)), inputSize);
  }

  async at(path: string, inputSize: OpenOptions['inputSize'] = null): Promise<Model> {
    const model = await openOnnx(path, { inputSize });
    this.#open.push(model);
    return model;
  }

  /** The shape of every value that a node makes, by name. */
  async shapes(
    graph: GraphProto,
    inputSize: OpenOptions['inputSize'] = null,
    rest: Rest = microsoft,
  ): Promise<Map<string, Shape | null>> {
    return shapesOf(await this.write(modelBytes(graph, rest)), inputSize);
  }

  private write(bytes: Uint8Array): Promise<string> {
    return this.folder.write(`${this.#count++}.onnx`, bytes);
  }
}

export async function shapesOf(
  path: string,
  inputSize: OpenOptions['inputSize'] = null,
): Promise<Map<string, Shape | null>> {
  const file = await readOnnx(path);
  try {
    const program = flatten(file);
    const facts = await establishFacts(file, program, { inputSize });
    const values = program.operations.flatMap((operation) =>
      operation.outputs.filter((value) => value !== null),
    );
    return new Map(values.map((value) => [value.name, facts.shape(value)]));
  } finally {
    await file.close();
  }
}

/** The one layer of a model in which nothing is skipped. */
export function only({ layers, skipped }: Model): Layer {
  expect(skipped).toEqual([]);
  expect(layers).toHaveLength(1);
  return layers[0];
}

export function layer(model: Model, name: string): Layer {
  const found = model.layers.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no layer ${name} among ${names(model).join(', ')}`);
  return found;
}

export function convolution(layer: Layer): ConvolutionOperator {
  if (layer.operator.kind !== 'convolution') throw new Error(`${layer.name} is a ${layer.operator.kind}`);
  return layer.operator;
}

export function matrix(layer: Layer): MatrixOperator {
  if (layer.operator.kind !== 'matrix') throw new Error(`${layer.name} is a ${layer.operator.kind}`);
  return layer.operator;
}

export function names(model: Model): string[] {
  return model.layers.map(({ name }) => name);
}

/** Why each node was skipped, by its name. */
export function reasons(model: Model): Record<string, string> {
  return Object.fromEntries(model.skipped.map(({ name, reason }) => [name, reason]));
}
