import { t } from '@vscode/l10n';
import type { Companions } from './companions';
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
  cpu: t('CPU, float64'),
  webgpu: t('WebGPU, float32'),
  cuda: t('NVIDIA CUDA, float32'),
  dml: t('DirectML, float32'),
  coreml: t('Core ML, float32'),
};

/** Order of the matrices of the self-check. */
const ORDER = 64;

/**
 * Runs every program on matrices whose exact result is known and representable in float32, and fails on a provider that
 * rounds the factors (TF32 and half precision keep 10 bits of `1 + 2^-11`) or that accumulates in less than float32.
 *
 * @returns null, or what went wrong
 */
export async function checkProvider(engine: Engine): Promise<string | null> {
  const n = ORDER;
  const zero = new Float64Array(n * n);
  // One entry a row and column, so that every sum has a single term: 22 bits after the point in a product of two.
  const fine = permutation((i) => (i * 5 + 3) % n, FINE);
  const shifted = permutation((i) => (i * 5 + 8) % n, FINE);
  const ones = permutation((i) => (i * 7 + 1) % n, 1);
  const finest = permutation((i) => (i * 5 + 3) % n, 1 + 2 ** -23);
  const transposed = transpose(fine);
  // Integers with sums just below 2^24.
  const large = Float64Array.from({ length: n * n }, (_, i) => 400 + ((i * 11) % 97));
  const bulk = (values: Float64Array) => engine.toBulk(values);

  for (const [a, b] of [
    [fine, transposed],
    [finest, ones],
    [ones, finest],
    [large, large],
  ]) {
    const product = await engine.bulkMultiply(bulk(a), bulk(b), n, n, n);
    if (!equal(product, productOf(a, b))) return wrong(t('a product'));
    const byTransposed = await engine.multiplyTransposed(bulk(a), bulk(transpose(b)), n, n, n);
    if (!equal(byTransposed, productOf(a, b))) return wrong(t('a Gram product'));
  }

  const gram = await engine.hermitianGram(bulk(fine), bulk(shifted), 1, n, n);
  const squares = sum(productOf(transposed, fine), productOf(transpose(shifted), shifted), 1);
  const cross = productOf(transposed, shifted);
  if (!equal(gram.real, squares) || !equal(gram.imaginary, sum(cross, transpose(cross), -1))) {
    return wrong(t('a Hermitian product'));
  }

  // (I + iQ)^2 = I - Q^2 + 2iQ for an antisymmetric Q; and the square of a symmetric matrix.
  const identity = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  const pairs = Float64Array.from({ length: n * n }, (_, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    return Math.floor(row / 2) === Math.floor(column / 2) ? (column - row) * FINE : 0;
  });
  const symmetric = Float64Array.from(pairs, Math.abs);
  for (const [p, q] of [
    [identity, pairs],
    [symmetric, zero],
  ]) {
    const square = await engine.hermitianSquare(bulk(p), bulk(q), [0.25], n);
    const real = sum(productOf(p, p), productOf(q, q), -1).map((v) => v / 4);
    const imaginary = sum(productOf(p, q), productOf(q, p), 1).map((v) => v / 4);
    if (!equal(square.real, real) || !equal(square.imaginary, imaginary)) return wrong(t('a square'));
  }
  return null;
}

/** One bit more than TF32 and half precision keep. */
const FINE = 1 + 2 ** -11;

function wrong(what: string): string {
  return t`${what} came back wrong: it rounds factors or sums (TF32 or half precision)`;
}

/** A permutation matrix with some of its ones replaced by another entry. */
function permutation(column: (row: number) => number, entry: number): Float64Array {
  const out = new Float64Array(ORDER * ORDER);
  for (let row = 0; row < ORDER; row++) out[row * ORDER + column(row)] = row % 3 === 0 ? 1 : entry;
  return out;
}

function transpose(a: Float64Array): Float64Array {
  return a.map((_, i) => a[(i % ORDER) * ORDER + Math.floor(i / ORDER)]);
}

/** `a + factor b`. */
function sum(a: Float64Array, b: Float64Array, factor: number): Float64Array {
  return a.map((value, i) => value + factor * b[i]);
}

function productOf(a: Float64Array, b: Float64Array): Float64Array {
  const n = ORDER;
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
async function probe(provider: Provider, companions: Companions | null = null): Promise<Probe> {
  const failed = (available: boolean, description: string, wrong = false): Probe => ({
    check: { provider, available, passed: false, description },
    engine: null,
    wrong,
  });
  if (!(await builtProviders()).has(provider)) {
    return failed(false, t`not part of ONNX Runtime for ${process.platform} ${process.arch}`);
  }
  try {
    const engine = new Engine(provider, undefined, companions);
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
 * @param companions that the engine may have compute for it
 * @throws RuntimeUnavailableError
 */
export async function chooseEngine(
  choice: Provider | 'auto',
  companions: Companions | null = null,
): Promise<ChosenEngine> {
  const reasons: string[] = [];
  for (const provider of choice === 'auto' ? PROVIDERS : [choice, 'cpu' as const]) {
    const { check, engine, wrong } = await probe(provider, companions);
    if (engine !== null) {
      return {
        engine,
        description: check.description,
        fallback: reasons.length > 0 ? reasons.join('; ') : null,
      };
    }
    if (wrong || choice !== 'auto') reasons.push(`${provider}: ${check.description}`);
  }
  throw new Error(t`no execution provider works: ${reasons.join('; ')}`);
}
