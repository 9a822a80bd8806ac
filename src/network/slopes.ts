/**
 * Slopes of a network, met by running it: how much its outputs change from one input to another near it. They are
 * estimates from below, for the model computes in float32.
 */
import { t } from '@vscode/l10n';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { firstLine, loadRuntime } from '../compute/runtime';
import { quote } from '../model/quote';
import { NORMS, perNorm, type Norm, type PerNorm } from './norms';

export interface NetworkInput {
  readonly name: string;
  /** As `types.ts` names it. */
  readonly type: string;
  readonly shape: readonly number[];
}

export interface Slope {
  readonly norm: Norm;
  readonly input: string;
  readonly output: string;
  readonly slope: number;
}

export interface Slopes {
  /** The largest that were met. */
  readonly slopes: readonly Slope[];
  /** Why there are none, or not all; a sentence without a final stop. */
  readonly reason: string | null;
}

type Vector = Float32Array | Float64Array;

/** Points of all inputs, each element in [-1, 1]: the domain that bounds may be limited to. */
type Point = ReadonlyMap<string, Vector>;

/** Elements of all inputs together. */
const LARGEST_INPUT = 2 ** 24;
/** Runs without a larger slope after which an input is left alone. */
const PATIENCE = 300;
/** Length of the steps between points, of the largest element. */
const STEP = 0.25;
/**
 * What the elements of a float32 output may be off by, relative to its norm: some hundred roundings. What the network itself
 * would compute in real arithmetic is not known, so that a slope stays an estimate.
 */
const ROUNDING = 2 ** -17;

/**
 * Looks for large slopes from each input to every output, by random search, until the time is over.
 * @param seed of the random numbers: the same search in every run, but for the time that it takes
 */
export async function findSlopes(
  path: string,
  inputs: readonly NetworkInput[],
  seconds: number,
  seed = 1,
): Promise<Slopes> {
  const refusal = whyNotRun(inputs);
  if (refusal !== null) return { slopes: [], reason: refusal };
  const random = randomNumbers(seed);
  let session: InferenceSession | null = null;
  try {
    const { InferenceSession: Session } = await loadRuntime();
    session = await Session.create(path, { executionProviders: ['cpu'], logSeverityLevel: 4 });
    const search = new Search(session, inputs, random);
    for (const input of inputs) {
      await search.along(input, performance.now() + (1000 * seconds) / inputs.length);
    }
    return { slopes: search.found(), reason: null };
  } catch (error) {
    return { slopes: [], reason: t`the model does not run: ${firstLine(error)}` };
  } finally {
    await session?.release();
  }
}

function whyNotRun(inputs: readonly NetworkInput[]): string | null {
  const other = inputs.find(({ type }) => type !== 'float' && type !== 'double');
  if (other !== undefined)
    return t`the model is not run: its input ${quote(other.name)} is of type ${other.type}`;
  const elements = inputs.reduce((sum, { shape }) => sum + shape.reduce((all, length) => all * length, 1), 0);
  if (elements > LARGEST_INPUT) return t('the model is not run: its inputs are too large');
  return inputs.length === 0 ? t('the model is not run: it has no inputs') : null;
}

class Search {
  private readonly largest = new Map<string, Slope>();

  constructor(
    private readonly session: InferenceSession,
    private readonly inputs: readonly NetworkInput[],
    private readonly random: () => number,
  ) {}

  found(): Slope[] {
    return [...this.largest.values()];
  }

  /** A random search over pairs of points that differ in one input: a base, and a step from it. */
  async along(input: NetworkInput, deadline: number): Promise<void> {
    let base = this.randomPoint();
    let outputs = await this.run(base);
    let [best, bestStep] = [0, null as Float64Array | null];
    for (let trial = 0, idle = 0; idle < PATIENCE && performance.now() < deadline; trial++, idle++) {
      const start = base.get(input.name) ?? new Float32Array();
      // Every so often the base moves along the best step, or elsewhere.
      if (trial % 50 === 49) {
        base = this.moved(base, input.name, bestStep);
        outputs = await this.run(base);
        continue;
      }
      const step = this.nextStep(input, start.length, trial, bestStep);
      const end = clamped(start, step);
      const slope = this.note(
        input.name,
        outputs,
        await this.run(new Map([...base, [input.name, end]])),
        start,
        end,
      );
      if (slope > best * 1.0001) [best, bestStep, idle] = [slope, step, 0];
    }
  }

