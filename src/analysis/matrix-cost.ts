/** How long the bound of a matrix takes. */
/** Flops a second that a typical processor of two cores reaches in products of float64 matrices. */
export const SPEED = 5e10;
/** The same of plain loops. */
export const OWN_SPEED = 1.5e9;
/** Values that are read, converted and transposed a second. */
export const VALUES = 1e8;
/** Products with the Gram matrix of a matrix that Lanczos iteration takes, in the middle of what was seen. */
const STEPS = 80;
/** What any matrix costs, seconds. */
const OVERHEAD = 2e-4;
/** What an eigenvalue of a small matrix costs for each entry, and how much it is at most, seconds. */
const ENTRY = 2e-7;
const MOST_EIGENVALUE = 0.05;
/** Order up to which it is found in plain loops; what the first of several matrices costs beyond, for each row and at most, seconds. */
export const OWN_EIGENVALUE = 192;
const ROW = 1e-4;
const MOST_FIRST = 0.05;
/** Products with a matrix, and values that they read a second, of a probable interval. */
const QUICK_PRODUCTS = 160;
const QUICK_VALUES = 7e9;

/** @param count of matrices of the same size, one after the other */
export function secondsOfMatrices(count: number, rows: number, columns: number): number {
  const order = Math.min(rows, columns);
  const reading = (rows * columns) / VALUES;
  const flops = rows * columns * order + order ** 3 + STEPS * 2 * order ** 2;
  const each = OVERHEAD + reading + flops / SPEED + secondsOfEigenvalue(order);
  const first = order > OWN_EIGENVALUE ? Math.min(ROW * order, MOST_FIRST) : 0;
  return first + count * each;
}

/** The same of probable intervals. */
export function secondsOfProbable(count: number, rows: number, columns: number): number {
  return count * rows * columns * (1 / VALUES + QUICK_PRODUCTS / QUICK_VALUES);
}

/** What the largest eigenvalue of a small matrix costs besides its flops, seconds. */
export function secondsOfEigenvalue(order: number): number {
  return Math.min(ENTRY * (order ** 2 - 1), MOST_EIGENVALUE);
}
