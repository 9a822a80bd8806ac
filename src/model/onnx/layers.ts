/** From the graph of an ONNX file to the layers of a model. */
import { t } from '@vscode/l10n';
import { LimitExceededError } from '../errors';
import type { Layer, Model, OpenOptions, Skipped } from '../model';
import { Unfit } from './attributes';
import { isWeight } from './constants/constant';
import type { Computation, OperationLayer } from './computation';
import { establishFacts, type Facts } from './facts';
import type { OnnxFile } from './graph';
import { attentionRules } from './operators/attention';
import { convolutionRules } from './operators/convolution';
import { einsumRules } from './operators/einsum';
import { embeddingRules } from './operators/embedding';
import { integerProductRules } from './operators/integer-product';
import { leftover } from './operators/leftover';
import { matrixRules } from './operators/matrix';
import { normalizationRules } from './operators/normalization';
import { packedRules } from './operators/packed';
import { quantizedRules } from './operators/quantized';
import { recurrentRules } from './operators/recurrent';
import type { LayerRule, Outcome } from './operators/rule';
import { flatten, operatorOf, type Operation, type Program, type Value } from './program';
import { readOnnx } from './read';

const rules = new Map<string, LayerRule>(
  Object.entries({
    ...convolutionRules,
    ...matrixRules,
    ...einsumRules,
    ...packedRules,
    ...quantizedRules,
    ...integerProductRules,
    ...embeddingRules,
    ...normalizationRules,
    ...recurrentRules,
    ...attentionRules,
  }),
);

/**
 * Layers are in the order of the nodes; those of a body or a local function stand where the node is that runs it.
 * @throws ModelError
 */
export async function openOnnx(path: string, options: OpenOptions): Promise<Model> {
  const file = await readOnnx(path);
  try {
    return await modelOf(file, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The model that a file holds; closing it closes the file. */
async function modelOf(file: OnnxFile, options: OpenOptions): Promise<Model> {
  const program = flatten(file);
  const facts = await establishFacts(file, program, options);
  const names = new Names(file);
  const layers: Layer[] = [];
  const skipped: Skipped[] = [];
  const layersOf = new Map<Operation, OperationLayer[]>();
  for (const [operation, { layers: rows, skipped: rest = [] }] of await outcomesOf(program, facts)) {
    for (const { suffix, source, ...row } of rows) {
      const layer = { name: names.unique(operation.label + suffix), op: operation.opType, ...row };
      layers.push(layer);
      const own = layersOf.get(operation) ?? [];
      own.push({ layer, suffix, source: source ?? null });
      layersOf.set(operation, own);
    }
    for (const { suffix, ...row } of rest) {
      skipped.push({ name: names.bounded(operation.label + suffix), op: operation.opType, ...row });
    }
  }
  skipped.push(...unusedWeights(program, facts, names));
  const { path, bytes, files } = file;
  const computation: Computation = {
    program,
    facts,
    layers: layersOf,
    factsFor: (shapes) => establishFacts(file, program, options, shapes),
  };
  return { path, format: 'onnx', bytes, files, layers, skipped, computation, close: () => file.close() };
}

/** What there is to say about the operations that compute with weights or should, in their order. */
async function outcomesOf(program: Program, facts: Facts): Promise<Map<Operation, Outcome>> {
  const outcomes = new Map<Operation, Outcome>();
  const absorbed = new Set<Operation>();
  for (const operation of program.operations) {
    if (operation.isCall || isFolded(operation, facts)) continue;
    const outcome = (await describe(operation, facts)) ?? remaining(operation, facts);
    if (outcome !== null) outcomes.set(operation, outcome);
    for (const other of outcome?.absorbed ?? []) absorbed.add(other);
  }
  for (const operation of absorbed) outcomes.delete(operation);
  return outcomes;
}

/** Null where the operation is no layer. */
async function describe(operation: Operation, facts: Facts): Promise<Outcome | null> {
  try {
    return (await rules.get(operatorOf(operation))?.(operation, facts)) ?? null;
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    const weight = error.weight ?? matrixAmongInputs(operation, facts);
    return { layers: [], skipped: [{ suffix: '', weight, reason: error.message }] };
  }
}

function remaining(operation: Operation, facts: Facts): Outcome | null {
  const rest = leftover(operation, facts);
  return rest === null ? null : { layers: [], skipped: [rest] };
}

/** Its outputs are constants: what uses them shows the weights. */
function isFolded(operation: Operation, facts: Facts): boolean {
  return operation.outputs.some((value) => facts.constant(value) !== null);
}

/** The weight of an operation that does not fit it; biases have one dimension. */
function matrixAmongInputs(operation: Operation, facts: Facts): string | null {
  for (const value of operation.inputs) {
    const constant = facts.constant(value);
    if (constant !== null && isWeight(constant) && constant.tensor.shape.length > 1)
      return constant.stored.name;
  }
  return null;
}

/** Weights that lead nowhere, directly or through nodes that only move them. */
function unusedWeights(program: Program, facts: Facts, names: Names): Skipped[] {
  const used = new Set<Value>();
  const pending: Value[] = [];
  const use = (values: Operation['inputs']): void => {
    for (const value of values) if (value !== null) pending.push(value);
  };
  for (const operation of program.operations) {
    if (operation.isCall || isFolded(operation, facts)) continue;
    use(operation.inputs);
    for (const body of operation.bodies) use(body.outputs);
  }
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (used.has(value)) continue;
    used.add(value);
    if (value.source.kind !== 'operation') continue;
    const { operation, index } = value.source;
    if (operation.isCall) use([operation.bodies[0].outputs[index] ?? null]);
    else if (isFolded(operation, facts)) use(operation.inputs);
  }

  const constants = program.operations.filter((operation) => operatorOf(operation) === 'Constant');
  const sources = [
    ...program.initializers.map((value) => ({ value, op: 'Initializer' })),
    ...constants.map((operation) => ({ value: operation.outputs[0] ?? null, op: 'Constant' })),
  ];
  return [
    ...sources.flatMap(({ value, op }) => {
      const constant = facts.constant(value);
      if (value === null || constant === null || used.has(value) || !isWeight(constant)) return [];
      return [
        { name: names.bounded(value.name), op, weight: value.name, reason: t('no node computes with it') },
      ];
    }),
    ...program.sparse.map(({ name }) => ({
      name: names.bounded(name),
      op: 'Initializer',
      weight: name,
      reason: t('it is a sparse tensor, which is not read'),
    })),
  ];
}

/** Names of rows; together they stay in proportion to the file. */
class Names {
  /** How often each was asked for. */
  private readonly given = new Map<string, number>();
  private length = 0;

  constructor(private readonly file: OnnxFile) {}

  /** The name itself, or with a number behind it where another row has it. */
  unique(name: string): string {
    let candidate = this.bounded(name);
    let count = this.given.get(name) ?? 0;
    while (this.given.has(candidate)) candidate = this.bounded(`${name}#${++count}`);
    this.given.set(name, Math.max(count, 1));
    this.given.set(candidate, 1);
    return candidate;
  }

  /** Names of nested nodes repeat those of all that they are inside of. @throws LimitExceededError */
  bounded(name: string): string {
    this.length += name.length;
    if (this.length > 16 * this.file.bytes + 2 ** 24) {
      throw new LimitExceededError(this.file.path, t('the names of its nested nodes are too long'));
    }
    return name;
  }
}
