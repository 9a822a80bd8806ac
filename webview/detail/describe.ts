/** The facts of a layer in words. */
import { formatInterval, formatShape, formatShare } from '../../src/report/numbers';
import type { ConvolutionReport, Interval, LayerReport, Method, Settings } from '../../src/report/report';
import type { Locale } from '../locale';
import { channelsOf, operatorText } from '../table/cell-text';

/** `Conv, kernel 3×3, 96 → 192 channels, stride 2, zero padding 1`. */
export function describeOperator(row: LayerReport, locale: Locale): string {
  const { convolution, shape } = row;
  if (convolution === null) return operatorText(row, locale);
  const { strides, dilations, padding } = convolution;
  const { input, output } = channelsOf(row);
  return [
    operatorText(row, locale),
    locale.text('convolution', formatShape(shape.slice(2)), locale.count(input), locale.count(output)),
    ...(strides.some((stride) => stride !== 1) ? [locale.text('stride', sides(strides))] : []),
    ...(dilations.some((dilation) => dilation !== 1) ? [locale.text('dilation', sides(dilations))] : []),
    describePadding(padding, locale),
  ].join(', ');
}

function describePadding({ mode, amounts }: ConvolutionReport['padding'], locale: Locale): string {
  const name = locale.strings[mode];
  return amounts === null
    ? locale.text('paddingUnknown', name)
    : locale.text('padding', name, sides(amounts));
}

/** One number where all are equal. */
function sides(values: readonly number[]): string {
  return values.every((value) => value === values[0]) ? String(values[0] ?? 0) : values.join('×');
}

/** Width of an interval as a share of its upper end; 0 for [0, 0]. */
export function relativeWidth({ lower, upper }: Interval): number {
  return upper === 0 ? 0 : (upper - lower) / upper;
}

/** The same in per cent, rounded up: no interval is called narrower than it is. */
export function formatWidth(interval: Interval): string {
  const width = relativeWidth(interval);
  // Whole per cents from ten on, as `formatShare` has it.
  const steps = width < 0.099 ? 1000 : 100;
  return formatShare(width < 0.001 ? width : Math.min(1, Math.ceil(width * steps) / steps));
}

/** `2.5 to 2.6 (3.8% wide)`, or the number alone where both ends agree. */
export function describeInterval({ lipschitz }: Pick<LayerReport, 'lipschitz'>, locale: Locale): string {
  if (lipschitz === null) return '';
  const shown = formatInterval(lipschitz);
  if (!shown.includes('–')) return locale.text('intervalAgrees', locale.number(shown));
  const [from, to] = shown.split('–');
  const width = formatWidth(lipschitz);
  return locale.text('intervalWidth', locale.number(from), locale.number(to), locale.number(width));
}

/** Relative width below which nothing but rounding is left. */
const ROUNDING = 1e-12;
/** Relative widths that are aimed for where none is asked for. */
const MATRIX_TOLERANCE = '1e-6';
const CONVOLUTION_TOLERANCES: Readonly<Record<Method, string>> = {
  auto: '1e-3',
  gram: '1e-3',
  quick: '3e-2',
};

/** Why the interval is as wide as it is. */
export function explainWidth(row: LayerReport, settings: Settings, locale: Locale): string {
  const { lipschitz, convolution } = row;
  if (lipschitz === null) return '';
  const width = relativeWidth(lipschitz);
  if (width <= ROUNDING) return locale.strings.whyExact;
  if (lipschitz.method.startsWith('Gram iteration')) return locale.strings.whyGram;
  const { tolerance, method } = settings;
  const ofConvolutions = CONVOLUTION_TOLERANCES[method];
  const aim = tolerance ?? Number(convolution === null ? MATRIX_TOLERANCE : ofConvolutions);
  if (width <= aim) {
    return tolerance === null
      ? locale.text('whyDefault', ofConvolutions)
      : locale.text('whyTolerance', locale.number(String(tolerance)));
  }
  return convolution !== null && lipschitz.scope !== 'any input size'
    ? locale.strings.whySize
    : locale.strings.whyWide;
}
