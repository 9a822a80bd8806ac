/** Singular values of bidiagonal matrices, by the implicit QL algorithm. */
import { t } from '@vscode/l10n';
import { UNIT_ROUNDOFF } from '../rounding';

export interface BidiagonalSpectrum {
  /** Descending, off by a few roundings of the largest each. */
  readonly values: Float64Array;
  /** The squared first components of the right singular vectors: they sum to one. */
  readonly weights: Float64Array;
}

/** QL takes two or three steps for an eigenvalue; many more mean that something is not a number. */
const MOST_STEPS = 100;

/**
 * Of the square matrix B with this diagonal and superdiagonal (one shorter). The Golub-Kahan form, the tridiagonal matrix of twice
 * the order with zeros on its diagonal and `d_1, s_1, d_2, ..` beside it, has the eigenvalues `+-sigma_i` and, to either, half the
 * squared first component of the right singular vector. So nothing is squared, and small values keep their digits.
 */
export function bidiagonalSpectrum(
  diagonal: ArrayLike<number>,
  superdiagonal: ArrayLike<number>,
): BidiagonalSpectrum {
  const order = diagonal.length;
  const offDiagonal = new Float64Array(2 * order);
  for (let i = 0; i < order; i++) {
    offDiagonal[2 * i] = diagonal[i];
    if (i < order - 1) offDiagonal[2 * i + 1] = superdiagonal[i];
  }
  const first = new Float64Array(2 * order);
  first[0] = 1;
  const eigenvalues = new Float64Array(2 * order);
  implicitQL(eigenvalues, offDiagonal, first);
  const places = [...eigenvalues.keys()].sort((a, b) => eigenvalues[b] - eigenvalues[a]);
  const mirrored = places.toReversed();
  return {
    values: Float64Array.from({ length: order }, (_, i) => Math.max(0, eigenvalues[places[i]])),
    weights: Float64Array.from({ length: order }, (_, i) => first[places[i]] ** 2 + first[mirrored[i]] ** 2),
  };
}

/**
 * Eigenvalues of a symmetric tridiagonal matrix in place of its diagonal, with the first components of the eigenvectors in
 * place of the first unit vector (Bowdler, Martin, Reinsch and Wilkinson 1968; Golub and Welsch 1969).
 * @param e the entries beside the diagonal, and one more place
 */
function implicitQL(d: Float64Array, e: Float64Array, first: Float64Array): void {
  const n = d.length;
  const negligible = UNIT_ROUNDOFF * e.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (let l = 0; l < n; l++) {
    for (let step = 0; ; step++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > negligible) m++;
      if (m === l) break;
      if (step === MOST_STEPS) throw new Error(t('the QL algorithm does not converge'));
      // Wilkinson's shift.
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      g = d[m] - d[l] + e[l] / (g + (g < 0 ? -1 : 1) * Math.sqrt(g * g + 1));
      let [sine, cosine, shift] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = sine * e[i];
        const b = cosine * e[i];
        const r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= shift;
          e[m] = 0;
          break;
        }
        sine = f / r;
        cosine = g / r;
        g = d[i + 1] - shift;
        const s = (d[i] - g) * sine + 2 * cosine * b;
        shift = sine * s;
        d[i + 1] = g + shift;
        g = cosine * s - b;
        const x = first[i + 1];
        first[i + 1] = sine * first[i] + cosine * x;
        first[i] = cosine * first[i] - sine * x;
      }
      if (i >= l) continue;
      d[l] -= shift;
      e[l] = g;
      e[m] = 0;
    }
  }
}
