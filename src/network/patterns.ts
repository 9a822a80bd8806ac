/**
 * Functions that exporters write out in several nodes and that are bounded as a whole, though their parts are not: an
 * activation times a gate of itself, division by its own norm, the distance of a value to its mean.
 */
import { t } from '@vscode/l10n';
import { floatAttribute } from '../model/onnx/attributes';
import { listOf } from '../model/onnx/layout';
import { operatorOf, type Operation, type Value } from '../model/onnx/program';
import { axesOf, isKnown, productOf, type Shape } from '../model/onnx/shape';
import { roundUp } from '../bounds/rounding';
import type { Node } from './node';
import { SLOPES } from './scalar-functions';
import { step, type Step } from './step';

/** What the last node of a pattern does, as a step from where the pattern begins; null where there is none. */
export async function patternOf(node: Node): Promise<Step | null> {
  switch (node.operator) {
    case 'Mul':
      return (await gated(node)) ?? (await normalized(node));
    case 'Div':
      return normalized(node);
    case 'Sub':
      return centered(node);
    case 'Sqrt':
      return distance(node);
    default:
      return null;
  }
}

/** Calls and copies of a value that are looked through. */
const MOST_COPIES = 20;

/** The operation that computes a value, behind local functions and Identity; null: an input or a parameter. */
function producer(value: Value | null): Operation | null {
  let current = value;
  for (let copies = 0; copies < MOST_COPIES && current?.source.kind === 'operation'; copies++) {
    const { operation, index } = current.source;
    if (operation.isCall) current = operation.bodies[0].outputs[index] ?? null;
    else if (operatorOf(operation) === 'Identity') current = operation.inputs[0] ?? null;
    else return operation;
  }
  return null;
}

/** The operation where it is one of the operators. */
function made(value: Value | null, ...operators: readonly string[]): Operation | null {
  const operation = producer(value);
  return operation !== null && operators.includes(operatorOf(operation)) ? operation : null;
}

/** `factor * value + shift`, both single numbers. */
interface Affine {
  readonly value: Value;
  readonly factor: number;
  readonly shift: number;
  /** What the shift may be off by: its parts may cancel. */
  readonly error: number;
}

/** Sums and products with single numbers behind each other that are looked through. */
const MOST_AFFINE = 8;

/** A value as what some other value becomes by sums and products with single numbers, every step of the way. */
async function affineSteps(node: Node, value: Value): Promise<Affine[]> {
  const steps: Affine[] = [{ value, factor: 1, shift: 0, error: 0 }];
  let { value: current, factor, shift, error } = steps[0];
  while (steps.length <= MOST_AFFINE) {
    const operation = made(current, 'Mul', 'Div', 'Add', 'Sub');
    if (operation === null) break;
    const [a, b] = operation.inputs;
    const [left, right] = [await node.number(a), await node.number(b)];
    const number = right ?? left;
    const rest = right === null ? b : a;
    if (number === null || rest === null || !Number.isFinite(number)) break;
    switch (operatorOf(operation)) {
      case 'Mul':
        factor *= number;
        break;
      case 'Div':
        if (right === null) return steps;
        factor /= number;
        break;
      case 'Add':
        shift += factor * number;
        break;
      case 'Sub':
        if (right === null) {
          shift += factor * number;
          factor = -factor;
        } else shift -= factor * number;
        break;
    }
    current = rest;
    error += (Math.abs(shift) + Math.abs(factor * number)) * 2 ** -48;
    steps.push({ value: current, factor, shift, error });
  }
  return steps;
}

/** A value as `factor * base + shift`; null where it is no such thing. */
async function affineIn(node: Node, value: Value | null, base: Value): Promise<Affine | null> {
  if (value === null) return null;
  return (await affineSteps(node, value)).find((found) => found.value === base) ?? null;
}

/** `x g(x)`, each of them with a factor: SiLU, GELU, Mish, HardSwish as they are written out. */
async function gated(node: Node): Promise<Step | null> {
  const [a, b] = [node.input(0), node.input(1)];
  if (a === null || b === null || !node.isDependent(a) || !node.isDependent(b)) return null;
  for (const [linear, gate] of [
    [a, b],
    [b, a],
  ]) {
    for (const { value, factor, shift } of await affineSteps(node, linear)) {
      if (shift !== 0) continue;
      const found = await slopeOfGated(node, gate, value);
      if (found === null) continue;
      return step([[value, roundUp(Math.abs(factor) * found.slope)]], t`largest slope of ${found.name}`, {
        whole: true,
      });
    }
  }
  return null;
}

