/** Values of options: each function takes what was typed and throws Commander's `InvalidArgumentError`. */
import { InvalidArgumentError } from 'commander';

/** The Gram iteration has converged to the last bit of a double long before. */
const MOST_ITERATIONS = 60;
/** Longer than any image side or audio clip that a model takes at once. */
const LARGEST_SIDE = 10_000_000;
const DECIMAL = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

export function parseIterations(text: string): number {
  const iterations = Number(text);
  if (!/^\d+$/.test(text) || iterations < 1 || iterations > MOST_ITERATIONS) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_ITERATIONS}.`);
  }
  return iterations;
}

export function parseTolerance(text: string): number {
  const tolerance = Number(text);
  if (!DECIMAL.test(text) || !(tolerance > 0 && tolerance < 1)) {
    throw new InvalidArgumentError('It must be a number between 0 and 1, both excluded.');
  }
  return tolerance;
}

/** `224` (1-D), `224x224` (2-D), `16x112x112` (3-D) or `any`. */
export function parseInputSize(text: string): readonly number[] | 'any' {
  if (text === 'any') return text;
  const sides = text.split(/[x×]/i);
  if (
    sides.length > 3 ||
    sides.some((side) => !/^\d+$/.test(side) || Number(side) < 1 || Number(side) > LARGEST_SIDE)
  ) {
    throw new InvalidArgumentError(
      `It must be one to three sizes from 1 to ${LARGEST_SIDE}, such as 224x224, or any.`,
    );
  }
  return sides.map(Number);
}

export function parseBudget(text: string): number {
  const budget = Number(text);
  if (!DECIMAL.test(text) || !Number.isFinite(budget)) {
    throw new InvalidArgumentError('It must be a number, 0 or more.');
  }
  return budget;
}

export function parseGlob(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}
