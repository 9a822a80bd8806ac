/** The symbol at one frequency as a matrix, in plain arithmetic. */
import type { PolyphaseKernel } from '../kernel';
import { gaussianVector } from '../random';
import { type Frequency, innerProduct } from './symbol';

export interface ComplexVector {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** F(w): (rows, columns). */
export interface EvaluatedSymbol extends ComplexVector {
  readonly rows: number;
  readonly columns: number;
}

/** A vector that is like no other: where iterations begin. */
export function complexStart(n: number): ComplexVector {
  return { re: gaussianVector(n, 11), im: gaussianVector(n, 13) };
}

/** Real parts, then imaginary parts. */
export function concatenated({ re, im }: ComplexVector): Float64Array {
  const x = new Float64Array(2 * re.length);
  x.set(re);
  x.set(im, re.length);
  return x;
}

/** Entries of a symbol that are summed at a time: they stay in the cache. */
const BLOCK_ENTRIES = 2048;

export function evaluate(
  { rows, columns, positions, values }: PolyphaseKernel,
  w: Frequency,
): EvaluatedSymbol {
  const entries = rows * columns;
  const re = new Float64Array(entries);
  const im = new Float64Array(entries);
  const angles = positions.map((position) => innerProduct(position, w));
  const cosines = Float64Array.from(angles, Math.cos);
  const sines = Float64Array.from(angles, (angle) => -Math.sin(angle));
  for (let begin = 0; begin < entries; begin += BLOCK_ENTRIES) {
    const end = Math.min(entries, begin + BLOCK_ENTRIES);
    let p = 0;
    // Three positions at a time: a third of the reading and writing of sums.
    for (; p + 2 < positions.length; p += 3) {
      const [first, second, third] = [p * entries, (p + 1) * entries, (p + 2) * entries];
      const [c, c2, c3] = [cosines[p], cosines[p + 1], cosines[p + 2]];
      const [s, s2, s3] = [sines[p], sines[p + 1], sines[p + 2]];
      for (let e = begin; e < end; e++) {
        const x = values[first + e];
        const y = values[second + e];
        const z = values[third + e];
        re[e] += c * x + c2 * y + c3 * z;
        im[e] += s * x + s2 * y + s3 * z;
      }
    }
    for (; p < positions.length; p++) {
      const [c, s] = [cosines[p], sines[p]];
      const from = p * entries;
      for (let e = begin; e < end; e++) {
        re[e] += c * values[from + e];
        im[e] += s * values[from + e];
      }
    }
  }
  return { rows, columns, re, im };
}

/** `F v`, two rows and the parts of all sums apart: none waits for another. */
export function times({ rows, columns, ...f }: EvaluatedSymbol, v: ComplexVector): ComplexVector {
  const re = new Float64Array(rows);
  const im = new Float64Array(rows);
  const { re: fRe, im: fIm } = f;
  const { re: vRe, im: vIm } = v;
  for (let r = 0; r < rows; r += 2) {
    // Of an odd number of rows the last one is taken twice.
    const next = Math.min(r + 1, rows - 1);
    const [first, second] = [r * columns, next * columns];
    let [a, b, c, d] = [0, 0, 0, 0];
    let [a2, b2, c2, d2] = [0, 0, 0, 0];
    for (let k = 0; k < columns; k++) {
      const x = vRe[k];
      const y = vIm[k];
      a += fRe[first + k] * x;
      b += fIm[first + k] * y;
      c += fRe[first + k] * y;
      d += fIm[first + k] * x;
      a2 += fRe[second + k] * x;
      b2 += fIm[second + k] * y;
      c2 += fRe[second + k] * y;
      d2 += fIm[second + k] * x;
    }
    re[r] = a - b;
    im[r] = c + d;
    re[next] = a2 - b2;
    im[next] = c2 + d2;
  }
  return { re, im };
}

/** `F^H u`, two rows at a time: sums are loaded and stored half as often. */
export function timesAdjoint({ rows, columns, ...f }: EvaluatedSymbol, u: ComplexVector): ComplexVector {
  const re = new Float64Array(columns);
  const im = new Float64Array(columns);
  const { re: fRe, im: fIm } = f;
  for (let r = 0; r < rows; r += 2) {
    // Of an odd number of rows the last one is taken with a second one times zero.
    const next = Math.min(r + 1, rows - 1);
    const [first, second] = [r * columns, next * columns];
    const a = u.re[r];
    const b = u.im[r];
    const a2 = next > r ? u.re[next] : 0;
    const b2 = next > r ? u.im[next] : 0;
    for (let k = 0; k < columns; k++) {
      re[k] += fRe[first + k] * a + fIm[first + k] * b + (fRe[second + k] * a2 + fIm[second + k] * b2);
      im[k] += fRe[first + k] * b - fIm[first + k] * a + (fRe[second + k] * b2 - fIm[second + k] * a2);
    }
  }
  return { re, im };
}
