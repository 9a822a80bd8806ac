/** Gemm, MatMul and their variants. */
import { t } from '@vscode/l10n';
import type { MatrixOperator } from '../../model';
import { elementCount, transposed } from '../../tensor';
import { flagAttribute, floatAttribute, Unfit } from '../attributes';
import type { Constant } from '../constants/constant';
import type { Facts } from '../facts';
import type { Operation } from '../program';
import type { Shape } from '../shape';
import { written } from '../shape';
import { fusedActivation } from './convolution';
import {
  constantFactor,
  inputOf,
  type LayerDraft,
  type LayerRule,
  row,
  unfit,
  weightAt,
  weightCalled,
} from './rule';

/** The constant as one matrix as it is stored: its transpose has the same norm. @throws Unfit where it is none */
export function matrixRow(
  weight: Constant,
  options: { scale?: number; suffix?: string; notes?: readonly string[]; embedding?: boolean } = {},
): LayerDraft {
  const { shape } = weight.tensor;
  if (shape.length !== 2) {
    throw unfit(weight, (it) => t`${it} has the shape ${written(shape)}, not that of a matrix`);
  }
  const { scale = 1, embedding = false, ...rest } = options;
  return row(weight, { ...oneMatrix(weight, shape[0], shape[1], scale), embedding }, rest);
}

function oneMatrix(weight: Constant, rows: number, columns: number, scale: number): MatrixOperator {
  return {
    kind: 'matrix',
    tensor: weight.tensor,
    blocks: 1,
    rows,
    columns,
    scale,
    embedding: false,
  };
}

/**
 * One factor of a product of stacks of matrices (numpy's matmul), as an operator on the other.
 *
 * The weight W (e_1, .., e_b, m, n) maps x (.., m) to x W. Along a batch axis that x has too, every index has its own
 * part of x: the operator is block diagonal. Along one that x has not, all the W_e see the same x, and the outputs
 * stand side by side: the operator is the matrix [W_1 .. W_E]. Further batch axes of x only repeat the operator.
 * A weight on the left is the transpose of this.
 *
 * @param contracted 'rows' where the weight's last axis but one is summed over, else 'columns'.
 * @param other shape of the other factor, null where unknown. Matrices along a dimension that is unknown are laid side
 *   by side, and said to be open.
 * @throws Unfit
 */
export function productRow(
  weight: Constant,
  contracted: 'rows' | 'columns',
  other: Shape | null,
  scale: number,
  notes: readonly string[] = [],
): LayerDraft {
  const { shape } = weight.tensor;
  const rank = shape.length;
  if (rank === 0) throw unfit(weight, (it) => t`${it} is a single number`);
  if (rank === 1) return row(weight, oneMatrix(weight, shape[0], 1, scale), { notes });
  const batch = shape.slice(0, -2);
  const roles = batch.map((length, axis) => roleOf(length, batchLength(other, batch.length - axis)));
  const matching = axesWith(roles, 'matching');
  const shared = [...axesWith(roles, 'shared'), ...axesWith(roles, 'unknown')];
  const blocks = elementCount(matching.map((axis) => shape[axis]));
  const stacked = elementCount(shared.map((axis) => shape[axis]));
  const [inner, free] = contracted === 'rows' ? [rank - 2, rank - 1] : [rank - 1, rank - 2];
  const sides = { blocks, scale, embedding: false, kind: 'matrix' } as const;
  if (stacked === 1) {
    const [rows, columns] = shape.slice(-2);
    return row(weight, { ...sides, tensor: weight.tensor, rows, columns, inputSide: contracted }, { notes });
  }
  const tensor = transposed(weight.tensor, [...matching, inner, ...shared, free]);
  const open = roles.includes('unknown');
  const assumption = open
    ? [
        t`The batch of its other factor is unknown: the upper end is for one input that all ${stacked} matrices share, the lower end for an input of its own for each.`,
      ]
    : [];
  const sizes = {
    rows: shape[inner],
    columns: stacked * shape[free],
    inputSide: 'rows' as const,
    ...(open && { columnBlocks: stacked }),
  };
  return row(weight, { ...sides, ...sizes, tensor }, { notes: [...notes, ...assumption] });
}