  /** Structured directions first, where networks on images and signals are often steepest; then around the best. */
  private nextStep(
    input: NetworkInput,
    length: number,
    trial: number,
    best: Float64Array | null,
  ): Float64Array {
    const channels = input.shape.length > 2 ? input.shape[1] : 1;
    const perChannel = length / Math.max(1, channels * (input.shape.length > 2 ? input.shape[0] : 1));
    const signs = Array.from({ length: Math.max(1, channels) }, () => Math.sign(this.random() - 0.5) || 1);
    switch (best === null ? trial % 4 : 4 + (trial % 4)) {
      case 0:
        return new Float64Array(length).fill(STEP);
      case 1:
        return Float64Array.from(
          { length },
          (_, i) => STEP * (signs[Math.floor(i / perChannel) % signs.length] ?? 1),
        );
      case 2:
      case 7: {
        const one = Math.floor(this.random() * length);
        return Float64Array.from({ length }, (_, i) => (i === one ? STEP : (best?.[i] ?? 0)));
      }
      case 4:
        return Float64Array.from({ length }, () => STEP * this.normal());
      default: {
        const spread = STEP * 10 ** (-2 * this.random());
        return Float64Array.from({ length }, (_, i) => (best?.[i] ?? 0) + spread * this.normal());
      }
    }
  }

  /** The slope in L2 of all outputs together; remembers the largest of each. */
  private note(input: string, from: Outputs, to: Outputs, start: Vector, end: Vector): number {
    const distance = normsOfDifference(start, end);
    let squares = 0;
    for (const [output, values] of from) {
      const other = to.get(output);
      if (other?.length !== values.length) continue;
      const change = normsOfDifference(values, other);
      const size = normsOfDifference(values, null);
      for (const norm of NORMS) {
        const slope = (change[norm] - ROUNDING * size[norm]) / distance[norm];
        if (!(slope > 0 && slope < Infinity)) continue;
        const key = JSON.stringify([norm, input, output]);
        if (slope > (this.largest.get(key)?.slope ?? 0))
          this.largest.set(key, { norm, input, output, slope });
        if (norm === 'L2') squares += slope * slope;
      }
    }
    return Math.sqrt(squares);
  }

  private moved(base: Point, name: string, step: Float64Array | null): Point {
    const start = base.get(name);
    if (step === null || start === undefined || this.random() < 0.5) return this.randomPoint();
    return new Map([...base, [name, clamped(start, step)]]);
  }

  private randomPoint(): Point {
    return new Map(
      this.inputs.map(({ name, type, shape }) => {
        const length = shape.reduce((all, n) => all * n, 1);
        const values = type === 'double' ? new Float64Array(length) : new Float32Array(length);
        return [name, values.map(() => 2 * this.random() - 1)];
      }),
    );
  }

  private async run(point: Point): Promise<Outputs> {
    const { Tensor: OrtTensor } = await loadRuntime();
    const feeds: Record<string, Tensor> = {};
    for (const { name, shape } of this.inputs) {
      const values = point.get(name) ?? new Float32Array();
      feeds[name] = new OrtTensor(
        values instanceof Float64Array ? 'float64' : 'float32',
        values as Float32Array,
        shape,
      );
    }
    const results = await this.session.run(feeds);
    const outputs = new Map<string, Vector>();
    for (const [name, { data }] of Object.entries(results)) {
      if (data instanceof Float32Array || data instanceof Float64Array) outputs.set(name, data.slice());
    }
    return outputs;
  }

  private normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
  }
}

type Outputs = ReadonlyMap<string, Vector>;

/** A step from a point, inside of the domain. */
function clamped(start: Vector, step: Float64Array): Vector {
  return start.map((x, i) => {
    // Away from the border that is in the way.
    const by = Math.abs(x + step[i]) > 1 ? -step[i] : step[i];
    return Math.min(1, Math.max(-1, x + by));
  });
}

function normsOfDifference(a: Vector, b: Vector | null): PerNorm<number> {
  let [sum, most, squares] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(b === null ? a[i] : b[i] - a[i]);
    sum += d;
    squares += d * d;
    if (d > most) most = d;
  }
  const norms = { L2: Math.sqrt(squares), Linf: most, L1: sum };
  return perNorm((norm) => norms[norm]);
}

/** Mulberry32: enough for a search. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
