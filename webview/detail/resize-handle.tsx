import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { LEAST_DETAIL, mostDetail } from '../view-state';

interface Props {
  readonly label: string;
  /** Id of what is below it. */
  readonly controls: string;
  /** Of what is below it, pixels. */
  readonly height: number;
  /** @param height null: as at first */
  readonly onResize: (height: number | null) => void;
}

/** What an arrow key is worth, pixels. */
const STEP = 24;

/** The edge above the details, which the pointer and the arrow keys move: a separator, as the ARIA pattern has it. */
export function ResizeHandle({ label, controls, height, onResize }: Props) {
  const handle = useRef<HTMLDivElement>(null);
  const grip = useRef<{ readonly y: number; readonly height: number } | null>(null);
  const most = mostDetail(innerHeight);
  /** A low panel shows less than it is asked for. */
  const shown = () =>
    Math.round(handle.current?.nextElementSibling?.getBoundingClientRect().height ?? height);
  const [value, setValue] = useState(height);
  useLayoutEffect(() => setValue(shown()), [height]);
  const resize = (to: number) => onResize(Math.round(Math.min(most, Math.max(LEAST_DETAIL, to))));
  const move = (event: KeyboardEvent) => {
    const heights: Record<string, number> = {
      ArrowUp: shown() + STEP,
      ArrowDown: shown() - STEP,
      Home: LEAST_DETAIL,
      End: most,
    };
    if (!(event.key in heights)) return;
    event.preventDefault();
    resize(heights[event.key]);
  };
  return (
    <div
      ref={handle}
      class="resize-handle"
      role="separator"
      aria-orientation="horizontal"
      aria-label={label}
      aria-controls={controls}
      aria-valuemin={LEAST_DETAIL}
      aria-valuemax={most}
      aria-valuenow={value}
      tabIndex={0}
      onKeyDown={move}
      onDblClick={() => onResize(null)}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        grip.current = { y: event.clientY, height: shown() };
      }}
      onPointerMove={({ clientY }) => {
        if (grip.current) resize(grip.current.height + grip.current.y - clientY);
      }}
      onLostPointerCapture={() => (grip.current = null)}
    />
  );
}
