/** How long the bound of a matrix takes. */
import type { Conditions } from './conditions';

/** Flops a second that a typical processor of two cores reaches in products of float64 matrices. */
export const SPEED = 5e10;
/** The same of plain loops. */
export const OWN_SPEED = 1.5e9;
/** Values that are read, converted and transposed a second. */
export const VALUES = 2e8;
/** Products with the Gram matrix of a matrix that Lanczos iteration takes, in the middle of what was seen. */
const STEPS = 80;
/** What any matrix costs, seconds. */
const OVERHEAD = 2e-4;
/** Order up to which an eigenvalue is found in plain loops, what they cost for each entry, and what the runtime costs beyond, seconds. */
const OWN_ORDER = 192;
const ENTRY = 2.5e-7;
const ROW = 1e-4;
const MOST_ROWS = 500;
/** Products with a matrix, and values that they read a second, of a probable interval. */
const QUICK_PRODUCTS = 160;
const QUICK_VALUES = 7e9;

export function secondsOfMatrix(
  rows: number,
  columns: number,
  { method }: Pick<Conditions, 'method'>,
): number {
  const order = Math.min(rows, columns);
  const reading = (rows * columns) / VALUES;
  if (method === 'quick') return reading + (QUICK_PRODUCTS * rows * columns) / QUICK_VALUES;
  const flops = rows * columns * order + order ** 3 + STEPS * 2 * order ** 2;
  return OVERHEAD + reading + flops / SPEED + secondsOfEigenvalue(order);
}

/** What the largest eigenvalue of a small matrix costs besides its flops, seconds. */
export function secondsOfEigenvalue(order: number): number {
  return order <= OWN_ORDER ? ENTRY * (order ** 2 - 1) : ROW * Math.min(order, MOST_ROWS);
}
