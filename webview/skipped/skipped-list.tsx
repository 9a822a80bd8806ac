import { useMemo, useRef } from 'preact/hooks';
import type { SkippedReport } from '../../src/report/report';
import { displayName } from '../../src/report/text';
import { skippedByReason } from '../../src/report/totals';
import type { Locale } from '../locale';
import { useVirtualizer } from '../table/use-virtualizer';

interface Props {
  readonly skipped: readonly SkippedReport[];
  readonly locale: Locale;
}

type Line =
  | { readonly kind: 'reason'; readonly reason: string; readonly count: number }
  | { readonly kind: 'node'; readonly node: SkippedReport };

const LINE_HEIGHT = 26;

/** What has no row, under the reason why. */
export function SkippedList({ skipped, locale }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => linesOf(skipped), [skipped]);
  const virtualizer = useVirtualizer({
    count: lines.length,
    rowHeight: LINE_HEIGHT,
    scroller: () => scroller.current,
  });
  if (skipped.length === 0) return <p class="no-rows">{locale.strings.skippedNone}</p>;
  return (
    <div class="scroller" ref={scroller} tabIndex={0} data-testid="skipped">
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
                  <b>{displayName(locale.translate(line.reason))}</b>{' '}
                  <span class="dim">{locale.text('skippedNodes', locale.count(line.count))}</span>
                </>
              ) : (
                <>
                  <code>{displayName(line.node.name)}</code>{' '}
                  <span class="dim">
                    {displayName(line.node.op)}
                    {line.node.weight !== null && `, ${displayName(line.node.weight)}`}
                  </span>
                </>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function linesOf(skipped: readonly SkippedReport[]): Line[] {
  return skippedByReason(skipped).flatMap(({ reason, count }) => [
    { kind: 'reason' as const, reason, count },
    ...skipped.filter((node) => node.reason === reason).map((node) => ({ kind: 'node' as const, node })),
  ]);
}
