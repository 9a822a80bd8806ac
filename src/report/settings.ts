/** Which values the settings of an analysis may have, wherever they are typed. */
import type { DeviceChoice, Method, PaddingChoice, Settings } from './report';

export const DEVICE_CHOICES: readonly DeviceChoice[] = ['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml'];
export const METHODS: readonly Method[] = ['auto', 'quick', 'gram'];
export const PADDING_CHOICES: readonly PaddingChoice[] = ['zeros', 'circular'];

/** The Gram iteration has converged to the last bit of a double long before. */
export const MOST_ITERATIONS = 60;
/** Longer than any image side or audio clip that a model takes at once. */
export const LARGEST_SIDE = 10_000_000;
const MOST_SIDES = 3;

/** Which setting of an analysis has a value that it must not have; null: none. */
export function invalidSetting(settings: Settings): keyof Settings | null {
  const { method, iterations, tolerance, device, padding } = settings;
  if (!METHODS.includes(method)) return 'method';
  if (!DEVICE_CHOICES.includes(device)) return 'device';
  if (padding !== null && !PADDING_CHOICES.includes(padding)) return 'padding';
  if (iterations !== null && !isIterations(iterations)) return 'iterations';
  if (tolerance !== null && !isTolerance(tolerance)) return 'tolerance';
  return null;
}

export function isIterations(iterations: number): boolean {
  return Number.isInteger(iterations) && iterations >= 1 && iterations <= MOST_ITERATIONS;
}

/** A text is none, whatever it says: `1 + '0.1'` is another text. */
export function isTolerance(tolerance: unknown): tolerance is number {
  return typeof tolerance === 'number' && tolerance > 0 && tolerance < 1;
}

/** `224` (1-D), `224x224` (2-D), `16x112x112` (3-D) or `any`; null where it is none of them. */
export function inputSizeOf(text: string): Exclude<Settings['inputSize'], null> | null {
  if (text === 'any') return text;
  const sides = text.split(/[x×]/i);
  const valid = sides.every(
    (side) => /^\d+$/.test(side) && Number(side) >= 1 && Number(side) <= LARGEST_SIDE,
  );
  return valid && sides.length <= MOST_SIDES ? sides.map(Number) : null;
}
