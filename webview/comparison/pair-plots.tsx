import { useCallback, useMemo } from 'preact/hooks';
import type { PairReport } from '../../src/report/comparison/comparison';
import { formatInterval } from '../../src/report/numbers';
import type { Interval } from '../../src/report/report';
import type { Locale } from '../locale';
import { depthAxis, extremes, logAxis } from '../plots/axes';
import { Plot } from '../plots/plot';
import type { PlotLibrary } from '../plots/figure';
import type { Point } from '../plots/plot';
import { thinByColumn } from '../plots/thin';
import { logDomainOf } from '../rows';
import { isEqual, keyOfPair, pairName, pairText } from './pairs';
import type { IndexedPair, PairColumn } from './pairs';

export interface PairPlotProps {
  readonly rows: readonly IndexedPair[];
  readonly locale: Locale;
  readonly selected: IndexedPair | null;
  /** @param open its details, too */
  readonly onSelect: (key: string, open: boolean) => void;
}

type PairPoint = Point<PairReport>;

/** Pairs in a plot that are told apart: more have less than two pixels each. */
const COLUMNS = 600;
const COLOUR_A = 'var(--vscode-charts-orange)';
const COLOUR_B = 'var(--vscode-charts-blue)';
const MOVED_COLOUR = 'var(--vscode-charts-purple)';

export function PairPlots(props: PairPlotProps) {
  return (
    <div class="plots">
      <PairedPlot {...props} />
      <RelativePlot {...props} />
    </div>
  );
}

/** Norms in A and in B, one above the other, in the order of A. */
export function PairedPlot({ rows, ...rest }: PairPlotProps) {
  const { locale } = rest;
  const all = useMemo(() => pointsOf(rows, ({ b }) => b.lipschitz), [rows]);
  const inB = useMemo(() => thinByColumn(all, COLUMNS, ({ y }) => y), [all]);
  const inA = useMemo(
    () => inB.flatMap(({ indexed, x }) => pointAt(indexed, x, indexed.row.a.lipschitz)),
    [inB],
  );
  const points = useMemo(() => [...inB, ...inA], [inB, inA]);
  const [low, high] = useMemo(
    () => logDomainOf(rows.flatMap(({ row: { a, b } }) => [a.lipschitz, b.lipschitz])) ?? [1, 10],
    [rows],
  );
  const options = useCallback(
    ({ dot, link }: PlotLibrary) => ({
      x: { ...depthAxis(locale), label: locale.strings.plotPair },
      y: logAxis(locale, low, high),
      marks: [
        link(inB, {
          x1: 'x',
          x2: 'x',
          y1: ({ indexed }: PairPoint) => indexed.row.a.lipschitz?.upper || low,
          y2: 'y',
          stroke: 'var(--face)',
          strokeOpacity: 0.5,
        }),
        dot(inA, { x: 'x', y: 'y', r: 3.5, stroke: COLOUR_A, strokeWidth: 1.5 }),
        dot(inB, { x: 'x', y: 'y', r: 2.5, fill: COLOUR_B }),
      ],
    }),
    [inA, inB, low, high, locale],
  );
  const withRatio = useMemo(() => all.filter(({ indexed }) => indexed.row.ratio !== null), [all]);
  const [least, most] = extremes(withRatio, ({ indexed }) => indexed.row.ratio?.upper ?? 0);
  const ratio = ({ indexed }: PairPoint) => show(indexed.row.ratio, locale);
  return (
    <PairPlot
      {...rest}
      name="norms-in-a-and-b"
      title={locale.strings.plotPaired}
      text={
        least
          ? locale.text(
              'plotTextPaired',
              locale.count(all.length),
              ratio(most),
              nameOf(most),
              ratio(least),
              nameOf(least),
            )
          : locale.strings.plotEmpty
      }
      all={all}
      points={points}
      options={options}
    />
  );
}

