import { afterEach } from 'vitest';
import type {
  ConvolutionOperator,
  Layer,
  LowRankOperator,
  MatrixOperator,
  Model,
  OpenOptions,
} from '../../../../src/model/model';
import { openSafetensors } from '../../../../src/model/safetensors/open';
import type { Folder } from '../../folder';
import { safetensors, type Content } from '../../safetensors-builder';

export interface Surroundings {
  /** Content of `model.safetensors.lipschitz.json`. */
  readonly side?: unknown;
  /** Other JSON files beside the model, by name. */
  readonly beside?: Readonly<Record<string, unknown>>;
  readonly inputSize?: OpenOptions['inputSize'];
}

/** Opens models made for a test, each in a folder of its own, and closes them after it. */
export class Models {
  readonly #open: Model[] = [];
  #count = 0;

  constructor(private readonly folder: Folder) {
    afterEach(async () => {
      await Promise.all(this.#open.splice(0).map((model) => model.close()));
    });
  }

  async of(content: Content, { side, beside = {}, inputSize = null }: Surroundings = {}): Promise<Model> {
    const place = `model ${this.#count++}`;
    for (const [name, value] of Object.entries(beside)) {
      await this.folder.write(`${place}/${name}`, JSON.stringify(value));
    }
    if (side !== undefined) {
      await this.folder.write(`${place}/model.safetensors.lipschitz.json`, JSON.stringify(side));
    }
    return this.at(await this.folder.write(`${place}/model.safetensors`, safetensors(content)), {
      inputSize,
    });
  }

  async at(path: string, options: OpenOptions = { inputSize: null }): Promise<Model> {
    const model = await openSafetensors(path, options);
    this.#open.push(model);
    return model;
  }
}

export function layer(model: Model, name: string): Layer {
  const found = model.layers.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no layer ${name} among ${names(model).join(', ')}`);
  return found;
}

export function names(model: Model): string[] {
  return model.layers.map(({ name }) => name);
}

/** Reasons by the name of the tensor. */
export function reasons(model: Model): Record<string, string> {
  return Object.fromEntries(model.skipped.map(({ name, reason }) => [name, reason]));
}

export function matrix({ operator }: Layer): MatrixOperator {
  if (operator.kind !== 'matrix') throw new Error(`a ${operator.kind}`);
  return operator;
}

export function convolution({ operator }: Layer): ConvolutionOperator {
  if (operator.kind !== 'convolution') throw new Error(`a ${operator.kind}`);
  return operator;
}

export function lowRank({ operator }: Layer): LowRankOperator {
  if (operator.kind !== 'lowRank') throw new Error(`a ${operator.kind}`);
  return operator;
}