type Role = 'matching' | 'shared' | 'unknown';

function roleOf(length: number, other: number | null): Role {
  // One matrix is one block.
  if (length === 1 || other === length) return 'matching';
  return other === 1 ? 'shared' : 'unknown';
}

/** Length of a batch axis of the other factor, counted from its matrices outwards; 1 where it has none. */
function batchLength(other: Shape | null, outwards: number): number | null {
  if (other === null) return null;
  const axis = other.length - 2 - outwards;
  return axis < 0 ? 1 : other[axis];
}

function axesWith(roles: readonly Role[], role: Role): number[] {
  return roles.flatMap((own, axis) => (own === role ? [axis] : []));
}

const matmul: LayerRule = (operation, facts) => {
  const { weight, other } = constantFactor(operation, facts, 0, 1);
  const isRight = weight === 1;
  const isTransposed = flagAttribute(operation, isRight ? 'transB' : 'transA');
  const constant = weightAt(operation, facts, weight);
  if (flagAttribute(operation, 'transBatchA') || flagAttribute(operation, 'transBatchB')) {
    throw new Unfit(t('it exchanges batch and rows of its factors, which is not followed'));
  }
  const shape = facts.shape(inputOf(operation, other));
  const contracted = isRight === isTransposed ? 'columns' : 'rows';
  const scale = finite(floatAttribute(operation, 'alpha', 1));
  return { layers: [productRow(constant, contracted, shape, scale, fusedActivation(operation))] };
};

const gemm: LayerRule = (operation, facts) => {
  const { weight } = constantFactor(operation, facts, 0, 1);
  const scale = finite(floatAttribute(operation, 'alpha', 1));
  const notes = fusedActivation(operation);
  const isRight = weight === 1;
  const isTransposed = flagAttribute(operation, isRight ? 'transB' : 'transA');
  const draft = matrixRow(weightAt(operation, facts, weight), { scale, notes });
  const inputSide = isRight === isTransposed ? 'columns' : 'rows';
  const { operator } = draft;
  return {
    layers: [operator.kind === 'matrix' ? { ...draft, operator: { ...operator, inputSide } } : draft],
  };
};

/** @throws Unfit */
export function finite(alpha: number): number {
  if (!Number.isFinite(alpha)) throw new Unfit(t`its attribute "alpha" is ${alpha}`);
  return alpha;
}

const gemmFastGelu: LayerRule = (operation, facts) => {
  const notes = [t('The activation that is fused into it (FastGelu) is not part of the row.')];
  const shape = facts.shape(inputOf(operation, 0));
  return { layers: [productRow(weightAt(operation, facts, 1), 'rows', shape, 1, notes)] };
};

/** The experts' matrices (E, m, n): every token goes through some of them, each for itself. */
const mixtureOfExperts: LayerRule = (operation, facts) => {
  const names = new Map([
    [2, 'fc1'],
    [4, 'fc2'],
    [6, 'fc3'],
  ]);
  const layers = [...names].flatMap(([input, name]) =>
    inputOf(operation, input) === null ? [] : [expertsRow(operation, facts, input, name)],
  );
  return { layers };
};

function expertsRow(operation: Operation, facts: Facts, input: number, name: string): LayerDraft {
  const weight = weightAt(operation, facts, input, weightCalled(name));
  const { shape } = weight.tensor;
  if (shape.length !== 3) {
    throw unfit(weight, (it) => t`${it} has the shape ${written(shape)}, not that of experts`);
  }
  const [blocks, rows, columns] = shape;
  const operator = { ...oneMatrix(weight, rows, columns, 1), blocks };
  return row(weight, operator, { suffix: `/${name}`, notes: [t('The largest of the experts counts.')] });
}

export const matrixRules: Readonly<Record<string, LayerRule>> = {
  MatMul: matmul,
  'com.microsoft:FusedMatMul': matmul,
  'com.microsoft:FusedMatMulActivation': matmul,
  'com.microsoft:TransposeMatMul': matmul,
  Gemm: gemm,
  'com.microsoft:FusedGemm': gemm,
  'com.microsoft:GemmFastGelu': gemmFastGelu,
  'com.microsoft:MoE': mixtureOfExperts,
};
