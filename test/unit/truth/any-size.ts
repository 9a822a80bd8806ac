/**
 * The norm of a convolution over all input sizes: the supremum over all frequencies of the largest singular value of
 * the polyphase symbol, straight from the definition of the layer.
 */
import type { ConvolutionLayer } from './layer';
import { groupAlone, product } from './layer';
import { largestEigenvalue, singularValues } from './singular-values';

/** Where the taps of one axis go when the input is split by its residues modulo the stride. */
interface PhasedAxis {
  /** `y[j] = sum over t of K[t] x_r[j + q]` where `t d = s q + r`: r and q by tap. */
  readonly residues: readonly number[];
  readonly shifts: readonly number[];
}

/** The function from a frequency (radians per output step, one per axis) to the largest singular value there. */
export interface Symbol {
  /** Radians per axis after which the norm repeats. */
  readonly periods: readonly number[];
  /** Per axis, largest number of whole waves in one period. */
  readonly degrees: readonly number[];
  norm(frequency: readonly number[]): number;
  /** All singular values there, descending. */
  spectrum(frequency: readonly number[]): number[];
}

/** The symbol of a layer of one group. The adjoint has the conjugate transpose of it, so the same norms. */
export function symbolOf(layer: ConvolutionLayer): Symbol {
  if (layer.groups !== 1) throw new Error('one group at a time');
  const [outputs, inputs] = layer.shape;
  const kernel = layer.shape.slice(2);
  const taps = product(kernel);
  const axes = kernel.map((size, axis) => phase(size, layer.strides[axis], layer.dilations[axis]));
  const divisors = axes.map(({ shifts }) => shifts.reduce(greatestCommonDivisor, 0) || 1);
  const phases = product(layer.strides);
  const shifts = Array.from({ length: taps }, (_, tap) =>
    decode(tap, kernel).map((t, axis) => axes[axis].shifts[t]),
  );
  const slots = Array.from({ length: taps }, (_, tap) =>
    encode(
      decode(tap, kernel).map((t, axis) => axes[axis].residues[t]),
      layer.strides,
    ),
  );
  const columns = inputs * phases;
  const size = Math.min(outputs, columns);
  const other = Math.max(outputs, columns);
  // Stored with the smaller side first, so that the Gram matrix below is the smaller one.
  const rowStep = outputs <= columns ? columns : 1;
  const columnStep = outputs <= columns ? 1 : outputs;
  const real = new Float64Array(outputs * columns);
  const imaginary = new Float64Array(outputs * columns);
  let largest = 0;
  for (const value of layer.weight) largest = Math.max(largest, Math.abs(value));
  const unit = largest === 0 ? 1 : 2 ** Math.floor(Math.log2(largest));
  const scaled = Float64Array.from(layer.weight, (value) => value / unit);
  const factor = Math.abs(layer.scale) * unit;

  /** Fills `real` and `imaginary`; the squared Frobenius norm. */
  function evaluate(frequency: readonly number[]): number {
    real.fill(0);
    imaginary.fill(0);
    for (let tap = 0; tap < taps; tap++) {
      let angle = 0;
      for (let axis = 0; axis < frequency.length; axis++) angle += shifts[tap][axis] * frequency[axis];
      const cosine = Math.cos(angle);
      const sine = Math.sin(angle);
      for (let o = 0; o < outputs; o++) {
        for (let i = 0; i < inputs; i++) {
          const value = scaled[(o * inputs + i) * taps + tap];
          const at = o * rowStep + (i * phases + slots[tap]) * columnStep;
          real[at] += value * cosine;
          imaginary[at] += value * sine;
        }
      }
    }
    let squared = 0;
    for (let k = 0; k < real.length; k++) squared += real[k] * real[k] + imaginary[k] * imaginary[k];
    return squared;
  }

  /** `[[Re, -Im], [Im, Re]]` of the Hermitian Gram matrix: its eigenvalues, each twice. */
  function gram(): Float64Array {
    const order = 2 * size;
    const result = new Float64Array(order * order);
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < size; b++) {
        let re = 0;
        let im = 0;
        for (let k = 0; k < other; k++) {
          const x = a * other + k;
          const y = b * other + k;
          re += real[x] * real[y] + imaginary[x] * imaginary[y];
          im += imaginary[x] * real[y] - real[x] * imaginary[y];
        }
        result[a * order + b] = re;
        result[(a + size) * order + b + size] = re;
        result[(a + size) * order + b] = im;
        result[a * order + b + size] = -im;
      }
    }
    return result;
  }

  return {
    periods: divisors.map((divisor) => (2 * Math.PI) / divisor),
    degrees: axes.map(({ shifts }, axis) => Math.max(...shifts) / divisors[axis]),
    spectrum(frequency) {
      evaluate(frequency);
      // [[Re, -Im], [Im, Re]] has every singular value twice.
      const values = new Float64Array(4 * size * other);
      for (let a = 0; a < size; a++) {
        for (let b = 0; b < other; b++) {
          const at = a * other + b;
          values[a * 2 * other + b] = values[(a + size) * 2 * other + other + b] = real[at];
          values[(a + size) * 2 * other + b] = imaginary[at];
          values[a * 2 * other + other + b] = -imaginary[at];
        }
      }
      const twice = singularValues({ rows: 2 * size, columns: 2 * other, values });
      return Array.from({ length: size }, (_, index) => factor * twice[2 * index]);
    },
    norm(frequency) {
      const squared = evaluate(frequency);
      if (size === 1) return factor * Math.sqrt(squared);
      return factor * Math.sqrt(Math.max(0, largestEigenvalue(gram(), 2 * size)));
    },
  };
}