/** Norms of the differences relative to those in A, in the order of A. */
function RelativePlot({ rows, ...rest }: PairPlotProps) {
  const { locale } = rest;
  const all = useMemo(() => pointsOf(rows, ({ difference }) => difference?.relative ?? null), [rows]);
  const points = useMemo(() => thinByColumn(all, COLUMNS, ({ y }) => y), [all]);
  const [low, high] = useMemo(
    () => logDomainOf(rows.map(({ row }) => row.difference?.relative ?? null)) ?? [0.01, 1],
    [rows],
  );
  const options = useCallback(
    ({ dot, link }: PlotLibrary) => ({
      x: { ...depthAxis(locale), label: locale.strings.plotPair },
      y: logAxis(locale, low, high),
      marks: [
        link(points, { x1: 'x', x2: 'x', y1: low, y2: 'y', stroke: MOVED_COLOUR, strokeOpacity: 0.25 }),
        link(points, {
          x1: 'x',
          x2: 'x',
          y1: ({ indexed }: PairPoint) => indexed.row.difference?.relative?.lower || low,
          y2: 'y',
          stroke: MOVED_COLOUR,
          strokeWidth: 4,
          strokeOpacity: 0.6,
        }),
        dot(points, { x: 'x', y: 'y', r: 2.5, fill: MOVED_COLOUR }),
      ],
    }),
    [points, low, high, locale],
  );
  const [least, most] = extremes(all, ({ y }) => y);
  const equal = rows.filter(({ row }) => isEqual(row)).length;
  const relative = ({ indexed }: PairPoint) => show(indexed.row.difference?.relative ?? null, locale);
  const sentences = [
    least
      ? locale.text(
          'plotTextRelative',
          locale.count(all.length),
          relative(least),
          relative(most),
          nameOf(most),
        )
      : rows.length > 0 && equal === rows.length
        ? locale.strings.plotNoDifference
        : locale.strings.plotEmpty,
    ...(equal > 0 ? [locale.text('plotEqual', locale.count(equal))] : []),
  ];
  return (
    <PairPlot
      {...rest}
      name="relative-differences"
      title={locale.strings.plotRelative}
      text={sentences.join(' ')}
      all={all}
      points={points}
      options={options}
    />
  );
}

const TOLD: readonly PairColumn[] = ['normA', 'normB', 'ratio', 'difference', 'relative'];

type OfPairs = 'name' | 'title' | 'text' | 'all' | 'points' | 'options';

function PairPlot(
  props: Pick<Parameters<typeof Plot<PairReport>>[0], OfPairs> & Omit<PairPlotProps, 'rows'>,
) {
  const { locale } = props;
  const describe = useCallback(
    (row: PairReport) => {
      const { strings } = locale;
      const titles = [
        strings.columnNormA,
        strings.columnNormB,
        strings.ratio,
        strings.difference,
        strings.relative,
      ];
      const values = TOLD.map((column) => pairText(column, { index: 0, row }, locale));
      return [pairName(row), ...values.map((value, i) => `${titles[i]}: ${value}`)].join('\n');
    },
    [locale],
  );
  return <Plot {...props} describe={describe} keyOf={keyOfPair} />;
}

/** Of the pairs that have a place on a logarithmic axis, in the order of A. */
function pointsOf(rows: readonly IndexedPair[], valueOf: (pair: PairReport) => Interval | null): PairPoint[] {
  return rows
    .flatMap((indexed) => pointAt(indexed, indexed.index + 1, valueOf(indexed.row)))
    .sort((a, b) => a.x - b.x);
}

function pointAt(indexed: IndexedPair, x: number, interval: Interval | null): PairPoint[] {
  return interval === null || interval.upper === 0 ? [] : [{ indexed, x, y: interval.upper }];
}

function show(interval: Interval | null, locale: Locale): string {
  return interval === null ? '' : locale.number(formatInterval(interval));
}

function nameOf({ indexed }: PairPoint): string {
  return pairName(indexed.row);
}
