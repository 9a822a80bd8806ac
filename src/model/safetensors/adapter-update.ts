/** What the stored factors of an update make: an operator that is never multiplied out where that can be avoided. */
import { t } from '@vscode/l10n';
import type {
  ConvolutionOperator,
  Expansion,
  KroneckerOperator,
  LowRankOperator,
  MatrixOperator,
  OpenOptions,
  Tensor,
  UpdateOperator,
} from '../model';
import { elementCount, reshaped, transposed } from '../tensor';
import type { AdapterParts, Role } from './adapter-parts';
import {
  hadamardProduct,
  khatriRao,
  kroneckerProduct,
  pairedProduct,
  product,
  productOfInputs,
  stored,
} from './adapter-products';
import { convolutionOf, spatialRank } from './convolution';
import { matrixOf } from './matrix';
import type { SettingsView } from './side-file';
import type { StoredTensor } from './stored-tensor';

export interface Update {
  readonly operator: UpdateOperator;
  readonly rank: number | null;
  readonly whole: Expansion;
  /** The operator holds products that are rounded. */
  readonly rounded: boolean;
  /** What a base model tells better, where it is one. */
  readonly geometryNotes: readonly string[];
  readonly notes: readonly string[];
}

/** Why the factors make no update. */
export type Obstacle = string;

/** Elements of the largest product that is multiplied out: twice those of the largest kernels in use. */
const largestProduct = 2 ** 26;
/** Ranks from which a Hadamard product of two products is sooner multiplied out than taken as one product of that rank. */
const highestProductRank = 512;

const multipliedOutNote = t(
  'The update is multiplied out in double precision, of which the rounding is not in the interval.',
);
const doNotFit: Obstacle = t('the shapes of its factors do not fit together');

/** The update that the factors make, without a scale. */
export function updateOf(
  parts: AdapterParts,
  settings: SettingsView,
  options: OpenOptions,
): Update | Obstacle {
  const context = { tensors: parts.tensors, settings, options };
  switch (parts.kind) {
    case 'LoRA':
      return lowRankUpdate(context);
    case 'LoHa':
      return hadamardUpdate(context);
    case 'LoKr':
      return kroneckerUpdate(context);
  }
}

interface Context {
  readonly tensors: ReadonlyMap<Role, StoredTensor>;
  readonly settings: SettingsView;
  readonly options: OpenOptions;
}

const missingFactor: Obstacle = t('some factors of the adapter are missing');

function lowRankUpdate({ tensors, settings, options }: Context): Update | Obstacle {
  const [up, down, mid] = (['up', 'down', 'mid'] as const).map((role) => tensors.get(role));
  if (up === undefined || down === undefined) return t('the other half of the low-rank pair is missing');
  const rank = down.shape[0];
  if (mid !== undefined) {
    if (!isMatrix(up) || !isMatrix(down) || mid.shape[0] !== up.shape[1] || mid.shape[1] !== rank)
      return doNotFit;
    return factoredConvolution(asMatrix(up), mid, asMatrix(down), rank, settings, options);
  }
  if (!isMatrix(up) || up.shape[1] !== rank) return doNotFit;
  if (isMatrix(down)) return lowRankMatrix(asMatrix(up), asMatrix(down), rank);
  return factoredConvolution(asMatrix(up), down, null, rank, settings, options);
}

