import { Engine } from './engine';
import { builtProviders, firstLine, PROVIDERS, type Provider } from './runtime';

/** What a provider is, or why it cannot be used. */
export interface ProviderCheck {
  readonly provider: Provider;
  /** Part of the installed ONNX Runtime. */
  readonly available: boolean;
  /** Multiplied matrices with a known exact answer correctly. */
  readonly passed: boolean;
  readonly description: string;
}

export interface ChosenEngine {
  readonly engine: Engine;
  readonly description: string;
  /** Why the wanted provider was not used; null where it was. */
  readonly fallback: string | null;
}

const DESCRIPTIONS: Record<Provider, string> = {
  cpu: 'CPU, float64',
  webgpu: 'WebGPU, float32',
  cuda: 'NVIDIA CUDA, float32',
  dml: 'DirectML, float32',
  coreml: 'Core ML, float32',
};

/** Order of the matrices of the self-check. */
const ORDER = 64;

/**
 * Multiplies matrices whose exact product is known and representable, and fails on a provider that rounds the factors
 * (TF32 keeps 10 bits of `1 + 2^-12`, half precision as many) or that accumulates in less than float32.
 *
 * @returns null, or what went wrong
 */
export async function checkProvider(engine: Engine): Promise<string | null> {
  const n = ORDER;
  // Rows of small multiples of 2^-12 around one, times a permutation: every sum has a single term.
  const fine = Float64Array.from({ length: n * n }, (_, i) => 1 + ((i * 7) % 13) * 2 ** -12);
  const permutation = new Float64Array(n * n);
  for (let i = 0; i < n; i++) permutation[i * n + ((i * 5 + 3) % n)] = 1;
  // Integers with sums just below 2^24.
  const large = Float64Array.from({ length: n * n }, (_, i) => 400 + ((i * 11) % 97));
  for (const [a, b] of [
    [fine, permutation],
    [large, large],
  ]) {
    const got = await engine.bulkMultiply(engine.toBulk(a), engine.toBulk(b), n, n, n);
    if (!equal(got, productOf(a, b, n)))
      return 'it rounds the factors or sums of a product (TF32 or half precision)';
  }
  const transposed = Float64Array.from({ length: n * n }, (_, i) => large[(i % n) * n + Math.floor(i / n)]);
  const gram = await engine.multiplyTransposed(engine.toBulk(large), engine.toBulk(large), n, n, n);
  if (!equal(gram, productOf(large, transposed, n))) return 'a Gram product came back wrong';
  const { real, imaginary } = await engine.hermitianGram(
    engine.toBulk(fine),
    engine.toBulk(new Float64Array(n * n)),
    1,
    n,
    n,
  );
  const square = await engine.hermitianSquare(
    engine.toBulk(permutationSum(n)),
    engine.toBulk(new Float64Array(n * n)),
    [0.25],
    n,
  );
  const sum = permutationSum(n);
  const expected = productOf(sum, sum, n).map((v) => v / 4);
  if (!equal(square.real, expected) || square.imaginary.some((v) => v !== 0))
    return 'a squared matrix came back wrong';
  if (imaginary.some((v) => v !== 0) || !real.every(Number.isFinite))
    return 'a Hermitian product came back wrong';
  return null;
}

/** A symmetric integer matrix: a cyclic shift plus its transpose. */
function permutationSum(n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    out[i * n + ((i + 1) % n)] += 1;
    out[((i + 1) % n) * n + i] += 1;
  }
  return out;
}

function productOf(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
      out[i * n + j] = sum;
    }
  }
  return out;
}

function equal(got: ArrayLike<number>, expected: Float64Array): boolean {
  return got.length === expected.length && expected.every((value, i) => got[i] === value);
}

interface Probe {
  readonly check: ProviderCheck;
  /** Null where the check did not pass. */
  readonly engine: Engine | null;
  /** It runs, and gives wrong answers. */
  readonly wrong: boolean;
}

/** Tries one provider. Never rejects: what goes wrong is the answer. */
async function probe(provider: Provider): Promise<Probe> {
  const failed = (available: boolean, description: string, wrong = false): Probe => ({
    check: { provider, available, passed: false, description },
    engine: null,
    wrong,
  });
  if (!(await builtProviders()).has(provider)) {
    return failed(false, `not part of ONNX Runtime for ${process.platform} ${process.arch}`);
  }
  try {
    const engine = new Engine(provider);
    const fault = await checkProvider(engine);
    if (fault !== null) return failed(true, fault, true);
    const description = DESCRIPTIONS[provider];
    return { check: { provider, available: true, passed: true, description }, engine, wrong: false };
  } catch (error) {
    return failed(true, firstLine(error));
  }
}

/** Every provider with the result of its self-check, in the order in which `auto` tries them. */
export async function checkDevices(): Promise<ProviderCheck[]> {
  const checks: ProviderCheck[] = [];
  for (const provider of PROVIDERS) checks.push((await probe(provider)).check);
  return checks;
}

/**
 * The engine on the wanted provider, or on the CPU with the reason. `auto` takes the first provider that passes the
 * self-check, and tells only of providers that are there and compute wrongly: that a machine has no GPU is no news.
 * @throws RuntimeUnavailableError
 */
export async function chooseEngine(choice: Provider | 'auto'): Promise<ChosenEngine> {
  const reasons: string[] = [];
  for (const provider of choice === 'auto' ? PROVIDERS : [choice, 'cpu' as const]) {
    const { check, engine, wrong } = await probe(provider);
    if (engine !== null) {
      return {
        engine,
        description: check.description,
        fallback: reasons.length > 0 ? reasons.join('; ') : null,
      };
    }
    if (wrong || choice !== 'auto') reasons.push(`${provider}: ${check.description}`);
  }
  throw new Error(`no execution provider works: ${reasons.join('; ')}`);
}