/** The largest slope of `x g(x)`; null where the gate is none that is known. */
async function slopeOfGated(
  node: Node,
  gate: Value,
  x: Value,
): Promise<{ readonly name: string; readonly slope: number } | null> {
  for (const { value, factor, shift } of await affineSteps(node, gate)) {
    const operation = producer(value);
    if (operation === null) continue;
    const inner = operation.inputs[0] ?? null;
    const scale = Math.abs(factor);
    switch (operatorOf(operation)) {
      case 'Sigmoid': {
        // The slope is s(t) + t s'(t) at t = beta x, whatever beta is.
        const argument = await affineIn(node, inner, x);
        if (argument?.shift === 0 && shift === 0) return { name: 'SiLU', slope: scale * SLOPES.silu };
        break;
      }
      case 'Tanh': {
        const softplus = made(inner, 'Softplus');
        const argument = softplus === null ? null : await affineIn(node, softplus.inputs[0] ?? null, x);
        if (argument?.factor === 1 && argument.shift === 0 && shift === 0) {
          return { name: 'Mish', slope: scale * SLOPES.mish };
        }
        if (shift === factor && (await isGeluArgument(node, inner, x))) {
          return { name: 'GELU', slope: 2 * scale * SLOPES.geluTanh * (1 + 8 * GELU_PRECISION) };
        }
        break;
      }
      case 'Erf': {
        // x (1 + erf(beta x)) is twice GELU of a multiple of x.
        const argument = await affineIn(node, inner, x);
        if (argument?.shift === 0 && shift === factor)
          return { name: 'GELU', slope: 2 * scale * SLOPES.gelu };
        break;
      }
      case 'HardSigmoid': {
        const argument = await affineIn(node, inner, x);
        const alpha = floatAttribute(operation, 'alpha', Math.fround(0.2));
        const beta = floatAttribute(operation, 'beta', 0.5);
        if (argument !== null && shift === 0) {
          const slope = slopeOfClipped(alpha * argument.shift + beta, Math.abs(alpha) * argument.error, 0, 1);
          return { name: 'HardSwish', slope: scale * slope };
        }
        break;
      }
      case 'Clip': {
        const argument = await affineIn(node, inner, x);
        const least = await limitOf(node, operation, 1, 'min');
        const most = await limitOf(node, operation, 2, 'max');
        if (argument !== null && least !== null && most !== null && least <= most && shift === 0) {
          return {
            name: t('a clipped gate'),
            slope: scale * slopeOfClipped(argument.shift, argument.error, least, most),
          };
        }
        break;
      }
    }
  }
  return null;
}

/**
 * The largest slope of `x clip(a x + b, least, most)`: a limit where it is clipped, else `2 u - b` at `u = a x + b`, which is
 * largest at a limit.
 * @param error what b may be off by
 */
function slopeOfClipped(b: number, error: number, least: number, most: number): number {
  const slopes = [least, most].flatMap((limit) => [Math.abs(limit), Math.abs(2 * limit - b)]);
  return roundUp(Math.max(...slopes) + error + (Math.abs(b) + Math.abs(least) + Math.abs(most)) * 2 ** -48);
}

/** Relative error of the constants of GELU as they are written out; its slope is off by less than four times as much. */
const GELU_PRECISION = 1e-6;

/** `sqrt(2 / pi) (x + 0.044715 x^3)`. */
async function isGeluArgument(node: Node, value: Value | null, x: Value): Promise<boolean> {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= GELU_PRECISION * b;
  for (const outer of value === null ? [] : await affineSteps(node, value)) {
    const sum = made(outer.value, 'Add');
    if (sum === null || outer.shift !== 0 || !near(outer.factor, Math.sqrt(2 / Math.PI))) continue;
    const [a, b] = sum.inputs;
    const other = a === x ? b : b === x ? a : null;
    for (const inner of other === null ? [] : await affineSteps(node, other)) {
      if (inner.shift === 0 && near(inner.factor, 0.044715) && (await isCube(node, inner.value, x)))
        return true;
    }
  }
  return false;
}

async function isCube(node: Node, value: Value, x: Value): Promise<boolean> {
  const operation = made(value, 'Pow', 'Mul');
  if (operation === null) return false;
  const [a, b] = operation.inputs;
  if (operatorOf(operation) === 'Pow') return a === x && (await node.number(b)) === 3;
  return (a === x && (await squareOf(node, b)) === x) || (b === x && (await squareOf(node, a)) === x);
}

async function limitOf(
  node: Node,
  operation: Operation,
  input: number,
  attribute: string,
): Promise<number | null> {
  const value = operation.inputs[input] ?? null;
  if (value !== null) return node.number(value);
  const limit = floatAttribute(operation, attribute, NaN);
  return Number.isNaN(limit) ? null : limit;
}

