/**
 * Scalings behind a linear layer, and constant matrices behind another, that are multiplied out before the norm is taken: the
 * norm of the product is at most the product of the norms, and often far below it.
 */
import { t } from '@vscode/l10n';
import { gamma, roundUp } from '../bounds/rounding';
import type { Values } from '../bounds/values';
import type { ConvolutionOperator, MatrixOperator, Operator } from '../model/model';
import type { OperationLayer } from '../model/onnx/computation';
import type { Facts } from '../model/onnx/facts';
import { flagAttribute } from '../model/onnx/attributes';
import { operatorOf, type Operation, type Value } from '../model/onnx/program';
import { derived } from '../model/tensor';
import { constantNumbers, type Node } from './node';
import type { LayerSteps } from './layer-steps';
import { type Factor, isAffordable, multiplications, productOf } from './matrix-product';
import type { PerNorm } from './norms';
import { step, type Step } from './step';

/** At least the norm of an operator in L2, as certain as the rows are. @throws Error where it has none */
export type Enclose = (operator: Operator) => Promise<number>;

/** A linear layer and the factors that its output channels are multiplied by behind it. */
interface Chain {
  readonly base: Operation;
  readonly layer: OperationLayer;
  readonly operator: ConvolutionOperator | MatrixOperator;
  /** Side of a matrix that the outputs are on. */
  readonly outputSide: 'rows' | 'columns' | null;
  readonly scales: Float64Array;
  /** Names of the rows that are folded in. */
  readonly rows: readonly string[];
  /** There is more than the layer and constants that are added. */
  readonly isScaled: boolean;
}

interface Folded {
  readonly source: Value | null;
  readonly constant: PerNorm<number>;
  readonly reason: string;
  readonly layers: readonly string[];
}

const FOLDED = new Set(['Add', 'Sub', 'Mul', 'Div', 'BatchNormalization']);
const PRODUCTS = new Set(['MatMul', 'Gemm']);
/** Consecutive matrices that are multiplied, and multiplications for all products of a network. */
const MOST_MATRICES = 16;
const MOST_WORK = 2 ** 31;
/** Operations behind a layer that are looked through. */
const LONGEST_CHAIN = 16;
/** What a scaled weight is off by, relatively: every operation rounds a factor four times at most, and each weight once. */
const ROUNDINGS = gamma(4 * LONGEST_CHAIN + 2);
/** Factors below it could make weights vanish. */
const LEAST_SCALE = 1e-200;

export class Folds {
  private readonly known = new Map<Operation, Promise<Folded | null>>();
  /** Of layers whose outputs are scaled, the last. */
  private readonly norms = new Map<Operation, { scales: Float64Array; norms: Promise<PerNorm<number>> }>();
  /** Multiplications so far. */
  private work = 0;

  constructor(
    private readonly layers: LayerSteps,
    private readonly enclose: Enclose,
  ) {}

  /** The step of the last operation behind a layer that is folded into it; null where nothing is. */
  async stepOf(node: Node): Promise<Step | null> {
    const { operation, facts } = node;
    if (node.output > 0 || !(FOLDED.has(node.operator) || PRODUCTS.has(node.operator))) return null;
    if (this.isContinued(operation, facts)) return null;
    let folded = this.known.get(operation);
    if (!folded) this.known.set(operation, (folded = this.fold(operation, facts)));
    const found = await folded;
    if (found === null) return null;
    return step([[found.source, found.constant]], found.reason, {
      whole: true,
      layers: found.layers,
    });
  }

  /** Something that is folded, too, is all that follows. */
  private isContinued({ outputs }: Operation, facts: Facts): boolean {
    const [value] = outputs;
    if (value?.users.length !== 1) return false;
    const [user] = value.users;
    return (
      FOLDED.has(operatorOf(user)) &&
      user.inputs.every((input) => input === value || facts.constant(input) !== null)
    );
  }

  private async fold(operation: Operation, facts: Facts): Promise<Folded | null> {
    const chain = await this.chainTo(operation, facts);
    if (chain === null || !isInRange(chain.scales)) return null;
    return (await this.multiplied(chain, facts)) ?? (await this.scaled(chain, facts));
  }

  /** The product of matrices that end with this one, as many as are affordable. */
  private async multiplied(last: Chain, facts: Facts): Promise<Folded | null> {
    const chains: Chain[] = [];
    let sizes: number[] = [];
    let next: Chain | null = last;
    while (next !== null && chains.length < MOST_MATRICES) {
      const [rows, columns] = sidesOf(next);
      const longer = [rows, ...(sizes.length === 0 ? [columns] : sizes)];
      const fits = sizes.length === 0 || columns === sizes[0];
      if (!fits || !isFactor(next) || !isInRange(next.scales) || !isAffordable(longer)) break;
      chains.unshift(next);
      sizes = longer;
      const producer = producerOf(activationOf(next.base, facts));
      next = producer === null ? null : await this.chainTo(producer, facts);
    }
    this.work += multiplications(sizes);
    if (chains.length < 2 || this.work > MOST_WORK) return null;
    try {
      const product = productOf(await Promise.all(chains.map(factorOf)));
      if (product === null) return null;
      const { operator, error } = product;
      const upper = await this.enclose(operator);
      const sums = await this.layers.sumsFor(operator, 'rows');
      return {
        source: activationOf(chains[0].base, facts),
        constant: {
          L2: roundUp(upper + error.L2),
          Linf: roundUp(sums.Linf + error.Linf),
          L1: roundUp(sums.L1 + error.L1),
        },
        reason: t('norm of the product of consecutive layers'),
        layers: chains.flatMap(({ rows }) => rows),
      };
    } catch {
      // Its parts are bounded one by one.
      return null;
    }
  }

