import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Props {
  readonly label: string;
  readonly testId?: string;
  readonly pointedOut?: boolean;
  readonly children: ComponentChildren;
}

/** One fact of a layer, in the list of its details. */
export function Field({ label, testId, pointedOut = false, children }: Props) {
  const value = useRef<HTMLElement>(null);
  useEffect(() => {
    if (pointedOut) value.current?.scrollIntoView({ block: 'nearest' });
  }, [pointedOut]);
  return (
    <>
      <dt>{label}</dt>
      <dd ref={value} class={pointedOut ? 'pointed-out' : undefined} data-testid={testId}>
        {children}
      </dd>
    </>
  );
}
