/**
 * Composition: from a step for every operation to a bound, for each input of the network, of how much every value can
 * change when that input does. A forward pass, so that a part that several branches share counts once.
 */
import { t } from '@vscode/l10n';
import { Unfit } from '../model/onnx/attributes';
import type { Facts } from '../model/onnx/facts';
import type { Operation, Program, Value } from '../model/onnx/program';
import { isKnown } from '../model/onnx/shape';
import * as m from './magnitude';
import type { Magnitude } from './magnitude';
import { constantNumbers, Node, type Values } from './node';
import { joint, perNorm, type Norm, type PerNorm } from './norms';
import { ALL, rangeOf, rangeOfNumbers, type Range } from './ranges';
import { step, without, type Step } from './step';

/** How a value depends on each input of the network, by its index; one that is missing has no influence. */
export type Dependence = ReadonlyMap<number, PerNorm<Magnitude>>;

/** The rules that a composition follows. */
export interface Rules {
  /** What an output does to the bound. @throws Unfit */
  stepOf(node: Node): Step | Promise<Step>;
  /** What is known of the range of an output besides what its operator says. */
  imageOf(node: Node): Range | Promise<Range>;
  /** Whether the ranges of the constants that an operation is given count. */
  usesRanges(operation: Operation): boolean;
}

export interface Composition {
  /** The same network where some operations do something else. */
  replayed(replace: (step: Step) => Step): Composition;
  /** Inputs of the network of floating point: those that the bound is for. */
  readonly inputs: readonly Value[];
  dependence(value: Value | null): Dependence;
  /** What the operation that makes a value does; null where nothing that it is given depends on the inputs. */
  step(value: Value): Step | null;
}

/** How many times the bodies of loops may be gone through until what their steps depend on is settled. */
const MOST_PASSES = 4;

/**
 * @param inputRange of every element of the inputs
 * @throws RangeError where the network has more inputs and values than can be followed
 */
export async function compose(
  program: Program,
  facts: Facts,
  inputs: readonly Value[],
  inputRange: Range,
  rules: Rules,
): Promise<Composition> {
  const loops = program.operations.filter(({ bodies }) =>
    bodies.some(({ parameters }) => parameters.length > 0),
  );
  const settled = new Map<Value, Dependence>();
  for (let pass = 1; ; pass++) {
    const composer = new Composer(facts, inputs, inputRange, rules, settled);
    for (const operation of program.ordered) await composer.follow(operation);
    let changed = false;
    for (const { inputs: given, bodies } of loops) {
      const values = [...given, ...bodies.flatMap((body) => body.outputs)];
      const sources = new Set(values.flatMap((value) => [...composer.dependence(value).keys()]));
      if (pass >= MOST_PASSES) for (const index of inputs.keys()) sources.add(index);
      for (const parameter of bodies.flatMap((body) => body.parameters)) {
        if ((settled.get(parameter)?.size ?? 0) >= sources.size) continue;
        changed = true;
        // A step may take what the one before has made, any number of times.
        settled.set(parameter, new Map([...sources].map((index) => [index, UNBOUNDED])));
      }
    }
    if (!changed) return composer;
  }
}

const UNBOUNDED = perNorm(() => m.UNBOUNDED);
const NOTHING: Dependence = new Map();

class Composer implements Composition, Values {
  /** In the order of computation. */
  private readonly outputs: { readonly value: Value; readonly sources: readonly Value[] }[] = [];
  private readonly dependences = new Map<Value, Dependence>();
  private readonly steps = new Map<Value, Step>();
  private readonly ranges = new Map<Value, Range>();

  constructor(
    private readonly facts: Facts,
    readonly inputs: readonly Value[],
    private readonly inputRange: Range,
    private readonly rules: Rules,
    private readonly parameters: ReadonlyMap<Value, Dependence>,
  ) {
    for (const [index, value] of inputs.entries()) {
      this.dependences.set(value, new Map([[index, perNorm(() => m.ONE)]]));
      this.ranges.set(value, inputRange);
    }
    for (const [parameter, dependence] of parameters) this.dependences.set(parameter, dependence);
  }

  dependence(value: Value | null): Dependence {
    return (value && this.dependences.get(value)) ?? NOTHING;
  }

  step(value: Value): Step | null {
    return this.steps.get(value) ?? null;
  }

  isDependent(value: Value): boolean {
    return this.dependence(value).size > 0;
  }

  range(value: Value): Range {
    return this.ranges.get(value) ?? ALL;
  }

