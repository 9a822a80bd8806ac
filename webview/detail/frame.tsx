/** What details of every kind have in common: the edge that makes them larger, a title, a way to close them. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Locale } from '../locale';
import { ResizeHandle } from './resize-handle';

export interface FrameProps {
  /** How often the user has asked for details; 0 where only an earlier page was. */
  readonly asked?: number;
  /** Pixels. */
  readonly height: number;
  /** @param height null: as at first */
  readonly onResize: (height: number | null) => void;
  readonly onClose: () => void;
}

interface Props extends FrameProps {
  readonly title: string;
  readonly locale: Locale;
  /** Beside the words; null: none. */
  readonly plot: ComponentChildren;
  readonly children: ComponentChildren;
}

const ID = 'detail';

export function DetailFrame({ title, locale, plot, asked = 0, height, onResize, onClose, children }: Props) {
  const { strings } = locale;
  const section = useRef<HTMLElement>(null);
  // A low panel scrolls, and has them below what is seen. The focus stays where it is.
  useLayoutEffect(() => {
    if (asked > 0) section.current?.scrollIntoView({ block: 'nearest' });
  }, [asked]);
  return (
    <>
      <ResizeHandle label={strings.resizeDetail} controls={ID} height={height} onResize={onResize} />
      <section
        id={ID}
        ref={section}
        class={plot ? 'detail' : 'detail words-only'}
        style={{ height: `${height}px` }}
        aria-label={locale.text('detail', title)}
        data-testid="detail"
      >
        <div class="detail-words">
          <div class="detail-title">
            <h2>{title}</h2>
            <button
              type="button"
              class="icon"
              aria-label={strings.close}
              title={strings.close}
              onClick={onClose}
            >
              <span class="codicon codicon-close" aria-hidden="true" />
            </button>
          </div>
          {children}
        </div>
        {plot && <div class="detail-plot">{plot}</div>}
      </section>
    </>
  );
}
