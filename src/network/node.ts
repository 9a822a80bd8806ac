/** One output of an operation with all that is known of its inputs: what the rules of the operators are given. */
import { ModelError } from '../model/errors';
import type { Facts } from '../model/onnx/facts';
import { operatorOf, type Operation, type Value } from '../model/onnx/program';
import type { Dimension, Shape } from '../model/onnx/shape';
import { isKnown, productOf } from '../model/onnx/shape';
import { elementCount } from '../model/tensor';
import type { Range } from './ranges';

/** What the composition knows of values, from the operations before. */
export interface Values {
  /** Depends on an input of the network that is of floating point. */
  isDependent(value: Value): boolean;
  /** Encloses every element. */
  range(value: Value): Range;
}

/** Inputs of one operation that are broadcast against each other: each is compared with all. */
const MOST_BROADCAST = 1000;

export class Node {
  constructor(
    readonly operation: Operation,
    /** Index among the outputs. */
    readonly output: number,
    readonly facts: Facts,
    private readonly values: Values,
  ) {}

  get operator(): string {
    return operatorOf(this.operation);
  }

  get inputs(): readonly (Value | null)[] {
    return this.operation.inputs;
  }

  input(index: number): Value | null {
    return this.operation.inputs[index] ?? null;
  }

  isDependent(value: Value | null): boolean {
    return value !== null && this.values.isDependent(value);
  }

  /** The inputs that depend on those of the network. */
  get dependents(): readonly Value[] {
    return this.inputs.filter((value) => value !== null).filter((value) => this.values.isDependent(value));
  }

  shape(index: number): Shape | null {
    return this.facts.shape(this.input(index));
  }

  get outputShape(): Shape | null {
    return this.facts.shape(this.operation.outputs[this.output] ?? null);
  }

  range(value: Value | null): Range {
    return value === null ? { lower: 0, upper: 0 } : this.values.range(value);
  }

  /** The elements of a value that is constant; null where they are not known. */
  async numbers(value: Value | null): Promise<ArrayLike<number> | null> {
    return constantNumbers(this.facts, value);
  }

  /** The one number that a constant holds; null: not constant, or several. */
  async number(value: Value | null): Promise<number | null> {
    const shape = this.facts.shape(value);
    if (shape !== null && productOf(shape) !== 1) return null;
    const numbers = await this.numbers(value);
    return numbers?.length === 1 ? numbers[0] : null;
  }

  /**
   * How many elements of the output an element of the input reaches where the operation broadcasts it against the other
   * inputs; null where that is not known.
   */
  copies(value: Value): Dimension {
    const shape = this.facts.shape(value);
    if (this.inputs.length > MOST_BROADCAST) return null;
    // Up to opset 6 an attribute said on which axes a value is repeated.
    const { opset, attributes } = this.operation;
    if (opset > 0 && opset < 7 && attributes.has('axis')) return null;
    const others = this.inputs
      .filter((other) => other !== null && other !== value)
      .map((other) => this.facts.shape(other));
    if (shape === null) return null;
    let copies = 1;
    for (const other of others) if (other === null) return null;
    const rank = Math.max(shape.length, ...others.map((other) => other?.length ?? 0));
    for (let fromEnd = 1; fromEnd <= rank; fromEnd++) {
      const own = fromEnd > shape.length ? 1 : shape[shape.length - fromEnd];
      if (own !== null && own !== 1) continue;
      const lengths = others.map((other) =>
        other === null || fromEnd > other.length ? 1 : other[other.length - fromEnd],
      );
      const known = lengths.find((length) => length !== null && length !== 1);
      if (known !== undefined && known !== null) copies *= known;
      else if (lengths.includes(null)) return null;
    }
    return Number.isSafeInteger(copies) ? copies : null;
  }

  /** Number of elements of an input; null where unknown. */
  count(index: number): Dimension {
    const shape = this.shape(index);
    return shape !== null && isKnown(shape) ? elementCount(shape) : null;
  }
}

/** Constants of more elements are no factors or biases; they are not read for a range. */
const LARGEST_READ = 2 ** 24;

/** @returns null where the value is no constant, holds other than real numbers, or cannot be read */
export async function constantNumbers(facts: Facts, value: Value | null): Promise<ArrayLike<number> | null> {
  const constant = facts.constant(value);
  if (constant === null) return facts.numbers(value);
  if (elementCount(constant.tensor.shape) > LARGEST_READ) return null;
  try {
    return await constant.tensor.read();
  } catch (error) {
    if (error instanceof ModelError) return null;
    throw error;
  }
}
