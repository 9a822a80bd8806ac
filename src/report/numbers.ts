/** Numbers for people: as many digits as are certain, and never an interval that is narrower than the true one. */
import { t } from '@vscode/l10n';
import type { Interval } from './report';

/** Digits of a number that is known well enough to need no range. */
const DIGITS = 5;
const SHARE_DIGITS = 3;
/** Fewer would hide where a range begins and ends. */
const FEWEST_DIGITS = 2;
/** Powers of ten from which, and below which, the scientific notation is easier to read. */
const SCIENTIFIC_FROM = 5;
const SCIENTIFIC_BELOW = -3;

type Rounding = 'nearest' | 'down' | 'up';

/** `x` >= 0 rounded to `digits` significant digits (more where its integer part has more): `2.5094`, `1.0000e-12`. */
export function formatNumber(x: number, digits = DIGITS): string {
  if (x === 0) return '0';
  const power = powerOfTen(x);
  return round(x, power < SCIENTIFIC_FROM ? Math.max(digits, power + 1) : digits, 'nearest');
}

/**
 * One number where both ends agree to `digits` digits, else a range that is rounded outwards (`2.51–2.56`), with the
 * digits that its width gives a meaning to. Both ends are >= 0 and finite.
 */
export function formatInterval({ lower, upper }: Interval, digits = DIGITS): string {
  const nearest = formatNumber(upper, digits);
  if (formatNumber(lower, digits) === nearest) return nearest;
  // A third of the width as unit: rounding outwards then widens what is shown by little.
  const unit = Math.floor(Math.log10((upper - lower) / 3));
  const show = (x: number, rounding: Rounding) =>
    x === 0 ? '0' : round(x, Math.min(digits, Math.max(FEWEST_DIGITS, powerOfTen(x) - unit + 1)), rounding);
  return `${show(lower, 'down')}–${show(upper, 'up')}`;
}

/** A product given by its decimal logarithm, rounded up: the number itself where it is readable, else `10^31.6`. */
export function formatPowerOfTen(log10: number): string {
  if (log10 === -Infinity) return '0';
  if (log10 > SCIENTIFIC_BELOW && log10 < SCIENTIFIC_FROM) return round(10 ** log10, 4, 'up');
  return `10^${(Math.ceil(log10 * 10) / 10).toFixed(1)}`;
}

/** `0.0142` as `1.4%`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return percent !== 0 && percent < 0.1 ? '<0.1%' : `${percent.toFixed(percent < 9.95 ? 1 : 0)}%`;
}

/** An enclosure of a share, as `formatInterval`: `3.21%`, `0.8–1.2%`. */
export function formatShareInterval({ lower, upper }: Interval): string {
  return `${formatInterval({ lower: lower * 100, upper: upper * 100 }, SHARE_DIGITS)}%`;
}

/** Of the metric system, each 1000 times the one before. */
const PREFIXES = ['', 'k', 'M', 'G', 'T'];

/** Counts above four digits with three of them and a unit: `1.17 M`. */
export function formatCount(count: number): string {
  if (count < 10_000) return String(count);
  const { figures, steps } = scaled(count, PREFIXES.length - 1);
  return `${figures} ${PREFIXES[steps]}`.trimEnd();
}

/** Decimal units, as file managers show them: `4.70 MB`. */
export function formatBytes(bytes: number): string {
  const { figures, steps } = scaled(bytes, 4);
  switch (steps) {
    case 0:
      return t`${figures} B`;
    case 1:
      return t`${figures} kB`;
    case 2:
      return t`${figures} MB`;
    case 3:
      return t`${figures} GB`;
    default:
      return t`${figures} TB`;
  }
}

/** `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return t`${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return t`${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? t`${minutes} min ${whole % 60} s`
    : t`${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `8×3×3×3`; a scalar has the shape `scalar`. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? t('scalar') : shape.join('×');
}

/** Three figures of `x` divided by 1000 as often as makes them readable, at most `most` times. */
function scaled(x: number, most: number): { readonly figures: string; readonly steps: number } {
  let steps = 0;
  while (x >= 999.5 && steps < most) {
    x /= 1000;
    steps++;
  }
  const decimals = steps === 0 || x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2;
  return { figures: x.toFixed(decimals), steps };
}

function powerOfTen(x: number): number {
  return Number(x.toExponential().split('e')[1]);
}

/** `x` > 0 with `digits` significant digits, in the notation that its size asks for. */
function round(x: number, digits: number, rounding: Rounding): string {
  const nearest = x.toExponential(digits - 1);
  const [mantissa = '', exponent = ''] = nearest.split('e');
  let scale = Number(exponent) - (digits - 1);
  let significand = Number(mantissa.replace('.', ''));
  if (rounding === 'down' && Number(nearest) > x) {
    if (significand === 10 ** (digits - 1)) {
      // One less has a digit less: 9.9, not 9, is the two-digit number below 10.
      significand *= 10;
      scale -= 1;
    }
    significand -= 1;
  }
  if (rounding === 'up' && Number(nearest) < x) significand += 1;
  const figures = String(significand);
  const power = scale + figures.length - 1;
  if (power >= SCIENTIFIC_BELOW && power < SCIENTIFIC_FROM) {
    return Number(`${figures}e${scale}`).toFixed(Math.max(0, -scale));
  }
  // From the figures and not from the number, which may have become larger than the largest double.
  const fraction = figures.slice(1);
  return `${figures.charAt(0)}${fraction && '.'}${fraction}e${power}`;
}
