/**
 * The products that updates are made of, multiplied out when they are read. Every entry is a sum of products of one value of
 * each factor: what rounding does to it is at most `gamma` times the same with absolute values, of which the Frobenius norm is
 * at most the product of those of the factors.
 */
import type { Expansion, Tensor } from '../model';
import { derived, elementCount, reshaped } from '../tensor';

/** A factor as it is stored. */
export function stored(tensor: Tensor): Expansion {
  return { tensor, factors: [tensor], roundings: 0 };
}

/**
 * `up` (m, p) times `down` (p, n, ..): (m, n, ..). Of a kernel: the convolution `down` followed by a matrix on its channels.
 * @param up holds m p values, whatever its axes.
 */
export function product(up: Expansion, down: Expansion): Expansion {
  const [rank, ...rest] = down.tensor.shape;
  const rows = elementCount(up.tensor.shape) / rank;
  const operation = `product(${rows}; ${rank}; ${up.tensor.key})`;
  const tensor = derived(down.tensor, [rows, ...rest], operation, async (values) => {
    const factors = await up.tensor.read();
    const columns = values.length / rank;
    const results = new Float64Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const result = results.subarray(row * columns, (row + 1) * columns);
      for (let r = 0; r < rank; r++) {
        const factor = factors[row * rank + r];
        const base = r * columns;
        for (let i = 0; i < columns; i++) result[i] += factor * values[base + i];
      }
    }
    return results;
  });
  return joined(tensor, up, down, rank);
}

/** A kernel `core` (p, q, ..) after a matrix `down` (q, n) on its input's channels: (p, n, ..). */
export function productOfInputs(core: Expansion, down: Expansion): Expansion {
  const [p, q, ...size] = core.tensor.shape;
  const columns = elementCount(down.tensor.shape) / q;
  const taps = elementCount(size);
  const operation = `productOfInputs(${p}; ${q}; ${columns}; ${core.tensor.key})`;
  const tensor = derived(down.tensor, [p, columns, ...size], operation, async (values) => {
    const kernel = await core.tensor.read();
    const results = new Float64Array(p * columns * taps);
    for (let i = 0; i < p * q; i++) {
      const row = Math.floor(i / q) * columns * taps;
      const from = (i % q) * columns;
      for (let c = 0; c < columns; c++) {
        for (let t = 0; t < taps; t++) {
          results[row + c * taps + t] += kernel[i * taps + t] * values[from + c];
        }
      }
    }
    return results;
  });
  return joined(tensor, core, down, q);
}

/** Entry by entry, of two of one shape. */
export function hadamardProduct(first: Expansion, second: Expansion): Expansion {
  const operation = `hadamard(${second.tensor.key})`;
  const tensor = derived(first.tensor, first.tensor.shape, operation, async (values) => {
    const others = await second.tensor.read();
    return Float64Array.from(values, (value, i) => value * others[i]);
  });
  return joined(tensor, first, second, 1);
}

/** `left` (l, m) times `right` (k, n, ..): (l k, m n, ..). */
export function kroneckerProduct(left: Expansion, right: Expansion): Expansion {
  const [l, m] = left.tensor.shape;
  const [k, n, ...size] = right.tensor.shape;
  const taps = elementCount(size);
  const operation = `kronecker(${l}; ${m}; ${left.tensor.key})`;
  const tensor = derived(right.tensor, [l * k, m * n, ...size], operation, async (values) => {
    const factors = await left.tensor.read();
    const results = new Float64Array(l * k * m * n * taps);
    const width = n * taps;
    let at = 0;
    for (let i = 0; i < l; i++) {
      for (let row = 0; row < k; row++) {
        for (let j = 0; j < m; j++) {
          const factor = factors[i * m + j];
          for (let c = 0; c < width; c++, at++) results[at] = factor * values[row * width + c];
        }
      }
    }
    return results;
  });
  return joined(tensor, left, right, 1);
}

/**
 * (p_1 p_2, q_1 q_2, ..) of a (p_1, q_1, ..) and b (p_2, q_2, ..): `a[p_1, q_1, s] b[p_2, q_2, s]`, the axes s shared. Exact for
 * factors of up to 26 bits. For q_1 = q_2 = 1 it is the column-wise Khatri-Rao product, with which a Hadamard product of
 * products is one product: `(A B) o (C D) = (A^T * C^T)^T (B * D)`.
 */
export function pairedProduct(a: Tensor, b: Tensor): Tensor {
  const [p1, q1, ...shared] = a.shape;
  const [p2, q2] = b.shape;
  const size = elementCount(shared);
  return derived(
    a,
    [p1 * p2, q1 * q2, ...shared],
    `paired(${a.shape.join(',')}; ${b.key})`,
    async (first) => {
      const second = await b.read();
      const results = new Float64Array(p1 * p2 * q1 * q2 * size);
      let at = 0;
      for (let i = 0; i < p1 * p2; i++) {
        for (let j = 0; j < q1 * q2; j++) {
          const from = (Math.floor(i / p2) * q1 + Math.floor(j / q2)) * size;
          const beside = ((i % p2) * q2 + (j % q2)) * size;
          for (let s = 0; s < size; s++, at++) results[at] = first[from + s] * second[beside + s];
        }
      }
      return results;
    },
  );
}

/** The column-wise Khatri-Rao product of a (p, n) and b (q, n): (p q, n). */
export function khatriRao(a: Tensor, b: Tensor): Tensor {
  const [p, n] = a.shape;
  const [q] = b.shape;
  return reshaped(pairedProduct(reshaped(a, [p, 1, n]), reshaped(b, [q, 1, n])), [p * q, n]);
}

/** @param length of the sums. */
function joined(tensor: Tensor, a: Expansion, b: Expansion, length: number): Expansion {
  return {
    tensor,
    factors: [...a.factors, ...b.factors],
    roundings: a.roundings + b.roundings + length,
  };
}
