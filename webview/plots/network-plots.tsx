import { dot, link } from '@observablehq/plot';
import { useMemo } from 'preact/hooks';
import type { IndexedRow } from '../../src/editor/protocol/protocol';
import { formatNumber, formatShare } from '../../src/report/numbers';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { logDomain, logShare } from '../rows';
import { Plot } from './plot';
import type { Point } from './plot';
import { thinByCell, thinByColumn } from './thin';

export interface PlotProps {
  /** In the order of the file. */
  readonly rows: readonly IndexedRow[];
  readonly locale: Locale;
  readonly selected: IndexedRow | null;
  readonly onSelect: (layer: string) => void;
}

/** Columns of the plots that are told apart: half the pixels of a wide one. */
const COLUMNS = 600;
/** Cells of the scatter plot in each direction. */
const CELLS = 250;
const NORM_COLOUR = 'var(--vscode-charts-blue)';
const RANK_COLOUR = 'var(--vscode-charts-green)';
const SELECTED_COLOUR = 'var(--vscode-charts-red)';

/** Norms and stable ranks in the order of the file. */
export function NetworkPlots(props: PlotProps) {
  return (
    <div class="plots">
      <NormPlot {...props} />
      <RankPlot {...props} />
    </div>
  );
}

export function NormPlot({ rows, locale, selected, onSelect }: PlotProps) {
  const all = useMemo(() => normPoints(rows), [rows]);
  const points = useMemo(() => thinByColumn(all, COLUMNS, ({ y }) => y), [all]);
  const [low, high] = extremes(all);
  const show = (x: number) => locale.number(formatNumber(x));
  return (
    <Plot
      name="norms"
      title={locale.strings.plotNorm}
      text={
        high
          ? locale.text('plotTextNorm', locale.count(all.length), show(low.y), show(high.y), nameOf(high))
          : locale.strings.plotEmpty
      }
      points={points}
      of={all.length}
      selected={selected}
      locale={locale}
      onSelect={onSelect}
      options={() => ({
        x: { label: locale.strings.plotDepth, ticks: 6, tickFormat: 'd' },
        y: { type: 'log', label: null, grid: true, ticks: 4, tickFormat: '~g' },
        marks: [
          link(points, {
            x1: 'x',
            x2: 'x',
            y1: ({ indexed, y }: Point) => indexed.row.lipschitz?.lower || y,
            y2: 'y',
            stroke: NORM_COLOUR,
            strokeWidth: 3,
            strokeOpacity: 0.45,
          }),
          dot(points, { x: 'x', y: 'y', r: 2.5, fill: NORM_COLOUR }),
          dot(chosen(all, selected), { x: 'x', y: 'y', r: 5, fill: SELECTED_COLOUR }),
        ],
      })}
    />
  );
}

function RankPlot({ rows, locale, selected, onSelect }: PlotProps) {
  const all = useMemo(
    () =>
      rows.flatMap((indexed): Point[] => {
        const { stableRank } = indexed.row;
        return stableRank ? [{ indexed, x: indexed.index + 1, y: stableRank.normalized }] : [];
      }),
    [rows],
  );
  const points = useMemo(() => thinByColumn(all, COLUMNS, ({ y }) => y), [all]);
  const [low, high] = extremes(all);
  const show = (x: number) => locale.number(formatShare(x));
  return (
    <Plot
      name="stable-ranks"
      title={locale.strings.plotRank}
      text={
        low
          ? locale.text('plotTextRank', locale.count(all.length), show(low.y), show(high.y), nameOf(low))
          : locale.strings.plotEmpty
      }
      points={points}
      of={all.length}
      selected={selected}
      locale={locale}
      onSelect={onSelect}
      options={() => ({
        x: { label: locale.strings.plotDepth, ticks: 6, tickFormat: 'd' },
        y: { domain: [0, 1], label: null, grid: true, ticks: 4, tickFormat: '.0%' },
        marks: [
          link(points, {
            x1: 'x',
            x2: 'x',
            y1: () => 0,
            y2: 'y',
            stroke: RANK_COLOUR,
            strokeOpacity: 0.35,
          }),
          dot(points, { x: 'x', y: 'y', r: 2.5, fill: RANK_COLOUR }),
          dot(chosen(all, selected), { x: 'x', y: 'y', r: 5, fill: SELECTED_COLOUR }),
        ],
      })}
    />
  );
}

/** Norm against stable rank: what amplifies along few directions is at the top left. */
export function ScatterPlot({ rows, locale, selected, onSelect }: PlotProps) {
  const all = useMemo(
    () =>
      normPoints(rows).flatMap(({ indexed, y }): Point[] => {
        const { stableRank } = indexed.row;
        return stableRank ? [{ indexed, x: stableRank.normalized, y }] : [];
      }),
    [rows],
  );
  const domain = useMemo(() => logDomain(rows), [rows]);
  const points = useMemo(
    () => (domain ? thinByCell(all, CELLS, ({ x, y }) => [x, logShare(y, domain)]) : []),
    [all, domain],
  );
  const [, high] = extremes(all);
  const lowest = all.reduce<Point | null>(
    (least, point) => (least && least.x <= point.x ? least : point),
    null,
  );
  return (
    <div class="plots">
      <Plot
        name="norm-against-rank"
        title={locale.strings.plotScatter}
        text={
          high && lowest
            ? locale.text(
                'plotTextScatter',
                locale.count(all.length),
                locale.number(formatNumber(high.y)),
                nameOf(high),
                locale.number(formatShare(lowest.x)),
              )
            : locale.strings.plotEmpty
        }
        points={points}
        of={all.length}
        selected={selected}
        locale={locale}
        onSelect={onSelect}
        options={() => ({
          height: 420,
          x: { domain: [0, 1], label: locale.strings.plotRankShare, tickFormat: '.0%', grid: true },
          y: { type: 'log', label: null, grid: true, ticks: 5, tickFormat: '~g' },
          marks: [
            dot(points, { x: 'x', y: 'y', r: 3.5, fill: NORM_COLOUR, fillOpacity: 0.6 }),
            dot(chosen(all, selected), { x: 'x', y: 'y', r: 6, fill: SELECTED_COLOUR }),
          ],
        })}
      />
    </div>
  );
}

/** Of the layers with a positive upper bound: a zero has no place on a log axis. */
function normPoints(rows: readonly IndexedRow[]): Point[] {
  return rows.flatMap((indexed): Point[] => {
    const upper = indexed.row.lipschitz?.upper ?? 0;
    return upper > 0 ? [{ indexed, x: indexed.index + 1, y: upper }] : [];
  });
}

function chosen(points: readonly Point[], selected: IndexedRow | null): Point[] {
  return points.filter(({ indexed }) => indexed === selected);
}

function extremes(points: readonly Point[]): [low: Point, high: Point] | [low: undefined, high: undefined] {
  if (points.length === 0) return [undefined, undefined];
  return [points.reduce((a, b) => (b.y < a.y ? b : a)), points.reduce((a, b) => (b.y > a.y ? b : a))];
}

function nameOf({ indexed }: Point): string {
  return displayName(indexed.row.name);
}
