/** What the layers do to a bound: their norms, for L2 from the rows of the report. */
import { t } from '@vscode/l10n';
import { roundUp } from '../bounds/rounding';
import type { ConvolutionOperator, Layer, MatrixOperator, PaddingMode } from '../model/model';
import {
  flagAttribute,
  floatAttribute,
  floatsAttribute,
  intAttribute,
  stringAttribute,
} from '../model/onnx/attributes';
import type { OperationLayer } from '../model/onnx/computation';
import type { Facts } from '../model/onnx/facts';
import { operatorOf, type Operation, type Value } from '../model/onnx/program';
import type { Certainty } from '../report/report';
import { convolutionSums, matrixSums, type SumNorms } from './layer-norms';
import type { Node } from './node';
import { ofCopies, type PerNorm } from './norms';
import { ALL, reach, within, type Range } from './ranges';
import { largestSlope, SLOPES } from './scalar-functions';
import { NO_CONSTANT, step, without, type Step } from './step';

/** What a row of the report says of a layer; null: it has no bound. */
export interface LayerBound {
  readonly upper: number;
  readonly certainty: Certainty;
}

/** Where a kind of layer has its activations. */
interface Kind {
  /** Values that the layer is applied to, each with its own term. */
  readonly activations: (node: Node, layer: OperationLayer) => readonly (Value | null)[];
  /** Inputs that are added behind the weights; they reach the output with this factor. */
  readonly added?: (node: Node) => readonly (readonly [Value | null, number])[];
  /** Input that holds the bias. */
  readonly bias?: number;
  readonly normalization?: true;
  /** The largest slope of what is fused behind; infinite: not known. */
  readonly fused?: (operation: Operation) => number;
}

const source: Kind['activations'] = (node, layer) => [layer.source ?? node.input(0)];
const first: Kind['activations'] = (node) => [node.input(0)];
const factor: Kind['activations'] = (node) => [
  node.input(node.facts.constant(node.input(1)) === null ? 1 : 0),
];

const convolution: Kind = { activations: source, bias: 2 };
const fusedConvolution: Kind = {
  ...convolution,
  added: (node) => [[node.input(3), 1]],
  fused: fusedSlope,
};
const matrix: Kind = { activations: factor, fused: fusedSlope };
const gemm: Kind = {
  activations: factor,
  added: (node) => [[node.input(2), Math.abs(floatAttribute(node.operation, 'beta', 1))]],
  fused: fusedSlope,
};
const normalization: Kind = { activations: first, bias: 2, normalization: true };
const skip: Kind = { activations: (node) => [node.input(0), node.input(1)], normalization: true };
const silu = (operation: Operation): number =>
  intAttribute(operation, 'activation', 0) === 1 ? SLOPES.silu : 1;

const kinds = new Map<string, Kind>(
  Object.entries({
    Conv: convolution,
    ConvTranspose: convolution,
    'com.microsoft:FusedConv': fusedConvolution,
    'com.microsoft:NhwcConv': convolution,
    'com.microsoft:NhwcFusedConv': fusedConvolution,
    MatMul: matrix,
    'com.microsoft:FusedMatMul': matrix,
    'com.microsoft:FusedMatMulActivation': matrix,
    'com.microsoft:TransposeMatMul': matrix,
    Einsum: matrix,
    Gemm: gemm,
    'com.microsoft:FusedGemm': gemm,
    'com.microsoft:GemmFastGelu': { activations: first, fused: () => SLOPES.geluTanh },
    'com.microsoft:MatMulNBits': { activations: first, bias: 5 },
    BatchNormalization: { activations: first, bias: 2 },
    LayerNormalization: normalization,
    RMSNormalization: normalization,
    SimplifiedLayerNormalization: normalization,
    'com.microsoft:SimplifiedLayerNormalization': normalization,
    'com.microsoft:SkipLayerNormalization': skip,
    'com.microsoft:SkipSimplifiedLayerNormalization': skip,
    InstanceNormalization: normalization,
    GroupNormalization: normalization,
    'com.microsoft:GroupNorm': { activations: first, normalization: true, fused: silu },
  }),
);

/** The slope of the activation function that an attribute names. */
function fusedSlope(operation: Operation): number {
  const name = stringAttribute(operation, 'activation', '');
  const [alpha] = floatsAttribute(operation, 'activation_params') ?? [
    floatAttribute(operation, 'activation_alpha', NaN),
  ];
  switch (name) {
    case '':
    case 'Relu':
    case 'Tanh':
    case 'Clip':
      return 1;
    case 'Sigmoid':
      return SLOPES.sigmoid;
    case 'LeakyRelu':
      return Number.isNaN(alpha) ? Infinity : Math.max(1, Math.abs(alpha));
    case 'HardSigmoid':
      return Number.isNaN(alpha) ? Infinity : Math.abs(alpha);
    case 'HardSwish':
      return largestSlope('HardSwish', operation) ?? Infinity;
    default:
      return Infinity;
  }
}

