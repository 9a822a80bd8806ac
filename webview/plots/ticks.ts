/** Where a logarithmic axis is labelled. */

/** As many as can be read at the height of a plot. */
const MOST = 7;

/** Powers of ten between the limits, evenly thinned; 1, 2, 5 of each where there would be fewer than two. `low` > 0. */
export function logTicks(low: number, high: number): number[] {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  const inside = (x: number) => x >= low && x <= high;
  const decades = Array.from({ length: to - from + 1 }, (_, i) => powerOfTen(from + i));
  const whole = decades.filter(inside);
  if (whole.length < 2) return decades.flatMap((decade) => [decade, 2 * decade, 5 * decade]).filter(inside);
  const step = Math.ceil(whole.length / MOST);
  // Counted from 1, which stays labelled wherever it is in sight.
  return whole.filter((decade) => Math.round(Math.log10(decade)) % step === 0);
}

/** The double that is read from `1e-5`; `10 ** -5` is another. */
function powerOfTen(exponent: number): number {
  return Number(`1e${exponent}`);
}
