/** What can be known of the values of a network before it runs: which are constant, and the shapes of the others. */
import { ModelError } from '../errors';
import type { OpenOptions } from '../model';
import { Unfit } from './attributes';
import { foldConstants } from './constants';
import { storedConstant, type Constant, type ConstantContext } from './constants/constant';
import type { OnnxFile, ValueInfo } from './graph';
import type { Operation, Program, Value } from './program';
import { common, dimension, isKnown, maximumRank, reconciled, type Shape } from './shape';
import { inferShapes } from './shapes';
import type { Known } from './shapes/rule';
import { computeSmall, isSmall, isSmallOperation, shapeArray, sizeArray, type SmallArray } from './small';
import { isFloat } from './types';

/** Elements that may be computed to read a size: a small part of a large table is not worth it. */
const maximumCost = 2 ** 16;

/** Shapes of inputs of the network in place of those that the file declares. */
export type InputShapes = ReadonlyMap<Value, Shape>;

/** Follows all values from the network's inputs on. */
export async function establishFacts(
  file: Pick<OnnxFile, 'bytes'>,
  program: Program,
  options: OpenOptions,
  inputShapes: InputShapes = new Map(),
): Promise<Facts> {
  const facts = new Facts(file.bytes, options.inputSize, inputShapes);
  for (const value of program.initializers) facts.addInitializer(value);
  for (const operation of program.ordered) await facts.follow(operation);
  return facts;
}

export class Facts implements Known, ConstantContext {
  private readonly constants = new Map<Value, Constant>();
  private readonly shapes = new Map<Value, Shape | null>();
  private readonly arrays = new Map<Value, SmallArray>();
  private readonly reasons = new Map<Value, string>();
  private readonly origins = new Map<Value, Operation>();
  /** Values that depend on an input whose size the user has given: what the file declares of them counts no more. */
  private readonly resized = new Set<Value>();

  constructor(
    readonly bytes: number,
    private readonly inputSize: OpenOptions['inputSize'],
    private readonly inputShapes: InputShapes = new Map(),
  ) {}

  /** The sizes that the user has asked to ignore are still known here; layers must not show them. */
  get ignoresSizes(): boolean {
    return this.inputSize === 'any';
  }

  constant(value: Value | null): Constant | null {
    return (value && this.constants.get(value)) ?? null;
  }

  /** Why a value is no constant although it is made of constants by operations that are followed; else null. */
  reason(value: Value): string | null {
    return this.reasons.get(value) ?? null;
  }

  /** The first operation that is not followed on the way from constants to a value that depends on nothing else. */
  origin(value: Value): Operation | null {
    return this.origins.get(value) ?? null;
  }

  shape(value: Value | null): Shape | null {
    if (value === null) return null;
    const known = this.shapes.get(value);
    return known === undefined ? this.declared(value) : known;
  }

  async numbers(value: Value | null): Promise<readonly number[] | null> {
    const array = await this.array(value);
    return array !== null && isKnown(array.values) ? array.values : null;
  }

  async dimensions(value: Value | null): Promise<Shape | null> {
    const array = await this.array(value);
    return array === null || array.shape.length > 1 ? null : array.values;
  }

  addInitializer(value: Value): void {
    if (value.source.kind !== 'initializer') return;
    try {
      this.setConstant(value, storedConstant(value.name, value.source.tensor));
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      this.reasons.set(value, error.message);
    }
  }

  /** Everything that can be said of the outputs of an operation, once all is said of its inputs. */
  async follow(operation: Operation): Promise<void> {
    const { outputs } = operation;
    if (this.dependsOnResized(operation)) for (const value of outputs) if (value) this.resized.add(value);
    if (operation.isCall) {
      outputs.forEach((value, i) => value && this.equate(value, operation.bodies[0].outputs[i] ?? null));
      return;
    }
    const constants = await this.folded(operation);
    if (constants !== null) {
      outputs.forEach((value, i) => value && i < constants.length && this.setConstant(value, constants[i]));
      return;
    }
    this.noteOrigin(operation);
    const shapes =
      operation.bodies.length > 0 ? this.shapesOfBodies(operation) : await inferShapes(operation, this);
    const array = await this.smallOutput(operation);
    outputs.forEach((value, i) => {
      if (value === null) return;
      const inferred = i === 0 && array !== null ? array.shape : (shapes[i] ?? null);
      this.shapes.set(value, ofSaneRank(reconciled(inferred, this.declared(value))));
      if (i === 0 && array !== null) this.arrays.set(value, array);
    });
  }

  private setConstant(value: Value, constant: Constant): void {
    this.constants.set(value, constant);
    this.shapes.set(value, constant.tensor.shape);
  }

  /** Another name for the same value. */
  private equate(value: Value, original: Value | null): void {
    if (original === null) return;
    const constant = this.constants.get(original);
    if (constant !== undefined) this.setConstant(value, constant);
    else this.shapes.set(value, reconciled(this.shape(original), this.declared(value)));
    copy(this.arrays, original, value);
    copy(this.reasons, original, value);
    copy(this.origins, original, value);
  }

