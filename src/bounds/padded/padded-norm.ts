import type { Engine } from '../../compute/engine';
import { factorizeBand, panelsOf, sizeOf } from './band-cholesky';
import { lanczos } from '../matrices/lanczos';
import { envelopeOf, type GramLayout, paddedGram } from './padded-gram';
import { attainedNorms, type PaddedOperator, productsOf } from './padded-operator';
import { type Enclosure, sqrtOf, UNIT_ROUNDOFF, ZERO } from '../rounding';

/** Upper limits of steps: with the operator for the first look, and with the inverse, which takes few. */
const STEPS = 96;
const INVERSE_STEPS = 40;
const ATTEMPTS = 10;
/** Factorisations that it takes, about: some break down. */
export const FACTORISATIONS = 1.5;
/** Flops a second, about: products of panels, of the operator with a vector, and of plain loops that orthogonalise. */
const SPEED = { products: 3.2e10, skinny: 3e10, own: 9e8 } as const;
/** Products with the operator and its adjoint that it takes, about: most end before the limit. */
const USUAL_PRODUCTS = 64;
/** What such a pair of products costs however small it is, seconds. */
const PRODUCT_OVERHEAD = 1e-4;
/** What a value of the patches takes in these at least, to be read by the products, and to be gathered and scattered, seconds. */
const READ = 3e-9;
const GATHERED = 3.5e-9;

/**
 * Enclosure of the norm of a convolution of one group on a known input. Lower bound: `||T v|| / ||v||` of a Lanczos vector.
 * Upper bound: the root of `theta + e`, where Cholesky factorisation of `theta I - G` proves that theta bounds the Gram matrix G as
 * stored, and e what G is off by. A theta that is below the eigenvalue is followed by a larger one, and a factor yields, by
 * inverse iteration, the vector that the next theta is close to, as in `eigenvalue.ts`.
 *
 * @param operator of one group, its kernel scaled
 * @param copies largest number of padded positions that hold the same input
 * @param aim relative widths: to aim for, and that are enough where the first factorisation, which decides whether that one can
 *   be had cheaply, breaks down
 */
export async function boundPadded(
  engine: Engine,
  operator: PaddedOperator,
  layout: GramLayout,
  copies: number,
  { tolerance, enough = tolerance }: { readonly tolerance: number; readonly enough?: number },
): Promise<Enclosure> {
  const { outChannels, inChannels, kernel } = operator;
  const gram = await paddedGram(engine, layout, kernel, outChannels, inChannels, copies);
  if (gram.size === 0) return ZERO;
  const order = layout.ranks.length * gram.channels;
  const products = productsOf(engine, operator);
  const normal =
    layout.side === 'inputs'
      ? async (x: Float64Array) => products.adjoint(await products.forward(x))
      : async (y: Float64Array) => products.forward(await products.adjoint(y));

  // Of the norm, and of its square.
  let lower = 0;
  let upper = gram.size;
  const attain = async (x: Float64Array) => {
    const v = layout.side === 'inputs' ? x : await products.adjoint(x);
    const [norm] = await attainedNorms(operator, products, copies, v);
    lower = Math.max(lower, norm);
  };
  let width = tolerance;
  const closed = () => upper <= lower ** 2 * (1 + 2 * width);

  const [ritz] = await lanczos(normal, 1, order, { maxSteps: STEPS, tolerance: tolerance / 4, seed: 1 });
  await attain(ritz.vector);
  // What theta exceeds the lower bound by, relatively; never below what rounding lets a factorisation succeed at.
  const least = Math.max(1.5 * tolerance, 16 * order * UNIT_ROUNDOFF);
  let excess = least;
  for (let attempt = 0; attempt < ATTEMPTS && !closed(); attempt++) {
    const theta = Math.min(upper, lower ** 2 * (1 + excess)) + gram.error;
    const factorization = await factorizeBand(engine, gram, theta);
    if (factorization === null) {
      excess *= 64;
      width = enough;
      continue;
    }
    upper = Math.min(upper, factorization.bound + gram.error);
    if (closed() || (excess === least && attempt > 0)) break;
    const { solve } = factorization;
    const [inverse] = await lanczos(solve, 1, order, {
      maxSteps: INVERSE_STEPS,
      tolerance: tolerance / 4,
      seed: 2 + attempt,
    });
    await attain(channelByChannel(inverse.vector, layout, gram.channels));
    excess = least;
  }
  const { upper: bound } = sqrtOf({ lower: 0, upper });
  return { lower: Math.min(lower, bound), upper: bound };
}

/** A vector (positions, channels) in the order of the Gram matrix as one of the operator, (channels, positions). */
function channelByChannel(x: Float64Array, { ranks }: GramLayout, channels: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let c = 0, k = 0; c < channels; c++) {
    for (const rank of ranks) out[k++] = x[rank * channels + c];
  }
  return out;
}

/** What `boundPadded` takes for one group, estimated: seconds, and values held at a time. */
export function costOfPadded(
  operator: PaddedOperator,
  layout: GramLayout,
): { seconds: number; elements: number } {
  const channels = layout.side === 'inputs' ? operator.inChannels : operator.outChannels;
  const { flops, elements } = sizeOf(panelsOf(envelopeOf(layout), channels));
  return {
    seconds: secondsOfPadded(operator, layout.ranks.length * channels, FACTORISATIONS * flops),
    elements: elements + layout.sums.length * channels ** 2,
  };
}

/** Seconds for an operator of which nothing but sizes is known, from the order of its Gram matrix and the flops of the factorisations. */
export function secondsOfPadded(
  {
    outChannels,
    inChannels,
    taps,
    outputs,
  }: Pick<PaddedOperator, 'outChannels' | 'inChannels' | 'taps' | 'outputs'>,
  order: number,
  flops: number,
): number {
  const step = secondsOfProducts(inChannels * taps * outputs, outChannels);
  const orthogonalizing = (2 * STEPS ** 2 * order) / SPEED.own;
  return flops / SPEED.products + USUAL_PRODUCTS * step + orthogonalizing;
}

/** Of a product of an operator with a vector, and with its adjoint, that gather so many values of patches for each of the outputs. */
export function secondsOfProducts(patches: number, outChannels: number): number {
  return PRODUCT_OVERHEAD + patches * (Math.max(READ, (4 * outChannels) / SPEED.skinny) + GATHERED);
}