/** `s / sqrt(mean(s^2) + epsilon)`, also as a product with the reciprocal: the core of the normalisations. */
async function normalized(node: Node): Promise<Step | null> {
  const [a, b] = [node.input(0), node.input(1)];
  const sides =
    node.operator === 'Div'
      ? [[a, b]]
      : [
          [a, reciprocalOf(b)],
          [b, reciprocalOf(a)],
        ];
  for (const [s, root] of sides) {
    if (s === null || root === null) continue;
    const found = await meanSquareUnder(node, root, s);
    if (found === null) continue;
    const { epsilon, size } = found;
    const L2 = roundUp(1 / Math.sqrt(epsilon));
    // A row or column of length n is at most sqrt(n) times as long in L1 as in L2.
    const many = size === null ? Infinity : roundUp(L2 * Math.sqrt(size));
    return step([[s, { L2, Linf: many, L1: many }]], t('norm of a normalisation, limited by epsilon'), {
      whole: true,
    });
  }
  return null;
}

/** What is divided by, where a value is the reciprocal of something. */
function reciprocalOf(value: Value | null): Value | null {
  return made(value, 'Reciprocal')?.inputs[0] ?? null;
}

/** The epsilon under a root over the mean square of `s`; null where the value is none. */
async function meanSquareUnder(
  node: Node,
  root: Value,
  s: Value,
): Promise<{ readonly epsilon: number; readonly size: number | null } | null> {
  const radicand = await radicandOf(node, root);
  const sum = made(radicand, 'Add');
  if (sum === null) return null;
  const [a, b] = sum.inputs;
  const [left, right] = [await node.number(a), await node.number(b)];
  const epsilon = right ?? left;
  const mean = made(right === null ? b : a, 'ReduceMean');
  if (epsilon === null || !(epsilon > 0) || mean === null) return null;
  const base = await squareOf(node, mean.inputs[0] ?? null);
  if (base !== s || !keepsAxes(mean)) return null;
  const axes = await reducedAxes(node, mean, node.facts.shape(s));
  const shape = node.facts.shape(s);
  const size = axes === null || shape === null ? null : productOf(axes.map((axis) => shape[axis]));
  return { epsilon, size };
}

async function radicandOf(node: Node, value: Value): Promise<Value | null> {
  const root = made(value, 'Sqrt', 'Pow');
  if (root === null) return null;
  if (operatorOf(root) === 'Pow' && (await node.number(root.inputs[1] ?? null)) !== 0.5) return null;
  return root.inputs[0] ?? null;
}

/** What a value is the square of. */
async function squareOf(node: Node, value: Value | null): Promise<Value | null> {
  const operation = made(value, 'Pow', 'Mul');
  if (operation === null) return null;
  const [a, b] = operation.inputs;
  if (operatorOf(operation) === 'Mul') return a === b ? a : null;
  return (await node.number(b ?? null)) === 2 ? a : null;
}

function keepsAxes({ attributes }: Operation): boolean {
  const keep = attributes.get('keepdims');
  return keep === undefined || (keep.kind === 'int' && keep.value !== 0);
}

async function reducedAxes(
  node: Node,
  operation: Operation,
  shape: Shape | null,
): Promise<readonly number[] | null> {
  const axes = await listOf(operation, 'axes', 1, node.facts);
  if (!axes || shape === null) return null;
  return axesOf(axes, shape.length);
}

/** `x - mean(x)`, a projection. Its sums of absolute values are at most `2 (1 - 1/n)`. */
async function centered(node: Node): Promise<Step | null> {
  const [x, mean] = [node.input(0), made(node.input(1), 'ReduceMean')];
  if (x === null || mean === null || mean.inputs[0] !== x || !keepsAxes(mean)) return null;
  const axes = await listOf(mean, 'axes', 1, node.facts);
  if (axes === null) return null;
  return step([[x, { L2: 1, Linf: 2, L1: 2 }]], t('the distance to the mean, a projection'), { whole: true });
}

/** In Linf the length of (1, 1). */
const OF_PAIR = { L2: 1, Linf: 1.4142135623731, L1: 1 };

/** `sqrt(a^2 + b^2)`: the length of a vector changes by no more than the vector. */
async function distance(node: Node): Promise<Step | null> {
  const sum = made(node.input(0), 'Add');
  if (sum === null) return null;
  const [a, b] = [await squareOf(node, sum.inputs[0] ?? null), await squareOf(node, sum.inputs[1] ?? null)];
  if (a === null || b === null || a === b) return null;
  const shapes = [a, b].map((value) => node.facts.shape(value));
  const [left, right] = shapes;
  // Without broadcasting, which would repeat one of them.
  const alike = left !== null && right !== null && isKnown(left) && left.join() === right.join();
  return alike
    ? step(
        [
          [a, OF_PAIR],
          [b, OF_PAIR],
        ],
        t('the length of a vector of two'),
        { join: 'joint', whole: true },
      )
    : null;
}