  /** The layer with what scales its outputs. */
  private async scaled(chain: Chain, facts: Facts): Promise<Folded | null> {
    const { base, layer, scales, rows } = chain;
    if (!chain.isScaled || isUniform(scales)) return null;
    // Several operations may use the same one, and add different constants to it.
    let known = this.norms.get(base);
    if (known?.scales.join() !== scales.join()) {
      known = { scales, norms: this.normsOf(chain) };
      this.norms.set(base, known);
    }
    try {
      return {
        source: layer.source ?? activationOf(base, facts),
        constant: await known.norms,
        reason: t('norm of the layer with what scales its outputs'),
        layers: rows,
      };
    } catch {
      // Its parts are bounded one by one.
      return null;
    }
  }

  private async normsOf(chain: Chain): Promise<PerNorm<number>> {
    const operator = scaledOperator(chain);
    const upper = await this.enclose(operator);
    const { Linf, L1 } = await this.layers.sumsFor(
      operator,
      chain.outputSide === 'rows' ? 'columns' : 'rows',
    );
    // In L2 by Schur's test.
    const rounding = ROUNDINGS * Math.sqrt(Linf) * Math.sqrt(L1);
    return {
      L2: roundUp(upper + rounding),
      Linf: roundUp(Linf + ROUNDINGS * Linf),
      L1: roundUp(L1 + ROUNDINGS * L1),
    };
  }

  private async chainTo(operation: Operation, facts: Facts): Promise<Chain | null> {
    const behind: Operation[] = [];
    let current: Operation | null = operation;
    while (current !== null && FOLDED.has(operatorOf(current)) && behind.length < LONGEST_CHAIN) {
      behind.push(current);
      current = producerOf(activationOf(current, facts));
    }
    let chain = current === null ? null : this.begin(current, facts);
    for (const next of behind.reverse()) {
      if (chain === null) return null;
      chain = await this.extended(chain, next, facts);
    }
    return chain;
  }

  private begin(base: Operation, facts: Facts): Chain | null {
    const layer = this.layers.layerOf({ operation: base, operator: operatorOf(base) });
    if (layer === null) return null;
    const { operator, name } = layer.layer;
    const common = { base, layer, rows: [name], isScaled: false };
    const ones = (count: number): Float64Array => new Float64Array(count).fill(1);
    switch (operatorOf(base)) {
      case 'Conv':
      case 'ConvTranspose': {
        if (operator.kind !== 'convolution' || !isConstant(base.inputs[2] ?? null, facts)) return null;
        const { shape } = operator.tensor;
        const channels = operator.transposed ? shape[1] * operator.groups : shape[0];
        return { ...common, operator, outputSide: null, scales: ones(channels) };
      }
      case 'MatMul':
      case 'Gemm': {
        if (operator.kind !== 'matrix' || operator.blocks !== 1 || !isConstant(base.inputs[2] ?? null, facts))
          return null;
        if (operator.tensor.shape.length !== 2 || facts.constant(base.inputs[1] ?? null) === null)
          return null;
        const inputs = this.layers.inputSideOf(base, operator, facts);
        if (inputs === null) return null;
        const outputSide = inputs === 'rows' ? 'columns' : 'rows';
        return { ...common, operator, outputSide, scales: ones(operator[outputSide]) };
      }
      default:
        return null;
    }
  }

