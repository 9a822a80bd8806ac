import type { Locale } from './locale';
import { TABS } from './view-state';
import type { Tab } from './view-state';

interface Props {
  readonly tab: Tab;
  readonly locale: Locale;
  readonly skipped: number;
  readonly onTab: (tab: Tab) => void;
}

/** Arrow keys move between the tabs, as the ARIA pattern has it; one of them is a stop of the Tab key. */
export function Tabs({ tab, locale, skipped, onTab }: Props) {
  const labels: Record<Tab, string> = {
    layers: locale.strings.tabLayers,
    network: locale.strings.tabNetwork,
    through: locale.strings.tabThrough,
    scatter: locale.strings.tabScatter,
    skipped: locale.text('tabSkipped', locale.count(skipped)),
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length];
    onTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" onKeyDown={move}>
      {TABS.map((one) => (
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