/** The padding mode that a convolution is analysed with. */
export type PaddingOf = (operator: ConvolutionOperator) => PaddingMode;

export class LayerSteps {
  private readonly sums = new Map<Layer, Promise<SumNorms>>();

  constructor(
    private readonly layers: ReadonlyMap<Operation, readonly OperationLayer[]>,
    private readonly bounds: ReadonlyMap<string, LayerBound | null>,
    private readonly paddingOf: PaddingOf,
  ) {}

  isLayer(operation: Operation): boolean {
    return this.layers.has(operation);
  }

  /** The layer that an operation is, where it is one that maps activations linearly, or normalises them. */
  layerOf(node: Pick<Node, 'operation' | 'operator'>): OperationLayer | null {
    const [layer, ...others] = this.layers.get(node.operation) ?? [];
    return layer !== undefined && others.length === 0 && kinds.has(node.operator) ? layer : null;
  }

  /** Null where the operation is no layer of a kind that is followed. */
  async stepOf(node: Node): Promise<Step | null> {
    const own = this.layerOf(node);
    const kind = kinds.get(node.operator);
    if (own === null || kind === undefined) return null;
    const { layer } = own;
    const { operation } = node;
    if (node.output > 0) return this.furtherOutput(node, kind);
    const bound = this.bounds.get(layer.name) ?? null;
    if (bound === null) return without(node.dependents, 'unknown', t('its row has no bound'));
    const fused = kind.fused?.(operation) ?? 1;
    if (!(fused < Infinity)) {
      return without(node.dependents, 'unknown', t('the activation that is fused into it is not known'));
    }
    const norms = await this.normsOf(layer, node, bound.upper);
    const scaled = (constant: PerNorm<number>, by: number): PerNorm<number> => ({
      L2: product(constant.L2, by),
      Linf: product(constant.Linf, by),
      L1: product(constant.L1, by),
    });
    const activations = kind.activations(node, own);
    const terms = [
      ...activations.map((value) => {
        const copies = activations.length === 1 || value === null ? 1 : node.copies(value);
        return [
          value,
          copies === null ? NO_CONSTANT : scaled(times(norms, ofCopies(copies)), fused),
        ] as const;
      }),
      ...(kind.added?.(node) ?? [])
        .filter(([value]) => node.isDependent(value))
        .map(([value, by]) => [value, scaled(addedNorms(node, value), product(by, fused))] as const),
    ];
    const { operator } = layer;
    const reason =
      operator.kind === 'normalization' ? t('norm of the layer, limited by epsilon') : t('norm of the layer');
    return step(terms, reason, {
      layers: [layer.name],
      // A Pad node in front is part of it: its input is none of the operation's.
      whole: own.source !== null && activations[0] !== node.input(0) && !node.isDependent(node.input(2)),
    });
  }

  /** The sum that a normalisation with a shortcut also answers. */
  private furtherOutput(node: Node, kind: Kind): Step {
    return kind === skip && node.output === 3
      ? step(
          [0, 1].map((input) => {
            const value = node.input(input);
            const copies = value === null ? 1 : node.copies(value);
            return [value, copies === null ? NO_CONSTANT : ofCopies(copies)];
          }),
          t('adds'),
        )
      : without(node.dependents, 'unknown', t('statistics of its input'));
  }

  /** Encloses what comes out of the layer, from its largest row and its bias. */
  async imageOf(node: Node): Promise<Range> {
    const own = this.layerOf(node);
    const kind = kinds.get(node.operator);
    if (own === null || kind === undefined || node.output > 0) return ALL;
    if ((kind.fused?.(node.operation) ?? 1) !== 1) return ALL;
    // Relu, Tanh and Clip behind it: not all of them keep what is enclosed here.
    if (stringAttribute(node.operation, 'activation', '') !== '') return ALL;
    const { operator } = own.layer;
    const bound = this.bounds.get(own.layer.name) ?? null;
    if (bound === null) return ALL;
    const bias = await this.biasReach(node, kind);
    if (operator.kind === 'normalization') {
      if (kind === skip || node.operator === 'com.microsoft:GroupNorm' || operator.size === null) return ALL;
      const gain = rangeReach(await node.numbers(node.input(1)));
      return within(roundUp(gain * Math.sqrt(operator.size)) + bias);
    }
    const norms = await this.normsOf(own.layer, node, bound.upper);
    const [value] = kind.activations(node, own);
    // Behind a Pad node that is part of the layer there is what it writes, too.
    const x = Math.max(reach(node.range(value)), own.source === null ? 0 : reach(node.range(node.input(0))));
    return within(roundUp((x === 0 ? 0 : norms.Linf * x) + bias));
  }