  private async extended(chain: Chain, next: Operation, facts: Facts): Promise<Chain | null> {
    const count = chain.scales.length;
    if (operatorOf(next) === 'BatchNormalization') {
      const row = this.layers.layerOf({ operation: next, operator: 'BatchNormalization' })?.layer;
      // It normalises the channels, which are the last axis of a matrix product only where that has two.
      const isAligned = chain.outputSide === null || facts.shape(next.inputs[0] ?? null)?.length === 2;
      if (row?.operator.kind !== 'diagonal' || !isAligned) return null;
      const [, , shift = null, mean = null] = next.inputs;
      if (!isConstant(shift, facts) || !isConstant(mean, facts)) return null;
      const { gain, variance, epsilon } = row.operator;
      const [gains, variances] = [gain === null ? null : await gain.read(), await variance.read()];
      if (variances.length !== count) return null;
      const scales = chain.scales.map(
        (scale, c) => (scale * (gains?.[c] ?? 1)) / Math.sqrt(variances[c] + epsilon),
      );
      return { ...chain, scales, isScaled: true, rows: [...chain.rows, row.name] };
    }
    // Up to opset 6 an attribute said which axis a constant lies along.
    if (next.attributes.has('axis')) return null;
    const constant = next.inputs.find((value) => facts.constant(value) !== null) ?? null;
    const factors = await this.perChannel(constant, chain, facts);
    if (factors === null || next.inputs.length !== 2) return null;
    switch (operatorOf(next)) {
      case 'Add':
      case 'Sub':
        // A minus in front does not change a norm.
        return chain;
      case 'Mul':
        return {
          ...chain,
          isScaled: true,
          scales: chain.scales.map((scale, c) => scale * factors[c % factors.length]),
        };
      default:
        // Constants that are divided by the layer's output are something else.
        if (constant !== next.inputs[1]) return null;
        return {
          ...chain,
          isScaled: true,
          scales: chain.scales.map((scale, c) => scale / factors[c % factors.length]),
        };
    }
  }

  /** One number, or one for each channel; null where the constant is something else. */
  private async perChannel(
    value: Value | null,
    chain: Chain,
    facts: Facts,
  ): Promise<ArrayLike<number> | null> {
    const shape = facts.constant(value)?.tensor.shape;
    if (shape === undefined) return null;
    const count = shape.reduce((all, length) => all * length, 1);
    const fromEnd = chain.outputSide === null ? chain.operator.tensor.shape.length - 1 : 1;
    const isAligned =
      count === 1 || (count === chain.scales.length && shape[shape.length - fromEnd] === count);
    return isAligned ? constantNumbers(facts, value) : null;
  }
}

async function factorOf(chain: Chain): Promise<Factor> {
  const operator = scaledOperator(chain);
  const [rows, columns] = sidesOf(chain);
  const inputs = chain.outputSide === 'rows' ? 'columns' : 'rows';
  const stored = await operator.tensor.read();
  return {
    values: inputs === 'rows' ? stored : transposed(stored, columns, rows),
    ...{ rows, columns, scale: operator.scale, key: `${inputs} ${operator.tensor.key}` },
  };
}

/** A matrix that is multiplied from the right. */
function isFactor({ operator, base, layer }: Chain): boolean {
  return operator.kind === 'matrix' && layer.source === null && !flagAttribute(base, 'transA');
}

/** Inputs and outputs of a matrix. */
function sidesOf({ operator, outputSide }: Chain): readonly [inputs: number, outputs: number] {
  if (operator.kind !== 'matrix') return [NaN, NaN];
  const { rows, columns } = operator;
  return outputSide === 'rows' ? [columns, rows] : [rows, columns];
}

function transposed(values: Values, rows: number, columns: number): Values {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}

/** Large enough that no weight vanishes, and small enough that none overflows. */
function isInRange(scales: Float64Array): boolean {
  return scales.every((scale) => scale === 0 || (Math.abs(scale) >= LEAST_SCALE && Math.abs(scale) < 1e200));
}

/** One factor for all channels, but for its sign, is a factor of the norm. */
function isUniform(scales: Float64Array): boolean {
  return scales.every((scale) => Math.abs(scale) === Math.abs(scales[0]));
}

function isConstant(value: Value | null, facts: Facts): boolean {
  return value === null || facts.constant(value) !== null;
}

/** The one input that is no constant, where there is one; else the first. */
function activationOf({ inputs }: Operation, facts: Facts): Value | null {
  return inputs.find((value) => value !== null && facts.constant(value) === null) ?? null;
}

function producerOf(value: Value | null): Operation | null {
  return value?.source.kind === 'operation' && !value.source.operation.isCall ? value.source.operation : null;
}

/** The layer's operator with every output channel multiplied by its factor. */
function scaledOperator({ operator, scales, outputSide }: Chain): ConvolutionOperator | MatrixOperator {
  const { tensor } = operator;
  const channelOf =
    operator.kind === 'matrix' ? channelOfMatrix(operator, outputSide ?? 'rows') : channelOfKernel(operator);
  const scaled = derived(tensor, tensor.shape, `scaled(${scales.join(',')})`, (values: Values) => {
    const results = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) results[i] = values[i] * scales[channelOf(i)];
    return results;
  });
  return { ...operator, tensor: scaled };
}

function channelOfMatrix({ columns }: MatrixOperator, outputSide: 'rows' | 'columns'): (i: number) => number {
  return outputSide === 'rows' ? (i) => Math.floor(i / columns) : (i) => i % columns;
}

function channelOfKernel({ tensor, transposed, groups }: ConvolutionOperator): (i: number) => number {
  const [first, second, ...size] = tensor.shape;
  const taps = size.reduce((all, k) => all * k, 1);
  if (!transposed) return (i) => Math.floor(i / (second * taps));
  return (i) => {
    const input = Math.floor(i / (second * taps));
    const group = Math.floor((input * groups) / first);
    return group * second + (Math.floor(i / taps) % second);
  };
}