/** The shifts of a residue begin at 0: another beginning would multiply a column of the symbol by a phase. */
function phase(taps: number, stride: number, dilation: number): PhasedAxis {
  const positions = Array.from({ length: taps }, (_, tap) => tap * dilation);
  const residues = positions.map((position) => position % stride);
  const first = new Map<number, number>();
  const shifts = positions.map((position, tap) => {
    const shift = Math.floor(position / stride);
    if (!first.has(residues[tap])) first.set(residues[tap], shift);
    return shift - (first.get(residues[tap]) ?? 0);
  });
  return { residues, shifts };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Samples per axis and per degree of the symbol. */
const density = 8;
/** Unequal fractions of a step, by axis. */
const asides = [0.13, 0.37, -0.22];
/** Peaks followed to the top; the others are lower on the grid. */
const maxPeaks = 24;
/** Radians: the value at a smooth maximum is then exact to about 1e-14. */
const finestStep = 2e-7;

/**
 * The supremum of every group, from below to about 1e-10 relative: dense sampling of the torus, then the highest
 * peaks followed to their tops. By Bernstein's inequality the sample nearest the supremum is at least
 * `cos(pi / 16)` per axis of it, so lower peaks need not be followed.
 */
export function anySizeGroupNorms(layer: ConvolutionLayer): number[] {
  return Array.from({ length: layer.groups }, (_, group) => supremum(symbolOf(groupAlone(layer, group))));
}

export function anySizeNorm(layer: ConvolutionLayer): number {
  return Math.max(...anySizeGroupNorms(layer));
}

function supremum(symbol: Symbol): number {
  const counts = symbol.degrees.map((degree) => (degree === 0 ? 1 : density * (degree + 1)));
  const steps = counts.map((count, axis) => symbol.periods[axis] / count);
  const heights = sample(symbol, counts, steps);
  let best = 0;
  for (const height of heights) best = Math.max(best, height);
  if (best === 0) return 0;
  const threshold = best * Math.cos(Math.PI / (2 * density)) ** counts.length;
  const peaks: number[] = [];
  for (let at = 0; at < heights.length; at++) {
    if (heights[at] >= threshold && isPeak(heights, counts, at)) peaks.push(at);
  }
  peaks.sort((a, b) => heights[b] - heights[a]);
  for (const at of peaks.slice(0, maxPeaks)) {
    for (const side of [-1, 1]) {
      // Beside the sample: it may be a saddle, of which there are many at 0 and at half a period.
      const start = decode(at, counts).map((index, axis) => (index + side * asides[axis]) * steps[axis]);
      best = Math.max(best, climb(symbol, start, Math.min(...steps) / 4));
    }
  }
  return best;
}

/** Values on the grid; the symbol at `-w` is the conjugate of that at `w`, so half of them are copies. */
function sample(symbol: Symbol, counts: readonly number[], steps: readonly number[]): Float64Array {
  const heights = new Float64Array(product(counts)).fill(-1);
  for (let at = 0; at < heights.length; at++) {
    const index = decode(at, counts);
    const mirrored = encode(
      index.map((value) => -value),
      counts,
    );
    heights[at] =
      heights[mirrored] >= 0
        ? heights[mirrored]
        : symbol.norm(index.map((value, axis) => value * steps[axis]));
  }
  return heights;
}

function isPeak(heights: Float64Array, counts: readonly number[], at: number): boolean {
  const index = decode(at, counts);
  return neighbours(counts.length).every(
    (offset) =>
      heights[
        encode(
          index.map((value, axis) => value + offset[axis]),
          counts,
        )
      ] <= heights[at],
  );
}

/** Pattern search over all 3^d directions: the step doubles where it climbs and halves where nothing is higher. */
function climb(symbol: Symbol, start: readonly number[], firstStep: number): number {
  let position = start;
  let best = symbol.norm(start);
  let step = firstStep;
  while (step > finestStep) {
    let higher: number[] | null = null;
    for (const offset of neighbours(start.length)) {
      const candidate = position.map((value, axis) => value + step * offset[axis]);
      const value = symbol.norm(candidate);
      if (value > best) {
        best = value;
        higher = candidate;
      }
    }
    if (higher) position = higher;
    step = higher ? Math.min(firstStep, 2 * step) : step / 2;
  }
  return best;
}

/** All vectors of -1, 0, 1 but the zero vector. */
function neighbours(axes: number): number[][] {
  let all: number[][] = [[]];
  for (let axis = 0; axis < axes; axis++)
    all = all.flatMap((head) => [-1, 0, 1].map((value) => [...head, value]));
  return all.filter((offset) => offset.some((value) => value !== 0));
}

function decode(flat: number, counts: readonly number[]): number[] {
  const index: number[] = [];
  for (let axis = counts.length - 1; axis >= 0; axis--) {
    index.unshift(flat % counts[axis]);
    flat = Math.floor(flat / counts[axis]);
  }
  return index;
}

/** Wraps every index into its axis. */
function encode(index: readonly number[], counts: readonly number[]): number {
  return index.reduce(
    (flat, value, axis) => flat * counts[axis] + (((value % counts[axis]) + counts[axis]) % counts[axis]),
    0,
  );
}