  private async folded(operation: Operation): Promise<readonly Constant[] | null> {
    try {
      return await foldConstants(operation, this);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      for (const value of operation.outputs) if (value) this.reasons.set(value, error.message);
      return null;
    }
  }

  private noteOrigin(operation: Operation): void {
    const inputs = operation.inputs.filter((value) => value !== null);
    const settled = inputs.every((value) => this.constants.has(value) || this.origins.has(value));
    if (inputs.length === 0 || !settled || operation.bodies.length > 0) return;
    const earlier = inputs.map((value) => this.origins.get(value)).find((origin) => origin !== undefined);
    for (const value of operation.outputs) if (value) this.origins.set(value, earlier ?? operation);
  }

  private shapesOfBodies(operation: Operation): readonly (Shape | null)[] {
    // Other operators run their bodies any number of times, on values of any size.
    if (operation.opType !== 'If' || operation.domain !== '') return [];
    return operation.outputs.map((_, i) =>
      common(operation.bodies.map((body) => this.shape(body.outputs[i] ?? null))),
    );
  }

  private async smallOutput(operation: Operation): Promise<SmallArray | null> {
    if (operation.domain !== '') return null;
    const [data] = operation.inputs;
    const shape = this.shape(data ?? null);
    try {
      if (operation.opType === 'Shape') return shape === null ? null : shapeArray(operation, shape);
      if (operation.opType === 'Size') return shape === null ? null : sizeArray(shape);
      if (!isSmallOperation(operation)) return null;
      const inputs = await this.smallInputs(operation);
      return inputs === null ? null : computeSmall(operation, inputs);
    } catch (error) {
      if (error instanceof Unfit) return null;
      throw error;
    }
  }

  private async smallInputs(operation: Operation): Promise<readonly SmallArray[] | null> {
    const { inputs } = operation;
    // Most operations have an activation among their inputs: then nothing need be read of the others.
    if (!inputs.every((value) => value !== null && (this.arrays.has(value) || this.isSmallConstant(value))))
      return null;
    const arrays: SmallArray[] = [];
    for (const value of inputs) {
      const array = await this.array(value);
      if (array === null) return null;
      arrays.push(array);
    }
    const filler = operation.opType === 'ConstantOfShape' ? operation.attributes.get('value') : undefined;
    if (filler === undefined) return arrays;
    if (filler.kind !== 'tensor') return null;
    const value = isSmall(filler.value.shape) ? await readSmall(storedConstant('value', filler.value)) : null;
    return value === null ? null : [...arrays, value];
  }

  private isSmallConstant(value: Value): boolean {
    const constant = this.constants.get(value);
    return constant !== undefined && isSmall(constant.tensor.shape) && constant.cost <= maximumCost;
  }

  private async array(value: Value | null): Promise<SmallArray | null> {
    if (value === null) return null;
    const known = this.arrays.get(value);
    if (known !== undefined) return known;
    const constant = this.isSmallConstant(value) ? this.constants.get(value) : undefined;
    const array = constant === undefined ? null : await readSmall(constant);
    if (array !== null) this.arrays.set(value, array);
    return array;
  }

  private dependsOnResized(operation: Operation): boolean {
    if (!Array.isArray(this.inputSize)) return false;
    const values = [...operation.inputs, ...operation.bodies.flatMap((body) => body.outputs)];
    return values.some((value) => value !== null && this.isResized(value));
  }

  private isResized(value: Value): boolean {
    const { kind } = value.source;
    if (this.resized.has(value)) return true;
    // What a step of a loop gets may be the result of the one before.
    if (kind === 'parameter') return Array.isArray(this.inputSize);
    return kind === 'input' && this.givenSize(value.info) !== null;
  }

  private declared(value: Value): Shape | null {
    if (value.source.kind === 'input') {
      return this.inputShapes.get(value) ?? this.givenSize(value.info) ?? declaredShape(value.info);
    }
    return this.isResized(value) ? null : declaredShape(value.info);
  }

  /** The declared shape with the spatial size that the user has given; null where it gives none of that rank. */
  private givenSize(info: ValueInfo | null): Shape | null {
    const shape = declaredShape(info);
    const size = this.inputSize;
    if (shape === null || size === null || size === 'any' || shape.length !== size.length + 2) return null;
    return [...shape.slice(0, 2), ...size];
  }
}

function declaredShape(info: ValueInfo | null): Shape | null {
  if (info === null || info.shape === null || info.shape.length > maximumRank) return null;
  // Exporters write 0 and -1 for sizes that they do not know.
  return info.shape.map((length) => (typeof length === 'number' && length > 0 ? dimension(length) : null));
}

function ofSaneRank(shape: Shape | null): Shape | null {
  return shape !== null && shape.length <= maximumRank ? shape : null;
}

/** Null where it holds no real numbers, or cannot be read: then the nodes that need it are of unknown shape. */
async function readSmall({ tensor, type }: Constant): Promise<SmallArray | null> {
  try {
    return { shape: tensor.shape, values: [...(await tensor.read())], integral: !isFloat(type) };
  } catch (error) {
    if (error instanceof ModelError) return null;
    throw error;
  }
}

function copy<K, V>(map: Map<K, V>, from: K, to: K): void {
  const value = map.get(from);
  if (value !== undefined) map.set(to, value);
}
