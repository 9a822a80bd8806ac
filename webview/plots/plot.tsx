import type { PlotOptions } from '@observablehq/plot';
import { useCallback, useId } from 'preact/hooks';
import type { Indexed } from '../../src/editor/protocol/protocol';
import type { LayerReport } from '../../src/report/report';
import type { Locale } from '../locale';
import { Figure, REACH, tipOf, useDrawing } from './figure';
import type { Drawing, PlotLibrary } from './figure';

export interface Point<Row = LayerReport> {
  readonly indexed: Indexed<Row>;
  readonly x: number;
  readonly y: number;
}

interface Props<Row> {
  /** Name of the file that it is exported to, without its ending. */
  readonly name: string;
  readonly title: string;
  /** What the plot says, for those who do not see it. */
  readonly text: string;
  /** What is drawn: some of `all` where there are too many to tell apart. */
  readonly points: readonly Point<Row>[];
  /** The text says that some are left out. */
  readonly isThinned?: boolean;
  /** In the order in which the keyboard goes through them: one of each row. */
  readonly all: readonly Point<Row>[];
  readonly selected: Indexed<Row> | null;
  readonly locale: Locale;
  /** Axes and marks; the same function as long as they are the same. */
  readonly options: (library: PlotLibrary) => PlotOptions;
  /** What is known of a row, on some lines. */
  readonly describe: (row: Row) => string;
  readonly keyOf: (row: Row) => string;
  /** @param open its details, too */
  readonly onSelect: (key: string, open: boolean) => void;
}

export function Plot<Row>(props: Props<Row>) {
  const { name, title, text, points, all, selected, locale, options, describe, keyOf, onSelect } = props;
  const { isThinned = points.length < all.length } = props;
  const { strings } = locale;
  const whole = useCallback(
    (library: PlotLibrary) => {
      const { marks = [], ...rest } = options(library);
      return {
        ...rest,
        marks: [
          ...marks,
          library.dot(
            all.filter(({ indexed }) => indexed === selected),
            { x: 'x', y: 'y', r: 6, stroke: 'var(--face)', strokeWidth: 2 },
          ),
          tipOf(library, points, ({ indexed }) => describe(indexed.row)),
        ],
      };
    },
    [points, all, selected, locale, options, describe],
  );
  const { holder, drawing } = useDrawing(whole);
  const textId = useId();

  const place = all.findIndex(({ indexed }) => indexed === selected);
  const click = (event: MouseEvent) => {
    const nearest = nearestPoint(event, points, drawing.current);
    if (nearest) onSelect(keyOf(nearest.indexed.row), true);
  };
  const move = (event: KeyboardEvent) => {
    const targets: Record<string, number> = {
      ArrowRight: place + 1,
      ArrowUp: place + 1,
      ArrowLeft: place - 1,
      ArrowDown: place - 1,
      PageUp: place + 10,
      PageDown: place - 10,
      Home: 0,
      End: all.length - 1,
      Enter: place,
    };
    if (!(event.key in targets) || all.length === 0) return;
    event.preventDefault();
    const target = Math.min(all.length - 1, Math.max(0, targets[event.key]));
    onSelect(keyOf(all[target].indexed.row), event.key === 'Enter');
  };
  return (
    <Figure {...{ name, title, text, locale, drawing }} isEmpty={points.length === 0}>
      {/* One goes through the points as through the values of a slider: each is said as it is reached. */}
      <div
        class="plot-holder"
        ref={holder}
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-describedby={textId}
        aria-valuemin={0}
        aria-valuemax={all.length}
        aria-valuenow={place + 1}
        aria-valuetext={place < 0 ? strings.plotHint : describe(all[place].indexed.row)}
        onClick={click}
        onKeyDown={move}
      />
      <p class="plot-text dim" id={textId}>
        {text}{' '}
        {isThinned && locale.text('plotThinned', locale.count(points.length), locale.count(all.length))}
      </p>
    </Figure>
  );
}

function nearestPoint<Row>(
  { clientX, clientY }: MouseEvent,
  points: readonly Point<Row>[],
  drawing: Drawing | null,
): Point<Row> | null {
  const [x, y] = [drawing?.scale('x'), drawing?.scale('y')];
  if (!drawing || !x || !y) return null;
  const box = drawing.getBoundingClientRect();
  let nearest: Point<Row> | null = null;
  let least = REACH;
  for (const point of points) {
    const distance = Math.hypot(
      (x.apply(point.x) as number) - (clientX - box.left),
      (y.apply(point.y) as number) - (clientY - box.top),
    );
    if (distance < least) [nearest, least] = [point, distance];
  }
  return nearest;
}