/** `(w1_a w1_b) o (w2_a w2_b)`; with cores, `w1_a^T t1 w1_b` in place of the products (arXiv:2108.06098). */
function hadamardUpdate({ tensors, settings, options }: Context): Update | Obstacle {
  const [a1, b1, a2, b2, t1, t2] = (['w1_a', 'w1_b', 'w2_a', 'w2_b', 't1', 't2'] as const).map((role) =>
    tensors.get(role),
  );
  if (a1 === undefined || b1 === undefined || a2 === undefined || b2 === undefined) return missingFactor;
  if (![a1, b1, a2, b2].every((tensor) => tensor.shape.length === 2)) return doNotFit;
  const rank = b1.shape[0];
  const rounded = [a1, b1, a2, b2, t1, t2].some((tensor) => tensor?.dtype === 'f64');
  if (b1.shape[1] !== b2.shape[1]) return doNotFit;
  if (t1 !== undefined || t2 !== undefined) {
    if (t1 === undefined || t2 === undefined) return missingFactor;
    const fits =
      sameShape(t1.shape.slice(2), t2.shape.slice(2)) &&
      a1.shape[1] === a2.shape[1] &&
      isCoreOf(t1, a1, b1) &&
      isCoreOf(t2, a2, b2);
    if (!fits) return doNotFit;
    const whole = hadamardProduct(
      product(stored(transposed(a1, [1, 0])), productOfInputs(stored(t1), stored(b1))),
      product(stored(transposed(a2, [1, 0])), productOfInputs(stored(t2), stored(b2))),
    );
    if (Math.max(a1.shape[0] * a2.shape[0], rank * b2.shape[0]) > highestProductRank) {
      const { operator, notes } = convolutionOf(whole.tensor, settings, options);
      return multipliedOut(operator, rank, whole, notes);
    }
    const up = transposed(khatriRao(a1, a2), [1, 0]);
    const core = pairedProduct(t1, t2);
    const update = factoredConvolution(up, core, khatriRao(b1, b2), rank, settings, options, whole);
    return typeof update === 'string' ? update : { ...update, rounded: update.rounded || rounded };
  }
  if (a1.shape[0] !== a2.shape[0] || a1.shape[1] !== rank || a2.shape[1] !== b2.shape[0]) return doNotFit;
  const whole = hadamardProduct(product(stored(a1), stored(b1)), product(stored(a2), stored(b2)));
  const [rows, columns] = whole.tensor.shape;
  const productRank = rank * b2.shape[0];
  if (productRank <= Math.min(highestProductRank, rows / 2, columns / 2)) {
    const up = transposed(khatriRao(transposed(a1, [1, 0]), transposed(a2, [1, 0])), [1, 0]);
    return { ...lowRankMatrix(up, khatriRao(b1, b2), rank), whole, rounded };
  }
  if (rows * columns > largestProduct) return t('the update is too large to be multiplied out');
  return {
    operator: matrixOf(whole.tensor),
    rank,
    whole,
    rounded: true,
    geometryNotes: [],
    notes: [multipliedOutNote],
  };
}

/** `w1 (x) w2`, each a matrix, a product, or the second a kernel, which may have a core (LyCORIS, arXiv:2309.14859). */
function kroneckerUpdate({ tensors, settings, options }: Context): Update | Obstacle {
  const left = kroneckerFactor(tensors.get('w1'), tensors.get('w1_a'), tensors.get('w1_b'));
  if (typeof left === 'string') return left;
  const [a, b, core] = [tensors.get('w2_a'), tensors.get('w2_b'), tensors.get('t2')];
  const kernel = tensors.get('w2');
  const rank = left.rank ?? b?.shape[0] ?? null;

  if (core !== undefined && a !== undefined && b !== undefined) {
    if (!isMatrix(a) || !isMatrix(b) || !isCoreOf(core, a, b)) return doNotFit;
    const up = transposed(asMatrix(a), [1, 0]);
    const right = product(stored(up), productOfInputs(stored(core), stored(asMatrix(b))));
    return kroneckerConvolution(
      left,
      right,
      (convolution) => ({ kind: 'factoredConvolution', convolution, up, core, down: asMatrix(b) }),
      rank,
      settings,
      options,
    );
  }
  if (kernel !== undefined && !isMatrix(kernel)) {
    if (spatialRank(kernel.shape) === null) return doNotFit;
    return kroneckerConvolution(left, stored(kernel), (convolution) => convolution, rank, settings, options);
  }
  const right = kroneckerFactor(kernel, a, b);
  if (typeof right === 'string') return right;
  return {
    operator: { kind: 'kronecker', left: left.operator, right: right.operator, scale: 1 },
    rank,
    whole: kroneckerProduct(left.whole, right.whole),
    rounded: false,
    geometryNotes: [],
    notes: [],
  };
}

