import { useCallback, useMemo } from 'preact/hooks';
import { formatInterval } from '../../src/report/numbers';
import type { SeriesLayer } from '../../src/report/series/series';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { extremes, logAxis } from '../plots/axes';
import { Plot } from '../plots/plot';
import type { PlotLibrary } from '../plots/figure';
import type { Point } from '../plots/plot';
import { logDomainOf } from '../rows';
import { changeOf, keyOfLayer, valueText } from './series-rows';
import type { IndexedSeries } from './series-rows';

export interface SeriesPlotProps {
  readonly rows: readonly IndexedSeries[];
  /** Of the checkpoints, short. */
  readonly labels: readonly string[];
  readonly locale: Locale;
  readonly selected: IndexedSeries | null;
  /** Of the plot, pixels; undefined: as others. */
  readonly height?: number;
  /** @param open its details, too */
  readonly onSelect: (name: string, open: boolean) => void;
}

type SeriesPoint = Point<SeriesLayer>;

/** More lines than these cannot be told apart, and take long to draw. */
const MOST_LINES = 200;
const LINE_COLOUR = 'var(--vscode-charts-blue)';

/** A line for every layer, on a logarithmic axis. */
export function SeriesPlot({ rows, labels, height, ...rest }: SeriesPlotProps) {
  const { locale, selected } = rest;
  const drawn = useMemo(() => mostChanged(rows, selected), [rows, selected]);
  const points = useMemo(() => drawn.flatMap(pointsOf), [drawn]);
  const all = useMemo(() => rows.flatMap((row) => pointsOf(row).slice(-1)), [rows]);
  const emphasised = useMemo(() => points.filter(({ indexed }) => indexed === selected), [points, selected]);
  const [low, high] = useMemo(
    () =>
      logDomainOf(drawn.flatMap(({ row }) => row.values.map((value) => value?.lipschitz ?? null))) ?? [1, 10],
    [drawn],
  );
  const options = useCallback(
    ({ line, dot }: PlotLibrary) => ({
      ...(height !== undefined && { height }),
      x: {
        domain: [1, Math.max(2, labels.length)],
        label: null,
        ticks: ticksOf(labels.length),
        tickFormat: (checkpoint: number) => shortened(labels.at(checkpoint - 1) ?? ''),
      },
      y: logAxis(locale, low, high),
      marginRight: 40,
      marks: [
        line(points, {
          x: 'x',
          y: 'y',
          z: ({ indexed }: SeriesPoint) => indexed.row.name,
          stroke: LINE_COLOUR,
          strokeWidth: 1.2,
          strokeOpacity: emphasised.length > 0 ? 0.45 : 0.7,
        }),
        dot(points, { x: 'x', y: 'y', r: 2, fill: LINE_COLOUR, fillOpacity: 0.6 }),
        line(emphasised, { x: 'x', y: 'y', stroke: 'var(--face)', strokeWidth: 2.5 }),
        dot(emphasised, { x: 'x', y: 'y', r: 3.5, fill: 'var(--face)' }),
      ],
    }),
    [points, emphasised, labels, low, high, height, locale],
  );
  const describe = useCallback(
    ({ name, values }: SeriesLayer) =>
      [
        displayName(name),
        ...values.map((value, i) => `${displayName(labels[i] ?? '')}: ${valueText(value, locale)}`),
      ].join('\n'),
    [labels, locale],
  );
  const last = all.filter(({ x }) => x === labels.length);
  const [least, most] = extremes(last, ({ y }) => y);
  const show = ({ indexed }: SeriesPoint) => {
    const interval = indexed.row.values.at(-1)?.lipschitz;
    return interval ? locale.number(formatInterval(interval)) : '';
  };
  return (
    <Plot
      {...rest}
      name="norms-over-checkpoints"
      title={locale.strings.plotLines}
      text={[
        least
          ? locale.text(
              'plotTextLines',
              locale.count(all.length),
              locale.count(labels.length),
              show(least),
              show(most),
              displayName(most.indexed.row.name),
            )
          : locale.strings.plotEmpty,
        ...(drawn.length < rows.length
          ? [locale.text('plotLinesLeftOut', locale.count(drawn.length), locale.count(rows.length))]
          : []),
      ].join(' ')}
      all={all}
      points={points}
      isThinned={false}
      options={options}
      describe={describe}
      keyOf={keyOfLayer}
    />
  );
}

/** Those that are drawn, the selected one among them, in the order of the file. */
function mostChanged(
  rows: readonly IndexedSeries[],
  selected: IndexedSeries | null,
): readonly IndexedSeries[] {
  if (rows.length <= MOST_LINES) return rows;
  const chosen = new Set(rows.toSorted((a, b) => changeOf(b.row) - changeOf(a.row)).slice(0, MOST_LINES));
  return rows.filter((row) => chosen.has(row) || row === selected);
}

/** In the checkpoints where its constant has a place on a logarithmic axis. */
function pointsOf(indexed: IndexedSeries): SeriesPoint[] {
  return indexed.row.values.flatMap((value, checkpoint): SeriesPoint[] => {
    const y = value?.lipschitz?.upper ?? 0;
    return y > 0 ? [{ indexed, x: checkpoint + 1, y }] : [];
  });
}

/** Labels that have room beside each other. */
const MOST_TICKS = 10;
/** Characters of a label. */
const LONGEST_LABEL = 14;

function ticksOf(checkpoints: number): number[] {
  const step = Math.ceil(checkpoints / MOST_TICKS);
  return Array.from({ length: Math.ceil(checkpoints / step) }, (_, i) => 1 + i * step);
}

/** What tells checkpoints apart is at their end. */
function shortened(label: string): string {
  const shown = displayName(label);
  return shown.length > LONGEST_LABEL ? `…${shown.slice(1 - LONGEST_LABEL)}` : shown;
}
