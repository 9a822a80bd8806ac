interface Props<T extends string> {
  readonly tab: T;
  /** In their order. */
  readonly labels: Readonly<Record<T, string>>;
  readonly onTab: (tab: T) => void;
}

/** Arrow keys move between the tabs, as the ARIA pattern has it; one of them is a stop of the Tab key. */
export function Tabs<T extends string>({ tab, labels, onTab }: Props<T>) {
  const tabs = Object.keys(labels) as T[];
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    onTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" onKeyDown={move}>
      {tabs.map((one) => (
        <button
          key={one}
          id={`tab-${one}`}
          class="tab"
          role="tab"
          type="button"
          aria-selected={one === tab}
          aria-controls="view"
          tabIndex={one === tab ? 0 : -1}
          onClick={() => onTab(one)}
        >
          {labels[one]}
        </button>
      ))}
    </div>
  );
}
