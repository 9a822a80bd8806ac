import { useMemo, useRef } from 'preact/hooks';
import type { UnpairedReport } from '../../src/report/comparison/comparison';
import { formatShape } from '../../src/report/numbers';
import { displayName } from '../../src/report/text';
import type { Locale } from '../locale';
import { useVirtualizer } from '../table/use-virtualizer';

interface Props {
  readonly onlyInA: readonly UnpairedReport[];
  readonly onlyInB: readonly UnpairedReport[];
  readonly locale: Locale;
}

type Line =
  | { readonly kind: 'reason'; readonly title: string; readonly count: number }
  | { readonly kind: 'node'; readonly layer: UnpairedReport };

const LINE_HEIGHT = 26;

/** The layers without a counterpart, under the model that they are of. */
export function UnpairedList({ onlyInA, onlyInB, locale }: Props) {
  const { strings } = locale;
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useMemo(
    () => [...linesOf(strings.unpairedInA, onlyInA), ...linesOf(strings.unpairedInB, onlyInB)],
    [onlyInA, onlyInB],
  );
  const virtualizer = useVirtualizer({
    count: lines.length,
    rowHeight: LINE_HEIGHT,
    scroller: () => scroller.current,
  });
  if (lines.length === 0) return <p class="no-rows">{strings.unpairedNone}</p>;
  return (
    <div class="scroller" ref={scroller} tabIndex={0} data-testid="unpaired">
      <ul class="skipped" style={{ height: `${virtualizer.getTotalSize()}px` }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const line = lines[index];
          if (line === undefined) return null;
          return (
            <li
              key={index}
              class={line.kind}
              aria-setsize={lines.length}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start}px)` }}
            >
              {line.kind === 'reason' ? (
                <>
                  <b>{line.title}</b>{' '}
                  <span class="dim">{locale.text('unpairedCount', locale.count(line.count))}</span>
                </>
              ) : (
                <Layer layer={line.layer} locale={locale} />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Layer({ layer, locale }: { readonly layer: UnpairedReport; readonly locale: Locale }) {
  const { name, op, shape, reason } = layer;
  return (
    <>
      <code>{displayName(name)}</code>{' '}
      <span class="dim">
        {displayName(op)}, {formatShape(shape)}
        {reason !== null && `: ${displayName(locale.translate(reason))}`}
      </span>
    </>
  );
}

function linesOf(title: string, layers: readonly UnpairedReport[]): Line[] {
  if (layers.length === 0) return [];
  return [
    { kind: 'reason', title, count: layers.length },
    ...layers.map((layer) => ({ kind: 'node' as const, layer })),
  ];
}
