import { useEffect, useRef } from 'preact/hooks';
import { displayName } from '../../src/report/text';
import { Chip } from '../controls/chip';
import { labelled } from '../controls/toolkit';
import type { Locale } from '../locale';
import type { Filter } from '../rows';

interface Props {
  readonly filter: Filter;
  readonly operators: readonly (readonly [operator: string, count: number])[];
  readonly shown: number;
  readonly of: number;
  readonly locale: Locale;
  readonly onFilter: (filter: Filter) => void;
}

export function FilterBar({ filter, operators, shown, of, locale, onFilter }: Props) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const find = event.key === 'f' && (event.ctrlKey || event.metaKey);
      const slash = event.key === '/' && !isTyping(event.target);
      if (!find && !slash) return;
      event.preventDefault();
      box.current?.focus();
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  const { strings } = locale;
  const known = operators.some(([operator]) => operator === filter.operator);
  return (
    <div class="filter-bar">
      <vscode-text-field
        ref={(field) => {
          box.current = field;
          labelled(strings.filter)(field);
        }}
        class="filter"
        data-testid="filter"
        placeholder={strings.filter}
        value={filter.text}
        onInput={({ target }) => onFilter({ ...filter, text: target.value })}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onFilter({ ...filter, text: '' });
        }}
      >
        <span slot="start" class="codicon codicon-search" aria-hidden="true" />
      </vscode-text-field>
      <div class="kinds" role="group" aria-label={strings.kinds}>
        <Chip
          label={locale.text('allKinds', locale.count(of))}
          pressed={filter.operator === ''}
          onClick={() => onFilter({ ...filter, operator: '' })}
        />
        {operators.length > 1 &&
          operators.map(([operator, count]) => (
            <Chip
              key={operator}
              label={`${displayName(operator)} ${locale.count(count)}`}
              pressed={filter.operator === operator}
              onClick={() => onFilter({ ...filter, operator: filter.operator === operator ? '' : operator })}
            />
          ))}
        {!known && filter.operator !== '' && (
          <Chip
            label={displayName(filter.operator)}
            pressed={true}
            onClick={() => onFilter({ ...filter, operator: '' })}
          />
        )}
      </div>
      <span class="dim shown" role="status">
        {shown === of ? '' : locale.text('shownOf', locale.count(shown), locale.count(of))}
      </span>
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(input|textarea|vscode-text-field)$/i.test(target.tagName);
}
