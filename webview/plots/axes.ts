/** What the plots have in common: their axes, and what their texts say first. */
import { formatNumber } from '../../src/report/numbers';
import type { Locale } from '../locale';
import { logTicks } from './ticks';

export function depthAxis(locale: Locale) {
  return {
    label: locale.strings.plotDepth,
    ticks: 6,
    // Between few layers there are ticks, too.
    tickFormat: (layer: number) => (Number.isInteger(layer) ? locale.count(layer) : ''),
  };
}

/** Logarithmic, its limits a little apart where all is one value. */
export function logAxis(locale: Locale, low: number, high: number) {
  const domain = high > low ? [low, high] : [low / 2, high * 2];
  return {
    type: 'log' as const,
    domain,
    label: null,
    grid: true,
    ticks: logTicks(domain[0], domain[1]),
    tickFormat: (value: number) => locale.number(formatNumber(value, 1)),
  };
}

export function extremes<Point>(
  points: readonly Point[],
  valueOf: (point: Point) => number,
): [low: Point, high: Point] | [low: undefined, high: undefined] {
  if (points.length === 0) return [undefined, undefined];
  return [
    points.reduce((a, b) => (valueOf(b) < valueOf(a) ? b : a)),
    points.reduce((a, b) => (valueOf(b) > valueOf(a) ? b : a)),
  ];
}
