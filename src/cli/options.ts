/** Values of options: each function takes what was typed and throws Commander's `InvalidArgumentError`. */
import { InvalidArgumentError } from 'commander';
import { inputSizeOf, isIterations, isTolerance, LARGEST_SIDE, MOST_ITERATIONS } from '../report/settings';

const DECIMAL = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

export function parseIterations(text: string): number {
  const iterations = Number(text);
  if (!/^\d+$/.test(text) || !isIterations(iterations)) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_ITERATIONS}.`);
  }
  return iterations;
}

export function parseTolerance(text: string): number {
  const tolerance = Number(text);
  if (!DECIMAL.test(text) || !isTolerance(tolerance)) {
    throw new InvalidArgumentError('It must be a number between 0 and 1, both excluded.');
  }
  return tolerance;
}

export function parseInputSize(text: string): readonly number[] | 'any' {
  const size = inputSizeOf(text);
  if (size !== null) return size;
  throw new InvalidArgumentError(
    `It must be one to three sizes from 1 to ${LARGEST_SIDE}, such as 224x224, or any.`,
  );
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