  /** What the outputs of an operation depend on, once all is said of its inputs. */
  async follow(operation: Operation): Promise<void> {
    const bodies = operation.bodies.flatMap((body) => body.outputs);
    const sources = [...operation.inputs, ...bodies].filter((value) => value !== null);
    if (!sources.some((value) => this.isDependent(value))) return;
    if (this.rules.usesRanges(operation)) for (const value of sources) await this.readRange(value);
    for (const [index, value] of operation.outputs.entries()) {
      if (value === null || this.facts.constant(value) !== null) continue;
      const node = new Node(operation, index, this.facts, this);
      const step = await this.stepFor(node);
      if (!this.take(value, step, sources)) continue;
      this.ranges.set(value, await this.rangeFor(node));
    }
  }

  replayed(replace: (step: Step) => Step): Composition {
    const other = new Composer(this.facts, this.inputs, this.inputRange, this.rules, this.parameters);
    for (const { value, sources } of this.outputs) {
      const own = this.steps.get(value);
      if (own !== undefined) other.take(value, replace(own), sources);
    }
    return other;
  }

  /** False where the value does not depend on the inputs. */
  private take(value: Value, step: Step, sources: readonly Value[]): boolean {
    const dependence = this.dependenceBy(step, sources);
    this.steps.set(value, step);
    if (dependence.size === 0) return false;
    this.outputs.push({ value, sources });
    this.dependences.set(value, dependence);
    return true;
  }

  private async stepFor(node: Node): Promise<Step> {
    const { operation, output } = node;
    if (operation.isCall) {
      const result = operation.bodies[0].outputs[output] ?? null;
      return step([[result, 1]], t('a local function: its nodes are listed'), { whole: true });
    }
    if (operation.bodies.length > 0) return this.stepOfBodies(operation, output);
    try {
      return await this.rules.stepOf(node);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      return without(node.dependents, 'unknown', error.message);
    }
  }

  private stepOfBodies(operation: Operation, output: number): Step {
    const { opType, domain, inputs, bodies } = operation;
    if (opType === 'If' && domain === '') {
      const [condition] = inputs;
      const results = bodies.map((body) => body.outputs[output] ?? null);
      if (condition !== null && this.isDependent(condition)) {
        return without(
          [condition, ...results],
          'unbounded',
          t('it jumps where its condition, which depends on the input, changes'),
        );
      }
      return step(
        results.map((value) => [value, 1]),
        t('one of its branches'),
        { join: 'largest' },
      );
    }
    const values = [...inputs, ...bodies.flatMap((body) => body.outputs)];
    return without(values, 'unknown', t('it is not followed through its steps'));
  }

  private dependenceBy(step: Step, sources: readonly Value[]): Dependence {
    const found = new Map<number, PerNorm<Magnitude>>();
    const add = (index: number, more: PerNorm<Magnitude>, join: Step['join']): void => {
      const before = found.get(index);
      found.set(
        index,
        before === undefined ? more : perNorm((norm) => combined(join, norm, before[norm], more[norm])),
      );
    };
    const named = new Set(step.terms.map(({ value }) => value));
    for (const { value, constant } of step.terms) {
      for (const [index, bound] of this.dependence(value)) {
        if (constant.L2 === 0) continue;
        add(
          index,
          perNorm((norm) => m.times(bound[norm], m.magnitude(constant[norm]))),
          step.join,
        );
      }
    }
    if (step.whole) return found;
    // Whatever else it is given sets what it computes.
    for (const value of sources) {
      if (named.has(value)) continue;
      for (const [index, bound] of this.dependence(value)) {
        if (step.shapesOf.includes(value) && this.hasFixedShape(value, bound)) continue;
        add(index, UNBOUNDED, 'sum');
      }
    }
    return found;
  }

  /** A value that changes continuously keeps its shape: only what jumps can have another one. */
  private hasFixedShape(value: Value, bound: PerNorm<Magnitude>): boolean {
    const shape = this.facts.shape(value);
    return m.isFinite(bound.L2) || (shape !== null && isKnown(shape));
  }

  private async rangeFor(node: Node): Promise<Range> {
    const { operation, output } = node;
    if (operation.isCall) return this.rangeOfValue(operation.bodies[0].outputs[output] ?? null);
    if (operation.bodies.length > 0) return ALL;
    try {
      return await rangeOf(node, await this.rules.imageOf(node));
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      return ALL;
    }
  }

  private rangeOfValue(value: Value | null): Range {
    return value === null ? ALL : this.range(value);
  }

  private async readRange(value: Value): Promise<void> {
    if (this.ranges.has(value) || this.isDependent(value)) return;
    this.ranges.set(value, rangeOfNumbers(await constantNumbers(this.facts, value)));
  }
}

function combined(join: Step['join'], norm: Norm, a: Magnitude, b: Magnitude): Magnitude {
  switch (join) {
    case 'sum':
      return m.plus(a, b);
    case 'joint':
      return joint(norm, a, b);
    case 'largest':
      return m.largest(a, b);
  }
}
