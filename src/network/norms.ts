/** The three norms in which a network is bounded, and how parts of one tensor combine in them. */
import * as m from './magnitude';
import type { Magnitude } from './magnitude';

/** Euclidean norm, largest absolute value, sum of absolute values: of all elements of a tensor, on both sides. */
export const NORMS = ['L2', 'Linf', 'L1'] as const;
export type Norm = (typeof NORMS)[number];

export type PerNorm<T> = Readonly<Record<Norm, T>>;

export function perNorm<T>(of: (norm: Norm) => T): PerNorm<T> {
  return { L2: of('L2'), Linf: of('Linf'), L1: of('L1') };
}

/** The norm of a vector of two parts, given those of the parts. */
export function joint(norm: Norm, a: Magnitude, b: Magnitude): Magnitude {
  if (m.isZero(a) || m.isZero(b)) return m.isZero(a) ? b : a;
  switch (norm) {
    case 'L2':
      return m.squareRoot(m.plus(m.times(a, a), m.times(b, b)));
    case 'Linf':
      return m.largest(a, b);
    case 'L1':
      return m.plus(a, b);
  }
}

/**
 * Constants of an operator that repeats an element up to `copies` times: a root of them in L2, none in Linf, all in L1.
 */
export function ofCopies(copies: number): PerNorm<number> {
  return { L2: Math.sqrt(copies) * (copies > 1 ? 1 + 2 ** -52 : 1), Linf: 1, L1: copies };
}