interface MatrixFactor {
  readonly operator: MatrixOperator | LowRankOperator;
  readonly whole: Expansion;
  /** Null where it is stored whole. */
  readonly rank: number | null;
}

/** A factor that is a matrix: stored whole, or as a product. */
function kroneckerFactor(
  whole: StoredTensor | undefined,
  a: StoredTensor | undefined,
  b: StoredTensor | undefined,
): MatrixFactor | Obstacle {
  if (whole !== undefined) {
    if (!isMatrix(whole)) return doNotFit;
    const matrix = asMatrix(whole);
    return { operator: matrixOf(matrix), whole: stored(matrix), rank: null };
  }
  if (a === undefined || b === undefined) return missingFactor;
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[1] !== b.shape[0]) return doNotFit;
  const { operator, whole: expansion } = lowRankMatrix(a, b, b.shape[0]);
  return { operator, whole: expansion, rank: b.shape[0] };
}

function kroneckerConvolution(
  left: MatrixFactor,
  right: Expansion,
  operatorOf: (convolution: ConvolutionOperator) => KroneckerOperator['right'],
  rank: number | null,
  settings: SettingsView,
  options: OpenOptions,
): Update | Obstacle {
  const whole = kroneckerProduct(left.whole, right);
  const { operator: convolution, notes } = convolutionOf(whole.tensor, settings, options);
  if (convolution.groups !== 1 || convolution.transposed) {
    return multipliedOut(convolution, rank, whole, notes);
  }
  const operator: UpdateOperator = {
    kind: 'kronecker',
    left: left.operator,
    right: operatorOf({ ...convolution, tensor: right.tensor }),
    scale: 1,
  };
  return { operator, rank, whole, rounded: false, geometryNotes: notes, notes: [] };
}

function lowRankMatrix(
  up: Tensor,
  down: Tensor,
  rank: number,
): Update & { readonly operator: LowRankOperator } {
  const operator: LowRankOperator = {
    kind: 'lowRank',
    up,
    down,
    rows: up.shape[0],
    rank: down.shape[0],
    columns: down.shape[1],
    scale: 1,
  };
  return {
    operator,
    rank,
    whole: product(stored(up), stored(down)),
    rounded: false,
    geometryNotes: [],
    notes: [],
  };
}

function factoredConvolution(
  up: Tensor,
  core: Tensor,
  down: Tensor | null,
  rank: number,
  settings: SettingsView,
  options: OpenOptions,
  whole = product(stored(up), down === null ? stored(core) : productOfInputs(stored(core), stored(down))),
): Update | Obstacle {
  if (spatialRank(core.shape) === null) return doNotFit;
  const { operator: convolution, notes } = convolutionOf(whole.tensor, settings, options);
  // Matrices on all channels are none on those of a group.
  if (convolution.groups !== 1 || convolution.transposed) {
    return multipliedOut(convolution, rank, whole, notes);
  }
  return {
    operator: { kind: 'factoredConvolution', convolution, up, core, down },
    rank,
    whole,
    rounded: false,
    geometryNotes: notes,
    notes: [],
  };
}

function multipliedOut(
  operator: ConvolutionOperator,
  rank: number | null,
  whole: Expansion,
  geometryNotes: readonly string[],
): Update | Obstacle {
  if (elementCount(whole.tensor.shape) > largestProduct)
    return t('the update is too large to be multiplied out');
  return { operator, rank, whole, rounded: true, geometryNotes, notes: [multipliedOutNote] };
}

/** Whether a tensor is a matrix, or one as a kernel of size 1. */
function isMatrix({ shape }: StoredTensor): boolean {
  return shape.length >= 2 && shape.slice(2).every((dimension) => dimension === 1);
}

function asMatrix(tensor: StoredTensor): Tensor {
  return reshaped(tensor, tensor.shape.slice(0, 2));
}

/** Whether `core` (p, q, ..) goes between a (p, rows) and b (q, columns). */
function isCoreOf(core: StoredTensor, a: StoredTensor, b: StoredTensor): boolean {
  return spatialRank(core.shape) !== null && core.shape[0] === a.shape[0] && core.shape[1] === b.shape[0];
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}