  private async biasReach(node: Node, kind: Kind): Promise<number> {
    if (node.operator === 'BatchNormalization') {
      const [shift, mean] = [
        rangeReach(await node.numbers(node.input(2))),
        rangeReach(await node.numbers(node.input(3))),
      ];
      const own = this.layerOf(node);
      const norm = own === null ? Infinity : (this.bounds.get(own.layer.name)?.upper ?? Infinity);
      return roundUp(shift + (mean === 0 ? 0 : norm * mean));
    }
    const added = kind.added?.(node) ?? [];
    let total = 0;
    for (const [value, by] of added) {
      if (value === null || by === 0) continue;
      total +=
        by * (node.isDependent(value) ? reach(node.range(value)) : rangeReach(await node.numbers(value)));
    }
    const value = kind.bias === undefined ? null : node.input(kind.bias);
    if (value === null) return roundUp(total);
    if (node.isDependent(value)) return Infinity;
    return roundUp(total + rangeReach(await node.numbers(value)));
  }

  /** The layer's norms without what is fused into its operation. */
  async normsOf(layer: Layer, node: Node, upper: number): Promise<PerNorm<number>> {
    const { operator } = layer;
    switch (operator.kind) {
      case 'diagonal':
        return { L2: upper, Linf: upper, L1: upper };
      case 'normalization': {
        // A row or column of length n is at most sqrt(n) times as long in L1 as in L2.
        const many = operator.size === null ? Infinity : roundUp(upper * Math.sqrt(operator.size));
        return { L2: upper, Linf: many, L1: many };
      }
      case 'lowRank':
      case 'factoredConvolution':
      case 'kronecker':
        return { L2: upper, Linf: Infinity, L1: Infinity };
      case 'matrix':
      case 'convolution': {
        let sums = this.sums.get(layer);
        if (!sums) this.sums.set(layer, (sums = this.sumsOf(operator, node)));
        return { L2: upper, ...(await sums) };
      }
    }
  }

  private sumsOf(operator: ConvolutionOperator | MatrixOperator, node: Node): Promise<SumNorms> {
    const { operation, facts } = node;
    return this.sumsFor(
      operator,
      operator.kind === 'matrix' ? this.inputSideOf(operation, operator, facts) : null,
    );
  }

  sumsFor(
    operator: ConvolutionOperator | MatrixOperator,
    inputSide: 'rows' | 'columns' | null,
  ): Promise<SumNorms> {
    return operator.kind === 'convolution'
      ? convolutionSums(operator, this.paddingOf(operator))
      : matrixSums(operator, inputSide);
  }

  /**
   * The side of a layer's matrix that the input is on; null where that is not followed. The matrix is as it is stored, but
   * for stacks whose matrices stand side by side, which have the input on the side of the rows.
   */
  inputSideOf(
    operation: Operation,
    { rows, columns }: MatrixOperator,
    facts: Facts,
  ): 'rows' | 'columns' | null {
    const operator = operatorOf(operation);
    const weight = facts.constant(operation.inputs[1] ?? null) === null ? 0 : 1;
    if (operator === 'Einsum') return 'rows';
    if (kinds.get(operator)?.activations !== factor) return null;
    const stored = facts.constant(operation.inputs[weight] ?? null)?.tensor.shape ?? [];
    if (stored.length < 2 || stored.at(-2) !== rows || stored.at(-1) !== columns) return 'rows';
    const isRight = weight === 1;
    return isRight === flagAttribute(operation, isRight ? 'transB' : 'transA') ? 'columns' : 'rows';
  }
}

function addedNorms(node: Node, value: Value | null): PerNorm<number> {
  const [own, output] = [node.facts.shape(value), node.outputShape];
  if (own === null || output === null || own.includes(null) || output.includes(null)) return NO_CONSTANT;
  const count = (shape: readonly (number | null)[]): number =>
    shape.reduce<number>((all, n) => all * (n ?? 0), 1);
  return ofCopies(Math.max(1, Math.ceil(count(output) / Math.max(1, count(own)))));
}

function times(a: PerNorm<number>, b: PerNorm<number>): PerNorm<number> {
  return { L2: product(a.L2, b.L2), Linf: product(a.Linf, b.Linf), L1: product(a.L1, b.L1) };
}

function product(a: number, b: number): number {
  if (a === 1 || b === 1) return a === 1 ? b : a;
  return a === 0 || b === 0 ? 0 : roundUp(a * b);
}

function rangeReach(numbers: ArrayLike<number> | null): number {
  if (numbers === null) return Infinity;
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const x = Math.abs(numbers[i]);
    if (!(x <= largest)) largest = Number.isNaN(x) ? Infinity : x;
  }
  return largest;
}
